"""What ffmpeg says while it decodes: frame times, rotation, and which complaints are real."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import cache

# "[h264 @ 0x55d0] [error] text", "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] text", "[info] text"
_LINE = re.compile(r"((?:\[[^\]]* @ 0x[0-9a-fA-F]+\] )*)\[(panic|fatal|error|warning|info|verbose|debug)\] (.*)")
_CONTEXT = re.compile(r"\[([^\]]*?) @ 0x[0-9a-fA-F]+\]")
_FRAME = re.compile(r"frame:\d+ +pts:(NOPTS|-?\d+) ")
_TIME_BASE = re.compile(r"tb:(\d+)/(\d+) -> ")
_PACKETS = re.compile(r" *Input stream #0:\d+ \(video\): (\d+) packets read")
_STREAM = re.compile(r" *Stream #0:(\d+)\S*: Video: (.*)")
_MAPPED = re.compile(r" *Stream #0:(\d+)\b.* -> ")
_PICTURE = "decoder -> "
_ROTATION = re.compile(r"rotation of (-?\d+(?:\.\d+)?) degrees")
_TOO_LARGE = re.compile(r"Picture size ([1-9]\d*x\d+) (?:exceeds specified max pixel count|is invalid)")
_INDEX = re.compile(r"#[\d:]+")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")

_ERROR_LEVELS = frozenset({"panic", "fatal", "error"})
# Damage that is reported at a lower level than error.
_DAMAGE = re.compile(r"corrupt decoded frame|concealing .* errors")
# Error level, but every picture is still whole: bookkeeping of reference pictures at open GOPs and edits; chapters,
# which are no pictures; webcams' APP0 segments of 4 bytes, at which older versions of ffmpeg complain.
_HARMLESS = re.compile(
    r"mmco: unref short failure|co located POCs unavailable|number of reference frames .* exceeds max"
    r"|(?i:chapter)|unable to decode APP fields"
)
# These speak about our output, not about the video.
_OUTPUT_CONTEXTS = ("out#", "enc:", "vost#", "swscaler", "mpjpeg", "Parsed_", "auto_scale")
MARK = "actionrec"
"""Metadata key that makes ffmpeg's filter ``metadata=print`` say every frame."""
_MAX_DISTINCT = 100
_MAX_MESSAGE_CHARS = 300


class DecoderLog:
    """Reads ffmpeg's lines (``-loglevel repeat+level+verbose``, filters ``settb`` and ``metadata=print``) as they come.

    Memory grows by eight bytes a frame only: messages are counted by their text with numbers masked,
    which also makes their order, free between ffmpeg's threads, irrelevant.
    """

    def __init__(self, *hidden: str, on_stream: Callable[[str], None] | None = None) -> None:
        self._hidden = hidden
        """Texts that must not reach the messages, such as the video's path."""
        self._on_stream = on_stream
        """Told ffmpeg's description of the stream that it decodes, before the first picture; may raise."""
        self._streams: dict[str, str] = {}
        self._seconds_per_tick = 0.0
        self._in_header = True
        self._complaints: Counter[str] = Counter()
        self.timestamps: list[float] = []
        """Seconds, one a frame; NaN where the frame had none."""
        self.rotation = 0
        """Clockwise degrees by which the frames were turned for display."""
        self.num_packets = 0
        """Compressed frames the demuxer delivered; 0 where ffmpeg did not come to its end."""
        self.num_errors = 0
        """Complaints of the demuxer or of the video's decoder that mean damage."""
        self.num_errors_before_first_picture = 0
        """Those of ``num_errors`` before the decoder had a picture; told with ``-debug_ts`` only, else all of them."""
        self.refused_size = ""
        """``32752x32752``: of a picture above ``-max_pixels``, or above what ffmpeg takes at all."""
        self._has_picture = False

    def read_line(self, line: str) -> bool:
        """Take one line; always False: nothing needs keeping beside this object."""
        match = _LINE.match(line)
        if match is None:
            return False
        contexts, level, text = _CONTEXT.findall(match[1]), match[2], match[3]
        if contexts and contexts[0].startswith(("Parsed_settb", "Parsed_metadata")):
            self._read_time(text)
        elif level == "info" and self._in_header:
            self._read_header(text)
        elif level == "info" and text.startswith(_PICTURE):
            self._has_picture = True
        elif level == "info" and (mapped := _MAPPED.match(text)) and self._on_stream is not None:
            self._on_stream(self._streams.get(mapped[1], ""))
        elif level == "verbose" and (packets := _PACKETS.match(text)):
            self.num_packets = max(self.num_packets, int(packets[1]))
        if level in _ERROR_LEVELS or level == "warning" or _DAMAGE.search(text):
            self._read_complaint(contexts, level, text)
        return False

    def messages(self) -> str:
        """One line for each kind of complaint, sorted: ``3 x [h264] [error] Invalid NAL unit size (N > N).``"""
        lines = [f"{count} x {text}" for text, count in sorted(self._complaints.items())]
        return "\n".join(lines[:_MAX_DISTINCT])

    def _read_time(self, text: str) -> None:
        if frame := _FRAME.match(text):
            ticks = frame[1]
            self.timestamps.append(float("nan") if ticks == "NOPTS" else int(ticks) * self._seconds_per_tick)
        elif time_base := _TIME_BASE.match(text):
            self._seconds_per_tick = int(time_base[1]) / max(1, int(time_base[2]))

    def _read_header(self, text: str) -> None:
        if described := _STREAM.match(text):
            self._streams.setdefault(described[1], described[2])
        elif text.startswith("Stream mapping"):
            self._in_header = False
        elif (turned := _ROTATION.search(text)) and self.rotation == 0:
            self.rotation = round(-float(turned[1])) % 360

    def _read_complaint(self, contexts: list[str], level: str, text: str) -> None:
        if any(context.startswith(_OUTPUT_CONTEXTS) or _is_audio(context) for context in contexts):
            return
        if too_large := _TOO_LARGE.match(text):
            self.refused_size = too_large[1]
        is_damage = level in _ERROR_LEVELS or _DAMAGE.search(text) is not None
        if is_damage and not _HARMLESS.search(text):
            self.num_errors += 1
            self.num_errors_before_first_picture += not self._has_picture
        for hidden in self._hidden:
            text = text.replace(hidden, "<video>")
        where = "".join(f"[{_INDEX.sub('#N', context)}] " for context in contexts)
        kind = f"{where}[{level}] {_NUMBER.sub('N', text)}"[:_MAX_MESSAGE_CHARS]
        if kind in self._complaints or len(self._complaints) < 10 * _MAX_DISTINCT:
            self._complaints[kind] += 1


@cache
def _is_audio(context: str) -> bool:
    """Whether a message comes from an audio decoder, which only looks at the stream's parameters."""
    import av

    try:
        return bool(av.Codec(context.removeprefix("dec:"), "r").type == "audio")
    except ValueError:
        return False
