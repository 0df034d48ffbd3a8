"""Build the manifest: find, select classes, hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import digest_file
from actionrec.core.tables import ManifestRow
from actionrec.intake.ingest.adapters import ADAPTERS
from actionrec.intake.ingest.draw import draw_videos
from actionrec.intake.ingest.found import Found, FoundVideo
from actionrec.intake.ingest.section import DataParams


def find_videos(data: DataParams) -> Found:
    """The videos of ``data.name``, restricted to ``data.classes`` and ``data.max_per_class``; ids are unique."""
    found = ADAPTERS[data.name](data)
    counts = Counter(video.video_id for video in found.videos)
    if clashes := sorted(video_id for video_id, count in counts.items() if count > 1):
        raise ActionrecError(
            f"{len(clashes)} video id(s) are shared by files that differ only in their suffix: {first_few(clashes)}; "
            "rename or remove one of each"
        )
    videos = _of_classes(found.videos, data.classes)
    return replace(found, videos=draw_videos(videos, max_per_class=data.max_per_class, seed=data.seed))


def _of_classes(videos: Sequence[FoundVideo], classes: Sequence[str]) -> list[FoundVideo]:
    known = sorted({video.label for video in videos})
    if unknown := sorted(set(classes) - set(known)):
        raise ActionrecError(
            f"data.classes: no video of {', '.join(unknown)}; the classes found are {first_few(known, limit=20)}"
        )
    kept = [video for video in videos if not classes or video.label in classes]
    if len({video.label for video in kept}) < 2:
        raise ActionrecError(f"recognition needs at least 2 classes, found only {', '.join(classes or known)}")
    return kept


def build_manifest(data: DataParams, compute: ComputeParams) -> tuple[list[ManifestRow], Sequence[str]]:
    """Manifest rows, and notes for the user."""
    found = find_videos(data)
    root = Path(data.root).resolve()
    by_path = {str(root / video.path): video for video in found.videos}
    rows = []
    for path, (num_bytes, digest) in map_items(_measure, list(by_path), compute=compute, desc="hash"):
        video = by_path[path]
        rows.append(
            ManifestRow(video.video_id, video.path, video.label, video.group, video.official_subset, num_bytes, digest)
        )
    return rows, found.notes


def _measure(path: str) -> tuple[int, str]:
    file = Path(path)
    return file.stat().st_size, digest_file(file)
