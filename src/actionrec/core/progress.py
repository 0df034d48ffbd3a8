"""How far a long step has come: a bar on a terminal, elsewhere a line every ten seconds."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

LINE_SECONDS = 10.0
"""From one line to the next where there is no terminal."""


class Progress:
    """Counts what is done of ``total``, and what went wrong; used in a ``with``, for standard error.

    A bar tells rate and time left by itself. Where it would fill a log, lines do, without carriage returns, and one
    at the end; they come by the clock, so that one slow item is no silence. Of a ``total`` of 0 nothing is said.
    ``failed`` is the word for what went wrong, ``None`` where nothing can; ``already`` were done by an earlier run, and
    say nothing of the rate.
    """

    def __init__(self, total: int, *, desc: str, unit: str, failed: str | None = None, already: int = 0) -> None:
        self._total = total
        self._desc = desc
        self._unit = unit
        self._failed = failed
        self._already = already
        self._done = 0
        self._num_failed = 0
        self._stop = threading.Event()
        self._bar: Any = None

    def update(self, count: int = 1, *, failed: int = 0) -> None:
        """``count`` more are done; ``failed`` of them went wrong."""
        self._done += count
        self._num_failed += failed
        if self._bar is not None:
            if failed:
                self._bar.set_postfix_str(f"{self._num_failed} {self._failed}", refresh=False)
            self._bar.update(count)

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        if self._total and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._total, initial=self._already, desc=self._desc, unit=self._unit, mininterval=0.5
            )
        elif self._total:
            self._thread = threading.Thread(target=self._print_lines, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._total:
            self._stop.set()
            self._thread.join()
            self._print(ended=True)

    def _print_lines(self) -> None:
        while not self._stop.wait(LINE_SECONDS):
            self._print(ended=False)

    def _print(self, *, ended: bool) -> None:
        line = progress_line(
            self._already + self._done,
            self._total,
            new=self._done,
            seconds=time.monotonic() - self._start,
            unit=self._unit,
            failures=None if self._failed is None else f"{self._num_failed} {self._failed}",
            ended=ended,
        )
        print(f"{self._desc}: {line}", file=sys.stderr, flush=True)


def progress_line(
    done: int, total: int, *, new: int, seconds: float, unit: str, failures: str | None, ended: bool
) -> str:
    """``42 of 250 videos, 1.3 videos/s, 2 min 40 s left, 3 failed``; when it has ``ended``, how long it took.

    ``new`` of those ``done`` took the ``seconds``.
    """
    count = f"{done} {plural(unit, done)}" if ended and done == total else f"{done} of {total} {unit}s"
    parts = [count]
    if new and seconds > 0:
        rate = new / seconds
        parts.append(f"{rate:.3g} {unit}s/s" if rate >= 1 else f"{1 / rate:.3g} s a {unit}")
        if not ended:
            parts.append(f"{spoken((total - done) / rate)} left")
    if ended:
        parts[0] += f" in {spoken(seconds)}"
    return ", ".join([*parts, *([failures] if failures else [])])


def plural(unit: str, count: int) -> str:
    """``video`` of one, ``videos`` of any other number."""
    return unit if count == 1 else f"{unit}s"


def spoken(seconds: float) -> str:
    """``8 s``, ``2 min 40 s``, ``3 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
