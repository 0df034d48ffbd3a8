"""What the pictures of one video look like, in one pass over its frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.intake.extract.frames import FrameFile
from actionrec.intake.screen.signature import signature_of

_BLOCK_FRAMES = 32
# Pictures are judged at a width of this many pixels: sharpness of different sources compares.
_JUDGED_WIDTH = 160


@dataclass(frozen=True)
class Quality:
    """Means over the frames of one video; grey levels are 0-255. All zero without pictures."""

    mean_brightness: float = 0.0
    contrast: float = 0.0
    """Standard deviation of the grey levels within a frame."""
    sharpness: float = 0.0
    """Variance of the Laplacian."""
    motion: float = 0.0
    """Absolute difference of neighbouring frames."""
    blank_fraction: float = 0.0
    """Share of the frames that are of one colour."""
    signature: str = ""
    """Of :mod:`actionrec.intake.screen.signature`."""


def measure_quality(frames: FrameFile, *, blank_contrast: float) -> Quality:
    """Look at every frame of ``frames``, a few at a time."""
    if frames.num_frames == 0 or not frames.has_pictures:
        return Quality()
    rows: list[tuple[float, float, float]] = []
    motion: list[float] = []
    total = np.zeros((frames.height, frames.width), np.float64)
    before: npt.NDArray[np.uint8] | None = None
    for start in range(0, frames.num_frames, _BLOCK_FRAMES):
        block = frames.decode_gray(range(start, min(start + _BLOCK_FRAMES, frames.num_frames)))
        total += block.sum(axis=0, dtype=np.uint32)
        for image in map(_judged, block):
            mean, deviation = _mean_and_deviation(image)
            # In whole numbers, as the Laplacian of whole numbers is.
            _, of_edges = _mean_and_deviation(cv2.Laplacian(image, cv2.CV_16S))
            rows.append((mean, deviation, of_edges**2))
            if before is not None:
                motion.append(cv2.norm(image, before, cv2.NORM_L1) / image.size)
            before = image
    brightness, contrast, sharpness = np.asarray(rows).T
    return Quality(
        mean_brightness=float(brightness.mean()),
        contrast=float(contrast.mean()),
        sharpness=float(sharpness.mean()),
        motion=float(np.mean(motion)) if motion else 0.0,
        blank_fraction=float((contrast <= blank_contrast).mean()),
        signature=signature_of(total / frames.num_frames),
    )


def _mean_and_deviation(image: npt.NDArray[np.integer]) -> tuple[float, float]:
    """Of all values; numpy takes up to twenty times as long."""
    mean, deviation = cv2.meanStdDev(image)
    return float(mean[0, 0]), float(deviation[0, 0])


def _judged(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    height, width = image.shape
    if width <= _JUDGED_WIDTH:
        return image
    size = (_JUDGED_WIDTH, max(1, round(height * _JUDGED_WIDTH / width)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
