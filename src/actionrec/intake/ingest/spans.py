"""Start and end of a part of a video, as people write them."""

from __future__ import annotations

import math
import re

from actionrec.core.errors import ActionrecError

_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_NUMBER = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+")


def seconds_of(text: str) -> float | None:
    """``12.5``, ``12,5`` and ``1:02:03.5`` in seconds; ``None`` for anything else."""
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, rest = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    return value if math.isfinite(value) else None


def span_of(start: str, end: str, *, where: str) -> tuple[float, float]:
    """Start and end in seconds, to the millisecond; an empty start is 0, an empty end 0, which stands for the file's.

    Raises :class:`ActionrecError`, beginning with ``where``, for what is no time, and for an end before the start.
    """
    found = []
    for name, text in (("start", start), ("end", end)):
        seconds = seconds_of(text or "0")
        if seconds is None:
            raise ActionrecError(f"{where}: {name} {text!r} is no time; write seconds (12.5) or 1:02:03.5")
        found.append(round(seconds, 3))
    if end and found[1] <= found[0]:
        raise ActionrecError(f"{where}: end {end!r} is not after start {start or '0'!r}")
    return found[0], found[1]
