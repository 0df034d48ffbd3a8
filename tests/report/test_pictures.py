from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

from actionrec.core import paths
from actionrec.core.answers import Answer, AnsweredVideo
from actionrec.core.tables import ScreenedRow
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.report.coverage import measure_coverage
from actionrec.report.factors import factors
from actionrec.report.gallery import Gallery, Videos, fill
from actionrec.report.gather import Inputs, gather
from actionrec.report.picks import Chapter, Picture, chapters
from actionrec.report.strips import make_strip, strip_indices
from tests.helpers import flat_frames, write_frames
from tests.report.made import params_of, write_project

MODELS = ("cnn3d", "stgcn")
ENTRIES = (*MODELS, "fusion")
REJECTED = [
    ScreenedRow("short", "clap", "g", "", "d", 0, "too_short", "4 frames", 4, 0.2, 64, 48, "00"),
    ScreenedRow("torn", "clap", "g", "", "d", 0, "unreadable", "cannot be read", 0, 0.0, 0, 0, ""),
]


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def inputs() -> Inputs:
    params = params_of(*MODELS)
    write_project(params, rejected=REJECTED)
    return gather(params)


def _titled(inputs: Inputs) -> dict[str, Chapter]:
    return {chapter.title: chapter for chapter in chapters(inputs, ENTRIES)}


def test_chapters(inputs: Inputs) -> None:
    found = _titled(inputs)
    assert list(found) == [
        "One video of each class", "What is confused most", "fusion", "cnn3d", "stgcn", "Rejected videos",
    ]  # fmt: skip
    assert [picture.title for picture in found["One video of each class"].pictures] == ["clap", "squat", "wave"]
    wrong, other = found["What is confused most"].pictures
    assert (wrong.title, wrong.note, wrong.wrong) == (
        "clap, taken for squat", "v000_g0; by cnn3d; the two were exchanged 3 times", True,
    )  # fmt: skip
    assert other.title == "a real squat"
    first = found["cnn3d"]
    assert [picture.title for picture in first.pictures[:3]] == ["clap, taken for squat"] * 3
    assert first.pictures[0].note == "v000_g0: squat 0.965, clap 0.018"
    assert [picture.title for picture in first.pictures[3:]] == ["squat, recognised", "wave, recognised"]
    assert not any(picture.bones for picture in first.pictures)
    assert found["stgcn"].text == "No answer was wrong."
    assert all(picture.bones == "stgcn" for picture in found["stgcn"].pictures)
    [rejected] = found["Rejected videos"].pictures
    assert (rejected.video_id, rejected.title, rejected.at_end) == ("short", "clap: too_short", True)
    assert found["Rejected videos"].text == "The last frames that were decoded. Of 1 no frame could be decoded."


def test_what_all_models_get_wrong_is_shown_by_the_least_probable_label(inputs: Inputs) -> None:
    def video(video_id: str, probability: float) -> AnsweredVideo:
        wrong = Answer("squat", 1 - probability, probability, right=False)
        return AnsweredVideo(video_id, "g0", 0, "clap", dict.fromkeys(ENTRIES, wrong))

    chapter = _titled(replace(inputs, answers=[video("a", 0.2), video("b", 0.1)]))["Wrong by every model"]
    assert [picture.note for picture in chapter.pictures] == ["b: squat (2 of 2 models)", "a: squat (2 of 2 models)"]
    assert chapter.text == "2 of 2 test videos. A label that is wrong shows here."


def test_strips_show_the_whole_video_or_its_end() -> None:
    assert strip_indices(13, at_end=False).tolist() == [0, 2, 4, 6, 8, 10, 12]
    assert strip_indices(13, at_end=True).tolist() == [6, 7, 8, 9, 10, 11, 12]
    assert strip_indices(3, at_end=False).tolist() == [0, 1, 2]
    assert strip_indices(1, at_end=True).tolist() == [0]


def test_a_strip_is_one_small_picture_and_repeats(inputs: Inputs) -> None:
    videos = Videos({"v": paths.frames_path("v000_g0")}, None)
    strip = videos.strip(Picture("v", "", ""))
    assert (strip.width, strip.height, strip.frames) == (6 * 130 - 2, 96, (0, 1, 2, 3, 4, 5))
    assert strip.href.startswith("data:image/jpeg;base64,")
    assert strip == Videos({"v": paths.frames_path("v000_g0")}, None).strip(Picture("v", "", ""))
    assert videos.bones(Picture("v", "", "", bones="stgcn")) == ""  # no keypoints are known


def test_keypoints_lie_over_their_frames(inputs: Inputs) -> None:
    videos = Videos({"v000_g0": paths.frames_path("v000_g0")}, PackedKeypoints(paths.PACKED_KEYPOINTS))
    bones = videos.bones(Picture("v000_g0", "", "", bones="stgcn"))
    assert bones.count("<g transform") == 6
    assert '<g transform="translate(130 0)"><path class="pose" d="M64.0 48.0L64.0 48.0' in bones
    assert 'class="face"' not in bones


def _gallery(inputs: Inputs, max_bytes: int) -> Gallery:
    write_frames(paths.frames_path("short"), flat_frames([10, 20, 30, 40]))
    frames_path = {row.video_id: paths.frames_path(row.video_id) for row in inputs.screened}
    return fill(chapters(inputs, ENTRIES), Videos(frames_path, None), max_bytes=max_bytes)


def test_every_picture_is_there_once(inputs: Inputs) -> None:
    gallery = _gallery(inputs, 1_000_000)
    assert gallery == _gallery(inputs, 1_000_000)
    assert gallery.left_out == 0
    ids = re.findall(r'id="(strip\d+)"', gallery.defs)
    assert len(ids) == len(set(ids))
    used = {use for _, pictures in gallery.chapters for _, svg in pictures for use in re.findall(r"#(strip\d+)", svg)}
    assert used == set(ids)
    assert len(ids) < gallery.num_shown
    assert gallery.shows("<use")
    assert not gallery.shows("data:image/png")  # no model was asked


def test_pictures_stay_within_their_bytes_the_headline_first(inputs: Inputs) -> None:
    everything = _gallery(inputs, 1_000_000)
    small = _gallery(inputs, 10_000)
    size = len(small.defs) + sum(len(svg) for _, pictures in small.chapters for _, svg in pictures)
    assert 0 < size <= 10_000
    assert small.left_out == everything.num_shown - small.num_shown > 0
    shown = {chapter.title: len(pictures) for chapter, pictures in small.chapters}
    assert shown["fusion"] > 0
    assert shown["stgcn"] == 0
    assert _gallery(inputs, -1).num_shown == 0


def test_captions_are_escaped() -> None:
    path = Path("v.h5")
    write_frames(path, flat_frames([1, 2]))
    chapter = Chapter("t", "", (Picture('"><script>', "<b>", ""),), 0)
    gallery = fill([chapter], Videos({'"><script>': path}, None), max_bytes=100_000)
    [(_, [(_, svg)])] = gallery.chapters
    assert isinstance(svg, Markup)
    assert "<script>" not in svg


def test_wide_frames_are_bounded(tmp_path: Path) -> None:
    from actionrec.intake.extract.frames import open_frames

    write_frames(tmp_path / "wide.h5", np.zeros((2, 40, 400, 3), np.uint8))
    with open_frames(tmp_path / "wide.h5") as frames:
        strip = make_strip(frames, at_end=False)
    assert (strip.frame_width, strip.height) == (192, 19)


def test_accuracy_in_groups_of_what_was_measured(inputs: Inputs) -> None:
    screened = [replace(inputs.screened[0], video_id=f"v{i}", duration_seconds=float(i)) for i in range(16)]
    answers = [
        AnsweredVideo(f"v{i}", "g", 0, "clap", {"cnn3d": Answer("clap", 1.0, 1.0, right=i >= 12)}) for i in range(16)
    ]
    made = replace(inputs, screened=screened, answers=answers, motion={f"v{i}": 1.0 for i in range(16)})
    [duration] = factors(made, None, ["cnn3d"])  # motion is the same everywhere, so there is nothing to compare
    assert duration.name == "duration in seconds"
    assert (duration.centers, duration.num_videos) == ((3.5, 11.5), (8, 8))
    assert duration.accuracy == {"cnn3d": (0.0, 0.5)}
    assert factors(inputs, None, ["cnn3d"]) == []  # nine test videos are too few


def test_coverage_is_known_of_each_video(inputs: Inputs) -> None:
    labels = {row.video_id: row.label for row in inputs.split}
    coverage = measure_coverage(paths.PACKED_KEYPOINTS, labels, num_frames_shown=0)
    assert coverage is not None
    assert coverage.by_video["v000_g0"] == pytest.approx((1, 0.5, 1 / 6, 0))
