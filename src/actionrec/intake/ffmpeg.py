"""Runs the ffmpeg program: pipes always drained, time bounded, and no process left behind."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import IO

from actionrec.core.errors import ActionrecError

_BLOCK_BYTES = 1 << 16
_STDERR_KEPT_BYTES = 1 << 18
_LONGEST_LINE_BYTES = 1 << 16
# `-fps_mode` came with ffmpeg 5.1; libavutil's number is in every build's banner, a release's is not.
_OLDEST_LIBAVUTIL = (57, 28)


@dataclass(frozen=True)
class FfmpegResult:
    """How a run of ffmpeg ended."""

    returncode: int
    """As of :mod:`subprocess`: negative for a signal."""
    stderr: str
    """What it said; the middle is left out of very long output."""
    timed_out: bool


@cache
def ffmpeg_program() -> str:
    """Path of the newest ffmpeg that there is, 5.1 at least: on ``PATH``, or the one in ``imageio-ffmpeg``.

    Newer ones complain of fewer harmless things and crash on fewer files. Of two that are equally new the one on
    ``PATH`` is taken.
    """
    on_path = shutil.which("ffmpeg")
    age = _libavutil_version(_banner(on_path)) if on_path else (0, 0)
    try:
        import imageio_ffmpeg

        packaged = str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        if on_path and age >= _OLDEST_LIBAVUTIL:
            return on_path
        found = f"{on_path} is older than 5.1" if on_path else "there is none on PATH"
        raise ActionrecError(
            f"ffmpeg 5.1 or newer is needed: {found}, and imageio-ffmpeg brings none ({error}); "
            "install ffmpeg, or run `pip install imageio-ffmpeg`"
        ) from error
    if on_path and age >= max(_OLDEST_LIBAVUTIL, _libavutil_version(_banner(packaged))):
        return on_path
    return packaged


@cache
def ffmpeg_version() -> str:
    """The version :func:`ffmpeg_program` reports, for example ``7.0.2-static``."""
    match = re.match(r"ffmpeg version (\S+)", _banner(ffmpeg_program()))
    if match is None:
        raise ActionrecError(f"{ffmpeg_program()} does not report a version; is it ffmpeg?")
    return match[1]


@cache
def ffmpeg_filters() -> frozenset[str]:
    """Names of the filters that :func:`ffmpeg_program` was built with."""
    return frozenset(re.findall(r"^ *[.A-Z]{2,3} +(\w+) +[AVN|]+->", _listed("-filters"), re.MULTILINE))


@cache
def ffmpeg_decoders() -> frozenset[str]:
    """Names of the video decoders that :func:`ffmpeg_program` was built with."""
    return frozenset(re.findall(r"^ *V[.A-Z]{5} +([\w-]+) ", _listed("-decoders"), re.MULTILINE))


def _listed(what: str) -> str:
    arguments = [ffmpeg_program(), "-hide_banner", what]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False).stdout


def _banner(program: str) -> str:
    try:
        return subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _libavutil_version(banner: str) -> tuple[int, int]:
    match = re.search(r"^libavutil\s+(\d+)\.\s*(\d+)", banner, re.MULTILINE)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def run_ffmpeg(
    arguments: Sequence[str],
    *,
    timeout_seconds: float,
    memory_bytes: int | None = None,
    feed: Iterable[bytes] | None = None,
    drain: Callable[[bytes], None] | None = None,
    stderr_filter: Callable[[str], bool] | None = None,
) -> FfmpegResult:
    """Run ffmpeg with ``arguments`` (without the program) until it ends or ``timeout_seconds`` pass.

    ``feed`` is written to its standard input; ffmpeg that stops reading early ends the feeding, and
    its return code tells why. ``drain`` takes its standard output in blocks of any length.
    ``memory_bytes`` bounds its address space, where the system can (Linux): it then reports that memory is short, and
    this process goes on. ``stderr_filter`` sees each line of its standard error and returns whether to keep it in the
    result. ffmpeg runs in a process group of its own, which is killed when time is up and when
    ``feed``, ``drain`` or ``stderr_filter`` raises; the exception then goes on to the caller.
    """
    deadline = time.monotonic() + timeout_seconds
    process = subprocess.Popen(
        [ffmpeg_program(), *arguments],
        stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    messages = _Messages(stderr_filter)
    timed_out = True
    try:
        with process, contextlib.ExitStack() as on_error:
            on_error.callback(_kill_group, process)
            if memory_bytes is not None and hasattr(resource, "prlimit"):
                _bound_memory(process, memory_bytes)
            timed_out = not _pump(process, deadline=deadline, feed=feed, drain=drain, messages=messages)
            if not timed_out:
                timed_out = not _has_ended(process, deadline)
            if not timed_out:
                on_error.pop_all()
    finally:
        messages.close()
    return FfmpegResult(process.returncode, messages.text(), timed_out)


def _bound_memory(process: subprocess.Popen[bytes], num_bytes: int) -> None:
    """Bound its address space; where the user may have less, that bound stays."""
    with contextlib.suppress(ProcessLookupError):
        _, most = resource.prlimit(process.pid, resource.RLIMIT_AS)
        limit = num_bytes if most == resource.RLIM_INFINITY else min(num_bytes, most)
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))


def _pump(
    process: subprocess.Popen[bytes],
    *,
    deadline: float,
    feed: Iterable[bytes] | None,
    drain: Callable[[bytes], None] | None,
    messages: _Messages,
) -> bool:
    """Serve the pipes until both outputs are closed; False when the deadline came first.

    One thread and readiness instead of a thread a pipe: nothing can block, so nothing can deadlock.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    with selectors.DefaultSelector() as selector:
        sinks: dict[IO[bytes], Callable[[bytes], None]] = {
            process.stdout: drain or _discard,
            process.stderr: messages.add,
        }
        for pipe in sinks:
            selector.register(pipe, selectors.EVENT_READ)
        feeder = None
        if feed is not None:
            assert process.stdin is not None
            feeder = _Feeder(process.stdin, feed)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        open_outputs = set(sinks)
        while open_outputs:
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                return False
            for key, _ in ready:
                pipe = key.fileobj  # type: ignore[assignment]
                if feeder is not None and pipe is feeder.pipe:
                    if not feeder.step():
                        selector.unregister(pipe)
                        feeder.close()
                elif block := os.read(key.fd, _BLOCK_BYTES):
                    sinks[pipe](block)
                else:
                    selector.unregister(pipe)
                    open_outputs.discard(pipe)
        if feeder is not None:
            feeder.close()
    return True


def _discard(_block: bytes) -> None:
    pass


def _has_ended(process: subprocess.Popen[bytes], deadline: float) -> bool:
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The leader is not reaped before this, so its number cannot belong to another group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class _Feeder:
    """Writes an iterable of blocks to a pipe, as much as fits at a time."""

    def __init__(self, pipe: IO[bytes], blocks: Iterable[bytes]) -> None:
        self.pipe = pipe
        os.set_blocking(pipe.fileno(), False)
        self._blocks: Iterator[bytes] = iter(blocks)
        self._left = memoryview(b"")

    def step(self) -> bool:
        """Write once; False when there is nothing left or nobody reads any more."""
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._left = memoryview(block).cast("B")
        try:
            written = os.write(self.pipe.fileno(), self._left[:_BLOCK_BYTES])
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            return False
        self._left = self._left[written:]
        return True

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.pipe.close()


class _Messages:
    """The lines of standard error: filtered, then the first and the last half of the limit kept."""

    def __init__(self, keep: Callable[[str], bool] | None) -> None:
        self._keep = keep
        self._line = bytearray()
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out_bytes = 0

    def add(self, block: bytes) -> None:
        self._line += block
        *lines, rest = self._line.split(b"\n")
        self._line = rest
        for line in lines:
            self._take(bytes(line))
        if len(self._line) > _LONGEST_LINE_BYTES:
            self.close()

    def close(self) -> None:
        """Take a last line that has no end."""
        if self._line:
            line, self._line = bytes(self._line), bytearray()
            self._take(line)

    def _take(self, line: bytes) -> None:
        if self._keep is not None and not self._keep(line.decode("utf-8", "replace")):
            return
        half = _STDERR_KEPT_BYTES // 2
        if not self._tail and len(self._head) + len(line) < half:
            self._head += line + b"\n"
            return
        self._tail += line + b"\n"
        if len(self._tail) > 2 * half:  # trimmed rarely, so that each byte moves once or twice
            self._left_out_bytes += len(self._tail) - half
            del self._tail[:-half]

    def text(self) -> str:
        extra = max(0, len(self._tail) - _STDERR_KEPT_BYTES // 2)
        left_out = self._left_out_bytes + extra
        middle = f"[{left_out} bytes left out]\n".encode() if left_out else b""
        return (self._head + middle + self._tail[extra:]).decode("utf-8", "replace")
