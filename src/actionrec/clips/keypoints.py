"""Keypoints of a clip as the values that a model reads, and their augmentation.

All functions take ``keypoints`` float32 (T, 1662) and ``presence`` bool (T, 4) as laid out by
:mod:`actionrec.keypoints.layout`, change nothing in place, and keep zeros where a part is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from actionrec.keypoints import layout

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_POSE, _FACE, _LEFT, _RIGHT = range(4)
_HAND_PARTS = (_LEFT, _RIGHT)
_PART_SLICES = (layout.POSE, layout.FACE, layout.LEFT_HAND, layout.RIGHT_HAND)
_PART_WIDTHS = (4, 3, 3, 3)

NUM_BODY_VALUES = 33 * 4 + 2 * 21 * 3 + 3
"""Pose, both hands, and presence of pose, left hand and right hand."""

# A hand is about a third of the torso; its fingers are brought to the scale of the body.
_FINGER_GAIN = 3.0
# Where a clip shows no pose at all, the frame stands in for the body: centre, and torso in frame heights.
_DEFAULT_TORSO = 0.3
_SMALLEST_TORSO = 0.02


@dataclass(frozen=True)
class KeypointAugment:
    """Strengths of :func:`augment_keypoints`."""

    scale: float = 0.1
    """Largest relative change of size, of each axis on its own."""
    shift: float = 0.1
    """Largest move, in the unit of the coordinates."""
    jitter: float = 0.01
    """Standard deviation of each landmark's own noise."""


def num_values(kind: Literal["raw", "body"]) -> int:
    """Values a frame of :func:`keypoint_features`: 1662 or 261."""
    return layout.NUM_VALUES if kind == "raw" else NUM_BODY_VALUES


def keypoint_features(
    keypoints: Array,
    presence: Mask,
    *,
    kind: Literal["raw", "body"],
    aspect: float,
    generator: np.random.Generator | None = None,
    augment: KeypointAugment | None = None,
) -> Array:
    """Features float32 (T, :func:`num_values`) of one clip, augmented where ``generator`` is given.

    ``raw`` is MediaPipe's own layout (reference system A). ``body`` is pose and hands by
    :func:`normalise_by_body`, with each hand's points relative to its wrist, and three presence flags;
    the face is left out: the 1,404 values of a few faces drown the rest in a small data set.
    """
    if kind == "body":
        keypoints = normalise_by_body(keypoints, presence, aspect=aspect)
    if generator is not None:
        keypoints = augment_keypoints(keypoints, presence, generator=generator, augment=augment or KeypointAugment())
    return keypoints if kind == "raw" else _body_values(keypoints, presence)


def joint_features(
    keypoints: Array,
    presence: Mask,
    *,
    aspect: float,
    generator: np.random.Generator | None = None,
    augment: KeypointAugment | None = None,
) -> Array:
    """Joints float32 (T, 75, 3) of one clip, as :mod:`actionrec.keypoints.skeleton` numbers them.

    x and y by :func:`normalise_by_body`, and a confidence: MediaPipe's visibility in the pose, presence in a hand.
    Augmented where ``generator`` is given.
    """
    keypoints = normalise_by_body(keypoints, presence, aspect=aspect)
    if generator is not None:
        keypoints = augment_keypoints(keypoints, presence, generator=generator, augment=augment or KeypointAugment())
    parts = [_points(keypoints, layout.POSE, 4)[..., [0, 1, 3]]]  # (T, 33, 3)
    for part in _HAND_PARTS:
        hand = _points(keypoints, _PART_SLICES[part], 3).copy()  # (T, 21, 3)
        hand[..., 2] = presence[:, part, None]
        parts.append(hand)
    return np.concatenate(parts, axis=1)


def normalise_by_body(keypoints: Array, presence: Mask, *, aspect: float) -> Array:
    """Coordinates in torso lengths from the middle of the shoulders.

    ``aspect`` is width / height of the video: MediaPipe's x and z are in widths, y in heights. Centre
    and torso length are medians over the clip, not a frame's own: a squat must still go down, and one
    bad frame must not shake the rest. A clip without any pose is centred on the frame.
    """
    metric = np.array([aspect, 1.0, aspect], np.float32)
    centre, torso = _body_frame(keypoints[presence[:, _POSE]], metric)
    moved = np.zeros_like(keypoints)
    for part, (columns, width) in enumerate(zip(_PART_SLICES, _PART_WIDTHS, strict=True)):
        points = _points(keypoints, columns, width).copy()  # (T, landmarks, width)
        # Hand and face give z from their own wrist or centre, so z is scaled and never moved.
        points[..., :3] = (points[..., :3] * metric - centre) / torso
        moved[:, columns] = points.reshape(len(keypoints), -1) * presence[:, part, None]
    return moved


def augment_keypoints(
    keypoints: Array, presence: Mask, *, generator: np.random.Generator, augment: KeypointAugment
) -> Array:
    """One random scale per axis and one shift for the whole clip, and noise on every landmark.

    Keeps which way things turn; visibility and absent parts stay as they are.
    """
    scale = 1 + generator.uniform(-augment.scale, augment.scale, 2)
    shift = generator.uniform(-augment.shift, augment.shift, 2)
    changed = np.zeros_like(keypoints)
    for part, (columns, width) in enumerate(zip(_PART_SLICES, _PART_WIDTHS, strict=True)):
        points = _points(keypoints, columns, width).copy()  # (T, landmarks, width)
        noise = generator.normal(0, augment.jitter, (*points.shape[:2], 2))
        points[..., :2] = points[..., :2] * scale + shift + noise
        changed[:, columns] = points.reshape(len(keypoints), -1) * presence[:, part, None]
    return changed


def flip_keypoints(keypoints: Array, presence: Mask) -> tuple[Array, Mask]:
    """The mirrored clip, in image coordinates: ``x -> 1 - x``, and left and right change places.

    The face keeps its numbering: its landmarks have no mirror table in MediaPipe, so its points stay
    in place as a set but not one by one. Twice gives the original back. Mirroring swaps mirrored
    classes (circles) and is wrong for signs.
    """
    swapped = presence[:, [_POSE, _FACE, _RIGHT, _LEFT]]
    sources = (layout.POSE, layout.FACE, layout.RIGHT_HAND, layout.LEFT_HAND)
    flipped = np.zeros_like(keypoints)
    for part, (source, target, width) in enumerate(zip(sources, _PART_SLICES, _PART_WIDTHS, strict=True)):
        points = _points(keypoints, source, width).copy()  # (T, landmarks, width)
        points[..., 0] = 1 - points[..., 0]
        if part == _POSE:
            points = points[:, list(layout.POSE_MIRROR)]
        flipped[:, target] = points.reshape(len(keypoints), -1) * swapped[:, part, None]
    return flipped, swapped


def _points(keypoints: Array, columns: slice, width: int) -> Array:
    return keypoints[:, columns].reshape(len(keypoints), -1, width)


def _body_frame(keypoints: Array, metric: Array) -> tuple[Array, float]:
    """Centre (3,) and torso length of the frames that show a pose, in heights of the frame."""
    if len(keypoints) == 0:
        return np.array([metric[0] / 2, 0.5, 0], np.float32), _DEFAULT_TORSO
    pose = _points(keypoints, layout.POSE, 4)[..., :2] * metric[:2]  # (T, 33, 2)
    shoulders = (pose[:, layout.LEFT_SHOULDER] + pose[:, layout.RIGHT_SHOULDER]) / 2
    hips = (pose[:, layout.LEFT_HIP] + pose[:, layout.RIGHT_HIP]) / 2
    torso = float(np.median(np.linalg.norm(shoulders - hips, axis=-1)))
    centre = np.median(shoulders, axis=0)
    return np.array([*centre, 0], np.float32), max(torso, _SMALLEST_TORSO)


def _body_values(keypoints: Array, presence: Mask) -> Array:
    """(T, 261) of keypoints normalised by the body."""
    hands = []
    for part in _HAND_PARTS:
        hand = _points(keypoints, _PART_SLICES[part], 3).copy()  # (T, 21, 3)
        hand[:, 1:] = (hand[:, 1:] - hand[:, :1]) * _FINGER_GAIN
        hands.append(hand.reshape(len(hand), -1))
    flags = presence[:, [_POSE, *_HAND_PARTS]].astype(np.float32)
    return np.concatenate([keypoints[:, layout.POSE], *hands, flags], axis=1)
