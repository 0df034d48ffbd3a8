"""Other people before one wall are no copies; copies are, encoded again, scaled, trimmed or mirrored."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.helpers import write_frames
from tests.intake.extract.making import PARAMS as EXTRACT
from tests.intake.extract.making import encode, write_video
from tests.intake.split.test_methods import PARAMS, video

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ScreenedRow
from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.frames import open_frames
from actionrec.intake.screen.quality import measure_quality
from actionrec.intake.split.duplicates import find_duplicates
from actionrec.intake.split.methods import split_videos
from actionrec.intake.split.moving import SAME, difference_left, moments_of
from actionrec.intake.split.recordings import Recordings
from actionrec.intake.split.section import SplitParams

WIDTH, HEIGHT, FPS = 320, 240, 25
COPIES = {
    "recompressed": ["-c:v", "libx264", "-crf", "28"],
    "scaled": ["-vf", "scale=trunc(iw*0.35)*2:trunc(ih*0.35)*2", "-c:v", "mpeg4", "-q:v", "4"],
    "trimmed": ["-vf", "trim=start_frame=5,setpts=PTS-STARTPTS", "-c:v", "libx264", "-crf", "23"],
    "brighter": ["-vf", "eq=brightness=0.06:contrast=0.9", "-c:v", "libx264", "-crf", "23"],
    "slower_rate": ["-vf", "fps=15", "-c:v", "libx264", "-crf", "23"],
    "mirrored": ["-vf", "hflip", "-c:v", "libx264", "-crf", "23"],
}


@cache
def wall() -> np.ndarray:
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.uniform(60, 200, (9, 12, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(rng.normal(0, 12, (60, 80, 3)), (WIDTH, HEIGHT))
    return np.asarray(coarse + fine, np.float32)


def walker(person: int, height: int, *, num_frames: int = 40) -> np.ndarray:
    """uint8 (n, H, W, 3): a figure ``height`` pixels high that walks before the wall and waves."""
    rng = np.random.default_rng((person, height))
    frames = np.empty((num_frames, HEIGHT, WIDTH, 3), np.uint8)
    colours = rng.uniform(10, 60, (2, 3))
    start, speed = rng.uniform(90, 200), rng.uniform(-1.2, 1.2) * height / 25
    pace, phase = rng.uniform(0.25, 0.6), rng.uniform(0, 6)
    for number in range(num_frames):
        frame = wall() + rng.normal(0, 2, (HEIGHT, WIDTH, 1)).astype(np.float32)
        x, foot = int(start + speed * number), 170
        top = foot - height
        swing = int(height / 5 * np.sin(phase + pace * number))
        cv2.rectangle(
            frame,
            (x - height // 9, top + height // 4),
            (x + height // 9, top + height * 6 // 10),
            colours[0].tolist(),
            -1,
        )
        cv2.circle(frame, (x, top + height // 8), height // 8, (150, 170, 200), -1)
        for side in (-1, 1):
            cv2.line(
                frame, (x, top + height * 6 // 10), (x + side * swing, foot), colours[1].tolist(), max(1, height // 10)
            )
        hand = (x + height // 3, top + height // 3 + swing)
        cv2.line(frame, (x, top + height // 3), hand, colours[0].tolist(), max(1, height // 14))
        frames[number] = np.clip(frame, 0, 255)
    return frames


def extract(path: Path) -> None:
    extract_video(path, path.with_suffix(".h5"), params=EXTRACT, fingerprint=path.stem)


def row_of(path: Path, group: str) -> ScreenedRow:
    with open_frames(path) as frames:
        signature = measure_quality(frames, blank_contrast=2.0).signature
    return ScreenedRow(
        **{**vars(video("walk", group, 0)), "video_id": path.stem, "digest": path.stem, "signature": signature}
    )


def found(rows: list[ScreenedRow], folder: Path, **changes: object) -> list[tuple[str, str, str]]:
    params = SplitParams(**{**PARAMS.model_dump(), "near_duplicate_distance": 0.02, **changes})
    recordings = Recordings(folder, ComputeParams(backend="local", workers=1))
    rows = sorted(rows, key=lambda row: row.video_id)
    return [(pair.duplicate_of, pair.video_id, pair.kind) for pair in find_duplicates(rows, params, recordings)]


@pytest.fixture
def in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("height", [24, 48])
def test_six_people_before_one_wall_are_six(in_project: Path, height: int) -> None:
    """Up to 61 pairs of different people were called near-duplicates, and the run stopped."""
    for person in range(6):
        write_frames(in_project / f"p{person}.h5", walker(person, height), fps=FPS)
    rows = [row_of(in_project / f"p{person}.h5", f"p{person}") for person in range(6)]
    alike = find_duplicates(rows, PARAMS.model_copy(update={"near_duplicate_distance": 0.02}), None)
    assert alike  # by their signatures some would be
    for distance in (0.0, 0.02):
        assert found(rows, in_project, near_duplicate_distance=distance) == []
    split = split_videos(rows, PARAMS, recordings=Recordings(in_project, ComputeParams(backend="local", workers=1)))
    assert not split.guard.leaking


@pytest.mark.parametrize("height", [24, 48])
def test_copies_of_a_small_person_are_found_among_others(in_project: Path, height: int) -> None:
    original = write_video(in_project / "p0.mp4", walker(0, height), coding=("-c:v", "libx264", "-crf", "20"))
    extract(original)
    write_frames(in_project / "p1.h5", walker(1, height), fps=FPS)
    for kind, arguments in COPIES.items():
        copy = in_project / f"p0_{kind}.mp4"
        encode(["-i", str(original), "-fps_mode", "passthrough", *arguments, str(copy)])
        extract(copy)
    straight = [f"p0_{kind}" for kind in COPIES if kind != "mirrored"]
    rows = [row_of(in_project / f"{name}.h5", name) for name in ("p0", "p1", "p0_mirrored", *straight)]
    pairs = found(rows, in_project)
    assert {other for one, other, _ in pairs if one == "p0"} == set(straight)
    assert not any("p1" in pair or "p0_mirrored" in pair for pair in pairs)
    mirrored_wall = found(rows, in_project, mirrored_copies=True)
    assert ("p0", "p0_mirrored", "mirrored") in mirrored_wall
    params = PARAMS.model_copy(update={"near_duplicate_distance": 0.02})
    with pytest.raises(ActionrecError, match="near-duplicate pair"):
        split_videos(rows, params, recordings=Recordings(in_project, ComputeParams(backend="local", workers=1)))


def test_what_was_looked_at_is_not_looked_at_again(in_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for person in range(2):
        write_frames(in_project / f"p{person}.h5", walker(person, 24, num_frames=10), fps=FPS)
    rows = [row_of(in_project / f"p{person}.h5", f"p{person}") for person in range(2)]
    first = found(rows, in_project)
    monkeypatch.setattr("actionrec.intake.split.recordings.moments_of", lambda _: pytest.fail("looked at again"))
    assert found(rows, in_project) == first


def test_two_clips_of_an_empty_room_are_the_same(tmp_path: Path) -> None:
    """Nothing moves in either: nothing tells them apart."""
    rng = np.random.default_rng(1)
    moments = []
    for name in "ab":
        frames = np.clip(wall() + rng.normal(0, 2, (20, HEIGHT, WIDTH, 3)), 0, 255).astype(np.uint8)
        write_frames(tmp_path / f"{name}.h5", frames, fps=FPS)
        with open_frames(tmp_path / f"{name}.h5") as file:
            moments.append(moments_of(file))
    assert difference_left(*moments) == 0.0


def test_long_videos_are_looked_at_less_often_and_still_compare(tmp_path: Path) -> None:
    walk = walker(0, 48, num_frames=60)
    write_frames(tmp_path / "long.h5", walk, fps=1.5)  # 40 seconds
    write_frames(tmp_path / "part.h5", walk[10:40], fps=1.5)
    with open_frames(tmp_path / "long.h5") as one, open_frames(tmp_path / "part.h5") as other:
        long, part = moments_of(one), moments_of(other)
    assert (long.per_second, part.per_second) == (4.0, 8.0)
    assert len(long.pictures) <= 256
    assert difference_left(long, part) < SAME
    assert difference_left(long, part.mirrored()) > 1


@pytest.mark.real
def test_real_people_made_small_before_one_wall(real_clips: Path, in_project: Path) -> None:
    clips = sorted((real_clips / "weizmann" / "jump").glob("*.avi"))[:6]
    for clip in clips:
        target = in_project / f"{clip.stem}.mkv"
        encode(["-i", str(clip), "-an", "-vf", "scale=iw/2:-2", "-c:v", "libx264", "-crf", "20", str(target)])
        extract(target)
    copy = in_project / "copy.mkv"
    encode(["-i", str(in_project / f"{clips[0].stem}.mkv"), "-c:v", "libx264", "-crf", "28", str(copy)])
    extract(copy)
    names = ["copy", *(clip.stem for clip in clips)]
    rows = [row_of(in_project / f"{name}.h5", name) for name in names]
    # However alike the signatures may be, only the copy is one.
    pairs = found(rows, in_project, near_duplicate_distance=0.2)
    assert pairs == [("copy", clips[0].stem, "near_duplicate")]
