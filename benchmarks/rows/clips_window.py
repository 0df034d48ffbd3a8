"""As `clips`, but of 16 frames in a row from a random start: what a decoder is best at."""

from __future__ import annotations

from benchmarks.pairs import Found, Options
from benchmarks.rows import clips


def measure(options: Options) -> Found:
    return clips.measure(options, sampling="window")
