"""Build the manifest: find, select classes, hash."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.sources import digest_source, size_of
from actionrec.core.tables import ManifestRow
from actionrec.intake.ingest.adapters import ADAPTERS
from actionrec.intake.ingest.classes import choose_classes
from actionrec.intake.ingest.draw import draw_videos
from actionrec.intake.ingest.found import Found, FoundVideo
from actionrec.intake.ingest.groups import alike_groups
from actionrec.intake.ingest.listed import crossing_spans
from actionrec.intake.ingest.listing import printable
from actionrec.intake.ingest.section import DataParams

NOT_READ = "not read below data.root: "
"""How the note begins that counts what no adapter takes."""


@dataclass(frozen=True)
class Manifest:
    """What ``data/manifest.csv`` and ``data/extra.csv`` hold, and what to say."""

    rows: list[ManifestRow]
    notes: list[str]
    extra_columns: list[str]
    """``video_id`` first."""
    extra_rows: list[list[str]]


def find_videos(data: DataParams) -> Found:
    """The videos of ``data.name``, restricted to ``data.classes`` and ``data.max_per_class``; ids are unique."""
    found = ADAPTERS[data.name](data)
    _check_ids(found.videos)
    videos = choose_classes(found.videos, data.classes, class_order=found.class_order)
    notes = [
        *found.notes,
        *alike_groups({video.group for video in videos}),
        *alike_groups({video.label for video in videos}, of="classes"),
        *crossing_spans(videos),
    ]
    read = {_below_root(data), *(video.path for video in found.videos)}
    if found.listing and (not_read := found.listing.summary(but=read)):
        notes.append(NOT_READ + not_read)
    drawn = draw_videos(videos, max_per_class=data.max_per_class, seed=data.seed)
    return replace(found, videos=drawn, notes=notes)


def _below_root(data: DataParams) -> str:
    """Where below the root the annotations lie, which are read; empty where they lie elsewhere."""
    root, annotations = Path(data.root).resolve(), Path(data.annotations).resolve()
    return annotations.relative_to(root).as_posix() if annotations.is_relative_to(root) else ""


def _check_ids(videos: Sequence[FoundVideo]) -> None:
    paths_of: defaultdict[str, list[str]] = defaultdict(list)
    for video in videos:
        paths_of[video.video_id].append(video.path)
    if clashes := sorted(paths for paths in paths_of.values() if len(paths) > 1):
        shown = first_few(" = ".join(map(printable, paths)) for paths in clashes)
        raise ActionrecError(
            f"{len(clashes)} video id(s) are shared by files that differ only in their suffix: {shown}; "
            "rename or remove one of each"
        )


def build_manifest(data: DataParams, compute: ComputeParams) -> Manifest:
    """Manifest rows, what a table said beside them, and notes for the user."""
    found = find_videos(data)
    root = Path(data.root).resolve()
    of_source: defaultdict[str, list[FoundVideo]] = defaultdict(list)
    for video in found.videos:
        of_source[str(root / video.path)].append(video)
    measured = map_items(measure_source, list(of_source), compute=compute, desc="hash")
    rows = [_row(video, *facts) for source, facts in measured for video in of_source[source]]
    columns, extra = extra_table(found.videos)
    return Manifest(rows, list(found.notes), columns, extra)


def _row(video: FoundVideo, num_bytes: int, digest: str) -> ManifestRow:
    return ManifestRow(
        video.video_id,
        video.path,
        video.label,
        video.group,
        video.official_subset,
        num_bytes,
        digest,
        video.start_seconds,
        video.end_seconds,
        video.array_index,
    )


def measure_source(source: str) -> tuple[int, str]:
    """Bytes and digest of a file or a folder of frames."""
    path = Path(source)
    return size_of(path) or 0, digest_source(path)


def extra_table(videos: Sequence[FoundVideo]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the columns that the adapters keep for a reader; no row where there are none.

    A column of that very name is called ``listed_video_id``.
    """
    counts = Counter(name for video in videos for name, _ in video.extra)
    names = list(counts)
    if not names:
        return ["video_id"], []
    rows = []
    for video in sorted(videos, key=lambda video: video.video_id):
        values = dict(video.extra)
        rows.append([video.video_id, *(values.get(name, "") for name in names)])
    return ["video_id", *("listed_video_id" if name == "video_id" else name for name in names)], rows
