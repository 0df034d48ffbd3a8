"""Frames of an extracted video at the geometry of a view."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import cv2
import numpy as np

from actionrec.core.arrays import Frames, Indices
from actionrec.intake.extract.frames import open_frames
from actionrec.pack.section import ViewParams


@dataclass(frozen=True)
class Block:
    """Some frames of one video: the unit of work, so that long videos cost no more memory."""

    path: Path
    frames: Indices
    """(n,), never decreasing"""


def fit_frame(frame: Frames, view: ViewParams) -> Frames:
    """Bring a frame, uint8 (H, W, 3), to the geometry of ``view``.

    ``stretch``: (size, size, 3), aspect not kept. ``crop``: short side to ``crop_from``, then the centre
    square. ``pad``: the long side to ``size``, then black bars on both sides of the short one, of two that differ the
    smaller one at the top or left. ``keep``: short side to ``size`` if it is larger, else unchanged.
    """
    height, width = frame.shape[:2]
    if view.fit == "stretch":
        return _resize(frame, height=view.size, width=view.size)
    if view.fit == "pad":
        return _pad(frame, size=view.size)
    short = min(height, width)
    target = view.crop_from if view.fit == "crop" else min(view.size, short)
    height, width = round(height * target / short), round(width * target / short)
    if view.fit == "keep":
        return _resize(frame, height=height, width=width)
    top, left = (height - view.size) // 2, (width - view.size) // 2
    bottom, right = top + view.size, left + view.size
    scaled = _resize(frame, height=height, width=width, bottom=bottom, right=right)
    return scaled[top:bottom, left:right]


def _pad(frame: Frames, *, size: int) -> Frames:
    height, width = (max(1, round(side * size / max(frame.shape[:2]))) for side in frame.shape[:2])
    top, left = (size - height) // 2, (size - width) // 2
    square: Frames = np.zeros((size, size, 3), np.uint8)
    square[top : top + height, left : left + width] = _resize(frame, height=height, width=width)
    return square


def _resize(frame: Frames, *, height: int, width: int, bottom: int | None = None, right: int | None = None) -> Frames:
    """``frame`` at ``height`` x ``width``: what is above ``bottom`` and left of ``right``, where they are given."""
    source_height, source_width = frame.shape[:2]
    if (source_height, source_width) == (height, width):
        return frame
    # Area averaging when shrinking: anything else aliases thin limbs away.
    how = cv2.INTER_AREA if height <= source_height and width <= source_width else cv2.INTER_LINEAR
    # What is cut off below and at the right needs no work; the scale says where a pixel lies, so all others stay.
    down, across = height / source_height, width / source_width
    part = frame[: _reach(bottom, down, source_height), : _reach(right, across, source_width)]
    if part.shape == frame.shape:
        resized: Frames = cv2.resize(frame, (width, height), interpolation=how)
    else:
        resized = cv2.resize(part, None, fx=across, fy=down, interpolation=how)
    return resized


def _reach(end: int | None, scale: float, source_end: int) -> int:
    """How much of a source is seen in a result that ends at ``end``, with the neighbours that it is mixed with."""
    return source_end if end is None else min(source_end, ceil(end / scale) + 2)


def raw_block(block: Block, view: ViewParams) -> Frames:
    """The frames of ``block`` at the geometry of ``view``: uint8 (n, size, size, 3)."""
    fitted: Frames = np.empty((len(block.frames), view.size, view.size, 3), np.uint8)
    with open_frames(block.path) as frames:
        for place, frame in enumerate(frames.decode_each(block.frames)):
            fitted[place] = fit_frame(frame, view)
    return fitted


def jpeg_block(block: Block, view: ViewParams) -> list[bytes]:
    """The frames of ``block`` at the geometry of ``view``, encoded."""
    with open_frames(block.path) as frames:
        if view.fit == "keep" and min(frames.width, frames.height) <= view.size:
            # Already small enough: the bytes are taken over, without a second loss.
            first, last = int(block.frames[0]), int(block.frames[-1])
            jpegs = frames.jpegs(first, last + 1)
            return [jpegs[frame - first].tobytes() for frame in block.frames.tolist()]
        return [_encode(fit_frame(frame, view), view.jpeg_quality) for frame in frames.decode_each(block.frames)]


def _encode(frame: Frames, quality: int) -> bytes:
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
