"""``folder``: class folders with groups by a regular expression, or a CSV that says both."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SUBSETS
from actionrec.intake.ingest.found import Found, FoundVideo, list_videos
from actionrec.intake.ingest.section import DataParams

COLUMNS = ("path", "label", "group", "official_subset")


def find(data: DataParams) -> Found:
    """The adapter: :func:`find_folder` as ``data`` says."""
    return find_folder(Path(data.root), Path(data.annotations), group_pattern=data.group_pattern)


def find_folder(root: Path, annotations: Path, *, group_pattern: str) -> Found:
    """Videos below ``root``, labelled by the CSV ``annotations``, or by folders where it has no rows."""
    paths = list_videos(root)
    table = read_annotations(annotations)
    if table:
        return Found(_from_table(paths, table, root=root, annotations=annotations))
    return _from_folders(paths, group_pattern, root=root)


def read_annotations(path: Path) -> dict[str, FoundVideo]:
    """The rows of the CSV, by path; raises :class:`ActionrecError` naming file and line."""
    if not path.is_file():
        raise ActionrecError(
            f"data.annotations: {path} is not a file; expected a CSV with columns {','.join(COLUMNS)} "
            "(with the header alone, labels come from the folders)"
        )
    rows: dict[str, FoundVideo] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := [name for name in COLUMNS[:3] if name not in (reader.fieldnames or ())]:
            raise ActionrecError(f"{path} lacks the column(s) {', '.join(missing)}; expected {','.join(COLUMNS)}")
        for number, record in enumerate(reader, start=2):
            video = FoundVideo(
                record["path"] or "", record["label"] or "", record["group"] or "", record.get("official_subset") or ""
            )
            if not (video.path and video.label and video.group):
                raise ActionrecError(f"{path} line {number}: path, label and group must not be empty, got {record}")
            if any(subset not in ("", *SUBSETS) for subset in video.official_subset.split("|")):
                raise ActionrecError(
                    f"{path} line {number}: official_subset {video.official_subset!r} is not one of "
                    f"{', '.join(SUBSETS)} or empty (or, with several lists, one a list: test|train)"
                )
            if video.path in rows:
                raise ActionrecError(f"{path} line {number}: {video.path} is listed twice")
            rows[video.path] = video
    return rows


def _from_table(paths: list[str], table: dict[str, FoundVideo], *, root: Path, annotations: Path) -> list[FoundVideo]:
    if absent := sorted(set(table) - set(paths)):
        raise ActionrecError(
            f"{len(absent)} video(s) of {annotations} are not under {root}: {first_few(absent)}; "
            "remove their rows or put the files there"
        )
    if unlisted := sorted(set(paths) - set(table)):
        raise ActionrecError(
            f"{len(unlisted)} video(s) under {root} have no row in {annotations}: {first_few(unlisted)}; "
            "add rows for them or move the files away"
        )
    return [table[path] for path in paths]


def _from_folders(paths: list[str], group_pattern: str, *, root: Path) -> Found:
    if loose := [path for path in paths if "/" not in path]:
        raise ActionrecError(
            f"{len(loose)} video(s) lie directly in {root}: {first_few(loose)}; a video's class is its first folder "
            "below data.root, so make one folder a class, or name the labels in a CSV (data.annotations)"
        )
    labels = [path.split("/", 1)[0] for path in paths]
    if not group_pattern:
        note = (
            "data.group_pattern is empty: every video is its own group, so nothing stops one person or scene from "
            "falling into several subsets"
        )
        return Found([FoundVideo(path, label, path) for path, label in zip(paths, labels, strict=True)], [note])
    pattern = re.compile(group_pattern)
    matches = [pattern.search(path) for path in paths]
    unmatched = [path for path, match in zip(paths, matches, strict=True) if not (match and match["group"])]
    if unmatched:
        raise ActionrecError(
            f"data.group_pattern: {group_pattern!r} finds no group in {len(unmatched)} of {len(paths)} paths: "
            f"{first_few(unmatched)}"
        )
    groups = [match["group"] for match in matches if match]
    return Found([FoundVideo(*fields) for fields in zip(paths, labels, groups, strict=True)])
