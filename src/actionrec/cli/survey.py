"""What ``data.root`` holds, before anything long starts: found by the adapter, skipped, and copied under two labels."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import digest_file
from actionrec.intake.extract.probe import Probe, probe_video
from actionrec.intake.ingest.found import FoundVideo, list_videos
from actionrec.intake.ingest.listing import VIDEO_SUFFIXES
from actionrec.intake.ingest.manifest import find_videos
from actionrec.intake.ingest.section import DataParams

SAMPLE = 40
"""Videos whose headers are read."""
COMPARE_SECONDS = 5.0
"""How long files of one size are compared."""


@dataclass(frozen=True)
class Skipped:
    """Files or folders that no stage will read."""

    what: str
    count: int
    examples: str


@dataclass(frozen=True)
class Headers:
    """What the headers of a sample declare."""

    videos: int
    unreadable: str
    """Names of those that could not be read."""
    sizes: dict[str, int]
    """Videos by ``width x height``."""
    codecs: dict[str, int]
    shortest_seconds: float
    median_seconds: float
    longest_seconds: float
    mean_frames: float
    typical: str
    """Path below the root of the one whose length is nearest to the median; empty where none can be read."""


@dataclass(frozen=True)
class Survey:
    """Everything that was seen without decoding a video."""

    root: str
    adapter: str
    videos: int = 0
    num_bytes: int = 0
    classes: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    suffixes: dict[str, int] = field(default_factory=dict)
    """Found videos by suffix; all video files where the adapter failed."""
    skipped: list[Skipped] = field(default_factory=list)
    identical: list[str] = field(default_factory=list)
    """Files of the same content, a line a set, those under several labels first."""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    headers: Headers | None = None


def survey(data: DataParams, compute: ComputeParams) -> Survey:
    """Look at ``data.root`` as the ``ingest`` stage will; what is wrong is a problem of the survey, never raised."""
    root = Path(data.root)
    try:
        found = find_videos(data)
    except ActionrecError as error:
        paths = _video_files(root)
        suffixes = _by_count(Path(path).suffix.lower() for path in paths)
        skipped = _skipped(root, set(paths))
        return Survey(data.root, data.name, suffixes=suffixes, skipped=skipped, problems=[str(error)])
    videos = list(found.videos)
    identical, notes = _identical(root, videos)
    problems = []
    headers = None
    try:
        headers = _headers(root, videos, compute)
    except ActionrecError as error:
        problems.append(f"the headers could not be read: {error}")
    return Survey(
        data.root,
        data.name,
        videos=len(videos),
        num_bytes=sum((root / video.path).stat().st_size for video in videos),
        classes=dict(sorted(Counter(video.label for video in videos).items())),
        groups=len({video.group for video in videos}),
        suffixes=_by_count(Path(video.path).suffix.lower() for video in videos),
        skipped=_skipped(root, {video.path for video in videos}),
        identical=identical,
        notes=[*found.notes, *notes],
        problems=problems,
        headers=headers,
    )


def _video_files(root: Path) -> list[str]:
    """What an adapter had to choose from, for the case that it could not."""
    try:
        return list_videos(root)
    except ActionrecError:
        return []


def _skipped(root: Path, taken: set[str]) -> list[Skipped]:
    """All below ``root`` that is not ``taken``, by why it is not."""
    seen: dict[str, list[str]] = defaultdict(list)
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        hidden = [name for name in folders if name.startswith(".")]
        for name in hidden:
            seen["hidden folders"].append(_below(root, here / name))
        for name in sorted(set(folders) - set(hidden)):
            if (here / name).is_symlink():
                seen["symbolic links to folders, which are not followed"].append(_below(root, here / name))
        folders[:] = sorted(set(folders) - set(hidden))
        for name in files:
            path = _below(root, here / name)
            if path not in taken:
                seen[_why(here / name)].append(path)
    return [
        Skipped(what, len(paths), first_few(sorted(paths), limit=3))
        for what, paths in sorted(seen.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _why(path: Path) -> str:
    if path.name.startswith("."):
        return "hidden files"
    if not path.exists():
        return "symbolic links to nothing"
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return f"{path.suffix.lower()} files that data.name, data.classes or data.max_per_class leave out"
    return f"{path.suffix.lower() or 'nameless'} files, not a suffix of videos"


def _below(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _identical(root: Path, videos: Sequence[FoundVideo]) -> tuple[list[str], list[str]]:
    """Sets of files of the same content, and what to know of the comparison."""
    of_size: dict[int, list[FoundVideo]] = defaultdict(list)
    for video in videos:
        of_size[(root / video.path).stat().st_size].append(video)
    suspects = sorted((size, alike) for size, alike in of_size.items() if len(alike) > 1)
    of_digest: dict[str, list[FoundVideo]] = defaultdict(list)
    compared, end = 0, time.monotonic() + COMPARE_SECONDS
    for _, alike in suspects:
        if time.monotonic() > end:
            break
        compared += 1
        for video in alike:
            of_digest[digest_file(root / video.path)].append(video)
    copies = [same for same in of_digest.values() if len(same) > 1]
    copies.sort(key=lambda same: (len({video.label for video in same}) == 1, same[0].path))
    lines = [f"{_crossing(same)}: {', '.join(video.path for video in same)}" for same in copies]
    left = sum(len(alike) for _, alike in suspects[compared:])
    return lines, [f"{left} files of equal size were not compared, which would take longer"] if left else []


def _crossing(same: Sequence[FoundVideo]) -> str:
    labels, groups = ({getattr(video, name) for video in same} for name in ("label", "group"))
    if len(labels) > 1:
        return "under different labels"
    return "in different groups" if len(groups) > 1 else "in one group"


def _headers(root: Path, videos: Sequence[FoundVideo], compute: ComputeParams) -> Headers:
    step = max(1, len(videos) // SAMPLE)
    paths = {(root / video.path).resolve(): video.path for video in videos[::step][:SAMPLE]}
    # In processes of their own: a file may crash its reader.
    local = ComputeParams(backend="local", workers=max(2, compute.workers))
    probes = dict(map_items(probe_video, list(paths), compute=local, desc="headers", failed=_unreadable))
    readable = {path: probe for path, probe in probes.items() if not _unreadable(probe)}
    read = list(readable.values())
    seconds = sorted(probe.duration_seconds for probe in read) or [0.0]
    median = seconds[len(seconds) // 2]
    typical = min(sorted(readable), key=lambda path: abs(readable[path].duration_seconds - median), default=None)
    return Headers(
        videos=len(paths),
        unreadable=first_few(sorted(path.name for path, probe in probes.items() if _unreadable(probe))),
        sizes=_by_count(f"{probe.width} x {probe.height}" for probe in read),
        codecs=_by_count(probe.codec for probe in read),
        shortest_seconds=seconds[0],
        median_seconds=median,
        longest_seconds=seconds[-1],
        mean_frames=sum(map(_frames_of, read)) / max(1, len(read)),
        typical=paths[typical] if typical else "",
    )


def _frames_of(probe: Probe) -> float:
    """How many frames a header promises."""
    return probe.declared_frames or probe.fps * probe.duration_seconds


def _unreadable(probe: Probe) -> bool:
    return bool(probe.error) or not probe.has_video


def _by_count(words: Iterator[str]) -> dict[str, int]:
    """How often each occurs, the commonest first."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
