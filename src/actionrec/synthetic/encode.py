"""Frames in, small repeatable video files out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionrec.core.errors import ActionrecError
from actionrec.intake.ffmpeg import run_ffmpeg
from actionrec.synthetic.plan import ClipSpec, render_clip
from actionrec.synthetic.scene import HEIGHT, WIDTH
from actionrec.synthetic.section import SyntheticParams

# One thread and no version strings: the same frames give the same bytes.
REPEATABLE = (
    "-threads",
    "1",
    "-map_metadata",
    "-1",
    "-fflags",
    "+bitexact",
    "-flags:v",
    "+bitexact",
    "-flags:a",
    "+bitexact",
)
# x264's own preset takes more than twice as long, for clips that are a tenth smaller.
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p")
_TIMEOUT_SECONDS = 600.0


def run_encoder(arguments: Sequence[str], *, feed: Iterable[bytes] | None = None) -> None:
    """Run ffmpeg quietly; raises :class:`ActionrecError` with what it said if it fails."""
    result = run_ffmpeg(
        ["-hide_banner", "-loglevel", "error", "-y", *arguments], timeout_seconds=_TIMEOUT_SECONDS, feed=feed
    )
    if result.timed_out or result.returncode != 0:
        raise ActionrecError(
            f"ffmpeg could not encode {arguments[-1]} (return code {result.returncode}): {result.stderr.strip()}; "
            "run `python -m actionrec doctor` to check the ffmpeg that is used"
        )


def encode_frames(
    frames: Iterable[NDArray[np.uint8]], path: Path, *, fps: int, codec: Sequence[str] = H264, container: str = "mp4"
) -> None:
    """Encode uint8 (240, 320, 3) RGB ``frames`` at a constant rate; ``path`` may have any suffix."""
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(fps), "-i", "-")
    run_encoder(
        [*source, *codec, *REPEATABLE, "-f", container, str(path)],
        feed=(np.ascontiguousarray(frame).tobytes() for frame in frames),
    )


def write_clip(spec: ClipSpec, params: SyntheticParams, path: Path) -> None:
    """Render ``spec`` and encode it as an H.264 mp4 at ``path``; bit-identical when rebuilt by the same ffmpeg."""
    encode_frames(render_clip(spec, params), path, fps=params.fps)
