"""Which frame is shown when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.core.times import shown_at

RATES = st.sampled_from([5.0, 10.0, 12.5, 15.0, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0])


def test_without_a_rate_it_is_every_frame_at_its_time() -> None:
    shown = shown_at(np.array([0.5, 0.54, 0.7]), fps=None)
    assert shown.frames.tolist() == [0, 1, 2]
    assert shown.seconds.tolist() == [0.5, 0.54, 0.7]
    assert len(shown_at(np.zeros(0), fps=None)) == 0


def test_at_each_moment_it_is_the_last_frame_whose_time_has_come() -> None:
    times = np.arange(10) / 25  # 0.4 s
    assert shown_at(times, fps=10).frames.tolist() == [0, 2, 5, 7]
    assert shown_at(times, fps=10).seconds.tolist() == pytest.approx([0, 0.1, 0.2, 0.3])
    assert shown_at(times, fps=12.5).frames.tolist() == [0, 2, 4, 6, 8]
    assert shown_at(times, fps=50).frames.tolist() == [i // 2 for i in range(20)]


def test_a_gap_shows_the_frame_before_it() -> None:
    times = np.delete(np.arange(10) / 10, [3, 4, 5])
    assert shown_at(times, fps=10).frames.tolist() == [0, 1, 2, 2, 2, 2, 3, 4, 5, 6]


def test_the_clock_starts_with_the_first_frame() -> None:
    shown = shown_at(8.3 + np.arange(4) / 10, fps=5)
    assert shown.frames.tolist() == [0, 2]
    assert shown.seconds.tolist() == pytest.approx([8.3, 8.5])


def test_times_in_milliseconds_are_rounded_and_meant() -> None:
    times = np.round(np.arange(90) / 30, 3)
    assert shown_at(times, fps=30).frames.tolist() == list(range(90))
    assert shown_at(times, fps=15).frames.tolist() == list(range(0, 90, 2))


def test_one_frame_is_shown_once_and_no_frame_not_at_all() -> None:
    assert shown_at(np.array([3.0]), fps=30).frames.tolist() == [0]
    with pytest.raises(ValueError, match="0 frames"):
        shown_at(np.zeros(0), fps=30)
    with pytest.raises(ValueError, match="fps=0"):
        shown_at(np.zeros(2), fps=0)


def test_a_time_that_goes_back_keeps_the_order() -> None:
    assert shown_at(np.array([0.0, 0.1, 0.05, 0.2, 0.3]), fps=10).frames.tolist() == [0, 2, 3, 4]


@given(RATES, st.integers(1, 200), st.floats(-5, 5))
def test_at_its_own_rate_a_video_shows_each_frame_once(rate: float, num_frames: int, start: float) -> None:
    times = start + np.arange(num_frames) / rate
    assert shown_at(times, fps=rate).frames.tolist() == list(range(num_frames))


@given(RATES, RATES, st.integers(2, 100))
def test_two_rates_have_one_speed(rate: float, fps: float, num_frames: int) -> None:
    """At each moment the frame shown is at most a step old, whatever the rate of the video."""
    times = np.arange(num_frames) / rate
    shown = shown_at(times, fps=fps)
    age = shown.seconds - times[shown.frames]
    assert (age > -0.0011).all()
    assert (age < 1 / rate).all()
    assert abs(len(shown) - num_frames / rate * fps) <= 1 + fps * 0.001


@given(st.lists(st.floats(0.002, 0.5), min_size=1, max_size=60), st.floats(1, 120))
def test_any_times_give_frames_in_order_that_have_come(steps: list[float], fps: float) -> None:
    times = np.cumsum([0, *steps])
    shown = shown_at(times, fps=fps)
    frames = shown.frames
    assert frames[0] == 0
    assert (np.diff(frames) >= 0).all()
    assert frames[-1] < len(times)
    assert (times[frames] <= shown.seconds + 0.0011).all()
    after = np.minimum(frames + 1, len(times) - 1)
    assert ((times[after] > shown.seconds) | (frames == len(times) - 1)).all()
    assert np.allclose(np.diff(shown.seconds), 1 / fps)
