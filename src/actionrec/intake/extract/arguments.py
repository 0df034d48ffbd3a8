"""How ffmpeg is called: what it may open, and what it makes of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actionrec.intake.extract.messages import MARK
from actionrec.intake.extract.opening import FORMATS
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.extract.treatment import Treatment, with_filters

_MICROSECOND = "1/1000000"
_GENERAL = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+verbose", "-filter_threads", "1")


@dataclass(frozen=True)
class Span:
    """A part of a video file, as one video."""

    start_seconds: float
    end_seconds: float
    """0 for the end of the file."""


def decode_arguments(
    video: Path, params: ExtractParams, treatment: Treatment, *, span: Span | None = None
) -> list[str]:
    """Ffmpeg's arguments: every frame (of ``span``) of the first real video stream, as displayed, as ``mpjpeg``."""
    stream = with_filters(_input(video, params, treatment, span), treatment, short_side=params.short_side)
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


def listen_arguments(
    video: Path, params: ExtractParams, treatment: Treatment, *, span: Span | None = None
) -> list[str]:
    """Ffmpeg's arguments that store nothing; among the decoder's complaints it says each picture (several lines)."""
    output = _input(video, params, treatment, span).output("-", format="null", fps_mode="passthrough")
    return [*_GENERAL, "-debug_ts", *output.get_args()]


def _input(video: Path, params: ExtractParams, treatment: Treatment, span: Span | None) -> Any:
    import ffmpeg

    part: dict[str, Any] = {} if span is None else {"ss": span.start_seconds}
    if span is not None and span.end_seconds:
        part["t"] = round(span.end_seconds - span.start_seconds, 6)
    if treatment.decoded_by:
        part["vcodec"] = treatment.decoded_by
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
