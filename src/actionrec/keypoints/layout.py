"""Where each body part lies in the 1662 values of a frame: the one owner of these offsets.

``(T, 1662)`` float32: pose 33 x (x, y, z, visibility), face 468 x (x, y, z), left hand 21 x (x, y, z),
right hand 21 x (x, y, z). x and y are shares of the frame's width and height, zeros where a part
was not found. ``presence (T, 4)`` bool says which of pose, face, left and right hand were found.
Left and right are the person's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NUM_POSE = 33
NUM_FACE = 468
NUM_HAND = 21

POSE = slice(0, NUM_POSE * 4)
FACE = slice(POSE.stop, POSE.stop + NUM_FACE * 3)
LEFT_HAND = slice(FACE.stop, FACE.stop + NUM_HAND * 3)
RIGHT_HAND = slice(LEFT_HAND.stop, LEFT_HAND.stop + NUM_HAND * 3)
NUM_VALUES = RIGHT_HAND.stop

PARTS = ("pose", "face", "left_hand", "right_hand")
"""Columns of ``presence``."""

# Landmark numbers of MediaPipe Pose.
NOSE = 0
LEFT_SHOULDER, RIGHT_SHOULDER = 11, 12
LEFT_ELBOW, RIGHT_ELBOW = 13, 14
LEFT_WRIST, RIGHT_WRIST = 15, 16
LEFT_HIP, RIGHT_HIP = 23, 24
LEFT_KNEE, RIGHT_KNEE = 25, 26
LEFT_ANKLE, RIGHT_ANKLE = 27, 28

POSE_EDGES: tuple[tuple[int, int], ...] = (
    (LEFT_SHOULDER, RIGHT_SHOULDER),
    (LEFT_SHOULDER, LEFT_ELBOW),
    (LEFT_ELBOW, LEFT_WRIST),
    (RIGHT_SHOULDER, RIGHT_ELBOW),
    (RIGHT_ELBOW, RIGHT_WRIST),
    (LEFT_SHOULDER, LEFT_HIP),
    (RIGHT_SHOULDER, RIGHT_HIP),
    (LEFT_HIP, RIGHT_HIP),
    (LEFT_HIP, LEFT_KNEE),
    (LEFT_KNEE, LEFT_ANKLE),
    (RIGHT_HIP, RIGHT_KNEE),
    (RIGHT_KNEE, RIGHT_ANKLE),
)

HAND_EDGES: tuple[tuple[int, int], ...] = tuple(
    (0 if joint == first else joint - 1, joint) for first in (1, 5, 9, 13, 17) for joint in range(first, first + 4)
)

# Pose landmarks come in left/right pairs: eyes (inner, centre, outer), ears, mouth, then the limbs.
POSE_MIRROR: tuple[int, ...] = (
    0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9,
    12, 11, 14, 13, 16, 15, 18, 17, 20, 19, 22, 21,
    24, 23, 26, 25, 28, 27, 30, 29, 32, 31,
)  # fmt: skip
"""Landmark ``i`` becomes landmark ``POSE_MIRROR[i]`` when the frame is flipped."""


@dataclass(frozen=True)
class ClipKeypoints:
    """Keypoints of some frames of one video."""

    keypoints: npt.NDArray[np.float32]
    """(n, 1662)"""
    presence: npt.NDArray[np.bool_]
    """(n, 4): pose, face, left hand, right hand."""
    aspect: float
    """Width / height of the video's frames."""
