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
from actionrec.keypoints.section import KeypointParams


@dataclass(frozen=True)
class _Job:
    """One video to detect; paths are absolute, a worker may run anywhere."""

    frames: Path
    cache: ItemCache
    key: str
    params: KeypointParams


def extract_keypoints(
    video_ids: Sequence[str],
    out_dir: Path,
    *,
    frames_path: Callable[[str], Path],
    params: KeypointParams,
    compute: ComputeParams,
) -> None:
    """Write ``out_dir/<video_id>.h5`` for every video; what the item cache holds is not detected again."""
    cache = ItemCache.of_stage("keypoints")
    version = code_digest("actionrec.keypoints.detect")
    settings = params.model_dump(exclude={"enabled"})
    jobs: dict[str, _Job] = {}
    for video_id in video_ids:
        path = frames_path(video_id)
        with open_frames(path) as frames:
            key = cache.key(frames.fingerprint, settings, version)
        jobs[video_id] = _Job(path.resolve(), cache, key, params)
    missing = {job.key: job for job in jobs.values() if not cache.has(job.key)}
    for _ in map_items(_detect, list(missing.values()), compute=compute, desc="keypoints"):
        pass
    with atomic_dir(out_dir) as aside:
        for video_id, job in jobs.items():
            link_or_copy(cache.path(job.key), aside / f"{video_id}.h5")


def _detect(job: _Job) -> None:
    with job.cache.writing(job.key) as path:
        detect_keypoints(job.frames, path, params=job.params, fingerprint=job.key)
