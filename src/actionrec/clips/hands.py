"""Keypoints as those of a signer: the hand that leads, its shape, and where it is before the body."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from actionrec.clips.landmarks import LEFT_HAND, POSE, RIGHT_HAND, Array, Mask, flip_keypoints, landmarks
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

_BODY = [layout.NOSE, layout.LEFT_ELBOW, layout.RIGHT_ELBOW, layout.LEFT_WRIST, layout.RIGHT_WRIST]
# Landmarks of a hand: from the wrist to where the middle finger begins is the length of the palm.
_WRIST, _KNUCKLE = 0, 9

NUM_HAND_VALUES = 2 * len(_BODY) + 2 * (3 * (layout.NUM_HAND - 1) + 2 + 1)
"""Nose, elbows and wrists; of each hand 20 landmarks from its wrist, its place, and whether it was found."""

# Where a clip shows no pose, the middle of the frame stands in for the body, a quarter of its height for the shoulders.
_DEFAULT_SHOULDERS = 0.25
_SMALLEST = 1e-3


@dataclass(frozen=True)
class HandAugment:
    """Standard deviations by which a training clip is varied."""

    turn: float = 0.1
    """Of both hands about each axis, in radians."""
    size: float = 0.05
    """Relative, of each hand and of all places."""
    shift: float = 0.05
    """Of all places, in shoulder widths."""
    jitter: float = 0.01
    """Of every landmark of a hand, in palms."""


@dataclass(frozen=True)
class _Hand:
    shape: Array
    """(T, 20, 3) landmarks from the wrist, in palms."""
    place: Array
    """(T, 2), in shoulder widths from the middle of the shoulders."""
    found: Mask
    """(T,)"""


def hand_values(
    found: ClipKeypoints, *, generator: np.random.Generator | None = None, augment: HandAugment | None = None
) -> Array:
    """Values (T, 136) of one clip, the hand that leads first; augmented where ``generator`` is given.

    A clip whose left wrist travels further is mirrored: a sign is the same by either hand. Places are in shoulder
    widths, since hips are seldom in the picture where people sign; shoulders and palms are measured over the clip, by
    medians. Between frames in which a hand was found it moves evenly, before and after them it rests; a hand that was
    found in none is all zeros.
    """
    if _left_leads(found):
        found = flip_keypoints(found)
    pose = landmarks(found.keypoints, POSE)[..., :2] * np.array([found.aspect, 1], np.float32)
    centre, shoulders = _shoulders(pose[found.presence[:, POSE]], aspect=found.aspect)
    body = (pose[:, _BODY] - centre) / shoulders
    hands = [_hand(found, part, centre=centre, shoulders=shoulders) for part in (RIGHT_HAND, LEFT_HAND)]
    if generator is not None:
        body, hands = _varied(body, hands, generator=generator, augment=augment or HandAugment())
    rows = [body * found.presence[:, POSE, None, None]]
    for hand in hands:
        ever = hand.found.any()
        rows += [hand.shape * ever, hand.place * ever, hand.found]
    values: Array = np.concatenate([part.reshape(len(body), -1) for part in rows], axis=1, dtype=np.float32)
    return values


def _left_leads(found: ClipKeypoints) -> bool:
    """Whether the left wrist of the pose travels further than the right one; False without a pose."""
    pose = landmarks(found.keypoints, POSE)[found.presence[:, POSE]]
    left, right = (
        np.abs(np.diff(pose[:, wrist, :2], axis=0)).sum() for wrist in (layout.LEFT_WRIST, layout.RIGHT_WRIST)
    )
    return bool(left > right)


def _shoulders(pose: Array, *, aspect: float) -> tuple[Array, float]:
    """Middle (2,) and width of the shoulders, of frames that show a pose (T, 33, 2), in heights of the frame."""
    if len(pose) == 0:
        return np.array([aspect / 2, 0.5], np.float32), _DEFAULT_SHOULDERS
    left, right = pose[:, layout.LEFT_SHOULDER], pose[:, layout.RIGHT_SHOULDER]
    width = float(np.median(np.linalg.norm(left - right, axis=-1)))
    middle: Array = np.median((left + right) / 2, axis=0)
    return middle, max(width, _SMALLEST)


def _hand(found: ClipKeypoints, part: int, *, centre: Array, shoulders: float) -> _Hand:
    seen = found.presence[:, part]
    points = landmarks(found.keypoints, part) * np.array([found.aspect, 1, found.aspect], np.float32)  # (T, 21, 3)
    if not seen.any():
        return _Hand(np.zeros_like(points[:, 1:]), np.zeros_like(points[:, 0, :2]), seen)
    points = _bridged(points, seen)
    palm = float(np.median(np.linalg.norm(points[seen, _KNUCKLE, :2] - points[seen, _WRIST, :2], axis=-1)))
    shape = (points[:, 1:] - points[:, :1]) / max(palm, _SMALLEST)
    return _Hand(shape, (points[:, _KNUCKLE, :2] - centre) / shoulders, seen)


def _bridged(points: Array, seen: Mask) -> Array:
    """``points`` (T, ...) with those of frames that are not ``seen`` put evenly between their neighbours that are."""
    known = np.flatnonzero(seen)
    places = np.arange(len(points))
    after = np.searchsorted(known, places).clip(0, len(known) - 1)
    before = (np.searchsorted(known, places, side="right") - 1).clip(0)
    first, last = known[before], known[after]
    share = np.where(last > first, (places - first) / np.maximum(last - first, 1), 0).astype(np.float32)
    share = share.reshape(-1, *[1] * (points.ndim - 1))
    return np.asarray(points[first] * (1 - share) + points[last] * share, np.float32)


def _varied(
    body: Array, hands: list[_Hand], *, generator: np.random.Generator, augment: HandAugment
) -> tuple[Array, list[_Hand]]:
    """One turn of both hands, one size and one shift of all places, and noise on every landmark of a hand."""
    turn = cv2.Rodrigues(generator.normal(0, augment.turn, 3))[0]
    size, shift = 1 + generator.normal(0, augment.size, 2), generator.normal(0, augment.shift, 2)
    varied = []
    for hand in hands:
        shape = hand.shape @ turn.T * (1 + generator.normal(0, augment.size))
        shape = shape + generator.normal(0, augment.jitter, shape.shape)
        varied.append(_Hand(shape, hand.place * size + shift, hand.found))
    return body * size + shift, varied
