"""Keypoints of every frame of one video."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import FlatWriter, create_h5
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.holistic import HolisticDetector
from actionrec.keypoints.layout import FACE, LEFT_HAND, NUM_VALUES, PARTS, POSE, RIGHT_HAND
from actionrec.keypoints.section import KeypointParams

FORMAT = "actionrec-keypoints"
VERSION = 1

_BLOCK_FRAMES = 64
_UNKNOWN_ASPECT = 4 / 3
"""Of keypoints that came without pictures: webcams', with which most are recorded."""


def detect_keypoints(frames_file: Path, path: Path, *, params: KeypointParams, fingerprint: str) -> None:
    """Write the keypoints of the extracted video ``frames_file`` to ``path``; those that came as arrays are taken over.

    The file holds ``keypoints`` float32 (T, 1662), ``presence`` bool (T, 4), and the attribute ``aspect``: width /
    height of the frames. See :mod:`actionrec.keypoints.layout`.
    """
    with open_frames(frames_file) as frames:
        given = frames.keypoints
    if given is not None:
        _take_over(given, path, source=frames_file, fingerprint=fingerprint)
        return
    with (
        open_frames(frames_file) as frames,
        create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file,
        FlatWriter(file, "keypoints", row_shape=(NUM_VALUES,), dtype=np.float32) as keypoints,
        FlatWriter(file, "presence", row_shape=(len(PARTS),), dtype=np.bool_) as presence,
        HolisticDetector(
            min_detection_confidence=params.min_detection_confidence,
            min_tracking_confidence=params.min_tracking_confidence,
        ) as detector,
    ):
        file.attrs["aspect"] = np.float32(frames.width / frames.height)
        for start in range(0, frames.num_frames, _BLOCK_FRAMES):
            stop = min(start + _BLOCK_FRAMES, frames.num_frames)
            rows = [detector.detect(frame) for frame in frames.decode(np.arange(start, stop))]
            keypoints.append(np.stack([row for row, _ in rows]))
            presence.append(np.stack([found for _, found in rows]))


def _take_over(given: npt.NDArray[np.float32], path: Path, *, source: Path, fingerprint: str) -> None:
    """Write ``given`` (T, 1662); a part whose values are all zero was not found."""
    if given.shape[1:] != (NUM_VALUES,):
        raise ActionrecError(f"{source} holds {given.shape[1]} values a frame, expected {NUM_VALUES}")
    presence = np.stack([given[:, part].any(axis=1) for part in (POSE, FACE, LEFT_HAND, RIGHT_HAND)], axis=1)
    with (
        create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file,
        FlatWriter(file, "keypoints", row_shape=(NUM_VALUES,), dtype=np.float32) as keypoints,
        FlatWriter(file, "presence", row_shape=(len(PARTS),), dtype=np.bool_) as found,
    ):
        file.attrs["aspect"] = np.float32(_UNKNOWN_ASPECT)
        keypoints.append(given)
        found.append(presence)
