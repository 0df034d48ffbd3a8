"""As `clips`, but no file is in the file cache: ours against reference E, whose files are many times as large."""

from __future__ import annotations

from benchmarks.pairs import Found, Options
from benchmarks.rows import clips


def measure(options: Options) -> Found:
    return clips.measure(options, cold=True)
