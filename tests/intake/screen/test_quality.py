from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.intake.extract.making import extracted, moving_bars, write_video

from actionrec.intake.screen.quality import Quality, measure_quality


def _measured(tmp_path: Path, frames: np.ndarray) -> Quality:
    with extracted(write_video(tmp_path / "a.mkv", frames)) as file:
        return measure_quality(file, blank_contrast=2.0)


def test_flat_frames_are_blank_and_still(tmp_path: Path) -> None:
    quality = _measured(tmp_path, np.full((5, 64, 96, 3), 16, np.uint8))
    assert quality.mean_brightness == pytest.approx(16, abs=1)
    assert (quality.contrast, quality.sharpness, quality.motion, quality.blank_fraction) == (0, 0, 0, 1)


def test_numbers_are_those_of_the_plain_formulas(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).integers(0, 256, (5, 32, 48, 3), dtype=np.uint8)
    with extracted(write_video(tmp_path / "a.mkv", frames)) as file:
        grey = file.decode_gray(range(5))
        quality = measure_quality(file, blank_contrast=2.0)
    assert quality.mean_brightness == pytest.approx(grey.mean(), abs=1e-9)
    assert quality.contrast == pytest.approx(np.mean([image.std() for image in grey]), abs=1e-9)
    edges = [cv2.Laplacian(image, cv2.CV_64F).var() for image in grey]
    assert quality.sharpness == pytest.approx(np.mean(edges), rel=1e-12)
    steps = np.abs(np.diff(grey.astype(np.int16), axis=0))
    assert quality.motion == pytest.approx(steps.mean(), rel=1e-12)


def test_share_of_blank_frames(tmp_path: Path) -> None:
    frames = moving_bars(40)
    frames[30:] = 90
    assert _measured(tmp_path, frames).blank_fraction == 0.25


def test_brightness_contrast_and_motion_are_of_the_grey_levels(tmp_path: Path) -> None:
    frames = np.zeros((4, 64, 96, 3), np.uint8)
    frames[::2, :, :48] = 200
    frames[1::2, :, 48:] = 200
    quality = _measured(tmp_path, frames)
    assert quality.mean_brightness == pytest.approx(100, abs=1)
    assert quality.contrast == pytest.approx(100, abs=1)
    assert quality.motion == pytest.approx(200, abs=2)
    assert quality.blank_fraction == 0


def test_blocks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _measured(tmp_path, moving_bars(10))
    monkeypatch.setattr("actionrec.intake.screen.quality._BLOCK_FRAMES", 3)
    assert _measured(tmp_path, moving_bars(10)) == whole


def test_no_frame(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.touch()
    with extracted(video) as frames:
        assert measure_quality(frames, blank_contrast=2.0) == Quality()
