"""How often MediaPipe found each body part, and which frames to show; reads in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import open_h5, read_strings
from actionrec.keypoints.layout import PARTS
from actionrec.keypoints.reader import KEYPOINTS_FORMAT, KEYPOINTS_VERSION

_BLOCK_FRAMES = 1 << 16


@dataclass(frozen=True)
class PickedFrame:
    """One frame to draw with its keypoints."""

    video_id: str
    label: str
    frame: int
    """Index in the video."""
    keypoints: npt.NDArray[np.float32]
    """(1662,)"""
    presence: npt.NDArray[np.bool_]
    """(4,)"""


@dataclass(frozen=True)
class Coverage:
    """Share of frames in which each of ``PARTS`` was found."""

    num_frames: int
    overall: tuple[float, ...]
    """(4,)"""
    by_class: dict[str, tuple[float, ...]]
    """Class name -> (4,), sorted by class."""
    by_video: dict[str, tuple[float, ...]]
    """Video id -> (4,), of those that have frames."""
    frames: tuple[PickedFrame, ...]


def measure_coverage(path: Path, label_of: Mapping[str, str], *, num_frames_shown: int) -> Coverage | None:
    """Coverage of the packed keypoints at ``path``; None where they hold no video (keypoints are disabled).

    ``label_of`` maps every packed ``video_id`` to its class. Memory does not grow with the videos' frames.
    """
    with open_h5(path, format=KEYPOINTS_FORMAT, version=KEYPOINTS_VERSION, stage="keypoints") as file:
        video_ids = read_strings(file, "video_id")
        if unknown := [video_id for video_id in video_ids if video_id not in label_of]:
            raise ActionrecError(
                f"{path} holds {unknown[0]}, which is not a kept video; rebuild it with `dvc repro -f keypoints`"
            )
        starts: npt.NDArray[np.int64] = file["frame_start"][:]
        if not video_ids or starts[-1] == 0:
            return None
        labels = [label_of[video_id] for video_id in video_ids]
        names = sorted(set(labels))
        of_video, video_frames = _count(file, starts), np.diff(starts)
        picked = _pick(labels, starts, num_frames_shown)
        shown = tuple(_read_frame(file, video_ids[v], labels[v], int(starts[v]), frame) for v, frame in picked)
    class_of = np.array([names.index(label) for label in labels])
    found = np.zeros((len(names), len(PARTS)), np.int64)
    np.add.at(found, class_of, of_video)
    frames = np.bincount(class_of, weights=video_frames, minlength=len(names)).astype(np.int64)
    has_frames = frames > 0
    return Coverage(
        num_frames=int(frames.sum()),
        overall=tuple((found.sum(axis=0) / frames.sum()).tolist()),
        by_class={name: tuple((found[c] / frames[c]).tolist()) for c, name in enumerate(names) if has_frames[c]},
        by_video={
            video_id: tuple((of_video[v] / video_frames[v]).tolist())
            for v, video_id in enumerate(video_ids)
            if video_frames[v]
        },
        frames=shown,
    )


def _count(file: h5py.File, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Frames of every video in which each part was found ``(N, 4)``."""
    found = np.zeros((len(starts) - 1, len(PARTS)), np.int64)
    total = int(starts[-1])
    for start in range(0, total, _BLOCK_FRAMES):
        stop = min(start + _BLOCK_FRAMES, total)
        video = np.searchsorted(starts, np.arange(start, stop), side="right") - 1
        np.add.at(found, video, file["presence"][start:stop].astype(np.int64))
    return found


def _pick(labels: Sequence[str], starts: npt.NDArray[np.int64], count: int) -> list[tuple[int, int]]:
    """``(video, frame)`` of ``count`` frames: classes in turn, other videos each round, about a third into the video.

    Neighbouring classes take different videos, so that not all frames show the same person.
    """
    videos_of: dict[str, list[int]] = {}
    for video, label in enumerate(labels):
        if starts[video + 1] > starts[video]:
            videos_of.setdefault(label, []).append(video)
    picked: list[tuple[int, int]] = []
    classes = sorted(videos_of)
    for place in range(count):
        round_, c = divmod(place, len(classes))
        videos = videos_of[classes[c]]
        # Fibonacci hashing: consecutive numbers land far apart.
        video = videos[int(((place + 1) * 0.6180339887) % 1 * len(videos))]
        num_frames = int(starts[video + 1] - starts[video])
        shown = (video, (num_frames * (2 + round_ % 3)) // 6)
        if shown not in picked:
            picked.append(shown)
    return picked


def _read_frame(file: h5py.File, video_id: str, label: str, start: int, frame: int) -> PickedFrame:
    row = start + frame
    return PickedFrame(video_id, label, frame, file["keypoints"][row], file["presence"][row])
