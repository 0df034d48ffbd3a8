"""Progress without a terminal: lines by the clock, rate, time left, failures; with one: a bar."""

from __future__ import annotations

import io
import time

import pytest

from actionrec.core.compute import ComputeParams, map_in_order, map_items
from actionrec.core.progress import Progress, progress_line, spoken

SERIAL = ComputeParams(backend="local", workers=1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (160, "2 min 40 s"),
        (3599.6, "1 h 0 min"),
        (11_130, "3 h 5 min"),
    ],
)
def test_durations_are_spoken(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


def line(done: int, total: int, *, new: int | None = None, failures: str | None = None, ended: bool = False) -> str:
    new = done if new is None else new
    return progress_line(done, total, new=new, seconds=20.0, unit="video", failures=failures, ended=ended)


def test_a_line_tells_rate_time_left_and_failures() -> None:
    assert line(40, 100) == "40 of 100 videos, 2 videos/s, 30 s left"
    assert line(4, 100, failures="3 failed") == "4 of 100 videos, 5 s a video, 8 min 0 s left, 3 failed"
    assert line(0, 100, failures="0 failed") == "0 of 100 videos, 0 failed"
    assert line(60, 100, new=40) == "60 of 100 videos, 2 videos/s, 20 s left"
    assert line(100, 100, failures="1 failed", ended=True) == "100 videos in 20 s, 5 videos/s, 1 failed"
    assert line(40, 100, ended=True) == "40 of 100 videos in 20 s, 2 videos/s"


def test_lines_come_by_the_clock_and_without_carriage_returns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("actionrec.core.progress.LINE_SECONDS", 0.05)
    with Progress(3, desc="hash", unit="video", failed="failed") as progress:
        time.sleep(0.3)  # a slow item
        progress.update()
        progress.update(2, failed=1)
    written = capsys.readouterr().err
    first, *_, last = written.splitlines()
    assert first == "hash: 0 of 3 videos, 0 failed"
    assert last.startswith("hash: 3 videos in 0 s, ")
    assert last.endswith(", 1 failed")
    assert "\r" not in written


def test_nothing_to_do_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(map_items(abs, [], compute=SERIAL, desc="t")) == []
    assert capsys.readouterr().err == ""


def test_maps_count_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    items = [-1, 2, -3]
    assert dict(map_items(abs, items, compute=SERIAL, desc="t", failed=lambda n: n > 1)) == {-1: 1, 2: 2, -3: 3}
    assert capsys.readouterr().err.endswith(", 2 failed\n")
    assert list(map_in_order(abs, items, compute=SERIAL, desc="t")) == [1, 2, 3]
    assert capsys.readouterr().err.startswith("t: 3 blocks in 0 s, ")


def test_what_is_stopped_says_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_items((1).__truediv__, [1, 2, 0, 4], compute=SERIAL, desc="t"))
    assert capsys.readouterr().err.startswith("t: 2 of 4 videos in 0 s")


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress(4, desc="t", unit="video", failed="rejected", already=1) as progress:
        progress.update(3, failed=2)
    assert "2 rejected" in terminal.getvalue()
    assert "4/4" in terminal.getvalue()
