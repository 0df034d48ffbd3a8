"""Which frames each vector is made of: pure index arithmetic."""

from __future__ import annotations

import numpy as np

from actionrec.core.arrays import Indices
from actionrec.pack.features.section import FeatureParams


def window_rows(num_frames: int, params: FeatureParams) -> Indices:
    """Frames of every vector of a video, (rows, window_frames).

    A row begins every ``stride_frames`` frames, as long as its window fits: of 7 frames, windows of 3 frames with a
    stride of 2 begin at 0, 2 and 4. A video shorter than a window has one row, which repeats the last frame.
    """
    span = (params.window_frames - 1) * params.window_stride
    starts = np.arange(0, max(1, num_frames - span), params.stride_frames, dtype=np.int64)
    steps = np.arange(params.window_frames, dtype=np.int64) * params.window_stride
    return np.minimum(starts[:, None] + steps, num_frames - 1)


def frame_of_rows(rows: Indices) -> Indices:
    """The frame in the middle of every window (rows, window_frames): (rows,)."""
    middle: Indices = rows[:, rows.shape[1] // 2]
    return middle
