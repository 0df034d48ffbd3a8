"""MediaPipe's chatter, kept from the terminal: it is written by C++ to descriptor 2, out of reach of any setting.

A small process of its own reads what would have come there, drops the lines that say nothing and passes on the rest.
In a thread it would die with a crashing process, and the message that says why with it.
"""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import BinaryIO

NOISE = re.compile(
    rb"INFO: Created TensorFlow Lite XNNPACK delegate for CPU"
    rb"|WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR"
    rb"|I\d{4} \d\d:\d\d:\d"  # whatever absl logs as information
    rb"|W\d{4} \S+ +\d+ inference_feedback_manager\.cc:\d+\] Feedback manager requires a model with a single signature"
    rb"|W\d{4} \S+ +\d+ landmark_projection_calculator\.cc:\d+\] Using NORM_RECT without IMAGE_DIMENSIONS"
)
"""How the lines begin that MediaPipe 0.10.21 prints for every video."""


_LOCK = threading.Lock()
_INSIDE: list[int] = []
"""Of every thread inside, what standard error was before the first came."""


@contextmanager
def without_noise() -> Iterator[None]:
    """Standard error without such lines, of Python and of all that is beneath it, until the last thread leaves."""
    with _LOCK:
        sys.stderr.flush()
        _INSIDE.append(_INSIDE[0] if _INSIDE else os.dup(2))
        if len(_INSIDE) == 1:
            os.dup2(_filter(), 2)
    try:
        yield
    finally:
        with _LOCK:
            sys.stderr.flush()
            saved = _INSIDE.pop()
            if not _INSIDE:
                os.dup2(saved, 2)
                os.close(saved)


@cache
def _filter() -> int:
    """The descriptor from which the one filter of this process reads."""
    # In a session of its own, so that it does not go down by Ctrl-C before what it serves.
    command = [sys.executable, "-I", "-S", __file__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert process.stdin is not None
    # Until the end of this process it runs; a worker's ends with the pipe.
    atexit.register(process.communicate)
    return process.stdin.fileno()


def pass_on(source: BinaryIO, target: BinaryIO) -> None:
    """Copy line after line, without the noise."""
    for line in source:
        if not NOISE.match(line):
            target.write(line)
            target.flush()


if __name__ == "__main__":
    pass_on(sys.stdin.buffer, sys.stderr.buffer)
