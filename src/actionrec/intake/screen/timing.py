"""What the timestamps and the header of a video say about lost frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from actionrec.intake.extract.frames import FrameFile

# Containers whose header states a duration although it counts no frames. Others, such as MPEG-TS,
# have theirs estimated from the last timestamp in the file, which a lost tail takes along.
_STATED_DURATION = ("matroska",)
_EDIT_LISTS = ("mov,mp4",)


@dataclass(frozen=True)
class Timing:
    """What the timestamps and the header say about lost frames."""

    duration_seconds: float = 0.0
    """From the first frame to the end of the last."""
    fps: float = 0.0
    """Of the median step; 0 below two frames."""
    expected_frames: int = 0
    """As the header has it; 0 where it does not say."""
    missing_frames: int = 0
    """Expected, but neither decoded nor present as a packet that repeats the frame before."""
    largest_gap_steps: float = 0.0
    """Longest step between frames in median steps, less the steps that repeated frames fill."""
    largest_gap_frame: int = 0
    """The frame before that gap."""
    largest_gap_seconds: float = 0.0
    steps_back: int = 0
    """Timestamps that do not come after the one before."""


def measure_timing(frames: FrameFile) -> Timing:
    """Timing of an extracted video."""
    return timing_of(frames.timestamps, frames.attributes)


def timing_of(timestamps: npt.NDArray[np.float64], header: dict[str, Any]) -> Timing:
    """Timing from ``timestamps``, seconds (num_frames,), and the attributes of a frame file."""
    num_frames = len(timestamps)
    known = bool(header["timestamps_known"])
    steps = np.diff(timestamps) if known else np.empty(0)
    forward = steps[steps > 0]
    step = float(np.median(forward)) if len(forward) else 0.0
    expected = _expected_frames(timestamps, step, header)
    # An encoder may write "as before" instead of a picture: such a packet decodes to nothing, and nothing is lost. Nor
    # do those before the first picture of a recording that starts between key frames, but they fill no gap.
    repeated = 0 if header["lead_in_errors"] else max(0, int(header["packets"]) - num_frames)
    gap, gap_frame = _largest_gap(steps, step, repeated)
    return Timing(
        duration_seconds=float(timestamps[-1] - timestamps[0]) + step if num_frames else 0.0,
        fps=1 / step if step else 0.0,
        expected_frames=expected,
        missing_frames=max(0, expected - num_frames - repeated),
        largest_gap_steps=gap,
        largest_gap_frame=gap_frame,
        largest_gap_seconds=float(steps.max()) if len(steps) else 0.0,
        steps_back=int((steps <= 0).sum()),
    )


def _largest_gap(steps: npt.NDArray[np.float64], step: float, repeated: int) -> tuple[float, int]:
    if step == 0:
        return 0.0, 0
    frame = int(steps.argmax())
    gap = float(steps[frame]) / step
    return (1.0 if round(gap) - 1 <= repeated and gap > 1 else gap), frame


def _expected_frames(timestamps: npt.NDArray[np.float64], step: float, header: dict[str, Any]) -> int:
    """How many frames the container promises; 0 where it promises none.

    A count in the header is exact, but the edit list of an MP4 may show fewer: the stream's duration
    tells. (An AVI's duration is no evidence: it shrinks with the file.) A stated duration without a
    count promises frames only at a constant rate.
    """
    if declared := int(header["declared_frames"]):
        shown = round(header["stream_duration_seconds"] * header["source_fps"])
        return min(declared, shown) if shown and header["container"].startswith(_EDIT_LISTS) else declared
    stated = header["container"].startswith(_STATED_DURATION)
    seconds = header["stream_duration_seconds"]
    if not seconds and header["num_streams"] == 1:
        seconds = header["duration_seconds"]  # of the container: with no other stream it is the video's
    if not (stated and seconds and step and header["timestamps_known"]):
        return 0
    steps = np.diff(timestamps)
    if np.mean(np.abs(steps - step) > step / 4) > 0.05:
        return 0
    # Times are rounded (to milliseconds in Matroska): half a frame is not a frame.
    return len(timestamps) + max(0, int((seconds - (timestamps[-1] + step)) / step + 0.5))
