"""Keypoints of a clip as the values that a model reads, and their augmentation.

``keypoints`` float32 (T, 1662) and ``presence`` bool (T, 4) are laid out by :mod:`actionrec.keypoints.layout`. Nothing
is changed in place, and zeros stay where a part is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from actionrec.clips.hands import NUM_HAND_VALUES, hand_values
from actionrec.clips.landmarks import LEFT_HAND, PARTS, POSE, RIGHT_HAND, Array, Mask, landmarks
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

KeypointKind = Literal["raw", "body", "hands"]

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


def num_values(kind: KeypointKind) -> int:
    """Values a frame of :func:`keypoint_features`: 1662, 261 or 76."""
    return {"raw": layout.NUM_VALUES, "body": NUM_BODY_VALUES, "hands": NUM_HAND_VALUES}[kind]


def keypoint_features(
    found: ClipKeypoints,
    *,
    kind: KeypointKind,
    generator: np.random.Generator | None = None,
    augment: KeypointAugment | None = None,
) -> Array:
    """Features float32 (T, :func:`num_values`) of one clip, augmented where ``generator`` is given.

    ``raw`` is MediaPipe's own layout (reference system A). ``body`` is pose and hands by
    :func:`normalise_by_body`, with each hand's points relative to its wrist, and three presence flags;
    the face is left out: the 1,404 values of a few faces drown the rest in a small data set. ``hands`` is
    :func:`actionrec.clips.hands.hand_values`, varied in its own way.
    """
    if kind == "hands":
        return hand_values(found, generator=generator)
    keypoints, presence = found.keypoints, found.presence
    if kind == "body":
        keypoints = normalise_by_body(keypoints, presence, aspect=found.aspect)
    if generator is not None:
        keypoints = augment_keypoints(keypoints, presence, generator=generator, augment=augment or KeypointAugment())
    return keypoints if kind == "raw" else _body_values(keypoints, presence)


def joint_features(
    found: ClipKeypoints,
    *,
    generator: np.random.Generator | None = None,
    augment: KeypointAugment | None = None,
) -> Array:
    """Joints float32 (T, 75, 3) of one clip, as :mod:`actionrec.keypoints.skeleton` numbers them.

    x and y by :func:`normalise_by_body`, and a confidence: MediaPipe's visibility in the pose, presence in a hand.
    Augmented where ``generator`` is given.
    """
    presence = found.presence
    keypoints = normalise_by_body(found.keypoints, presence, aspect=found.aspect)
    if generator is not None:
        keypoints = augment_keypoints(keypoints, presence, generator=generator, augment=augment or KeypointAugment())
    parts = [landmarks(keypoints, POSE)[..., [0, 1, 3]]]  # (T, 33, 3)
    for part in (LEFT_HAND, RIGHT_HAND):
        hand = landmarks(keypoints, part).copy()  # (T, 21, 3)
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
    centre, torso = _body_frame(keypoints[presence[:, POSE]], metric)
    moved = np.zeros_like(keypoints)
    for part, (columns, _) in enumerate(PARTS):
        points = landmarks(keypoints, part).copy()
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
    for part, (columns, _) in enumerate(PARTS):
        points = landmarks(keypoints, part).copy()
        noise = generator.normal(0, augment.jitter, (*points.shape[:2], 2))
        points[..., :2] = points[..., :2] * scale + shift + noise
        changed[:, columns] = points.reshape(len(keypoints), -1) * presence[:, part, None]
    return changed


def _body_frame(keypoints: Array, metric: Array) -> tuple[Array, float]:
    """Centre (3,) and torso length of the frames that show a pose, in heights of the frame."""
    if len(keypoints) == 0:
        return np.array([metric[0] / 2, 0.5, 0], np.float32), _DEFAULT_TORSO
    pose = landmarks(keypoints, POSE)[..., :2] * metric[:2]  # (T, 33, 2)
    shoulders = (pose[:, layout.LEFT_SHOULDER] + pose[:, layout.RIGHT_SHOULDER]) / 2
    hips = (pose[:, layout.LEFT_HIP] + pose[:, layout.RIGHT_HIP]) / 2
    torso = float(np.median(np.linalg.norm(shoulders - hips, axis=-1)))
    centre = np.median(shoulders, axis=0)
    return np.array([*centre, 0], np.float32), max(torso, _SMALLEST_TORSO)


def _body_values(keypoints: Array, presence: Mask) -> Array:
    """(T, 261) of keypoints normalised by the body."""
    hands = []
    for part in (LEFT_HAND, RIGHT_HAND):
        hand = landmarks(keypoints, part).copy()  # (T, 21, 3)
        hand[:, 1:] = (hand[:, 1:] - hand[:, :1]) * _FINGER_GAIN
        hands.append(hand.reshape(len(hand), -1))
    flags = presence[:, [POSE, LEFT_HAND, RIGHT_HAND]].astype(np.float32)
    return np.concatenate([keypoints[:, layout.POSE], *hands, flags], axis=1)
