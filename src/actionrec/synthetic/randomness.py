"""Generators made from what they are for, so that no clip depends on which others exist."""

from __future__ import annotations

import zlib

import cv2
import numpy as np
from numpy.typing import NDArray


def generator(*keys: int | str) -> np.random.Generator:
    """A generator seeded by ``keys``; equal keys give equal streams on every machine and in every process."""
    entropy = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in keys]
    return np.random.default_rng(np.random.SeedSequence(entropy))


def fractal_noise(
    rng: np.random.Generator, height: int, width: int, *, cells: int, octaves: int, persistence: float = 0.55
) -> NDArray[np.float32]:
    """Smooth noise (height, width), about zero: ``octaves`` grids, the coarsest with ``cells`` across the width."""
    total = np.zeros((height, width), np.float32)
    amplitude, sum_of_amplitudes = 1.0, 0.0
    for octave in range(octaves):
        across = cells * 2**octave
        grid = rng.standard_normal((max(2, int(across * height / width)) + 1, across + 1)).astype(np.float32)
        total += amplitude * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        sum_of_amplitudes += amplitude
        amplitude *= persistence
    return total / np.float32(sum_of_amplitudes)
