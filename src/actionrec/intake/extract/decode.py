"""Decodes one video into JPEG frames with timestamps, whatever the video is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.intake.extract.frames import FORMAT, VERSION
from actionrec.intake.extract.messages import MARK, DecoderLog
from actionrec.intake.extract.mpjpeg import MpjpegParser
from actionrec.intake.extract.opening import FORMATS, not_a_file, plain_name
from actionrec.intake.extract.probe import Probe, probe_video, starts_at_key_frame
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.treatment import Stream, Treatment, with_filters
from actionrec.intake.ffmpeg import FfmpegResult, ffmpeg_version, run_ffmpeg

_FALLBACK_FPS = 25.0
_LATE_END_SECONDS = 1.0
"""By so much a part may be said to end after its file: annotations round."""
_MICROSECOND = "1/1000000"
_GENERAL = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+verbose", "-filter_threads", "1")


class _NeedsTreatmentError(Exception):
    """Ends a decoding before its first picture: the stream needs a treatment."""

    def __init__(self, treatment: Treatment) -> None:
        self.treatment = treatment


@dataclass(frozen=True)
class Decoded:
    """How the decoding of a video went."""

    size: tuple[int, int] = (0, 0)
    """(width, height) of the first frame."""
    result: FfmpegResult = field(default_factory=lambda: FfmpegResult(0, "", timed_out=False))
    log: DecoderLog = field(default_factory=DecoderLog)
    stream: Stream = field(default_factory=Stream)
    treatment: Treatment = field(default_factory=Treatment)


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

    Frames are stored as they are displayed: upright, with square pixels, interlaced pictures deinterlaced and high
    dynamic range brought to standard range where this ffmpeg can.

    Datasets: ``jpeg`` and ``offsets`` (:class:`actionrec.core.hdf5.JpegWriter`), ``timestamps`` float64
    (num_frames,) in seconds. Attributes, where 0 or an empty text means unknown:

    - of the stored frames ``width``, ``height``, ``timestamps_known``, ``deinterlaced``, ``tone_mapped`` (``HLG``
      or ``PQ``, from which they were brought to standard range);
    - of the header ``source_width``, ``source_height`` (before rotation), ``field_order`` (empty: progressive),
      ``transfer`` (empty: standard range), ``sample_aspect`` (``32:27``, empty: square), ``container``, ``codec``,
      ``declared_frames``, ``source_fps``, ``duration_seconds``, ``stream_duration_seconds``,
      ``has_video``, ``num_streams``, ``probe_error``;
    - of the decoding ``rotation`` in clockwise degrees, ``packets`` (compressed frames read),
      ``decode_errors`` (a count), ``lead_in_errors`` (a count apart: of a recording that starts between key frames,
      before its first picture), ``decoder_messages``, ``returncode``, ``timed_out``, ``decoder`` (version of ffmpeg).

    Only a regular file is opened, and nothing that it names. Frames are streamed, so memory does not grow with the
    video. A video whose time runs out leaves no frames: how many there would be depends on the machine.
    """
    if kind := not_a_file(video):
        return _refuse(path, f"it is {kind}", fingerprint=fingerprint)
    with plain_name(video) as opened:
        extract = partial(_extract, opened, path, params=params, fingerprint=fingerprint, span=span)
        try:
            return extract(treatment=None)
        except _NeedsTreatmentError as needed:
            found = extract(treatment=needed.treatment)
        # A filter refuses what another decoder takes: pictures of two lines, colours that contradict one another.
        return found or extract(treatment=Treatment())


def _refuse(path: Path, error: str, *, fingerprint: str) -> int:
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        with JpegWriter(file):
            pass
        file["timestamps"] = np.empty(0, np.float64)
        file.attrs["timestamps_known"] = True
        write_attributes(file, Decoded(), Probe(error=error))
    return 0


def _extract(
    video: Path, path: Path, *, params: ExtractParams, fingerprint: str, span: Span | None, treatment: Treatment | None
) -> int:
    """Decode with ``treatment``; without one raises :class:`_NeedsTreatmentError` for a stream that needs one."""
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        decoded = _decode(video, file, params, span, treatment)
        if decoded.result.timed_out:
            decoded = replace(decoded, log=DecoderLog(), size=(0, 0))
            for name in ("jpeg", "offsets", "timestamps"):
                del file[name]
            with JpegWriter(file):
                pass
            file["timestamps"] = np.empty(0, np.float64)
        num_frames = len(file["timestamps"])
        probe = _probe(video, decoded, params)
        lead_in = 0
        if span is not None:
            probe = _of_part(probe, span, decoded.log, num_frames)
        elif num_frames and decoded.log.num_errors and not starts_at_key_frame(video):
            lead_in = _count_lead_in(video, params)
        write_attributes(file, decoded, probe, lead_in_errors=lead_in)
        return num_frames


def _of_part(probe: Probe, span: Span, log: DecoderLog, num_frames: int) -> Probe:
    """``probe`` without what holds for the whole file only; a part that ends long after the file is told to ``log``."""
    if probe.duration_seconds and span.end_seconds > probe.duration_seconds + _LATE_END_SECONDS:
        log.read_line(
            f"[part @ 0x0] [error] it ends at {span.end_seconds} s, the file at {probe.duration_seconds:.1f} s"
        )
    log.num_packets = num_frames  # others were read to begin at the right picture
    return replace(probe, declared_frames=0, duration_seconds=0.0, stream_duration_seconds=0.0)


def _decode(
    video: Path, file: h5py.File, params: ExtractParams, span: Span | None, treatment: Treatment | None
) -> Decoded:
    """Write frames and timestamps."""
    streams = [Stream()]

    def look_at(description: str) -> None:
        streams.append(Stream.described(description))
        needed = Treatment.for_stream(streams[-1])
        if treatment is None and needed != Treatment():
            raise _NeedsTreatmentError(needed)

    log = DecoderLog(str(video), on_stream=look_at)
    first: list[bytes] = []
    with JpegWriter(file) as writer:

        def take(image: bytes) -> None:
            if not first:
                first.append(image)
            writer.append(image)

        parser = MpjpegParser(take)
        result = run_ffmpeg(
            decode_arguments(video, params, treatment or Treatment(), span),
            timeout_seconds=params.timeout_seconds,
            memory_bytes=params.max_memory_mb << 20,
            drain=parser.add,
            stderr_filter=log.read_line,
        )
    timestamps, known = _timestamps(log, writer.num_frames)
    file["timestamps"] = timestamps
    file.attrs["timestamps_known"] = known
    return Decoded(_jpeg_size(first[0]) if first else (0, 0), result, log, streams[-1], treatment or Treatment())


def decode_arguments(video: Path, params: ExtractParams, treatment: Treatment, span: Span | None = None) -> list[str]:
    """Ffmpeg's arguments: every frame (of ``span``) of the first real video stream, as displayed, as ``mpjpeg``."""
    stream = with_filters(_input(video, params, span), treatment, short_side=params.short_side)
    # Two filters that say a time base and a frame's time in whole lines. `showinfo` says it in pieces, between which
    # the decoder's thread puts its own lines, that then lose their level.
    stream = stream.filter("settb", "intb")
    stream = stream.filter("metadata", "add", key=MARK, value=1).filter("metadata", "print", key=MARK)
    # The encoder would count in steps of the declared rate, and give up at two frames within one. It gets times that
    # are a microsecond apart; where a stream changes on its way, the filters begin anew, later.
    stream = stream.filter("settb", _MICROSECOND).filter("setpts", "if(N,PREV_OUTPTS+1,if(isnan(T),0,T/TB))")
    output = stream.output(
        "pipe:1",
        format="mpjpeg",
        vcodec="mjpeg",
        threads=1,
        fps_mode="passthrough",
        enc_time_base=_MICROSECOND,
        flags="+bitexact",
        fflags="+bitexact",
        **{"q:v": params.jpeg_quality},
    )
    return [*_GENERAL, *output.get_args()]


def _input(video: Path, params: ExtractParams, span: Span | None = None) -> Any:
    import ffmpeg

    part = {} if span is None else {"ss": span.start_seconds}
    if span is not None and span.end_seconds:
        part["t"] = round(span.end_seconds - span.start_seconds, 6)

    # The input's name carries its protocol, and no other protocol or kind of file is allowed: a playlist opens nothing.
    source = ffmpeg.input(
        f"file:{video}",
        threads=1,
        protocol_whitelist="file",
        format_whitelist=FORMATS,
        max_pixels=params.max_pixels,
        **part,
    )
    return source["V:0"]


def _count_lead_in(video: Path, params: ExtractParams) -> int:
    """Complaints before the first picture.

    ffmpeg's threads each say their own lines, so where the first picture stands among them is told by the decoder alone
    (``-debug_ts``), at several lines a frame: too many for every video.
    """
    log = DecoderLog(str(video))
    output = _input(video, params).output("-", format="null", fps_mode="passthrough")
    result = run_ffmpeg(
        [*_GENERAL, "-debug_ts", *output.get_args()],
        timeout_seconds=params.timeout_seconds,
        memory_bytes=params.max_memory_mb << 20,
        stderr_filter=log.read_line,
    )
    return 0 if result.timed_out else log.num_errors_before_first_picture


def _probe(video: Path, decoded: Decoded, params: ExtractParams) -> Probe:
    """The header, unless reading it in this process might end it."""
    if decoded.result.timed_out or decoded.result.returncode < 0:
        return Probe(error="not read: ffmpeg did not survive the file")
    if size := decoded.log.refused_size:
        return Probe(error=f"a picture of {size} pixels, more than extract.max_pixels: {params.max_pixels}")
    return probe_video(video)


def _timestamps(log: DecoderLog, num_frames: int) -> tuple[npt.NDArray[np.float64], bool]:
    seconds = np.asarray(log.timestamps[:num_frames], np.float64)
    if len(seconds) == num_frames and not np.isnan(seconds).any():
        return seconds, True
    return np.arange(num_frames) / _FALLBACK_FPS, False


def _jpeg_size(image: bytes) -> tuple[int, int]:
    import cv2

    pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
    return (0, 0) if pixels is None else (pixels.shape[1], pixels.shape[0])


def write_attributes(file: h5py.File, decoded: Decoded, probe: Probe, *, lead_in_errors: int = 0) -> None:
    """Write all that :func:`extract_video` lists but ``timestamps_known``."""
    attributes = asdict(probe)
    result, log, stream = decoded.result, decoded.log, decoded.stream
    values = {
        "width": decoded.size[0],
        "height": decoded.size[1],
        "source_width": attributes.pop("width"),
        "source_height": attributes.pop("height"),
        "source_fps": attributes.pop("fps"),
        "probe_error": attributes.pop("error"),
        **attributes,
        "field_order": stream.field_order,
        "transfer": stream.transfer,
        "sample_aspect": stream.sample_aspect,
        **asdict(decoded.treatment),
        "rotation": log.rotation,
        "packets": log.num_packets,
        "returncode": result.returncode,
        "timed_out": result.timed_out,
        "decode_errors": max(0, log.num_errors - lead_in_errors),
        "lead_in_errors": lead_in_errors,
        "decoder_messages": log.messages(),
        "decoder": f"ffmpeg {ffmpeg_version()}",
    }
    for name, value in sorted(values.items()):
        file.attrs[name] = value
