"""Frames brought to the square that a model reads, and their augmentation.

Frames are uint8 (n, height, width, 3), RGB 0-255; one clip is treated alike in all its frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from actionrec.core.arrays import Frames

_CROP_PROBABILITY = 0.5
_SMALLEST_CROP = 0.7
_BRIGHTNESS = 15
FLIP_PROBABILITY = 0.5


@dataclass(frozen=True)
class Box:
    """A rectangle of a frame, in pixels."""

    top: int
    left: int
    height: int
    width: int


def centre_square(height: int, width: int, *, share: float = 1.0) -> Box:
    """The square in the middle of a frame, its side ``share`` of the short side."""
    side = max(1, round(min(height, width) * share))
    return Box((height - side) // 2, (width - side) // 2, side, side)


def three_squares(height: int, width: int, *, share: float = 1.0) -> tuple[Box, Box, Box]:
    """Squares in the middle and at both ends of the longer side; the middle one first."""
    middle = centre_square(height, width, share=share)
    side = middle.height
    if width >= height:
        ends = (Box(middle.top, 0, side, side), Box(middle.top, width - side, side, side))
    else:
        ends = (Box(0, middle.left, side, side), Box(height - side, middle.left, side, side))
    return middle, *ends


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
    square: Frames = np.empty((len(frames), size, size, 3), np.uint8)
    for frame, resized in zip(frames, square, strict=True):
        cv2.resize(frame, (size, size), dst=resized, interpolation=interpolation)
    return square


def shift_brightness(frames: Frames, *, generator: np.random.Generator) -> Frames:
    """Add one random whole number in -15..15 to every value, within 0-255."""
    shift = int(generator.integers(-_BRIGHTNESS, _BRIGHTNESS + 1))
    rows = frames.reshape(len(frames) * frames.shape[1], -1)
    # OpenCV's sums stay within the range, and take a tenth of numpy's time.
    shifted: Frames = cv2.add(rows, shift) if shift >= 0 else cv2.subtract(rows, -shift)
    return shifted.reshape(frames.shape)


def flip(frames: Frames) -> Frames:
    """Mirror left and right."""
    mirrored: Frames = np.empty_like(frames)
    for frame, mirror in zip(frames, mirrored, strict=True):
        cv2.flip(frame, 1, dst=mirror)
    return mirrored


def rotate(frames: Frames, *, max_degrees: float, generator: np.random.Generator) -> Frames:
    """Turn about the middle by one random angle of at most ``max_degrees``; the border is mirrored outwards."""
    height, width = frames.shape[1:3]
    angle = float(generator.uniform(-max_degrees, max_degrees))
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turned = [cv2.warpAffine(frame, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101) for frame in frames]
    result: Frames = np.stack(turned).astype(np.uint8, copy=False)
    return result


@dataclass(frozen=True)
class Look:
    """How the frames of a clip become squares."""

    size: int
    """Side of the square in pixels."""
    centre_share: float
    """Of the short side, for the square that is seen without augmentation."""
    augment: bool
    """Random crop and brightness."""
    flip: bool
    rotate: float
    """Largest turn in degrees."""

    def of(self, frames: Frames, *, generator: np.random.Generator | None, crop: int) -> Frames:
        """``frames``, all alike, as uint8 (n, size, size, 3)."""
        height, width = frames.shape[1:3]
        if generator is None:
            squares = three_squares(height, width, share=self.centre_share)  # the centre is the first
            return resize_square(frames, size=self.size, box=squares[crop])
        if self.augment:
            box = random_box(height, width, generator=generator)
        else:
            box = centre_square(height, width, share=self.centre_share)
        square = resize_square(frames, size=self.size, box=box)
        if self.rotate:
            square = rotate(square, max_degrees=self.rotate, generator=generator)
        if self.augment:
            square = shift_brightness(square, generator=generator)
        if self.flip and generator.random() < FLIP_PROBABILITY:
            square = flip(square)
        return square
