"""Keypoints of every video: in parallel, resumable, one small file a video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from actionrec.core.code import code_digest
from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.files import atomic_dir, link_or_copy
from actionrec.core.itemcache import ItemCache
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.detect import detect_keypoints
from actionrec.keypoints.faces import at_once, count_faces, read_counts
from actionrec.keypoints.section import KeypointParams


@dataclass(frozen=True)
class _Job:
    """One video, of which something is missing; paths are absolute, a worker may run anywhere."""

    frames: Path
    cache: ItemCache
    key: str
    """Of its keypoints."""
    faces_key: str
    num_frames: int
    params: KeypointParams
    detect: bool
    """The keypoints are missing."""
    count: bool
    """The faces are."""


def extract_keypoints(
    video_ids: Sequence[str],
    out_dir: Path,
    *,
    frames_path: Callable[[str], Path],
    params: KeypointParams,
    compute: ComputeParams,
) -> dict[str, int]:
    """Write ``out_dir/<video_id>.h5`` for every video; what the item cache holds is not detected again.

    Returns how many faces each video shows at once (:mod:`actionrec.keypoints.faces`).
    """
    cache = ItemCache.of_stage("keypoints")
    # Apart from each other: a change to one leaves what the other has found.
    version, faces_version = code_digest("actionrec.keypoints.detect"), code_digest("actionrec.keypoints.faces")
    settings = params.model_dump(exclude={"enabled"})
    jobs: dict[str, _Job] = {}
    for video_id in video_ids:
        path = frames_path(video_id)
        with open_frames(path) as frames:
            key = cache.key(frames.fingerprint, settings, version)
            faces_key = cache.key(frames.fingerprint, faces_version)
            num_frames = frames.num_frames
        detect, count = not cache.has(key), not cache.has(faces_key)
        jobs[video_id] = _Job(path.resolve(), cache, key, faces_key, num_frames, params, detect, count)
    missing = {job.key: job for job in jobs.values() if job.detect or job.count}
    # The longest first: begun last, it would keep the run waiting with all other cores idle.
    longest_first = sorted(missing.values(), key=lambda job: job.num_frames, reverse=True)
    for _ in map_items(_work, longest_first, compute=compute, desc="keypoints"):
        pass
    with atomic_dir(out_dir) as aside:
        for video_id, job in jobs.items():
            link_or_copy(cache.path(job.key), aside / f"{video_id}.h5")
    return {video_id: at_once(read_counts(cache.path(job.faces_key))) for video_id, job in jobs.items()}


def _work(job: _Job) -> None:
    if job.detect:
        with job.cache.writing(job.key) as path:
            detect_keypoints(job.frames, path, params=job.params, fingerprint=job.key)
    if job.count:
        with job.cache.writing(job.faces_key) as path:
            count_faces(job.frames, path)
