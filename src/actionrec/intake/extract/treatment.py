"""What a stream's pictures need beside scaling, as ffmpeg describes the stream, and the filters that do it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from actionrec.intake.ffmpeg import ffmpeg_decoders, ffmpeg_filters

_FIELD_ORDER = re.compile(r"\b(?:top|bottom) (?:coded )?first\b")
_SAMPLE_ASPECT = re.compile(r"\bSAR (\d+):(\d+)\b")

# Transfer characteristics of high dynamic range as people call them, and as ffmpeg does.
_TRANSFERS = {"HLG": "arib-std-b67", "PQ": "smpte2084"}
# ffmpeg's own decoder of VP8 shows what memory held where a frame ends early, and says nothing.
_DECODERS = {"vp8": "libvpx"}
_TONE_MAPPERS = {"zscale", "tonemap"}
_DEINTERLACER = "bwdif"
# Measured on test pictures brought to HLG and PQ: with this white (cd/m2) and curve they come back as bright as they
# were, and differ from what they were by 16 grey levels; untreated by 58 and 75, by ffmpeg's usual `hable` by 30.
_WHITE, _CURVE = 100, "mobius"
# Nearer to square than this a sample aspect is the rounding of some earlier resizing, and not worth another one;
# farther it is a damaged header, and would blow a picture up to any size.
_LEAST_ANAMORPHIC, _MOST_ANAMORPHIC = 1.02, 4


@dataclass(frozen=True)
class Stream:
    """What the line in which ffmpeg describes a video stream says of how to look at it."""

    coding: str = ""
    """ffmpeg's name of it: ``h264``."""
    field_order: str = ""
    """``top first`` and the like; empty for a progressive stream."""
    transfer: str = ""
    """``HLG`` or ``PQ``, of high dynamic range; empty for standard range."""
    sample_aspect: str = ""
    """``32:27``: width : height of one of its pixels, where it is not square."""

    @classmethod
    def described(cls, line: str) -> Stream:
        """From ``h264 (High), yuv420p(tv, bt709, top first), 1440x1080 [SAR 4:3 DAR 16:9], 25 fps``."""
        order, aspect = _FIELD_ORDER.search(line), _SAMPLE_ASPECT.search(line)
        width, height = (int(aspect[1]), int(aspect[2])) if aspect else (1, 1)
        ratio = max(width, height) / max(1, min(width, height))
        is_anamorphic = min(width, height) > 0 and _LEAST_ANAMORPHIC <= ratio <= _MOST_ANAMORPHIC
        return cls(
            coding=line.split(" ", 1)[0].rstrip(","),
            field_order=order[0] if order else "",
            transfer=next((name for name, code in _TRANSFERS.items() if re.search(rf"[/ (]{code}\b", line)), ""),
            sample_aspect=f"{width}:{height}" if is_anamorphic else "",
        )


@dataclass(frozen=True)
class Treatment:
    """What is done with the pictures of a stream before they are stored."""

    decoded_by: str = ""
    """ffmpeg's name of the decoder, where it is not the one that it would take."""
    deinterlaced: bool = False
    tone_mapped: str = ""
    """``HLG`` or ``PQ``: from which they are brought to standard range."""

    @classmethod
    def for_stream(cls, stream: Stream) -> Treatment:
        """What ``stream`` needs, as far as this ffmpeg can."""
        can = ffmpeg_filters() if stream.field_order or stream.transfer else frozenset()
        decoder = _DECODERS.get(stream.coding, "")
        needed = cls(
            decoded_by=decoder if decoder and decoder in ffmpeg_decoders() else "",
            deinterlaced=bool(stream.field_order),
            tone_mapped=stream.transfer,
        )
        if _DEINTERLACER not in can:
            needed = replace(needed, deinterlaced=False)
        return needed if can >= _TONE_MAPPERS else replace(needed, tone_mapped="")


def with_filters(stream: Any, treatment: Treatment, *, short_side: int) -> Any:
    """``stream`` of ffmpeg-python with all filters: squares as pixels, short side at most ``short_side``, full range.

    The rate stays: of two fields comes one picture, and only pictures that are marked as interlaced are touched.
    """
    if treatment.deinterlaced:
        stream = stream.filter(_DEINTERLACER, mode="send_frame", parity="auto", deint="interlaced")
    width, height = _displayed_size(short_side)
    sharp = "bicubic+accurate_rnd+full_chroma_int+bitexact"
    if treatment.tone_mapped:
        stream = _tone_mapped(stream.filter("scale", w=width, h=height, flags=sharp), treatment.tone_mapped)
        width, height = "iw", "ih"
    stream = stream.filter("scale", w=width, h=height, flags=sharp, out_range="full", out_color_matrix="bt601")
    return stream.filter("setsar", "1").filter("format", "yuvj420p")


def _displayed_size(short_side: int) -> tuple[str, str]:
    """Expressions of width and height for ffmpeg: with square pixels, scaled down to ``short_side`` if larger.

    A picture is made wider or narrower, never higher: no line of it is lost.
    """
    least, most = _LEAST_ANAMORPHIC, _MOST_ANAMORPHIC
    shown = f"iw*if(between(sar,{least},{most})+between(1/sar,{least},{most}),sar,1)"
    small = f"lte(min({shown},ih),{short_side})"
    width = f"if({small},max(1,round({shown})),if(lt({shown},ih),{short_side},round({short_side}*{shown}/ih)))"
    height = f"if({small},ih,if(lt({shown},ih),round({short_side}*ih/({shown})),{short_side}))"
    return width, height


def _tone_mapped(stream: Any, transfer: str) -> Any:
    """From HDR to BT.709 of standard range, by way of linear light."""
    source = {"transferin": _TRANSFERS[transfer], "primariesin": "bt2020", "matrixin": "bt2020nc"}
    stream = stream.filter("zscale", transfer="linear", npl=_WHITE, **source).filter("format", "gbrpf32le")
    stream = stream.filter("zscale", primaries="bt709").filter("tonemap", _CURVE, desat=0)
    return stream.filter("zscale", transfer="bt709", matrix="bt709", range="tv").filter("format", "yuv420p")
