"""A process ends with the one that it works for, however that ended."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import wait

_WATCH_SECONDS = 0.2


def end_with_starter() -> None:
    """End this process with the one that started it, of which nothing but its number is known."""
    starter = os.getppid()

    def gone() -> None:
        while os.getppid() == starter:
            time.sleep(_WATCH_SECONDS)

    _end_when(gone)


def end_with_parent() -> None:
    """End this worker of ``multiprocessing`` when its stage is killed: it would wait for work for ever.

    A fork server may have started it, so the number of its starter does not tell.
    """
    parent = parent_process()
    assert parent is not None
    sentinel = parent.sentinel
    _end_when(lambda: wait([sentinel]))


def _end_when(gone: Callable[[], object]) -> None:
    """End this process, wherever it is, as soon as ``gone`` returns."""

    def watch() -> None:
        gone()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
