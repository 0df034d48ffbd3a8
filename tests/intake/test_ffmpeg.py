from __future__ import annotations

import os
import resource
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.intake import ffmpeg
from actionrec.intake.ffmpeg import FfmpegResult, ffmpeg_filters, ffmpeg_program, ffmpeg_version, run_ffmpeg

Script = Callable[[str], None]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts a shell script in the place of ffmpeg."""

    def install(body: str) -> None:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(ffmpeg, "ffmpeg_program", lambda: str(path))

    return install


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def _wait_for_end(pid: int) -> bool:
    for _ in range(200):
        try:
            if not _is_alive(pid):
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def test_frames_go_in_and_come_out_unchanged() -> None:
    frames = [bytes([value]) * 64 for value in range(200)]
    received = bytearray()
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "8x8"]
    result = run_ffmpeg(
        ["-hide_banner", *raw, "-i", "pipe:0", *raw, "pipe:1"], timeout_seconds=60, feed=frames, drain=received.extend
    )
    assert (result.returncode, result.timed_out) == (0, False)
    assert bytes(received) == b"".join(frames)


def test_version_is_of_the_program() -> None:
    assert ffmpeg_version() in ffmpeg._banner(ffmpeg_program()).splitlines()[0]


def test_much_output_on_both_pipes_does_not_deadlock(script: Script) -> None:
    script("head -c 3000000 /dev/zero | tr '\\0' 'e' >&2; head -c 3000000 /dev/zero; echo end >&2; exit 3")
    received = []
    result = run_ffmpeg([], timeout_seconds=60, drain=lambda block: received.append(len(block)))
    assert (result.returncode, result.timed_out) == (3, False)
    assert sum(received) == 3_000_000
    assert len(result.stderr) < 400_000
    assert "bytes left out" in result.stderr
    assert result.stderr.endswith("end\n")


def test_output_nobody_wants_is_thrown_away(script: Script) -> None:
    script("head -c 3000000 /dev/zero")
    assert run_ffmpeg([], timeout_seconds=60) == FfmpegResult(0, "", timed_out=False)


def test_head_and_tail_of_long_messages_are_kept(script: Script) -> None:
    script("echo first >&2; i=0; while [ $i -lt 40000 ]; do echo line $i; i=$((i+1)); done >&2; echo last >&2")
    text = run_ffmpeg([], timeout_seconds=60).stderr
    assert text.startswith("first\nline 0\n")
    assert text.endswith("line 39999\nlast\n")
    assert "bytes left out" in text


def test_filtered_lines_are_seen_but_not_kept(script: Script) -> None:
    script("printf 'one\\ntwo\\nthree' >&2")
    seen = []

    def keep(line: str) -> bool:
        seen.append(line)
        return line != "two"

    assert run_ffmpeg([], timeout_seconds=60, stderr_filter=keep).stderr == "one\nthree\n"
    assert seen == ["one", "two", "three"]


def test_a_reader_that_stops_early_ends_the_feeding(script: Script) -> None:
    script("head -c 10 >/dev/null; exit 5")
    result = run_ffmpeg([], timeout_seconds=60, feed=(bytes(65536) for _ in range(10_000)))
    assert (result.returncode, result.timed_out) == (5, False)


def test_time_out_kills_also_the_childrens_children(script: Script, tmp_path: Path) -> None:
    script(f"sh -c 'sleep 600 & echo $! > {tmp_path}/pid; wait' & wait")
    result = run_ffmpeg([], timeout_seconds=1.0)
    assert (result.returncode, result.timed_out) == (-9, True)
    assert _wait_for_end(int((tmp_path / "pid").read_text()))


def test_a_program_that_closes_its_pipes_is_still_bounded(script: Script) -> None:
    script("exec sleep 600 </dev/null >/dev/null 2>/dev/null")
    assert run_ffmpeg([], timeout_seconds=1.0) == FfmpegResult(-9, "", timed_out=True)


def test_an_exception_of_drain_kills_the_program(script: Script, tmp_path: Path) -> None:
    script(f"echo $$ > {tmp_path}/pid; echo block; exec sleep 600")

    def drain(block: bytes) -> None:
        raise ValueError(block)

    with pytest.raises(ValueError, match="block"):
        run_ffmpeg([], timeout_seconds=60, drain=drain)
    assert _wait_for_end(int((tmp_path / "pid").read_text()))


def test_an_exception_of_feed_kills_the_program(script: Script, tmp_path: Path) -> None:
    script(f"echo $$ > {tmp_path}/pid; exec sleep 600")

    def feed() -> Iterator[bytes]:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        yield b"x"
        raise KeyError("frame")

    with pytest.raises(KeyError, match="frame"):
        run_ffmpeg([], timeout_seconds=60, feed=feed())
    assert _wait_for_end(int((tmp_path / "pid").read_text()))


@pytest.fixture
def forget_program() -> Iterator[None]:
    ffmpeg.ffmpeg_program.cache_clear()
    yield
    ffmpeg.ffmpeg_program.cache_clear()


@pytest.mark.parametrize(
    ("versions", "is_taken"),
    [
        (("57. 28.100", None), True),  # the oldest that will do, where there is no other
        (("57. 28.100", "59. 39.100"), False),
        (("59. 39.100", "59. 39.100"), True),
        (("61.  1.102", "59. 39.100"), True),
        (("56. 70.100", "55.  1.100"), False),
    ],
)
def test_the_newest_program_is_taken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forget_program: None,
    versions: tuple[str, str | None],
    is_taken: bool,
) -> None:
    """``versions`` are libavutil's, of the one on PATH and of the packaged one."""
    import imageio_ffmpeg

    libavutil, packaged = versions

    def program(name: str, version: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho ffmpeg version 1\necho 'libavutil      {version} / {version}'\n")
        path.chmod(0o755)
        return path

    def of_package() -> Path:
        if packaged is None:
            raise RuntimeError("No ffmpeg exe could be found")
        return program("packaged", packaged)

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", of_package)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    on_path = program("ffmpeg", libavutil)
    assert ffmpeg_program() == str(on_path if is_taken else tmp_path / "packaged")


def test_filters_are_those_of_the_program() -> None:
    assert {"scale", "setsar", "metadata"} <= ffmpeg_filters()
    assert "Filters" not in ffmpeg_filters()


def test_memory_is_bounded() -> None:
    frame = ["-f", "lavfi", "-i", "color=s=8192x8192:r=2:d=1,format=rgba64le"]  # half a gigabyte a frame
    result = run_ffmpeg([*frame, "-f", "null", "-"], timeout_seconds=60, memory_bytes=400 << 20)
    assert "Cannot allocate memory" in result.stderr


@pytest.mark.parametrize(("mine", "asked", "holds"), [(1 << 30, 4 << 30, 1 << 30), (4 << 30, 1 << 30, 1 << 30)])
def test_a_lower_limit_of_the_user_stays(monkeypatch: pytest.MonkeyPatch, mine: int, asked: int, holds: int) -> None:
    """Who is not root may not raise a limit, and every video would fail."""
    found = []
    prlimit = resource.prlimit

    def as_of_a_user(process: int, kind: int, *limits: tuple[int, int]) -> tuple[int, int]:
        found.extend(limits)
        return prlimit(process, kind, *limits) if limits else (mine, mine)

    monkeypatch.setattr(resource, "prlimit", as_of_a_user)
    assert run_ffmpeg(["-version"], timeout_seconds=60, memory_bytes=asked).returncode == 0
    assert found == [(holds, holds)]


def test_no_program_at_all_names_the_remedy(monkeypatch: pytest.MonkeyPatch, forget_program: None) -> None:
    import imageio_ffmpeg

    def absent() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", absent)
    with pytest.raises(ActionrecError, match="pip install imageio-ffmpeg"):
        ffmpeg_program()
