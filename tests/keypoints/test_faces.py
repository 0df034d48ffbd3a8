"""Several people at once: counted in a few frames, and never where there is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from actionrec.core.arrays import Frames
from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.section import ExtractParams
from actionrec.keypoints.faces import at_once, count_faces, looked_at, read_counts
from actionrec.synthetic.plan import plan_clips, render_clip
from tests.helpers import write_frames
from tests.synthetic.helpers import tiny


def counted(frames_path: Path) -> list[int]:
    count_faces(frames_path, frames_path.with_suffix(".json"))
    return read_counts(frames_path.with_suffix(".json"))


def people(group: int) -> Frames:
    """Four frames of one rendered person, half a second apart."""
    params = tiny(min_frames=40, max_frames=40)
    spec = next(spec for spec in plan_clips(params) if (spec.label, spec.group) == ("wave", group))
    return np.stack(list(render_clip(spec, params))[::10])


def test_the_frames_looked_at_stand_in_equal_parts() -> None:
    assert looked_at(0).tolist() == []
    assert looked_at(1).tolist() == [0]
    assert looked_at(20).tolist() == [5, 15]
    assert looked_at(43).tolist() == [4, 12, 21, 30, 38]
    assert looked_at(10_000).tolist() == list(range(500, 10_000, 1000))


def test_a_second_face_counts_in_two_frames() -> None:
    assert at_once([]) == 0
    assert at_once([2]) == 2
    assert at_once([1, 0, 0]) == 0
    assert at_once([1, 3, 1, 1]) == 1
    assert at_once([1, 3, 1, 2]) == 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of MediaPipe, on import
def test_one_person_and_two_side_by_side(tmp_path: Path) -> None:
    first, second = people(1), people(3)
    middle = slice(first.shape[2] // 4, first.shape[2] * 3 // 4)
    both = np.concatenate([first[:, :, middle], second[:, :, middle]], axis=2)
    for name, frames in {"one": first, "both": both}.items():
        write_frames(tmp_path / f"{name}.h5", np.repeat(frames, 5, axis=0))
    assert counted(tmp_path / "one.h5") == [1, 1]
    assert counted(tmp_path / "both.h5") == [2, 2]


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("clip", "several"),
    [
        ("BoxingPunchingBag/v_BoxingPunchingBag_g04_c06", True),
        ("JumpingJack/v_JumpingJack_g08_c03", True),
        ("JumpingJack/v_JumpingJack_g16_c04", False),
        ("JugglingBalls/v_JugglingBalls_g13_c03", False),
    ],
)
def test_people_in_real_clips(clip: str, several: bool, real_clips: Path, tmp_path: Path) -> None:
    video = real_clips / "ucf101/UCF-101" / f"{clip}.avi"
    params = ExtractParams(short_side=256, jpeg_quality=2, timeout_seconds=600.0, images_per_second=25.0)
    extract_video(video, tmp_path / "frames.h5", params=params, fingerprint="")
    assert (at_once(counted(tmp_path / "frames.h5")) > 1) is several
