"""What ``data.root`` holds, before anything long starts: found by the adapter, skipped, and copied under two labels."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.sources import ARRAY_SUFFIXES, digest_source, size_of
from actionrec.intake.extract.images import PICTURE_SUFFIXES
from actionrec.intake.extract.probe import Probe, probe_video
from actionrec.intake.ingest.found import FoundVideo
from actionrec.intake.ingest.listing import Listing, list_files, printable
from actionrec.intake.ingest.manifest import NOT_READ, find_videos
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
        listing = _listing(data)
        suffixes = _by_count(Path(path).suffix.lower() for path in listing.videos)
        skipped = _skipped(listing, {*listing.videos, *listing.image_folders, *listing.arrays})
        return Survey(data.root, data.name, suffixes=suffixes, skipped=skipped, problems=[str(error)])
    videos = list(found.videos)
    sizes = {path: size_of(root / path) or 0 for path in sorted({video.path for video in videos})}
    identical, notes = _identical(root, videos, sizes)
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
        num_bytes=sum(sizes.values()),
        classes=dict(sorted(Counter(video.label for video in videos).items())),
        groups=len({video.group for video in videos}),
        suffixes=_by_count(_kind(root, video.path) for video in videos),
        skipped=_skipped(found.listing or _listing(data), set(sizes)),
        identical=identical,
        # What is not read stands among the skipped, with what an adapter leaves out.
        notes=[*(note for note in found.notes if not note.startswith(NOT_READ)), *notes],
        problems=problems,
        headers=headers,
    )


def _listing(data: DataParams) -> Listing:
    """All below the root, for an adapter that does not say; nothing where there is no such folder."""
    try:
        return list_files(Path(data.root), follow_links=data.follow_links)
    except ActionrecError:
        return Listing()


def _kind(root: Path, path: str) -> str:
    """The suffix of a file; ``folder`` for one."""
    return Path(path).suffix.lower() if not (root / path).is_dir() else "folder"


def _skipped(listing: Listing, taken: set[str]) -> list[Skipped]:
    """All below the root that is not ``taken``, by why it is not, the commonest first."""
    seen = listing.not_read(but=taken)
    folders = set(listing.image_folders)
    for path in (*listing.videos, *listing.image_folders, *listing.arrays):
        if path not in taken and path.rpartition("/")[0] not in taken:  # of a folder of arrays the folder is taken
            kind = "folders of images" if path in folders else f"{Path(path).suffix.lower()} files"
            seen.setdefault(f"{kind} that data.name, data.classes or data.max_per_class leave out", []).append(path)
    return [
        Skipped(what, len(paths), first_few(map(printable, sorted(paths)), limit=3))
        for what, paths in sorted(seen.items(), key=lambda item: (-len(item[1]), item[0]))
    ]


def _identical(root: Path, videos: Sequence[FoundVideo], sizes: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Sets of files of the same content, and what to know of the comparison."""
    of_size: dict[int, list[FoundVideo]] = defaultdict(list)
    for video in {video.path: video for video in videos}.values():  # of one file with several parts one
        of_size[sizes[video.path]].append(video)
    suspects = sorted((size, alike) for size, alike in of_size.items() if len(alike) > 1)
    of_digest: dict[str, list[FoundVideo]] = defaultdict(list)
    compared, end = 0, time.monotonic() + COMPARE_SECONDS
    for _, alike in suspects:
        if time.monotonic() > end:
            break
        compared += 1
        for video in alike:
            of_digest[digest_source(root / video.path)].append(video)
    copies = [same for same in of_digest.values() if len(same) > 1]
    copies.sort(key=lambda same: (len({video.label for video in same}) == 1, same[0].path))
    lines = [f"{_crossing(same)}: {', '.join(printable(video.path) for video in same)}" for same in copies]
    left = sum(len(alike) for _, alike in suspects[compared:])
    return lines, [f"{left} files of equal size were not compared, which would take longer"] if left else []


def _crossing(same: Sequence[FoundVideo]) -> str:
    labels, groups = ({getattr(video, name) for video in same} for name in ("label", "group"))
    if len(labels) > 1:
        return "under different labels"
    return "in different groups" if len(groups) > 1 else "in one group"


def _headers(root: Path, videos: Sequence[FoundVideo], compute: ComputeParams) -> Headers | None:
    """Of some of the video files; ``None`` where there is none, as of images and arrays."""
    of_path = {video.path: video for video in videos if _has_header(root, video.path)}
    if not of_path:
        return None
    step = max(1, len(of_path) // SAMPLE)
    sample = [of_path[path] for path in sorted(of_path)][::step][:SAMPLE]
    paths = {(root / video.path).resolve(): video for video in sample}
    # In processes of their own: a file may crash its reader.
    local = ComputeParams(backend="local", workers=max(2, compute.workers))
    probes = dict(map_items(probe_video, list(paths), compute=local, desc="headers", failed=_unreadable))
    readable = {path: probe for path, probe in probes.items() if not _unreadable(probe)}
    read = list(readable.values())
    of_part = {path: _part_seconds(probe, paths[path]) for path, probe in readable.items()}
    seconds = sorted(of_part.values()) or [0.0]
    median = seconds[len(seconds) // 2]
    typical = min(sorted(readable), key=lambda path: abs(of_part[path] - median), default=None)
    return Headers(
        videos=len(paths),
        unreadable=first_few(sorted(printable(path.name) for path, probe in probes.items() if _unreadable(probe))),
        sizes=_by_count(f"{probe.width} x {probe.height}" for probe in read),
        codecs=_by_count(probe.codec for probe in read),
        shortest_seconds=seconds[0],
        median_seconds=median,
        longest_seconds=seconds[-1],
        mean_frames=sum(_frames_of(probe, paths[path]) for path, probe in readable.items()) / max(1, len(read)),
        typical=paths[typical].path if typical else "",
    )


def _has_header(root: Path, path: str) -> bool:
    """Whether it is a file that ffmpeg reads."""
    suffix = Path(path).suffix.lower()
    return suffix not in ARRAY_SUFFIXES and suffix not in PICTURE_SUFFIXES and not (root / path).is_dir()


def _part_seconds(probe: Probe, video: FoundVideo) -> float:
    """How long the video is: its file, or the part of it."""
    return max(0.0, (video.end_seconds or probe.duration_seconds) - video.start_seconds)


def _frames_of(probe: Probe, video: FoundVideo) -> float:
    """How many frames a header promises."""
    if video.start_seconds or video.end_seconds:
        return probe.fps * _part_seconds(probe, video)
    return probe.declared_frames or probe.fps * probe.duration_seconds


def _unreadable(probe: Probe) -> bool:
    return bool(probe.error) or not probe.has_video


def _by_count(words: Iterator[str]) -> dict[str, int]:
    """How often each occurs, the commonest first."""
    return dict(sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])))
