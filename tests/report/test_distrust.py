from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actionrec.core.tables import ScreenedRow
from actionrec.report.coverage import Coverage
from actionrec.report.distrust import crowded, distrust, is_pretrained, unseen
from actionrec.report.gather import Inputs, gather
from tests.report.made import params_of, write_project

GROUPS = "The test videos come from 3 groups only: of other people and scenes they say little."
SMALL = "Classes with fewer than 10 test videos: clap (3), squat (3) and wave (3). What is said of them is vague."
SCRATCH = (
    "All models start from random weights, which takes many videos; trained ones may reach much more; "
    "only the keypoints come from a trained detector."
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _inputs(*models: str, leaking: bool = False, rejected: int = 0) -> Inputs:
    params = params_of(*models)
    bad = ScreenedRow("", "clap", "g", "", "", 0, "no_video", "", 0, 0.0, 0, 0, "")
    write_project(
        params,
        leaking=leaking,
        rejected=[replace(bad, video_id=f"bad{i}", digest=str(i)) for i in range(rejected)],
    )
    inputs = gather(params)
    screened = [replace(row, digest=row.digest if not row.kept else row.video_id) for row in inputs.screened]
    return replace(inputs, screened=screened)


def test_few_groups_small_classes_and_no_trained_weights() -> None:
    found = distrust(_inputs("cnn3d", "stgcn"))
    assert found[:3] == [GROUPS, SMALL, SCRATCH]
    assert found[3].startswith("The fusion is not shown to be better than cnn3d alone (+")
    assert distrust(_inputs("cnn3d")) == [
        GROUPS,
        SMALL,
        "The model starts from random weights, which takes many videos; trained ones may reach much more.",
    ]


def test_trained_weights_are_those_of_the_model_or_of_its_features() -> None:
    inputs = _inputs("frame_features", "feature_sequence", "keypoint_lstm", "cnn3d")
    assert [is_pretrained(model, inputs.params) for model in inputs.models.values()] == [True, True, False, False]
    random = {name: view.model_copy(update={"weights": "none"}) for name, view in inputs.params.features.items()}
    params = inputs.params.model_copy(update={"features": random})
    assert not any(is_pretrained(model, params) for model in inputs.models.values())
    assert not any("random weights" in sentence for sentence in distrust(inputs))


def test_a_fusion_that_gains_nothing() -> None:
    inputs = _inputs("cnn3d", "stgcn")
    gain = inputs.details["fusion"]["gain"]
    gain |= {"value": 0.0, "low": -0.1, "high": 0.1}
    assert distrust(inputs)[-1] == (
        "The fusion is not better than cnn3d alone (+0.000, interval \u22120.100 to +0.100)."
    )
    gain |= {"value": 0.2, "low": 0.1, "high": 0.3}
    assert distrust(inputs)[-1] == SCRATCH


def test_a_leak_and_the_permission_for_one() -> None:
    inputs = _inputs("cnn3d", leaking=True)
    assert distrust(inputs)[0].startswith("Train and test share groups or copies of a video (split.allow_leak)")
    inputs = _inputs("cnn3d")
    split = inputs.params.split.model_copy(update={"allow_leak": True})
    permitted = replace(inputs, params=inputs.params.model_copy(update={"split": split}))
    assert distrust(permitted)[0].startswith("split.allow_leak is set: nothing crosses")


def test_rejections() -> None:
    assert distrust(_inputs("cnn3d", rejected=1))[0] == GROUPS  # 1 of 22
    found = distrust(_inputs("cnn3d", rejected=8))
    assert "8 of 29 videos (28 %) were rejected: the figures hold for videos that pass the screening." in found
    assert "Screening took more than half of the videos of clap (7 of 15 kept)." in found
    assert not any("Screening took" in sentence for sentence in distrust(_inputs("cnn3d", rejected=7)))


def test_one_file_under_two_labels() -> None:
    inputs = _inputs("cnn3d")
    first, *others = inputs.screened
    copy = replace(others[-1], digest=first.digest)
    found = distrust(replace(inputs, screened=[first, *others[:-1], copy]))
    assert (
        "1 file stands under several labels, for example v000_g0 and v002_g6: of two labels of one file one is wrong."
        in found
    )


def test_nothing_to_distrust() -> None:
    inputs = _inputs("frame_features", "cnn3d")
    for details in inputs.details.values():
        details["interval"]["num_groups"]["test"] = 10
        for row in details["subsets"]["test"]["per_class"]:
            row["support"] = 10
    inputs.details["fusion"]["gain"]["low"] = 0.01
    assert distrust(inputs) == []


def test_videos_in_which_nobody_was_found_are_named_where_it_matters() -> None:
    found = {"a": (1.0, 0.0, 0.0, 0.0), "far/c": (0.0, 0.0, 0.0, 0.0), "b": (0.0, 0.0, 0.0, 0.0)}
    coverage = Coverage(num_frames=30, overall=(0.3, 0.0, 0.0, 0.0), by_class={}, by_video=found, frames=())
    inputs = _inputs("cnn3d", "stgcn")
    assert unseen(inputs, coverage) == [
        "MediaPipe found no person in any frame of 2 videos (b and far/c), in which stgcn sees nothing."
    ]
    assert unseen(inputs, replace(coverage, by_video={"a": found["a"]})) == []
    assert unseen(inputs, None) == []
    assert unseen(_inputs("cnn3d"), coverage) == []


def test_videos_with_several_people_are_named_where_they_are_many() -> None:
    by_video = {f"v{number:02d}": (1.0, 0.0, 0.0, 0.0) for number in range(40)}
    coverage = Coverage(num_frames=400, overall=(1.0, 0.0, 0.0, 0.0), by_class={}, by_video=by_video, frames=())
    inputs = _inputs("cnn3d", "stgcn", "keypoint_lstm")
    (sentence,) = crowded(inputs, coverage, ["v03", "v07"])
    assert sentence == (
        "2 videos (v03 and v07) of 40 show several people at once. MediaPipe follows one of them, and stgcn and "
        "keypoint_lstm see only that one, whoever it is."
    )
    assert crowded(inputs, coverage, ["v03"]) == []  # one in 40
    assert crowded(inputs, coverage, []) == []
    assert crowded(inputs, None, []) == []
    assert crowded(_inputs("cnn3d"), coverage, ["v03", "v07"]) == []
