"""How long decoding and keypoints will take on this machine, and how much disk: measured on one video, scaled."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from actionrec.core.compute import ComputeParams, map_items, num_workers
from actionrec.core.hdf5 import FlatWriter, create_h5
from actionrec.core.times import shown_at
from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.extract.section import ExtractParams
from actionrec.keypoints.holistic import HolisticDetector
from actionrec.keypoints.layout import NUM_VALUES
from actionrec.pack.fit import Block, jpeg_block, raw_block
from actionrec.pack.section import ViewParams
from actionrec.params import Params

DECODE_SECONDS = 20.0
"""How long the decoding of the one video may take."""
_WARM_FRAMES = 3
_DETECTED_FRAMES = 20
_PACKED_FRAMES = 10


@dataclass(frozen=True)
class Measured:
    """One video, decoded, and keypoints detected in its first frames."""

    num_frames: int
    frame_bytes: float
    """Of a frame as extracted, and in every packed view."""
    decode_seconds: float
    """A frame."""
    keypoint_seconds: float
    """A frame; 0 where keypoints are off."""


@dataclass(frozen=True)
class Forecast:
    """An estimate for the whole data set."""

    measured_on: str
    num_frames: int
    decode_seconds: float
    keypoint_seconds: float
    disk_bytes: int


@dataclass(frozen=True)
class _Job:
    number: int
    video: Path
    extract: ExtractParams
    views: tuple[ViewParams, ...]
    detects: bool


def forecast(video: Path, params: Params, *, num_videos: int, mean_frames: float) -> Forecast | None:
    """Decode ``video`` in as many processes as will work, and scale; ``None`` where it gives no frames in time."""
    workers = min(num_workers(params.compute), num_videos)
    extract = params.extract.model_copy(update={"timeout_seconds": DECODE_SECONDS})
    jobs = [
        _Job(number, video, extract, tuple(params.pack.values()), params.keypoints.enabled) for number in range(workers)
    ]
    local = ComputeParams(backend="local", workers=workers)
    found = [measured for _, measured in map_items(_measure, jobs, compute=local, desc="measure")]
    if not all(measured.num_frames for measured in found):
        return None
    num_frames = round(num_videos * mean_frames)
    return Forecast(
        measured_on=video.name,
        num_frames=num_frames,
        decode_seconds=num_frames * _mean([measured.decode_seconds for measured in found]) / workers,
        keypoint_seconds=num_frames * _mean([measured.keypoint_seconds for measured in found]) / workers,
        disk_bytes=round(_disk(params, found[0].frame_bytes, num_videos=num_videos, mean_frames=mean_frames)),
    )


def _measure(job: _Job) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames.h5"
        start = time.perf_counter()
        num_frames = extract_video(job.video, path, params=job.extract, fingerprint="")
        seconds = time.perf_counter() - start
        if not num_frames:
            return Measured(0, 0.0, 0.0, 0.0)
        detecting = _detecting_seconds(path) if job.detects else 0.0
        packed = sum(_packed_bytes(path, view) for view in job.views) / num_frames
        return Measured(num_frames, path.stat().st_size / num_frames + packed, seconds / num_frames, detecting)


def _packed_bytes(path: Path, view: ViewParams) -> float:
    """Of the whole video, from its first frames."""
    with open_frames(path) as frames:
        shown = shown_at(frames.timestamps, fps=view.fps)
    block = Block(path, shown.frames[:_PACKED_FRAMES])
    some = raw_block(block, view).nbytes if view.encoding == "raw" else sum(map(len, jpeg_block(block, view)))
    return some / len(block.frames) * len(shown)


def _detecting_seconds(path: Path) -> float:
    """Mean seconds a frame, after the first ones, which load the models."""
    with (
        open_frames(path) as frames,
        HolisticDetector(min_detection_confidence=0.5, min_tracking_confidence=0.5) as detector,
    ):
        decoded = frames.decode(np.arange(min(frames.num_frames, _WARM_FRAMES + _DETECTED_FRAMES)))
        times = []
        for frame in decoded:
            start = time.perf_counter()
            detector.detect(frame)
            times.append(time.perf_counter() - start)
    return _mean(times[_WARM_FRAMES:] or times)


def _disk(params: Params, frame_bytes: float, *, num_videos: int, mean_frames: float) -> float:
    """Bytes of frames, views and keypoints; caches are links to the same files."""
    num_frames = num_videos * mean_frames
    found = num_frames * frame_bytes
    if params.keypoints.enabled:
        found += num_videos * _keypoint_file_bytes(mean_frames) + num_frames * NUM_VALUES * 4
    return found


def _keypoint_file_bytes(mean_frames: float) -> int:
    """Of one video: small ones fill a whole block of their file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keypoints.h5"
        with (
            create_h5(path, format="", version=0, fingerprint="") as file,
            FlatWriter(file, "keypoints", row_shape=(NUM_VALUES,), dtype=np.float32) as writer,
        ):
            writer.append(np.zeros((max(1, round(mean_frames)), NUM_VALUES), np.float32))
        return path.stat().st_size


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
