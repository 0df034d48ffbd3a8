from __future__ import annotations

import av
import numpy as np
import pytest

from actionrec.intake.ffmpeg import run_ffmpeg
from actionrec.synthetic.defects import DEFECTS, plan_defects, write_defect
from actionrec.synthetic.encode import write_clip
from actionrec.synthetic.plan import plan_clips
from tests.synthetic.helpers import tiny

PARAMS = tiny(defects=True, min_frames=20, max_frames=20)


@pytest.fixture(scope="module")
def good_clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "good.mp4"
    write_clip(plan_clips(PARAMS)[0], PARAMS, path)
    return path


@pytest.fixture
def make(good_clip, tmp_path):
    specs = {spec.kind: spec for spec in plan_defects(PARAMS)}

    def write(kind):
        path = tmp_path / f"{kind}{specs[kind].suffix}"
        write_defect(specs[kind], PARAMS, good_clip, path)
        return path

    return write


def timestamps(path):
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def complaints(path):
    result = run_ffmpeg(["-v", "error", "-i", str(path), "-f", "null", "-"], timeout_seconds=60)
    return result.stderr


def test_every_kind_is_planned_once_under_names_of_existing_classes_and_groups():
    specs = plan_defects(PARAMS)
    assert sorted(spec.kind for spec in specs) == sorted(DEFECTS)
    assert {spec.label for spec in specs} == set(PARAMS.classes)
    assert {spec.group for spec in specs} == {1, 2, 3}
    assert not {spec.video_id for spec in specs} & {spec.video_id for spec in plan_clips(PARAMS)}
    assert all(spec.source in plan_clips(PARAMS) for spec in specs)


def test_every_reason_is_expected_of_some_file():
    assert {spec.expected_reason for spec in plan_defects(PARAMS)} == {
        "unreadable", "no_video", "too_short", "missing_frames", "timestamp_gap", "decode_errors", "blank",
    }  # fmt: skip


def test_none_are_planned_when_switched_off():
    assert plan_defects(tiny(defects=False)) == ()


@pytest.mark.parametrize("kind", ["truncated", "empty", "web_page"])
def test_unreadable(make, kind):
    with pytest.raises(av.FFmpegError):
        av.open(str(make(kind)))


def test_sound_only(make):
    with av.open(str(make("sound_only"))) as container:
        assert [stream.type for stream in container.streams] == ["audio"]


def test_frames_missing_leaves_a_gap_in_the_timestamps(make):
    path = make("frames_missing")
    steps = np.diff(timestamps(path))
    assert len(steps) == 40 - 13 - 1
    assert steps.max() == pytest.approx(14 / 20, abs=1e-3)
    assert np.median(steps) == pytest.approx(1 / 20, abs=1e-3)
    assert complaints(path) == ""


def test_corrupted_makes_the_decoder_complain(make):
    path = make("corrupted")
    assert "error" in complaints(path).lower()
    assert len(timestamps(path)) >= 19


def test_short(make):
    assert len(timestamps(make("short"))) == 4


def test_blank(make):
    with av.open(str(make("blank"))) as container:
        contrast = [frame.to_ndarray(format="gray").std() for frame in container.decode(video=0)]
    assert len(contrast) == 40
    assert max(contrast) == 0


def test_tail_lost_declares_more_frames_than_it_has(make):
    path = make("tail_lost")
    with av.open(str(path)) as container:
        declared = container.streams.video[0].frames
    assert declared == 40
    assert len(timestamps(path)) == 25
    assert complaints(path) == ""
