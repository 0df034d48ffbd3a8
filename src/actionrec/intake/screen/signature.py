"""Perceptual signatures: find copies of a clip, not clips of the same scene.

A signature is the mean frame of the whole clip, shrunk to 24 x 18 cells and standardised. Averaging
over time makes it indifferent to noise, compression, size and a few frames cut off, while a person
stays in it: two people before the same wall differ in the cells in which they stand. The distance
counts the cells that differ visibly, so that a large difference in few cells, another person, is
not drowned by a background that agrees. Whole-frame hashes (dHash, pHash) fail on exactly that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

COLUMNS = 24
ROWS = 18
# Cells have mean 128 and this standard deviation: gain and offset of the grey levels do not matter.
_SPREAD = 48.0
_LEAST_STD = 8.0
# Cells that differ by more than this differ visibly. Copies stay below, see tests/test_signature.py.
_VISIBLE = 8
# A first look at every 8th cell rules most pairs out.
_PROBE_STEP = 8


def signature_of(mean_frame: npt.NDArray[np.floating]) -> str:
    """Signature in hex of a clip's mean frame: (height, width), grey levels 0-255."""
    cells = cv2.resize(mean_frame.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    scale = _SPREAD / max(float(cells.std()), _LEAST_STD)
    levels = np.clip(np.rint((cells - cells.mean()) * scale + 128), 0, 255)
    return bytes(levels.astype(np.uint8)).hex()


def signature_distance(a: str, b: str) -> float:
    """Share in [0, 1] of the cells of two signatures that differ visibly."""
    return _share_differing(_levels(a), _levels(b))


def near_duplicate_pairs(
    signatures: Sequence[str], groups: Sequence[str], *, max_distance: float
) -> list[tuple[int, int, float]]:
    """Pairs ``(i, j, distance)``, ``i < j``, of different ``groups`` at most ``max_distance`` apart.

    Empty signatures match nothing. Memory does not grow with the number of pairs looked at.
    """
    if len(signatures) != len(groups):
        raise ValueError(f"{len(signatures)} signatures, but {len(groups)} groups")
    present = np.flatnonzero([bool(signature) for signature in signatures])
    if len(present) == 0:
        return []
    levels = np.stack([_levels(signatures[index]) for index in present])
    _, group_ids = np.unique(np.asarray(groups, dtype=object)[present].astype(str), return_inverse=True)
    pairs = []
    for a, b in _candidates(levels, group_ids, max_distance):
        distance = _share_differing(levels[a], levels[b])
        if distance <= max_distance:
            pairs.append((int(present[a]), int(present[b]), distance))
    return sorted(pairs)


def _candidates(
    levels: npt.NDArray[np.int16], group_ids: npt.NDArray[np.intp], max_distance: float
) -> Iterator[tuple[int, int]]:
    """Pairs of different groups whose probe cells alone do not exceed the distance: none is missed."""
    most_differing = int(max_distance * levels.shape[1] + 1e-9)
    probe = np.ascontiguousarray(levels[:, ::_PROBE_STEP])
    for a, cells in enumerate(probe):
        differing = (np.abs(probe[a + 1 :] - cells) > _VISIBLE).sum(axis=1)
        near = (differing <= most_differing) & (group_ids[a + 1 :] != group_ids[a])
        for b in np.flatnonzero(near):
            yield a, a + 1 + int(b)


def _levels(signature: str) -> npt.NDArray[np.int16]:
    levels = np.frombuffer(bytes.fromhex(signature), np.uint8).astype(np.int16)
    if levels.size != ROWS * COLUMNS:
        raise ValueError(f"a signature has {ROWS * COLUMNS} cells, not {levels.size}")
    return levels


def _share_differing(a: npt.NDArray[np.int16], b: npt.NDArray[np.int16]) -> float:
    return float(np.mean(np.abs(a - b) > _VISIBLE))
