"""Geometry and augmentation of frames."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.clips.images import (
    Box,
    centre_square,
    flip,
    random_box,
    resize_square,
    rotate,
    shift_brightness,
    three_squares,
)
from actionrec.clips.sampling import generator_for


@pytest.fixture
def frames() -> np.ndarray:
    """(2, 4, 6, 3): red counts rows, green columns, blue frames."""
    values = np.zeros((2, 4, 6, 3), np.uint8)
    values[..., 0] = np.arange(4)[None, :, None] * 10
    values[..., 1] = np.arange(6)[None, None, :] * 10
    values[..., 2] = np.arange(2)[:, None, None] * 10
    return values


def test_centre_square():
    assert centre_square(4, 6) == Box(0, 1, 4, 4)
    assert centre_square(7, 5) == Box(1, 0, 5, 5)


def test_a_box_is_cut_out(frames):
    cut = resize_square(frames, size=4, box=centre_square(4, 6))
    assert np.array_equal(cut, frames[:, :, 1:5])
    assert cut.flags.c_contiguous


def test_shrinking_averages(frames):
    small = resize_square(frames, size=2, box=centre_square(4, 6))
    assert small.shape == (2, 2, 2, 3)
    assert small[0, :, :, 0].tolist() == [[5, 5], [25, 25]]
    assert small[0, :, :, 1].tolist() == [[15, 35], [15, 35]]
    assert small[1, 0, 0, 2] == 10


def test_growing_keeps_type_and_shape(frames):
    assert resize_square(frames, size=9).shape == (2, 9, 9, 3)
    assert resize_square(frames, size=9).dtype == np.uint8


@given(height=st.integers(1, 40), width=st.integers(1, 40), size=st.integers(1, 40), seed=st.integers(0, 200))
def test_fast_ways_give_the_values_of_plain_ones(height, width, size, seed):
    generator = generator_for(seed)
    frames = generator.integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    box = random_box(height, width, generator=generator)
    cut = frames[:, box.top : box.top + box.height, box.left : box.left + box.width]
    how = cv2.INTER_AREA if size <= min(box.height, box.width) else cv2.INTER_LINEAR
    plain = np.stack([cv2.resize(frame, (size, size), interpolation=how) for frame in cut])
    before = frames.copy()
    assert np.array_equal(resize_square(frames, size=size, box=box), plain)
    shift = int(generator_for(seed, "shift").integers(-15, 16))
    shifted = shift_brightness(frames, generator=generator_for(seed, "shift"))
    assert np.array_equal(shifted, np.clip(frames.astype(np.int16) + shift, 0, 255))
    assert np.array_equal(flip(frames), frames[:, :, ::-1])
    assert np.array_equal(frames, before)


@given(height=st.integers(1, 200), width=st.integers(1, 200), seed=st.integers(0, 200))
def test_random_boxes_lie_inside_and_are_large(height, width, seed):
    box = random_box(height, width, generator=generator_for(seed))
    assert 0 <= box.top <= box.top + box.height <= height
    assert 0 <= box.left <= box.left + box.width <= width
    if box != centre_square(height, width):
        assert box.height >= round(0.7 * height)
        assert box.width >= round(0.7 * width)


def test_half_of_the_boxes_are_the_centre_square():
    centred = [random_box(120, 160, generator=generator_for(seed)) == Box(0, 20, 120, 120) for seed in range(1000)]
    assert 440 < sum(centred) < 560


def test_brightness_is_one_shift_within_bounds():
    grey = np.full((2, 3, 3, 3), 100, np.uint8)
    shifts = {int(shift_brightness(grey, generator=generator_for(seed))[0, 0, 0, 0]) - 100 for seed in range(400)}
    assert shifts == set(range(-15, 16))
    assert len(np.unique(shift_brightness(grey, generator=generator_for(3)))) == 1
    for level in (0, 255):
        edge = shift_brightness(np.full((1, 2, 2, 3), level, np.uint8), generator=generator_for(1))
        assert abs(int(edge[0, 0, 0, 0]) - level) <= 15


def test_flipping_mirrors_columns(frames):
    assert flip(frames)[0, 0, :, 1].tolist() == [50, 40, 30, 20, 10, 0]
    assert np.array_equal(flip(flip(frames)), frames)


def test_a_share_of_the_centre():
    assert centre_square(256, 340, share=0.875) == Box(16, 58, 224, 224)


def test_three_squares_along_the_longer_side():
    assert three_squares(4, 10) == (Box(0, 3, 4, 4), Box(0, 0, 4, 4), Box(0, 6, 4, 4))
    assert three_squares(10, 4) == (Box(3, 0, 4, 4), Box(0, 0, 4, 4), Box(6, 0, 4, 4))
    assert three_squares(8, 8, share=0.5) == (Box(2, 2, 4, 4), Box(2, 0, 4, 4), Box(2, 4, 4, 4))


def test_rotation_is_one_turn_about_the_middle():
    square = np.zeros((2, 5, 5, 3), np.uint8)
    square[:, 2, :] = 200
    assert np.array_equal(rotate(square, max_degrees=0, generator=generator_for(0)), square)
    quarter = rotate(square, max_degrees=90, generator=_Always(1.0))
    assert np.array_equal(quarter, square.transpose(0, 2, 1, 3))
    turned = rotate(square, max_degrees=40, generator=generator_for(1))
    assert np.array_equal(turned[0], turned[1])
    assert turned[0, 2, 2, 0] == 200


class _Always:
    """A generator that draws ``share`` of the largest value."""

    def __init__(self, share: float) -> None:
        self.share = share

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self.share
