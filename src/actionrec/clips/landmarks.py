"""What all ways to read keypoints have in common: landmarks of a part, and the mirrored clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

POSE, FACE, LEFT_HAND, RIGHT_HAND = range(4)
"""Columns of ``presence``."""
PARTS = ((layout.POSE, 4), (layout.FACE, 3), (layout.LEFT_HAND, 3), (layout.RIGHT_HAND, 3))
"""Of each part, its columns and the values of a landmark."""


def landmarks(keypoints: Array, part: int) -> Array:
    """Landmarks (T, n, 3 or 4) of one part of ``keypoints`` (T, 1662)."""
    columns, width = PARTS[part]
    return keypoints[:, columns].reshape(len(keypoints), -1, width)


def flip_keypoints(found: ClipKeypoints) -> ClipKeypoints:
    """The mirrored clip, in image coordinates: ``x -> 1 - x``, and left and right change places.

    The face keeps its numbering: its landmarks have no mirror table in MediaPipe, so its points stay
    in place as a set but not one by one. Twice gives the original back. Mirroring swaps mirrored
    classes (circles).
    """
    sources = (POSE, FACE, RIGHT_HAND, LEFT_HAND)
    presence = found.presence[:, sources]
    flipped = np.zeros_like(found.keypoints)
    for part, source in enumerate(sources):
        points = landmarks(found.keypoints, source).copy()
        points[..., 0] = 1 - points[..., 0]
        if part == POSE:
            points = points[:, list(layout.POSE_MIRROR)]
        flipped[:, PARTS[part][0]] = points.reshape(len(flipped), -1) * presence[:, part, None]
    return ClipKeypoints(flipped, presence, found.aspect)
