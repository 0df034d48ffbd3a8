"""Keypoints of every video: parallel, resumable, one small file a video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actionrec.compute import map_items
from actionrec.files import atomic_dir, link_or_copy
from actionrec.hdf5 import FlatWriter, create_h5
from actionrec.itemcache import ItemCache, code_version
from actionrec.keypoints.holistic import HolisticDetector
from actionrec.keypoints.layout import NUM_VALUES, PARTS
from actionrec.sections import ComputeParams, KeypointParams
from actionrec.video.frames import open_frames

FORMAT = "actionrec-keypoints"
VERSION = 1

_BLOCK_FRAMES = 64
_STEP_MODULES = ("actionrec.keypoints.extract", "actionrec.keypoints.holistic", "actionrec.keypoints.layout")


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
    """Write ``out_dir/<video_id>.h5`` for every video; what the item cache holds is not detected again.

    Each file holds ``keypoints`` float32 (T, 1662), ``presence`` bool (T, 4), and the attribute
    ``aspect``: width / height of the frames. See :mod:`actionrec.keypoints.layout`.
    """
    cache = ItemCache.of_stage("keypoints")
    version = code_version(*_STEP_MODULES)
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
    with (
        open_frames(job.frames) as frames,
        job.cache.writing(job.key) as aside,
        create_h5(aside, format=FORMAT, version=VERSION, fingerprint=job.key) as file,
        FlatWriter(file, "keypoints", row_shape=(NUM_VALUES,), dtype=np.float32) as keypoints,
        FlatWriter(file, "presence", row_shape=(len(PARTS),), dtype=np.bool_) as presence,
        HolisticDetector(
            min_detection_confidence=job.params.min_detection_confidence,
            min_tracking_confidence=job.params.min_tracking_confidence,
        ) as detector,
    ):
        file.attrs["aspect"] = np.float32(frames.width / frames.height)
        for start in range(0, frames.num_frames, _BLOCK_FRAMES):
            stop = min(start + _BLOCK_FRAMES, frames.num_frames)
            rows = [detector.detect(frame) for frame in frames.decode(np.arange(start, stop))]
            keypoints.append(np.stack([row for row, _ in rows]))
            presence.append(np.stack([found for _, found in rows]))
