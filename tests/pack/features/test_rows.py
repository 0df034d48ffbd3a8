"""Which frames each vector is made of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from actionrec.core.times import shown_at
from actionrec.pack.features.rows import changing_rows, middle_of_rows, window_rows
from actionrec.pack.features.section import FeatureParams


def params(stride: int = 2, frames: int = 1, step: int = 1) -> FeatureParams:
    return FeatureParams(stride_frames=stride, window_frames=frames, window_stride=step)


def test_every_second_frame() -> None:
    assert window_rows(5, params()).tolist() == [[0], [2], [4]]
    assert window_rows(6, params()).tolist() == [[0], [2], [4]]
    assert window_rows(1, params()).tolist() == [[0]]


def test_windows_that_fit() -> None:
    assert window_rows(7, params(2, 3)).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert window_rows(8, params(2, 3)).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert window_rows(7, params(3, 3, 2)).tolist() == [[0, 2, 4]]


def test_a_short_video_repeats_its_last_frame() -> None:
    assert window_rows(2, params(2, 4)).tolist() == [[0, 1, 1, 1]]


def test_a_row_is_about_the_frame_in_its_middle() -> None:
    every = shown_at(np.arange(7) / 10, fps=None)
    assert middle_of_rows(window_rows(7, params(2, 3)), every).frames.tolist() == [1, 3, 5]
    assert middle_of_rows(window_rows(5, params()), every).frames.tolist() == [0, 2, 4]
    at_five = shown_at(np.arange(7) / 10, fps=5)  # frames 0, 2, 4, 6
    found = middle_of_rows(window_rows(len(at_five), params(1, 3)), at_five)
    assert found.frames.tolist() == [2, 4]
    assert found.seconds.tolist() == [0.2, 0.4]


def test_changes_end_with_the_video() -> None:
    before, after = changing_rows(np.array([[0], [1], [2], [4], [5]]), 6, change_frames=3)
    assert before.tolist() == [[0], [1], [2], [2], [2]]
    assert after.tolist() == [[3], [4], [5], [5], [5]]
    before, after = changing_rows(np.array([[0], [1]]), 2, change_frames=3)
    assert (before.tolist(), after.tolist()) == ([[0], [0]], [[1], [1]])


@given(st.integers(1, 300), st.integers(1, 9), st.integers(1, 20), st.integers(1, 5))
def test_rows_stay_in_the_video_and_keep_their_distance(num_frames: int, stride: int, frames: int, step: int) -> None:
    rows = window_rows(num_frames, params(stride, frames, step))
    assert rows.shape[1] == frames
    assert rows.min() == 0
    assert rows.max() < num_frames
    assert rows[:, 0].tolist() == [stride * place for place in range(len(rows))]
    span = (frames - 1) * step
    if num_frames > span:
        assert (rows[:, -1] - rows[:, 0] == span).all()
        assert num_frames - 1 - rows[-1, -1] < stride
