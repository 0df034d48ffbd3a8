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


@contextmanager
def without_noise() -> Iterator[None]:
    """Standard error without such lines, of Python and of all that is beneath it."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        os.dup2(_filter(), 2)
        yield
    finally:
        sys.stderr.flush()
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
