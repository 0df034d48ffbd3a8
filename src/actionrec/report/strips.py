"""A video as a strip of frames: one small JPEG, and the keypoints of its frames to lay over it."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from functools import cache

import cv2
import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from actionrec.core.arrays import Indices
from actionrec.intake.extract.frames import FrameFile
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.report.skeletons import draw_bones, draw_joints

STRIP_FRAMES = 7
_HEIGHT = 96
_MAX_FRAME_WIDTH = 192
_GAP = 2
_JPEG_QUALITY = 72
_TINT_STEP = 2  # pixels of the strip to one of its tint, which is smooth
_TINTS = 16  # few, so that the picture is small and last digits of sums do not show
_TINT_OPACITY = 0.65


@dataclass(frozen=True)
class Strip:
    """Frames of one video side by side."""

    href: str
    """The JPEG as a data address."""
    width: int
    """Pixels, as is ``height``."""
    height: int
    frame_width: int
    frames: tuple[int, ...]
    """Which frames of the video, from left to right."""

    def bones(self, found: ClipKeypoints, shares: npt.NDArray[np.float64] | None = None) -> Markup:
        """The keypoints of its frames, which ``found`` holds in the same order, as SVG paths over it.

        Joints with large ``shares (75,)`` are dots, the larger the share the larger.
        """
        drawn = Markup("")
        for place, (keypoints, presence) in enumerate(zip(found.keypoints, found.presence, strict=True)):
            left = place * (self.frame_width + _GAP)
            paths = draw_bones(keypoints, presence, self.frame_width, self.height, with_face=False)
            if shares is not None:
                paths += draw_joints(keypoints, presence, shares, self.frame_width, self.height)
            drawn += Markup('<g transform="translate({} 0)">{}</g>').format(left, paths)
        return drawn

    def tint(self, heat: npt.NDArray[np.float64]) -> Markup:
        """``heat`` of its frames, (n, ``height``, ``frame_width``) in 0-1, as a picture over it."""
        height, frame_width = self.height // _TINT_STEP, self.frame_width // _TINT_STEP
        step = (self.frame_width + _GAP) / _TINT_STEP
        image = np.zeros((height, math.ceil(step * len(heat)), 4), np.uint8)
        for place, values in enumerate(heat):
            small = cv2.resize(values, (frame_width, height), interpolation=cv2.INTER_AREA)
            left = round(place * step)
            image[:, left : left + frame_width] = _tints()[(small * (_TINTS - 1)).round().astype(np.int64)]
        _, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA))
        return Markup(
            '<image href="data:image/png;base64,{}" width="{}" height="{}" preserveAspectRatio="none"/>'
        ).format(base64.b64encode(encoded.tobytes()).decode("ascii"), image.shape[1] * _TINT_STEP, self.height)


@cache
def _tints() -> npt.NDArray[np.uint8]:
    """(``_TINTS``, 4): from nothing over purple and orange to yellow, RGBA."""
    shares = np.linspace(0, 1, _TINTS)
    colors = mpl.colormaps["plasma"](shares)
    colors[:, 3] = _TINT_OPACITY * shares
    return np.asarray((colors * 255).round(), np.uint8)


def strip_indices(num_frames: int, *, at_end: bool) -> Indices:
    """Which frames a strip shows: evenly from first to last, or the last ones; fewer of a shorter video."""
    count = min(STRIP_FRAMES, num_frames)
    if at_end:
        return np.arange(num_frames - count, num_frames)
    return np.asarray(np.linspace(0, num_frames - 1, count).round(), np.int64)


def make_strip(frames: FrameFile, *, at_end: bool) -> Strip:
    """The strip of a video that has frames."""
    indices = strip_indices(frames.num_frames, at_end=at_end)
    decoded = frames.decode(indices)
    scale = min(_HEIGHT / decoded.shape[1], _MAX_FRAME_WIDTH / decoded.shape[2])
    width, height = max(1, round(decoded.shape[2] * scale)), max(1, round(decoded.shape[1] * scale))
    image = np.full((height, len(indices) * (width + _GAP) - _GAP, 3), 255, np.uint8)
    for place, frame in enumerate(decoded):
        left = place * (width + _GAP)
        image[:, left : left + width] = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    href = "data:image/jpeg;base64," + base64.b64encode(_jpeg(image)).decode("ascii")
    return Strip(href, image.shape[1], height, width, tuple(indices.tolist()))


def _jpeg(rgb: npt.NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return encoded.tobytes()
