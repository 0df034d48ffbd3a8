"""Keypoints as those of a signer: the hand that leads, its shape, and where it is before the body."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from actionrec.clips.landmarks import LEFT_HAND, POSE, RIGHT_HAND, Array, Mask, flip_keypoints, landmarks
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints

_WRISTS = [layout.LEFT_WRIST, layout.RIGHT_WRIST]
# Landmarks of a hand: from the wrist to where the middle finger begins is the length of the palm.
_WRIST, _KNUCKLE = 0, 9
_FIRST_KNUCKLE, _LAST_KNUCKLE = 5, 17
# Each finger from the wrist to its tip, the thumb first.
_FINGERS = np.array([[_WRIST, *range(first, first + 4)] for first in (1, 5, 9, 13, 17)])
_TIPS = _FINGERS[:, -1]
# Tips whose distances are read: the thumb's to all others, and those of neighbours.
_TIP_PAIRS = np.array([(4, 8), (4, 12), (4, 16), (4, 20), (8, 12), (12, 16), (16, 20)])

NUM_SHAPE_VALUES = 3 * len(_FINGERS) + len(_TIPS) + len(_TIP_PAIRS) + 2 * 3
"""Bends of the fingers, distances of their tips from the wrist and from one another, and the way the hand points."""
NUM_HAND_VALUES = 2 * len(_WRISTS) + 2 * (NUM_SHAPE_VALUES + 2 + 1)
"""Both wrists of the pose; of each hand its shape, its place, and whether it was found."""

# How much higher the left wrist is held than the right one where the left hand leads, in shoulder widths: most people
# sign with the right hand, so in doubt it leads.
_LEAD_MARGIN = 0.2

# Where a clip shows no pose, the middle of the frame stands in for the body, a quarter of its height for the shoulders.
_DEFAULT_SHOULDERS = 0.25
_SMALLEST = 1e-3
# Of a vector that has a direction, in palms.
_SHORTEST = 1e-6


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
    points: Array
    """(T, 21, 3) landmarks from the wrist, in palms."""
    place: Array
    """(T, 2), in shoulder widths from the middle of the shoulders."""
    found: Mask
    """(T,)"""


def hand_values(
    found: ClipKeypoints, *, generator: np.random.Generator | None = None, augment: HandAugment | None = None
) -> Array:
    """Values (T, 76) of one clip, the hand that leads first; augmented where ``generator`` is given.

    A clip whose left wrist is held higher is mirrored: a sign is the same by either hand. Places are in shoulder
    widths, since hips are seldom in the picture where people sign; shoulders and palms are measured over the clip, by
    medians. The shape of a hand is said by :func:`hand_shape`. Between frames in which a hand was found it moves
    evenly, before and after them it rests; a hand that was found in none is all zeros. Of the body only the wrists are
    read: how a head or an elbow is held tells people apart sooner than signs.
    """
    pose = _pose(found)
    if _left_leads(pose[found.presence[:, POSE]], aspect=found.aspect):
        found = flip_keypoints(found)
        pose = _pose(found)
    centre, shoulders = _shoulders(pose[found.presence[:, POSE]], aspect=found.aspect)
    wrists = (pose[:, _WRISTS] - centre) / shoulders
    hands = [_hand(found, part, centre=centre, shoulders=shoulders) for part in (RIGHT_HAND, LEFT_HAND)]
    if generator is not None:
        wrists, hands = _varied(wrists, hands, generator=generator, augment=augment or HandAugment())
    rows = [wrists * found.presence[:, POSE, None, None]]
    shapes = np.split(hand_shape(np.concatenate([hand.points for hand in hands])), len(hands))
    for hand, shape in zip(hands, shapes, strict=True):
        ever = hand.found.any()
        rows += [shape * ever, hand.place * ever, hand.found]
    values: Array = np.concatenate([part.reshape(len(wrists), -1) for part in rows], axis=1, dtype=np.float32)
    return values


def hand_shape(points: Array) -> Array:
    """Values (T, 33) of a hand's landmarks ``points`` (T, 21, 3) in palms.

    15 cosines of the bend at each joint of each finger, from the thumb on and from the wrist outwards; 12 distances:
    of each tip from the wrist, of the thumb's tip from the others, of neighbouring tips; the direction from the wrist
    to the middle finger's knuckle, and the normal of the palm. Only the last two change when the hand is turned, so a
    few clips are enough to learn a shape of which single coordinates say little.
    """
    segments = _directions(np.diff(points[:, _FINGERS], axis=2))  # (T, 5, 4, 3)
    bends = (segments[:, :, 1:] * segments[:, :, :-1]).sum(axis=-1)  # (T, 5, 3)
    from_wrist = np.linalg.norm(points[:, _TIPS] - points[:, [_WRIST]], axis=-1)
    between = np.linalg.norm(points[:, _TIP_PAIRS[:, 0]] - points[:, _TIP_PAIRS[:, 1]], axis=-1)
    ahead = _directions(points[:, _KNUCKLE] - points[:, _WRIST])  # (T, 3)
    normal = _directions(np.cross(ahead, points[:, _FIRST_KNUCKLE] - points[:, _LAST_KNUCKLE]))
    values: Array = np.concatenate([bends.reshape(len(points), -1), from_wrist, between, ahead, normal], axis=1)
    return values


def _directions(vectors: Array) -> Array:
    """``vectors`` (..., 3) brought to length 1; one without a length stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _SHORTEST), np.float32)


def _pose(found: ClipKeypoints) -> Array:
    """Landmarks of the pose (T, 33, 2) in heights of the frame."""
    return np.asarray(landmarks(found.keypoints, POSE)[..., :2] * np.array([found.aspect, 1], np.float32))


def _left_leads(pose: Array, *, aspect: float) -> bool:
    """Whether the left wrist is held clearly higher than the right one, of frames that show a pose (T, 33, 2).

    A hand at rest is low, even where it is seen better than the one that moves, and where both take part their paths
    differ by noise alone. False without a pose.
    """
    if len(pose) == 0:
        return False
    _, shoulders = _shoulders(pose, aspect=aspect)
    higher = np.mean(pose[:, layout.RIGHT_WRIST, 1] - pose[:, layout.LEFT_WRIST, 1])
    return bool(higher > _LEAD_MARGIN * shoulders)


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
        return _Hand(np.zeros_like(points), np.zeros_like(points[:, 0, :2]), seen)
    points = _bridged(points, seen)
    palm = float(np.median(np.linalg.norm(points[seen, _KNUCKLE, :2] - points[seen, _WRIST, :2], axis=-1)))
    from_wrist = (points - points[:, :1]) / max(palm, _SMALLEST)
    return _Hand(from_wrist, (points[:, _KNUCKLE, :2] - centre) / shoulders, seen)


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
    wrists: Array, hands: list[_Hand], *, generator: np.random.Generator, augment: HandAugment
) -> tuple[Array, list[_Hand]]:
    """One turn of both hands, one size and one shift of all places, and noise on every landmark of a hand."""
    turn = cv2.Rodrigues(generator.normal(0, augment.turn, 3))[0]
    size, shift = 1 + generator.normal(0, augment.size, 2), generator.normal(0, augment.shift, 2)
    varied = []
    for hand in hands:
        points = hand.points @ turn.T * (1 + generator.normal(0, augment.size))
        points = points + generator.normal(0, augment.jitter, points.shape)
        varied.append(_Hand(points, hand.place * size + shift, hand.found))
    return wrists * size + shift, varied
