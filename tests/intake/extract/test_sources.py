"""Parts of videos, folders of images, animations, and arrays of keypoints."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.intake.extract.making import LOSSLESS, PARAMS, moving_bars, write_video

from actionrec.intake.extract.arguments import Span
from actionrec.intake.extract.frames import BLANK_SIZE, FrameFile, open_frames
from actionrec.intake.extract.sources import Source, extract_source
from actionrec.intake.screen.rules import ScreenParams
from actionrec.intake.screen.videos import Verdict, screen_video

SCREEN = ScreenParams(
    min_frames=3,
    max_missing_frames=1,
    max_gap_steps=2.5,
    max_decode_errors=0,
    blank_contrast=2.0,
    max_blank_fraction=0.5,
)


def extracted(source: Source, tmp_path: Path) -> FrameFile:
    path = tmp_path / "out" / "frames.h5"
    extract_source(source, path, params=PARAMS, fingerprint="test")
    return open_frames(path)


def judged(frames: FrameFile) -> Verdict:
    return screen_video(frames.path, SCREEN)


def levels(frames: FrameFile) -> list[int]:
    """Of the first bar of each frame, in steps of 24."""
    decoded = frames.decode(np.arange(frames.num_frames))
    return [round((int(level) - 40) / 24) for level in decoded[:, 32, 8, 0]]


@pytest.mark.parametrize(
    ("name", "coding"),
    [
        ("a.mkv", LOSSLESS),
        ("a.mp4", ("-c:v", "libx264", "-crf", "4", "-pix_fmt", "yuv420p", "-g", "30", "-bf", "2")),
        ("a.avi", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2")),
    ],
)
def test_a_part_holds_the_frames_of_its_seconds_and_is_kept(tmp_path: Path, name: str, coding: tuple[str, ...]) -> None:
    video = write_video(tmp_path / name, moving_bars(50), coding=coding)
    frames = extracted(Source(video, Span(0.4, 1.2)), tmp_path)
    assert levels(frames) == [number % 8 for number in range(10, 30)]
    np.testing.assert_allclose(frames.timestamps - frames.timestamps[0], np.arange(20) / 25, atol=0.0011)
    assert judged(frames).reason == ""
    last = extracted(Source(video, Span(1.6, 0.0)), tmp_path)
    assert levels(last) == [number % 8 for number in range(40, 50)]
    assert judged(last).reason == ""


def test_a_part_after_the_end_of_the_file_is_rejected(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.mkv", moving_bars(50))
    late = judged(extracted(Source(video, Span(1.0, 9.0)), tmp_path))
    assert (late.reason, late.num_frames) == ("decode_errors", 25)
    assert "it ends at" in late.evidence
    assert judged(extracted(Source(video, Span(5.0, 5.5)), tmp_path)).reason == "unreadable"


def image_folder(folder: Path, count: int, *, suffix: str = ".png") -> Path:
    folder.mkdir(parents=True)
    for number, frame in enumerate(moving_bars(count), start=1):
        cv2.imwrite(str(folder / f"img {number}{suffix}"), frame)
    return folder


def test_a_folder_of_images_is_a_video_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "wave" / "%04d [1] 'x'", 12)
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")
    frames = extracted(Source(folder), tmp_path)
    assert levels(frames) == [number % 8 for number in range(12)]
    assert frames.timestamps.tolist() == pytest.approx((np.arange(12) / 25).tolist())
    assert (frames.width, frames.height) == (96, 64)
    verdict = judged(frames)
    assert (verdict.reason, verdict.timing.fps) == ("", pytest.approx(25))


def test_an_image_that_cannot_be_read_counts_and_large_ones_shrink(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "wave" / "one", 8, suffix=".jpg")
    (folder / "img 4.jpg").write_bytes((folder / "img 4.jpg").read_bytes()[:30])
    frames = extracted(Source(folder), tmp_path)
    assert frames.num_frames == 7
    verdict = judged(frames)
    assert (verdict.reason, verdict.decode_errors) == ("decode_errors", 1)
    small = PARAMS.model_copy(update={"short_side": 32})
    extract_source(Source(folder), tmp_path / "small.h5", params=small, fingerprint="test")
    assert open_frames(tmp_path / "small.h5").decode([0]).shape == (1, 32, 48, 3)


def test_images_stop_when_time_is_over(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "wave" / "one", 4)
    hasty = PARAMS.model_copy(update={"timeout_seconds": 1e-9})
    assert extract_source(Source(folder), tmp_path / "a.h5", params=hasty, fingerprint="test") == 0
    assert judged(open_frames(tmp_path / "a.h5")).evidence.startswith("decoding did not end")


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animations_keep_their_times(tmp_path: Path, suffix: str) -> None:
    images = [Image.fromarray(frame) for frame in moving_bars(8)]
    file = tmp_path / f"a{suffix}"
    times = [40, 40, 100, 40, 40, 40, 40, 40]
    images[0].save(file, save_all=True, append_images=images[1:], duration=times, loop=0, lossless=True)
    frames = extracted(Source(file), tmp_path)
    assert levels(frames) == list(range(8))
    expected = np.cumsum([0, *times[:-1]]) / 1000
    np.testing.assert_allclose(frames.timestamps, expected, atol=0.0011)
    assert judged(frames).num_frames == 8


@pytest.mark.parametrize("is_folder", [True, False])
def test_images_of_more_pixels_than_allowed_are_not_decoded(tmp_path: Path, *, is_folder: bool) -> None:
    source = image_folder(tmp_path / "wave" / "one", 4)
    if not is_folder:
        images = [Image.fromarray(frame) for frame in moving_bars(4)]
        source = tmp_path / "a.webp"
        images[0].save(source, save_all=True, append_images=images[1:])
    low = PARAMS.model_copy(update={"max_pixels": 100})
    assert extract_source(Source(source), tmp_path / "a.h5", params=low, fingerprint="test") == 0


def test_a_damaged_animation_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "a.webp"
    file.write_bytes(b"RIFF\x10\0\0\0WEBPVP8 nothing")
    assert judged(extracted(Source(file), tmp_path)).reason == "unreadable"


def keypoints(num_frames: int) -> np.ndarray:
    values = np.random.default_rng(0).random((num_frames, 1662)).astype(np.float32)
    values[2, -63:] = 0
    return values


def test_arrays_stand_in_the_place_of_pictures(tmp_path: Path) -> None:
    expected = keypoints(12)
    folder = tmp_path / "hello" / "0"
    folder.mkdir(parents=True)
    for number, row in enumerate(expected):
        np.save(folder / f"{number}.npy", row)
    np.save(tmp_path / "one.npy", expected.astype(np.float64))
    np.save(tmp_path / "many.npy", np.stack([expected * 0, expected]))
    np.savez_compressed(tmp_path / "many.npz", X_b=np.stack([expected, expected * 0]), X_a=(expected * 0)[None], y=[1])
    for source in (
        Source(folder),
        Source(tmp_path / "one.npy"),
        Source(tmp_path / "many.npy", array_index=1),
        Source(tmp_path / "many.npz", array_index=1),
    ):
        frames = extracted(source, tmp_path)
        assert frames.keypoints is not None
        np.testing.assert_array_equal(frames.keypoints, expected)
        assert (frames.num_frames, frames.has_pictures) == (12, False)
        assert frames.decode([3, 4]).shape == (2, *BLANK_SIZE, 3)
        verdict = judged(frames)
        assert (verdict.reason, verdict.width, verdict.quality.signature) == ("", 0, "")


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('unpickled')",)


def test_arrays_are_never_unpickled_and_faults_are_reasons(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01")
    np.save(tmp_path / "flat.npy", np.zeros(1662))
    for name in ("objects", "pickle", "cut", "flat"):
        verdict = judged(extracted(Source(tmp_path / f"{name}.npy"), tmp_path))
        assert (name, verdict.reason) == (name, "unreadable")
    broken = keypoints(12)
    broken[5, 7] = np.nan
    np.save(tmp_path / "nan.npy", broken)
    verdict = judged(extracted(Source(tmp_path / "nan.npy"), tmp_path))
    assert (verdict.reason, verdict.decode_errors) == ("decode_errors", 1)
