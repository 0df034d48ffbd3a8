"""Frames brought to the square that a model reads, and their augmentation.

Frames are uint8 (n, height, width, 3), RGB 0-255; one clip is treated alike in all its frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.uint8]

_CROP_PROBABILITY = 0.5
_SMALLEST_CROP = 0.7
_BRIGHTNESS = 15


@dataclass(frozen=True)
class Box:
    """A rectangle of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int


def centre_square(height: int, width: int) -> Box:
    """The largest square in the middle of a frame."""
    side = min(height, width)
    return Box((height - side) // 2, (width - side) // 2, side, side)


def random_box(height: int, width: int, *, generator: np.random.Generator) -> Box:
    """With probability 1/2, 70-100 % of height and of width, independently, anywhere; else the centre square."""
    if generator.random() >= _CROP_PROBABILITY:
        return centre_square(height, width)
    crop_height = max(1, round(height * generator.uniform(_SMALLEST_CROP, 1)))
    crop_width = max(1, round(width * generator.uniform(_SMALLEST_CROP, 1)))
    top = int(generator.integers(height - crop_height + 1))
    left = int(generator.integers(width - crop_width + 1))
    return Box(top, left, crop_height, crop_width)


def resize_square(frames: Frames, *, size: int, box: Box | None = None) -> Frames:
    """``box`` of every frame (all of it where none is given), stretched to (n, size, size, 3)."""
    if box is not None:
        frames = frames[:, box.top : box.top + box.height, box.left : box.left + box.width]
    if frames.shape[1:3] == (size, size):
        return np.ascontiguousarray(frames)
    # Area averaging when shrinking: anything else aliases thin limbs away.
    shrinks = size <= min(frames.shape[1:3])
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = [cv2.resize(frame, (size, size), interpolation=interpolation) for frame in frames]
    square: Frames = np.stack(resized).astype(np.uint8, copy=False)
    return square


def shift_brightness(frames: Frames, *, generator: np.random.Generator) -> Frames:
    """Add one random whole number in -15..15 to every value, within 0-255."""
    shift = int(generator.integers(-_BRIGHTNESS, _BRIGHTNESS + 1))
    return np.clip(frames.astype(np.int16) + shift, 0, 255).astype(np.uint8)


def flip_half(frames: Frames, *, generator: np.random.Generator) -> Frames:
    """Mirror left and right with probability 1/2."""
    return np.ascontiguousarray(frames[:, :, ::-1]) if generator.random() < 0.5 else frames
