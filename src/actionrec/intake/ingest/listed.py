"""``csv``: a table says label, group and subset of each video; it may list a part of the folder, or files elsewhere.

Columns: ``path`` and ``label``; and ``group``, ``subset`` (also ``official_subset``), and with ``data.segments``
``start`` and ``end`` (also ``time_start``, ``time_end``) where there are any. All others are kept in
``data/extra.csv``. Paths are below ``data.root``, or absolute, or from the folder of the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SUBSETS
from actionrec.intake.ingest.found import Found, FoundVideo
from actionrec.intake.ingest.groups import group_by_pattern, without_groups
from actionrec.intake.ingest.listing import list_files, printable
from actionrec.intake.ingest.places import Places
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.ingest.spans import span_of
from actionrec.intake.ingest.table import Line, Table, read_table

REQUIRED = ("path", "label")
KNOWN = (*REQUIRED, "group", "official_subset")
SPAN = ("start", "end")
ALIASES = {"subset": "official_subset", "split": "official_subset", "time_start": "start", "time_end": "end"}
SUBSET_WORDS = {
    **{name: name for name in SUBSETS},
    "training": "train",
    "validation": "val",
    "validate": "val",
    "valid": "val",
    "dev": "val",
    "testing": "test",
}


def find(data: DataParams) -> Found:
    """The adapter; raises :class:`ActionrecError` for a table that is ambiguous, and where no listed video is there."""
    return find_listed(read_videos_table(Path(data.annotations)), data)


def read_videos_table(path: Path) -> Table:
    """The table ``path``; raises :class:`ActionrecError` where it is no file or lacks a column."""
    if not path.is_file():
        raise ActionrecError(
            f"data.annotations: {path} is not a file; expected a CSV with columns path,label,group,official_subset "
            "(with the header alone, data.name: folder takes the labels from the folders)"
        )
    return read_table(path, required=REQUIRED, aliases=ALIASES)


def find_listed(table: Table, data: DataParams) -> Found:
    """The videos that the rows of ``table`` name."""
    root = Path(data.root)
    listing = list_files(root, follow_links=data.follow_links)
    files = set(listing.videos)
    known = files | set(listing.image_folders)
    places = Places(root, known, table_folder=table.path.parent, follow_links=data.follow_links)
    videos: dict[tuple[str, float, float], tuple[int, FoundVideo]] = {}
    missing = []
    for line in table.lines:
        path = places.find(line, "path", table.repairs)
        if path is None:
            missing.append(printable(line.cells["path"]))
            continue
        video = _video(line, path, data, table)
        if path not in files and (root / path).is_dir():
            video = replace(video, is_folder=True)
        if (video.start_seconds or video.end_seconds) and (video.is_folder or path.lower().endswith(".webp")):
            raise ActionrecError(
                f"{table.path} line {line.number}: {printable(path)} is made of images, of which no part can be cut; "
                "leave start and end empty"
            )
        key = (path, video.start_seconds, video.end_seconds)
        if key not in videos:
            videos[key] = (line.number, video)
        elif videos[key][1] == video:
            table.repairs["rows that repeat another"] += 1
        else:
            raise ActionrecError(
                f"{table.path} line {line.number}: {printable(path)} is listed twice, before in line "
                f"{videos[key][0]}, and they differ; keep one of them"
            )
    found = [video for _, video in videos.values()]
    _check_some(found, missing, table, root)
    found, group_notes = _grouped(found, data)
    notes = [*table.note(), *_counts(found, missing, known, table, root), *_span_notes(table, data), *group_notes]
    return Found(sorted(found, key=lambda video: video.video_id), notes, listing=listing)


def _check_some(found: Sequence[FoundVideo], missing: Sequence[str], table: Table, root: Path) -> None:
    if not table.lines:
        raise ActionrecError(f"{table.path} has no row; name a video in each: {', '.join(REQUIRED)}, group, subset")
    if not found:
        raise ActionrecError(
            f"none of the {len(missing)} video(s) of {table.path} is under {root} (listed: {first_few(missing)}); "
            "its paths must be below data.root, absolute, or from the folder of the table"
        )


def _counts(
    found: Sequence[FoundVideo], missing: Sequence[str], known: set[str], table: Table, root: Path
) -> list[str]:
    notes = []
    if missing:
        notes.append(
            f"{len(missing)} of the {len(table.lines)} videos that {table.path.name} lists are not there and are left "
            f"out: {first_few(missing)}"
        )
    taken = {video.path for video in found}
    if unlisted := sorted(known - taken):
        notes.append(
            f"{len(unlisted)} video(s) under {root} have no row in {table.path.name} and are left out: "
            f"{first_few(map(printable, unlisted))}"
        )
    if outside := sorted(path for path in taken if path.startswith("/")):
        notes.append(
            f"{len(outside)} video(s) lie outside data.root: {first_few(map(printable, outside))}; DVC does not watch "
            "them, so after a change there run `dvc repro -f ingest`"
        )
    return notes


def _video(line: Line, path: str, data: DataParams, table: Table) -> FoundVideo:
    where = f"{table.path} line {line.number}"
    cells = line.cells
    if not cells["label"]:
        raise ActionrecError(f"{where}: the label of {printable(path)} is empty")
    used = {*KNOWN, *(SPAN if data.segments else ())}
    start, end = span_of(cells.get("start", ""), cells.get("end", ""), where=where) if data.segments else (0.0, 0.0)
    return FoundVideo(
        path,
        cells["label"],
        cells.get("group", ""),
        subset_of(cells.get("official_subset", ""), where=where, repairs=table.repairs),
        start_seconds=start,
        end_seconds=end,
        extra=tuple((name, value) for name, value in cells.items() if name not in used),
    )


def subset_of(text: str, *, where: str, repairs: Counter[str]) -> str:
    """``train``, ``val``, ``test`` or empty, of several lists with ``|`` between; ``where`` names file and line."""
    words = [SUBSET_WORDS.get(word.strip().lower()) if word.strip() else "" for word in text.split("|")]
    if None in words:
        raise ActionrecError(
            f"{where}: official_subset {text!r} is not one of {', '.join(SUBSETS)} or empty (or, with several lists, "
            "one a list: test|train)"
        )
    subset = "|".join(map(str, words))
    if subset != text:
        repairs["subsets called otherwise than train, val or test"] += 1
    return subset


def _grouped(videos: list[FoundVideo], data: DataParams) -> tuple[list[FoundVideo], list[str]]:
    """Groups of the table; where it has none by ``data.group_pattern``, or one a file."""
    ungrouped = [video for video in videos if not video.group]
    if len(ungrouped) == len(videos):
        if data.group_pattern:
            groups = group_by_pattern([video.path for video in videos], data.group_pattern)
            return [replace(video, group=group) for video, group in zip(videos, groups, strict=True)], []
        notes = without_groups([(video.path, video.label) for video in videos], asked_for="column group in the table")
        return [replace(video, group=video.path) for video in videos], notes
    if ungrouped:
        raise ActionrecError(
            f"{data.annotations}: {len(ungrouped)} of {len(videos)} rows have no group: "
            f"{first_few(printable(video.path) for video in ungrouped)}; name the group of each, or of none"
        )
    return videos, []


def _span_notes(table: Table, data: DataParams) -> list[str]:
    if data.segments or not set(SPAN) & set(table.columns):
        return []
    return [f"{table.path.name} has columns start and end; data.segments: true cuts the videos by them"]


def crossing_spans(videos: Sequence[FoundVideo]) -> list[str]:
    """Parts of one file that overlap, but belong to different groups: a sentence, or none."""
    parts = sorted(
        (video.path, video.start_seconds, video.end_seconds or float("inf"), video.group)
        for video in videos
        if video.array_index < 0
    )
    crossing = sorted(
        {
            printable(path)
            for (path, _, end, group), (following, start, _, other) in pairwise(parts)
            if path == following and start < end and group != other
        }
    )
    if not crossing:
        return []
    return [f"parts of {len(crossing)} file(s) overlap, but are in different groups: {first_few(crossing)}"]
