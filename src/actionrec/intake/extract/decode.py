"""Decodes one video into JPEG frames with timestamps, whatever the video is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.intake.extract.frames import FORMAT, VERSION
from actionrec.intake.extract.messages import MARK, DecoderLog
from actionrec.intake.extract.mpjpeg import MpjpegParser
from actionrec.intake.extract.probe import Probe, probe_video
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.ffmpeg import FfmpegResult, run_ffmpeg

_FALLBACK_FPS = 25.0
_LATE_END_SECONDS = 1.0
"""By so much a part may be said to end after its file: annotations round."""


@dataclass(frozen=True)
class Span:
    """A part of a video file, as one video."""

    start_seconds: float
    end_seconds: float
    """0 for the end of the file."""


def extract_video(video: Path, path: Path, *, params: ExtractParams, fingerprint: str, span: Span | None = None) -> int:
    """Decode ``video`` into the HDF5 ``path``; whatever the video is, a complete file comes out.

    Returns the number of frames that it holds. Of ``span`` only that part is decoded, and its times count from its
    start; what the header promises of the whole file is then no evidence, and left out.

    Datasets: ``jpeg`` and ``offsets`` (:class:`actionrec.core.hdf5.JpegWriter`), ``timestamps`` float64
    (num_frames,) in seconds. Attributes, where 0 or an empty text means unknown:

    - of the stored frames ``width``, ``height`` (upright), ``timestamps_known``;
    - of the header ``source_width``, ``source_height`` (before rotation), ``container``, ``codec``,
      ``declared_frames``, ``source_fps``, ``duration_seconds``, ``stream_duration_seconds``,
      ``has_video``, ``num_streams``, ``probe_error``;
    - of the decoding ``rotation`` in clockwise degrees, ``packets`` (compressed frames read),
      ``decode_errors`` (a count), ``decoder_messages``, ``returncode``, ``timed_out``.

    Frames are streamed, so memory does not grow with the video. A video whose time runs out
    leaves no frames: how many there would be depends on the machine.
    """
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        result, log, size = _decode(video, file, params, span)
        if result.timed_out:
            log = DecoderLog()
            for name in ("jpeg", "offsets", "timestamps"):
                del file[name]
            with JpegWriter(file):
                pass
            file["timestamps"] = np.empty(0, np.float64)
            size = (0, 0)
        survived = not result.timed_out and result.returncode >= 0
        probe = probe_video(video) if survived else Probe(error="not read: ffmpeg did not survive the file")
        if span is not None:
            probe = _of_part(probe, span, log, len(file["timestamps"]))
        write_attributes(file, result, log, probe, size)
        return len(file["timestamps"])


def _of_part(probe: Probe, span: Span, log: DecoderLog, num_frames: int) -> Probe:
    """``probe`` without what holds for the whole file only; a part that ends long after the file is told to ``log``."""
    if probe.duration_seconds and span.end_seconds > probe.duration_seconds + _LATE_END_SECONDS:
        log.read_line(
            f"[part @ 0x0] [error] it ends at {span.end_seconds} s, the file at {probe.duration_seconds:.1f} s"
        )
    log.num_packets = num_frames  # others were read to begin at the right picture
    return replace(probe, declared_frames=0, duration_seconds=0.0, stream_duration_seconds=0.0)


def _decode(
    video: Path, file: h5py.File, params: ExtractParams, span: Span | None
) -> tuple[FfmpegResult, DecoderLog, tuple[int, int]]:
    """Write frames and timestamps; returns also the (width, height) of the first frame."""
    log = DecoderLog(str(video))
    first: list[bytes] = []
    with JpegWriter(file) as writer:

        def take(image: bytes) -> None:
            if not first:
                first.append(image)
            writer.append(image)

        parser = MpjpegParser(take)
        result = run_ffmpeg(
            decode_arguments(video, params, span),
            timeout_seconds=params.timeout_seconds,
            drain=parser.add,
            stderr_filter=log.read_line,
        )
    timestamps, known = _timestamps(log, writer.num_frames)
    file["timestamps"] = timestamps
    file.attrs["timestamps_known"] = known
    return result, log, _jpeg_size(first[0]) if first else (0, 0)


def decode_arguments(video: Path, params: ExtractParams, span: Span | None = None) -> list[str]:
    """Ffmpeg's arguments: every frame (of ``span``) of the first real video stream, upright, as ``mpjpeg``."""
    import ffmpeg

    side = params.short_side
    small = f"lte(min(iw,ih),{side})"
    # The input's name carries its protocol, and no other protocol is allowed: a playlist opens nothing else.
    part = {} if span is None else {"ss": span.start_seconds}
    if span is not None and span.end_seconds:
        part["t"] = round(span.end_seconds - span.start_seconds, 6)
    stream = ffmpeg.input(f"file:{video}", threads=1, protocol_whitelist="file", **part)["V:0"]
    stream = stream.filter(
        "scale",
        w=f"if({small},iw,if(lt(iw,ih),{side},-1))",
        h=f"if({small},ih,if(lt(iw,ih),-1,{side}))",
        flags="bicubic+accurate_rnd+full_chroma_int+bitexact",
        out_range="full",
        out_color_matrix="bt601",
    )
    # Two filters that say a time base and a frame's time in whole lines. `showinfo` says it in pieces, between which
    # the decoder's thread puts its own lines, that then lose their level.
    stream = stream.filter("format", "yuvj420p").filter("settb", "intb")
    stream = stream.filter("metadata", "add", key=MARK, value=1).filter("metadata", "print", key=MARK)
    output = stream.output(
        "pipe:1",
        format="mpjpeg",
        vcodec="mjpeg",
        threads=1,
        fps_mode="passthrough",
        flags="+bitexact",
        fflags="+bitexact",
        **{"q:v": params.jpeg_quality},
    )
    general = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+verbose", "-filter_threads", "1"]
    return [*general, *output.get_args()]


def _timestamps(log: DecoderLog, num_frames: int) -> tuple[npt.NDArray[np.float64], bool]:
    seconds = np.asarray(log.timestamps[:num_frames], np.float64)
    if len(seconds) == num_frames and not np.isnan(seconds).any():
        return seconds, True
    return np.arange(num_frames) / _FALLBACK_FPS, False


def _jpeg_size(image: bytes) -> tuple[int, int]:
    import cv2

    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
    return (0, 0) if pixels is None else (pixels.shape[1], pixels.shape[0])


def write_attributes(
    file: h5py.File, result: FfmpegResult, log: DecoderLog, probe: Probe, size: tuple[int, int]
) -> None:
    """Write all that :func:`extract_video` lists but ``timestamps_known``; ``size`` is that of the stored frames."""
    attributes = asdict(probe)
    values = {
        "width": size[0],
        "height": size[1],
        "source_width": attributes.pop("width"),
        "source_height": attributes.pop("height"),
        "source_fps": attributes.pop("fps"),
        "probe_error": attributes.pop("error"),
        **attributes,
        "rotation": log.rotation,
        "packets": log.num_packets,
        "returncode": result.returncode,
        "timed_out": result.timed_out,
        "decode_errors": log.num_errors,
        "decoder_messages": log.messages(),
    }
    for name, value in sorted(values.items()):
        file.attrs[name] = value
