"""Perceptual signatures: find copies of a clip, not clips of the same scene.

A signature is the mean frame of the whole clip, shrunk to 24 x 18 cells and standardised. Averaging
over time makes it indifferent to noise, compression, size and a few frames cut off, while a person
stays in it: two people before the same wall differ in the cells in which they stand. The distance
counts the cells that differ visibly, so that a large difference in few cells, another person, is
not drowned by a background that agrees. Whole-frame hashes (dHash, pHash) fail on exactly that.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

COLUMNS = 24
ROWS = 18
# Cells have mean 128 and this standard deviation: gain and offset of the grey levels do not matter.
_SPREAD = 48.0
_LEAST_STD = 8.0
VISIBLE = 8
"""Cells that differ by more than this differ visibly. Copies stay below, as the tests measure."""


def signature_of(mean_frame: npt.NDArray[np.floating]) -> str:
    """Signature in hex of a clip's mean frame: (height, width), grey levels 0-255."""
    cells = cv2.resize(mean_frame.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    scale = _SPREAD / max(float(cells.std()), _LEAST_STD)
    levels = np.clip(np.rint((cells - cells.mean()) * scale + 128), 0, 255)
    return bytes(levels.astype(np.uint8)).hex()


def signature_distance(a: str, b: str) -> float:
    """Share in [0, 1] of the cells of two signatures that differ visibly."""
    one, other = levels_of([a, b]).astype(np.int16)
    return float(np.mean(np.abs(one - other) > VISIBLE))


def levels_of(signatures: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Grey levels (N, cells) of ``signatures``, none of which is empty; raises ``ValueError`` for another length."""
    levels = np.empty((len(signatures), ROWS * COLUMNS), np.uint8)
    for place, signature in enumerate(signatures):
        cells = np.frombuffer(bytes.fromhex(signature), np.uint8)
        if cells.size != ROWS * COLUMNS:
            raise ValueError(f"a signature has {ROWS * COLUMNS} cells, not {cells.size}")
        levels[place] = cells
    return levels
