"""A copy of a video with the skeleton and what is done drawn over it, as it changes over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.files import atomic_path
from actionrec.core.progress import Progress
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.ffmpeg import run_ffmpeg
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.prediction.inputs import VIDEO, Span, VideoFiles
from actionrec.prediction.picture import draw_panel, draw_skeleton, draw_timeline
from actionrec.prediction.predictor import Predictor, VideoPrediction

WINDOW_SECONDS = 2.0
STEP_SECONDS = 0.5

_FALLBACK_FPS = 25.0
_BLOCK_FRAMES = 64
_SHOWN_CLASSES = 3
# Time is bounded, but a long video may take long.
_TIMEOUT_SECONDS, _TIMEOUT_SECONDS_A_FRAME = 120.0, 5.0
# What an mp4 may hold as it is; other sound is encoded anew.
_COPIED_SOUND = ("aac", "ac3", "alac", "eac3", "mp3")


@dataclass(frozen=True)
class Annotated:
    """What was written."""

    path: str
    num_frames: int
    num_windows: int
    label: str
    """Most probable class of the whole video."""
    probability: float


@dataclass(frozen=True)
class _Shape:
    """Of the video as it is shown."""

    width: int
    height: int
    fps: Fraction


def annotate_video(
    predictor: Predictor,
    video: Path,
    out: Path,
    *,
    window_seconds: float = WINDOW_SECONDS,
    step_seconds: float = STEP_SECONDS,
) -> Annotated:
    """Write ``video`` as the MP4 ``out`` with a skeleton and the probabilities of windows in time drawn over it.

    A window of ``window_seconds`` begins every ``step_seconds``; each is predicted as a video of its own, and between
    their middles probabilities are interpolated. Size, number of frames and sound stay; a changing frame rate becomes
    its mean. Keypoints are left out where ``keypoints.enabled`` is false. Raises :class:`ActionrecError` for a video
    that is screened out.
    """
    if out.suffix.lower() != ".mp4" or out.resolve() == video.resolve():
        raise ActionrecError(f"{out}: the copy is a new file that ends in .mp4")
    draws_skeleton = predictor.bundle.facts.keypoints.enabled
    with predictor.opened(video, keypoints=draws_skeleton) as files:
        if isinstance(files, VideoPrediction):
            raise ActionrecError(f"{video} is rejected, {files.reason}: {files.evidence}")
        shape = _shape_of(files)
        spans = windows(
            files.num_frames,
            window_frames=max(1, round(window_seconds * shape.fps)),
            step_frames=max(1, round(step_seconds * shape.fps)),
        )
        answers = predictor.of_spans(files, [(0, files.num_frames), *spans])
        whole, over_time = answers.probability[0], frame_probability(answers.probability[1:], spans, files.num_frames)
        _encode(video, out, _drawn(files, shape, predictor.class_names, over_time, draws_skeleton), files, shape)
    best = int(whole.argmax())
    return Annotated(str(out), files.num_frames, len(spans), predictor.class_names[best], float(whole[best]))


def windows(num_frames: int, *, window_frames: int, step_frames: int) -> list[Span]:
    """Windows from the first frame on, and the last one that fits; all frames where none does."""
    last = num_frames - window_frames
    if last <= 0:
        return [(0, num_frames)]
    starts = sorted({*range(0, last + 1, step_frames), last})
    return [(start, start + window_frames) for start in starts]


def frame_probability(
    probability: npt.NDArray[np.float64], spans: Sequence[Span], num_frames: int
) -> npt.NDArray[np.float64]:
    """Of every frame (num_frames, C), from those of windows (S, C): interpolated between the windows' middles."""
    middles = [(start + stop - 1) / 2 for start, stop in spans]
    return np.stack([np.interp(np.arange(num_frames), middles, column) for column in probability.T], axis=1)


def _shape_of(files: VideoFiles) -> _Shape:
    with open_frames(files.frames_path) as frames:
        header, timestamps = frames.attributes, frames.timestamps
    size = int(header["source_width"]), int(header["source_height"])
    width, height = size[::-1] if header["rotation"] in (90, 270) else size
    seconds = float(timestamps[-1] - timestamps[0])
    measured = (len(timestamps) - 1) / seconds if seconds > 0 else _FALLBACK_FPS
    # 30000/1001 and its kin have this denominator.
    return _Shape(width, height, Fraction(header["source_fps"] or measured).limit_denominator(1001))


def _drawn(
    files: VideoFiles,
    shape: _Shape,
    class_names: Sequence[str],
    over_time: npt.NDArray[np.float64],
    draws_skeleton: bool,  # noqa: FBT001 (private)
) -> Iterator[bytes]:
    """What lies over each frame: RGBA (height, width, 4)."""
    keypoints = _keypoints(files) if draws_skeleton else iter([None] * files.num_frames)
    canvas = np.zeros((shape.height, shape.width, 4), np.uint8)
    with Progress(files.num_frames, desc="annotate", unit="frame") as progress:
        for frame, (found, probability) in enumerate(zip(keypoints, over_time, strict=True)):
            canvas[:] = 0
            if found is not None:
                draw_skeleton(canvas, found.keypoints[0], found.presence[0])
            best = np.argsort(-probability, kind="stable")[:_SHOWN_CLASSES].tolist()
            draw_panel(canvas, [(class_names[place], float(probability[place])) for place in best])
            draw_timeline(canvas, over_time, frame)
            yield canvas.tobytes()
            progress.update()


def _keypoints(files: VideoFiles) -> Iterator[ClipKeypoints]:
    """Of each frame, a few read at a time."""
    packed = PackedKeypoints(files.keypoints_path)
    try:
        for start in range(0, files.num_frames, _BLOCK_FRAMES):
            block = packed.read(VIDEO, np.arange(start, min(start + _BLOCK_FRAMES, files.num_frames)))
            for row in range(len(block.keypoints)):
                yield ClipKeypoints(block.keypoints[row : row + 1], block.presence[row : row + 1], block.aspect)
    finally:
        packed.close()


def _encode(video: Path, out: Path, overlays: Iterator[bytes], files: VideoFiles, shape: _Shape) -> None:
    """Let ffmpeg lay one overlay over each frame; both are counted, so that the n-th meets the n-th."""
    rate = f"{shape.fps.numerator}/{shape.fps.denominator}"
    tick = f"{shape.fps.denominator}/{shape.fps.numerator}"
    even = shape.width % 2 == 0 and shape.height % 2 == 0
    pixels = "yuv420p" if even else "yuv444p"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{shape.width}x{shape.height}", "-r", rate, "-i", "pipe:0"]
    laid = f"[0:V:0]settb={tick},setpts=N[below];[1:v]settb={tick},setpts=N[above]"
    laid += f";[below][above]overlay=format=auto,format={pixels}[shown]"
    sound = "copy" if _sound_codec(video) in _COPIED_SOUND else "aac"
    coding = ["-c:v", "libx264", "-crf", "18", "-fps_mode", "passthrough", "-c:a", sound, "-movflags", "+faststart"]
    timeout = _TIMEOUT_SECONDS + math.ceil(_TIMEOUT_SECONDS_A_FRAME * files.num_frames)
    with atomic_path(out) as aside:
        source = ["-protocol_whitelist", "file", "-i", f"file:{video.resolve()}", "-protocol_whitelist", "pipe", *raw]
        mapped = ["-filter_complex", laid, "-map", "[shown]", "-map", "0:a:0?", "-map_metadata", "-1"]
        result = run_ffmpeg(
            ["-hide_banner", "-loglevel", "error", "-y", *source, *mapped, *coding, f"file:{aside}"],
            timeout_seconds=timeout,
            feed=overlays,
        )
        if result.timed_out or result.returncode != 0:
            raise ActionrecError(f"ffmpeg could not write {out} (code {result.returncode}): {result.stderr.strip()}")


def _sound_codec(video: Path) -> str:
    """Name of the first sound's codec, empty where there is none; the file was survived by ffmpeg before."""
    import av

    try:
        with av.open(f"file:{video}", metadata_errors="replace", options={"protocol_whitelist": "file"}) as container:
            streams: Sequence[Any] = container.streams.audio
            return str(streams[0].codec_context.codec.canonical_name) if streams and streams[0].codec_context else ""
    except (av.error.FFmpegError, OSError):
        return ""
