"""Tiny videos whose frames and times are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.frames import FrameFile, open_frames
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.ffmpeg import run_ffmpeg

PARAMS = ExtractParams(short_side=256, jpeg_quality=2, timeout_seconds=60.0)
WIDTH, HEIGHT, FPS = 96, 64, 25
LOSSLESS = ("-c:v", "ffv1", "-pix_fmt", "yuv444p")


def moving_bars(num_frames: int, *, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    """uint8 (n, height, width, 3): a grey gradient of 16-pixel bars that moves by a bar a frame."""
    bars = np.arange(width) // 16
    levels = (40 + 24 * ((bars[None] + np.arange(num_frames)[:, None]) % 8)).astype(np.uint8)
    return np.broadcast_to(levels[:, None, :, None], (num_frames, height, width, 3)).copy()


def write_video(
    path: Path, frames: npt.NDArray[np.uint8], *, coding: Sequence[str] = LOSSLESS, filters: str = "null"
) -> Path:
    """Encode RGB ``frames`` (n, height, width, 3) at 25 fps; the suffix decides on the container."""
    height, width = frames.shape[1:3]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "pipe:0"]
    output = ["-vf", filters, "-fps_mode", "passthrough", *coding, "-flags", "+bitexact", "-fflags", "+bitexact"]
    path.parent.mkdir(parents=True, exist_ok=True)
    encode([*raw, *output, str(path)], feed=frames)
    return path


def encode(arguments: Sequence[str], *, feed: npt.NDArray[np.uint8] | None = None) -> None:
    blocks = None if feed is None else (frame.tobytes() for frame in feed)
    result = run_ffmpeg(["-y", "-loglevel", "error", *arguments], timeout_seconds=60, feed=blocks)
    assert result.returncode == 0, result.stderr


def extracted(video: Path, params: ExtractParams = PARAMS) -> FrameFile:
    path = video.with_suffix(".h5")
    extract_video(video, path, params=params, fingerprint="test")
    return open_frames(path)


def without_first_pictures(stream: bytes, count: int) -> bytes:
    """An MPEG transport stream as if the recording had begun ``count`` pictures later."""
    packets = [stream[start : start + 188] for start in range(0, len(stream), 188)]
    video = [place for place, packet in enumerate(packets) if packet[1] & 0x1F == 1 and packet[2] == 0]  # ffmpeg's PID
    begins = [place for place in video if packets[place][1] & 0x40]
    return b"".join([*packets[: video[0]], *packets[begins[count] :]])
