"""What a container's header declares, read with PyAV."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from actionrec.intake.extract.opening import FORMATS

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

_OPEN_SECONDS = 30.0
# A statistics tag counts exactly; rate and duration are rounded.
_TAG_FRAMES_OFF, _TAG_SHARE_OFF = 2, 0.05
_COPIES_TAGS = "Lavf"
_TAG_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@dataclass(frozen=True)
class Probe:
    """The header of one video; zeros and empty strings where it says nothing."""

    error: str = ""
    """Why the container could not be read."""
    has_video: bool = False
    """Whether there is a video stream that is not a cover picture."""
    num_streams: int = 0
    container: str = ""
    """ffmpeg's name of the format, for example ``matroska,webm``."""
    codec: str = ""
    width: int = 0
    height: int = 0
    """Of the coded picture, before rotation."""
    declared_frames: int = 0
    fps: float = 0.0
    """Average rate that the header declares."""
    duration_seconds: float = 0.0
    """Of the video stream; of the container where that is unknown."""
    stream_duration_seconds: float = 0.0
    """Of the video stream alone."""


def probe_video(path: Path) -> Probe:
    """Read the header of ``path``; a file that cannot be read gives a :class:`Probe` with ``error``.

    Only local files are opened, whatever the header refers to. It runs in this process: call it only
    for files that ffmpeg, in a process of its own, has survived.
    """
    import av

    try:
        with _open(path) as container:
            return _read_header(container)
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError, LookupError) as error:
        # An error's text would end with the path, which differs between machines.
        return Probe(error=getattr(error, "strerror", None) or type(error).__name__)


def _read_header(container: av.container.InputContainer) -> Probe:
    streams = [stream for stream in container.streams.video if not _is_cover(stream)]
    container_seconds = float(container.duration or 0) / 1e6
    if not streams:
        return Probe(
            num_streams=len(container.streams),
            container=container.format.name,
            duration_seconds=max(0.0, container_seconds),
        )
    stream = streams[0]
    coding = stream.codec_context  # None for an unknown codec; the stream's picture size hangs on it
    stream_seconds = _stream_seconds(stream)
    return Probe(
        has_video=True,
        num_streams=len(container.streams),
        container=container.format.name,
        codec=coding.codec.canonical_name if coding else "",
        width=coding.width if coding else 0,
        height=coding.height if coding else 0,
        declared_frames=max(0, stream.frames or _tag_frames(stream, container, stream_seconds or container_seconds)),
        fps=float(stream.average_rate or Fraction(0)),
        duration_seconds=max(0.0, stream_seconds or container_seconds),
        stream_duration_seconds=max(0.0, stream_seconds),
    )


def _is_cover(stream: VideoStream) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _stream_seconds(stream: VideoStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    for name, value in sorted(stream.metadata.items()):
        # Matroska keeps it in a tag, "DURATION" or "DURATION-eng".
        if name.startswith("DURATION") and (match := _TAG_DURATION.match(value)):
            return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])
    return 0.0


def _tag_frames(stream: VideoStream, container: av.container.InputContainer, seconds: float) -> int:
    """Frames by the statistics tags of Matroska; 0 where there are none, or they are of another film."""
    for name, value in sorted(stream.metadata.items()):
        if name.startswith("NUMBER_OF_FRAMES"):
            with contextlib.suppress(ValueError):
                stale = _is_stale(int(value), seconds=seconds, fps=float(stream.average_rate or 0), container=container)
                return 0 if stale else int(value)
    return 0


def _is_stale(count: int, *, seconds: float, fps: float, container: av.container.InputContainer) -> bool:
    """Whether a tag counts the frames of the film that this one was made from.

    ffmpeg never counts frames into that tag, but copies it, also when it cuts or encodes anew. Where its file's own
    duration contradicts the tag, the duration is right.
    """
    written_by = {name.lower(): value for name, value in container.metadata.items()}.get("encoder", "")
    expected = seconds * fps
    differs = abs(count - expected) > max(_TAG_FRAMES_OFF, _TAG_SHARE_OFF * expected)
    return written_by.startswith(_COPIES_TAGS) and expected > 0 and differs


def starts_at_key_frame(path: Path) -> bool:
    """Whether the first packet of the video at ``path`` is a picture by itself; True where that cannot be told.

    Like :func:`probe_video` it is for files that ffmpeg, in a process of its own, has survived.
    """
    import av

    try:
        with _open(path) as container:
            stream = next(stream for stream in container.streams.video if not _is_cover(stream))
            return bool(next(packet for packet in container.demux(stream) if packet.size).is_keyframe)
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError, LookupError, StopIteration):
        return True


def _open(path: Path) -> av.container.InputContainer:
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    return av.open(f"file:{path}", metadata_errors="replace", timeout=_OPEN_SECONDS, options=options)
