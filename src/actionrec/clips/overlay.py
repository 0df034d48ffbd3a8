"""Landmarks drawn into the frames that a model sees, as MediaPipe's own drawing puts them there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.core.arrays import Frames
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.keypoints.skeleton import HAND_LINES, POSE_LINES

_COLOUR = (0, 0, 255)
_BORDER = (224, 224, 224)
_MIN_VISIBILITY = 0.5

_PARTS: tuple[tuple[str, slice, int, Sequence[tuple[int, int]]], ...] = (
    ("face", layout.FACE, 3, ()),
    ("pose", layout.POSE, 4, POSE_LINES),
    ("left_hand", layout.LEFT_HAND, 3, HAND_LINES),
    ("right_hand", layout.RIGHT_HAND, 3, HAND_LINES),
)
"""Name, columns, values a landmark and lines, in the order in which they are drawn."""


def draw_landmarks(frames: Frames, found: ClipKeypoints) -> Frames:
    """``frames``, uint8 (n, H, W, 3), RGB 0-255, whole ones, with the landmarks ``found`` in each drawn over it.

    Lines of one pixel in blue, and at every landmark a light ring of radius 2 with a blue one of radius 1 in it, as
    reference system A draws them. A landmark of the pose that is less than half visible, or one that lies outside the
    frame, is left out with its lines. Of the face there are the 468 rings alone: in a small frame they cover the mesh
    that the reference draws below them.
    """
    drawn: Frames = frames.copy()
    for frame, values, presence in zip(drawn, found.keypoints, found.presence, strict=True):
        for name, columns, width, lines in _PARTS:
            if presence[layout.PARTS.index(name)]:
                _draw_part(frame, values[columns].reshape(-1, width), lines)
    return drawn


def _draw_part(frame: Frames, points: npt.NDArray[np.float32], lines: Sequence[tuple[int, int]]) -> None:
    """Draw ``points`` (landmarks, 3 or 4), x and y as shares of the frame, into ``frame``."""
    places = _places(points, height=frame.shape[0], width=frame.shape[1])
    for start, end in lines:
        if start in places and end in places:
            cv2.line(frame, places[start], places[end], _COLOUR, 1)
    for place in places.values():
        cv2.circle(frame, place, 2, _BORDER, 1)
        cv2.circle(frame, place, 1, _COLOUR, 1)


def _places(points: npt.NDArray[np.float32], *, height: int, width: int) -> dict[int, tuple[int, int]]:
    """Column and row of every landmark that is drawn, by its number."""
    places = {}
    for landmark, (x, y, _, *visibility) in enumerate(points.tolist()):
        if all(value >= _MIN_VISIBILITY for value in visibility) and 0 <= x <= 1 and 0 <= y <= 1:
            places[landmark] = (min(math.floor(x * width), width - 1), min(math.floor(y * height), height - 1))
    return places
