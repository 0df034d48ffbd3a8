"""Decodes one video into JPEG frames with timestamps, whatever the video is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.intake.extract.arguments import Span, decode_arguments, listen_arguments
from actionrec.intake.extract.frames import FORMAT, VERSION
from actionrec.intake.extract.messages import DecoderLog
from actionrec.intake.extract.mpjpeg import MpjpegParser
from actionrec.intake.extract.opening import not_a_file, plain_name
from actionrec.intake.extract.probe import Probe, probe_video, starts_at_key_frame
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.treatment import Stream, Treatment
from actionrec.intake.ffmpeg import FfmpegResult, ffmpeg_version, run_ffmpeg

_FALLBACK_FPS = 25.0
_LATE_END_SECONDS = 1.0
"""By so much a part may be said to end after its file: annotations round."""


class _NeedsTreatmentError(Exception):
    """Ends a decoding before its first picture: the stream needs a treatment."""

    def __init__(self, treatment: Treatment) -> None:
        self.treatment = treatment


@dataclass(frozen=True)
class Looks:
    """How the pictures of a stream are meant to look, and what was done for it."""

    stream: Stream
    treatment: Treatment
    lead_in_errors: int = 0


@dataclass(frozen=True)
class _Job:
    """One video to decode."""

    video: Path
    path: Path
    params: ExtractParams
    fingerprint: str
    span: Span | None


def extract_video(video: Path, path: Path, *, params: ExtractParams, fingerprint: str, span: Span | None = None) -> int:
    """Decode ``video`` into the HDF5 ``path``; whatever the video is, a complete file comes out.

    Returns the number of frames that it holds. Of ``span`` only that part is decoded, and its times count from its
    start; what the header promises of the whole file is then no evidence, and left out.

    Frames are stored as they are displayed: upright, with square pixels, interlaced pictures deinterlaced and high
    dynamic range brought to standard range where this ffmpeg can.

    Datasets: ``jpeg`` and ``offsets`` (:class:`actionrec.core.hdf5.JpegWriter`), ``timestamps`` float64
    (num_frames,) in seconds. Attributes, where 0 or an empty text means unknown:

    - of the stored frames ``width``, ``height``, ``timestamps_known``, ``decoded_by`` (where it is not the decoder that
      ffmpeg would take), ``deinterlaced``, ``tone_mapped`` (``HLG`` or ``PQ``, from which they were brought to standard
      range);
    - of the header ``source_width``, ``source_height`` (before rotation), ``field_order`` (empty: progressive),
      ``transfer`` (empty: standard range), ``sample_aspect`` (``32:27``, empty: square), ``container``, ``codec``,
      ``declared_frames``, ``source_fps``, ``duration_seconds``, ``stream_duration_seconds``, ``has_video``,
      ``num_streams``, ``probe_error``;
    - of the decoding ``rotation`` in clockwise degrees, ``packets`` (compressed frames read),
      ``decode_errors`` (a count), ``lead_in_errors`` (a count apart: of a recording that starts between key frames,
      before its first picture), ``decoder_messages``, ``returncode``, ``timed_out``, ``decoder`` (version of ffmpeg).

    Only a regular file is opened, and nothing that it names. Frames are streamed, so memory does not grow with the
    video. A video whose time runs out leaves no frames: how many there would be depends on the machine.
    """
    if kind := not_a_file(video):
        return _refuse(path, f"it is {kind}", fingerprint=fingerprint)
    with plain_name(video) as opened:
        job = _Job(opened, path, params, fingerprint, span)
        try:
            return _extract(job, None)
        except _NeedsTreatmentError as needed:
            treatment = needed.treatment
        plain = Treatment(decoded_by=treatment.decoded_by)
        found = _extract(job, treatment)
        # A filter may refuse what can be decoded: pictures of two lines, colours that contradict one another.
        return found if found or treatment == plain else _extract(job, plain)


def _refuse(path: Path, error: str, *, fingerprint: str) -> int:
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        with JpegWriter(file):
            pass
        file["timestamps"] = np.empty(0, np.float64)
        file.attrs["timestamps_known"] = True
        write_attributes(file, FfmpegResult(0, "", timed_out=False), DecoderLog(), Probe(error=error), (0, 0))
    return 0


def _extract(job: _Job, treatment: Treatment | None) -> int:
    """Decode with ``treatment``; without one raises :class:`_NeedsTreatmentError` for a stream that needs one."""
    with create_h5(job.path, format=FORMAT, version=VERSION, fingerprint=job.fingerprint) as file:
        result, log, size, stream = _decode(job, file, treatment)
        if result.timed_out:
            log = DecoderLog()
            for name in ("jpeg", "offsets", "timestamps"):
                del file[name]
            with JpegWriter(file):
                pass
            file["timestamps"] = np.empty(0, np.float64)
            size = (0, 0)
        num_frames = len(file["timestamps"])
        probe = _probe(job, result, log)
        looks = Looks(stream, treatment or Treatment())
        if num_frames and log.num_errors and not starts_at_key_frame(job.video):
            looks = replace(looks, lead_in_errors=_count_lead_in(job, looks.treatment))
        if job.span is not None:
            probe = _of_part(probe, job.span, log, num_frames)
        write_attributes(file, result, log, probe, size, looks=looks)
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
    job: _Job, file: h5py.File, treatment: Treatment | None
) -> tuple[FfmpegResult, DecoderLog, tuple[int, int], Stream]:
    """Write frames and timestamps; returns also the (width, height) of the first frame and what the stream is like."""
    streams = [Stream()]

    def look_at(description: str) -> None:
        streams.append(Stream.described(description))
        needed = Treatment.for_stream(streams[-1])
        if treatment is None and needed != Treatment():
            raise _NeedsTreatmentError(needed)

    log = DecoderLog(str(job.video), on_stream=look_at)
    first: list[bytes] = []
    with JpegWriter(file) as writer:

        def take(image: bytes) -> None:
            if not first:
                first.append(image)
            writer.append(image)

        parser = MpjpegParser(take)
        result = run_ffmpeg(
            decode_arguments(job.video, job.params, treatment or Treatment(), span=job.span),
            timeout_seconds=job.params.timeout_seconds,
            memory_bytes=job.params.max_memory_mb << 20,
            drain=parser.add,
            stderr_filter=log.read_line,
        )
    timestamps, known = _timestamps(log, writer.num_frames)
    file["timestamps"] = timestamps
    file.attrs["timestamps_known"] = known
    return result, log, _jpeg_size(first[0]) if first else (0, 0), streams[-1]


def _count_lead_in(job: _Job, treatment: Treatment) -> int:
    """Complaints before the first picture.

    ffmpeg's threads each say their own lines, so where the first picture stands among them is told by the decoder
    alone, at several lines a frame: too many for every video.
    """
    log = DecoderLog(str(job.video))
    result = run_ffmpeg(
        listen_arguments(job.video, job.params, treatment, span=job.span),
        timeout_seconds=job.params.timeout_seconds,
        memory_bytes=job.params.max_memory_mb << 20,
        stderr_filter=log.read_line,
    )
    return 0 if result.timed_out else log.num_errors_before_first_picture


def _probe(job: _Job, result: FfmpegResult, log: DecoderLog) -> Probe:
    """The header, unless reading it in this process might end it."""
    if result.timed_out or result.returncode < 0:
        return Probe(error="not read: ffmpeg did not survive the file")
    if size := log.refused_size:
        return Probe(error=f"a picture of {size} pixels, more than extract.max_pixels: {job.params.max_pixels}")
    return probe_video(job.video)


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
    file: h5py.File,
    result: FfmpegResult,
    log: DecoderLog,
    probe: Probe,
    size: tuple[int, int],
    *,
    looks: Looks | None = None,
) -> None:
    """Write all that :func:`extract_video` lists but ``timestamps_known``; ``size`` is that of the stored frames."""
    attributes = asdict(probe)
    looks = looks or Looks(Stream(), Treatment())
    values = {
        "width": size[0],
        "height": size[1],
        "source_width": attributes.pop("width"),
        "source_height": attributes.pop("height"),
        "source_fps": attributes.pop("fps"),
        "probe_error": attributes.pop("error"),
        **attributes,
        "field_order": looks.stream.field_order,
        "transfer": looks.stream.transfer,
        "sample_aspect": looks.stream.sample_aspect,
        **asdict(looks.treatment),
        "rotation": log.rotation,
        "packets": log.num_packets,
        "returncode": result.returncode,
        "timed_out": result.timed_out,
        "decode_errors": max(0, log.num_errors - looks.lead_in_errors),
        "lead_in_errors": looks.lead_in_errors,
        "decoder_messages": log.messages(),
        "decoder": f"ffmpeg {ffmpeg_version()}",
    }
    for name, value in sorted(values.items()):
        file.attrs[name] = value
