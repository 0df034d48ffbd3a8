"""Which frames each vector is made of: pure index arithmetic."""

from __future__ import annotations

import numpy as np

from actionrec.core.arrays import Indices
from actionrec.core.times import Shown
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


def changing_rows(rows: Indices, num_frames: int, *, change_frames: int) -> tuple[Indices, Indices]:
    """Of every frame of ``rows`` two, ``change_frames`` apart: itself and a later one, both moved back at the end.

    Of 6 frames, 3 apart, frame 1 gives 1 and 4, frame 5 gives 2 and 5. A shorter video gives its first and last frame.
    """
    before = np.minimum(rows, max(0, num_frames - 1 - change_frames))
    return before, np.minimum(before + change_frames, num_frames - 1)


def middle_of_rows(rows: Indices, shown: Shown) -> Shown:
    """Frame and moment in the middle of every window (rows, window_frames) of what is ``shown``: (rows,)."""
    middle = rows[:, rows.shape[1] // 2]
    return Shown(shown.frames[middle], shown.seconds[middle])
