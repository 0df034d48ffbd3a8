"""Frames by time: which frame of a video is shown at each moment, whatever its rate; pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actionrec.core.arrays import Indices

Seconds = npt.NDArray[np.float64]

# Matroska keeps times in milliseconds: a frame that is said to come half of one later counts as there.
_ROUNDING_SECONDS = 0.001


@dataclass(frozen=True)
class Shown:
    """What a video shows at moments a step apart."""

    frames: Indices
    """(n,) never decreasing; a frame is there once a moment at which it is seen, and not at all if it is at none."""
    seconds: Seconds
    """(n,) the moments, on the clock of the video."""

    def __len__(self) -> int:
        return len(self.frames)


def shown_at(timestamps: Seconds, *, fps: float | None) -> Shown:
    """What is shown at ``fps`` moments a second, from the first frame until the last one has been shown for its step.

    ``timestamps`` (num_frames,) are seconds at which the frames appear. At each moment it is the last frame whose time
    has come. Without ``fps`` it is every frame, at its own time.

    Raises ValueError without frames, and for an ``fps`` that is not positive.
    """
    times = np.asarray(timestamps, np.float64)
    if fps is None:
        return Shown(np.arange(len(times), dtype=np.int64), times)
    if len(times) == 0 or not fps > 0:
        raise ValueError(f"{len(times)} frames and fps={fps} must both be more than 0")
    times = np.maximum.accumulate(times)  # a frame that is said to appear earlier than the one before follows it
    steps = np.diff(times)
    step = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    slack = min(_ROUNDING_SECONDS, step / 4)
    seconds_shown = float(times[-1] - times[0]) + step
    count = max(1, int(np.ceil((seconds_shown - slack) * fps)))
    moments = times[0] + np.arange(count) / fps
    frames = np.searchsorted(times, moments + slack, side="right") - 1
    return Shown(frames.astype(np.int64), moments)
