from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.intake.extract.making import extracted, moving_bars, write_video

from actionrec.core.errors import ActionrecError
from actionrec.intake.extract.frames import open_frames


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return extracted(write_video(tmp_path / "a.mkv", moving_bars(8))).path


def test_frames_come_in_the_order_asked_for(path: Path) -> None:
    with open_frames(path) as frames:
        forward = frames.decode([0, 3, 7])
        np.testing.assert_array_equal(frames.decode(np.asarray([7, 3, 3])), forward[[2, 1, 1]])
        assert frames.decode([]).shape == (0, 64, 96, 3)
        assert forward.dtype == np.uint8


def test_channels_are_rgb_and_grey_agrees(tmp_path: Path) -> None:
    red = np.zeros((2, 64, 96, 3), np.uint8)
    red[..., 0] = 250
    with extracted(write_video(tmp_path / "red.mkv", red)) as frames:
        assert np.abs(frames.decode([1]).reshape(-1, 3).mean(axis=0) - (250, 0, 0)).max() < 4
        assert abs(float(frames.decode_gray([1]).mean()) - 0.299 * 250) < 3


def test_encoded_frames_are_jpegs_in_order(path: Path) -> None:
    with open_frames(path) as frames:
        jpegs = frames.jpegs(0, frames.num_frames)
        assert len(jpegs) == 8
        assert all(jpeg[:2].tobytes() == b"\xff\xd8" for jpeg in jpegs)
        np.testing.assert_array_equal(frames.jpegs(3, 4)[0], jpegs[3])


@pytest.mark.parametrize("index", [-1, 8])
def test_a_frame_that_is_not_there_is_an_error(path: Path, index: int) -> None:
    with pytest.raises(IndexError, match="which has 8"):
        open_frames(path).decode([index])


def test_a_reader_travels_to_a_worker(path: Path) -> None:
    frames = open_frames(path)
    assert frames.num_frames == 8
    assert pickle.loads(pickle.dumps(frames)).num_frames == 8


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    frames = open_frames(tmp_path / "none.h5")
    with pytest.raises(ActionrecError, match="dvc repro -f extract"):
        _ = frames.num_frames
