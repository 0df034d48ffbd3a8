"""Whether two videos that look alike on the whole show the same: compared frame by frame in time, where they move.

The mean frame of a clip says little of a small person before a wall. What moves says it: small pictures of both videos
are laid over each other at every shift in time, and what is left of their difference is set against how much moves.
Of a copy (encoded again, scaled, trimmed) little is left; of another person, or the same one another time, as much as
moved or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.intake.extract.frames import FrameFile

Floats = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

COLUMNS, ROWS = 96, 72
CELLS = COLUMNS * ROWS
MOMENTS_PER_SECOND = 8.0
MOST_MOMENTS = 256
SAME = 0.2
"""Difference left of two videos, of what moves in them, up to which one is a copy of the other."""
_MOVES = 16.0
"""Grey levels, of pictures standardised as signatures are, by which a cell changes where something moves."""
_STILL_DIFFERS = 32.0
"""Grey levels by which cells of two still parts differ that are not the same."""
_SPREAD, _LEAST_STD = 48.0, 8.0
_LEAST_IN_COMMON = 0.5
"""Share of where the video that moves less moves, in which the other moves too if it is a copy, trimmed or not."""
_LEAST_OVERLAP = 0.5
"""Share of the shorter video that a shift must leave to compare."""
_SHIFTS_COMPARED = 4
_PAIRS_AT_ONCE = 1 << 14
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
"""Bits that are set in each byte."""


@dataclass(frozen=True)
class Moments:
    """Small grey pictures of one video at even moments, levels 0-255."""

    pictures: Grey
    """(T, cells); none where the video has no frame."""
    still: Grey
    """(cells,) the median over time."""
    moves: npt.NDArray[np.bool_]
    """(cells,) where something moves."""
    per_second: float
    """``MOMENTS_PER_SECOND`` halved as often as a long video needs, so that those of any two fit."""

    def mirrored(self) -> Moments:
        """Left and right exchanged."""
        return Moments(_mirrored(self.pictures), _mirrored(self.still), _mirrored(self.moves), self.per_second)


def moments_of(frames: FrameFile) -> Moments:
    """The pictures of ``frames``, each the one that is shown at its moment."""
    if frames.num_frames == 0:
        empty = np.zeros(CELLS, np.uint8)
        return Moments(np.zeros((0, CELLS), np.uint8), empty, empty.astype(np.bool_), MOMENTS_PER_SECOND)
    times = frames.timestamps - frames.timestamps[0]
    per_second = MOMENTS_PER_SECOND
    while times[-1] * per_second >= MOST_MOMENTS:
        per_second /= 2
    moments = np.arange(int(times[-1] * per_second) + 1) / per_second
    shown = np.searchsorted(times, moments + 1e-6, side="right") - 1
    pictures = np.empty((len(shown), CELLS), np.uint8)
    for place, index in enumerate(shown):
        [image] = frames.decode_gray([int(index)])
        pictures[place] = cv2.resize(image, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA).ravel()
    still = np.median(pictures, axis=0).astype(np.uint8)
    apart = np.abs(pictures.astype(np.int16) - still).max(axis=0)
    return Moments(pictures, still, apart * _gain(still) > _MOVES, per_second)


def move_alike(moves: Grey, pairs: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """A quick look at ``pairs`` (P, 2) of videos whose ``moves`` (N, bytes) are packed bits: (P,).

    Whether the two move in the same places, or the one where the other does.
    """
    areas = _BITS[moves].sum(axis=1)
    alike = np.empty(len(pairs), np.bool_)
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        one, other = pairs[start : start + _PAIRS_AT_ONCE].T
        common = _BITS[moves[one] & moves[other]].sum(axis=1)
        alike[start : start + len(one)] = common >= _LEAST_IN_COMMON * np.minimum(areas[one], areas[other])
    return alike


def difference_left(one: Moments, other: Moments) -> float:
    """What is left of two videos' difference where they move, as a share of what moves.

    0 for the same, about 1 or more for others, infinite where nothing can be compared. 0 also where nothing moves in
    either and the pictures agree: nothing tells them apart.
    """
    if min(len(one.pictures), len(other.pictures)) == 0:
        return float("inf")
    per_second = min(one.per_second, other.per_second)
    cells = one.moves | other.moves | (np.abs(_levels(one.still, one) - _levels(other.still, other)) > _STILL_DIFFERS)
    if not cells.any():
        return 0.0
    first, second = (
        _levels(moments.pictures[:: round(moments.per_second / per_second), cells], moments) for moments in (one, other)
    )
    return min(_left_at(first, second, shift) for shift in _likely_shifts(first, second))


def _levels(pictures: Grey, moments: Moments) -> Floats:
    """``pictures`` of the mean and spread of a signature: gain and offset of the grey levels do not matter."""
    still = moments.still.astype(np.float32)
    return np.asarray((pictures.astype(np.float32) - still.mean()) * np.float32(_gain(moments.still)), np.float32)


def _gain(still: Grey) -> float:
    return _SPREAD / max(float(still.astype(np.float32).std()), _LEAST_STD)


def _mirrored(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(cells.reshape(-1, ROWS, COLUMNS)[:, :, ::-1]).reshape(cells.shape)


def _likely_shifts(first: Floats, second: Floats) -> list[int]:
    """Places in ``first`` (may be negative) at which ``second`` begins, those at which motion agrees best."""
    one, other = (pictures - np.median(pictures, axis=0) for pictures in (first, second))
    together = one @ other.T  # (T1, T2)
    least = max(1, int(np.ceil(_LEAST_OVERLAP * min(together.shape))))
    energies = np.square(one).sum(axis=1), np.square(other).sum(axis=1)
    agreement = {}
    for shift in range(least - len(second), len(first) - least + 1):
        a, b = _overlapping(len(first), len(second), shift)
        scale = np.sqrt(energies[0][a].sum() * energies[1][b].sum())
        agreement[shift] = float(np.trace(together, offset=-shift) / max(scale, 1e-9))
    return sorted(agreement, key=lambda shift: (-agreement[shift], abs(shift)))[:_SHIFTS_COMPARED]


def _left_at(first: Floats, second: Floats, shift: int) -> float:
    a, b = _overlapping(len(first), len(second), shift)
    one, other = first[a], second[b]
    moved = np.square(one - np.median(one, axis=0)).sum() + np.square(other - np.median(other, axis=0)).sum()
    return float(np.square(one - other).sum() / max(float(moved), 1e-9))


def _overlapping(num_first: int, num_second: int, shift: int) -> tuple[slice, slice]:
    start, stop = max(0, shift), min(num_first, num_second + shift)
    return slice(start, stop), slice(start - shift, stop - shift)
