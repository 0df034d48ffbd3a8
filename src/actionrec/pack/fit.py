"""Frames of an extracted video at the geometry of a view."""

from __future__ import annotations

from dataclasses import dataclass
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
    scaled = _resize(frame, height=round(height * target / short), width=round(width * target / short))
    if view.fit == "keep":
        return scaled
    top, left = (scaled.shape[0] - view.size) // 2, (scaled.shape[1] - view.size) // 2
    return scaled[top : top + view.size, left : left + view.size]


def _pad(frame: Frames, *, size: int) -> Frames:
    height, width = (max(1, round(side * size / max(frame.shape[:2]))) for side in frame.shape[:2])
    top, left = (size - height) // 2, (size - width) // 2
    square: Frames = np.zeros((size, size, 3), np.uint8)
    square[top : top + height, left : left + width] = _resize(frame, height=height, width=width)
    return square


def _resize(frame: Frames, *, height: int, width: int) -> Frames:
    if frame.shape[:2] == (height, width):
        return frame
    # Area averaging when shrinking: anything else aliases thin limbs away.
    shrinks = height <= frame.shape[0] and width <= frame.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: Frames = cv2.resize(frame, (width, height), interpolation=how)
    return resized


def raw_block(block: Block, view: ViewParams) -> Frames:
    """The frames of ``block`` at the geometry of ``view``: uint8 (n, size, size, 3)."""
    with open_frames(block.path) as frames:
        return np.stack([fit_frame(frame, view) for frame in frames.decode(block.frames)])


def jpeg_block(block: Block, view: ViewParams) -> list[bytes]:
    """The frames of ``block`` at the geometry of ``view``, encoded."""
    with open_frames(block.path) as frames:
        if view.fit == "keep" and min(frames.width, frames.height) <= view.size:
            # Already small enough: the bytes are taken over, without a second loss.
            first, last = int(block.frames[0]), int(block.frames[-1])
            jpegs = frames.jpegs(first, last + 1)
            return [jpegs[frame - first].tobytes() for frame in block.frames.tolist()]
        decoded = frames.decode(block.frames)
    return [_encode(fit_frame(frame, view), view.jpeg_quality) for frame in decoded]


def _encode(frame: Frames, quality: int) -> bytes:
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
