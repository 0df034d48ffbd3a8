from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core.tables import ScreenedRow
from actionrec.report import data_view, results_view
from actionrec.report.gather import gather
from tests.evaluation.made import make_split
from tests.report.made import params_of, write_project


def test_classes_that_differ_most_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params, ["a", "b", "c"])
    rows = results_view.class_rows(gather(params))
    assert [(row.name, row.support, row.recalls, row.spread, row.highlighted) for row in rows] == [
        ("a", 3, (0.0, 1.0, 1.0), 1.0, True),
        ("b", 3, (1.0, 1.0, 1.0), 0.0, False),
        ("c", 3, (1.0, 1.0, 1.0), 0.0, False),
    ]


def test_one_model_shows_no_fusion_and_the_worst_class_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet")
    write_project(params, ["a", "b"])
    inputs = gather(params)
    assert [row.name for row in results_view.model_rows(inputs)] == ["frame_resnet"]
    assert [item.name for item in results_view.confusions(inputs)] == ["frame_resnet"]
    assert [(row.name, row.recalls) for row in results_view.class_rows(inputs)] == [("a", (0.0,)), ("b", (1.0,))]


def test_rankings_are_two_lists_only_where_these_do_not_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet")
    write_project(params, [f"class{i:02d}" for i in range(19)])
    assert results_view.rankings(gather(params)) == []
    write_project(params, [f"class{i:02d}" for i in range(20)])
    [ranking] = results_view.rankings(gather(params))
    assert [row["class"] for row in ranking.best] == [f"class{i:02d}" for i in range(1, 11)]
    assert [row["class"] for row in ranking.worst] == ["class00", *(f"class{i:02d}" for i in range(19, 10, -1))]


def test_confusion_of_training_videos_is_there_where_they_were_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet")
    write_project(params, ["a", "b"])
    inputs = gather(params)
    assert results_view.confusions(inputs, subset="train") == []
    for details in inputs.details.values():
        details["subsets"]["train"] = details["subsets"]["val"]
    [found] = results_view.confusions(inputs, subset="train")
    assert (found.name, found.figure.name) == ("frame_resnet", "confusion_frame_resnet_train")


def test_the_reported_protocol_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params, protocols=("whole", "overlapping"))
    rows = results_view.protocol_rows(gather(params))
    assert [(row.model, row.sampling, row.reported, row.test_top1, row.val_top1) for row in rows] == [
        ("frame_resnet", "strided", True, 0.66667, 1.0),
        ("frame_resnet", "overlapping", False, 0.66667, 1.0),
        ("frame_resnet", "whole", False, 0.66667, 1.0),
        ("fused_convlstm", "strided", True, 1.0, 1.0),
        ("fused_convlstm", "overlapping", False, 1.0, 1.0),
        ("fused_convlstm", "whole", False, 1.0, 1.0),
    ]


def test_space_and_time_rows_are_sorted_by_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params, ["c", "a", "b"], clip_frames=1)
    inputs = gather(params)
    rows = results_view.space_time_rows(inputs)
    assert [(row["class"], row["verdict"]) for row in rows] == [("a", "unclear"), ("b", "unclear"), ("c", "unclear")]
    made = [("time", 0.2), ("time", 0.9), ("space", -0.1), ("space", 0.0), ("frame better", -0.5), ("unclear", 0.4)]
    classes = [{"class": str(i), "verdict": verdict, "difference": value} for i, (verdict, value) in enumerate(made)]
    inputs.details["fusion"]["space_time"]["classes"] = classes
    assert [row["class"] for row in results_view.space_time_rows(inputs)] == ["1", "0", "3", "2", "4", "5"]
    write_project(params)
    assert results_view.space_time_rows(gather(params)) == []


def test_split_counts_and_groups() -> None:
    split = [row for row in make_split(["a", "b"]) if (row.label, row.subset) != ("b", "val")]
    rows = data_view.split_counts(split)
    assert [(row.name, row.counts, row.total) for row in rows] == [("a", (2, 2, 3), 7), ("b", (2, 0, 3), 5)]
    assert rows[1].shares == pytest.approx((200 / 7, 0, 300 / 7))
    assert data_view.groups_per_subset(split) == (2, 2, 3)


def test_rejected_are_sorted_by_reason() -> None:
    def row(video_id: str, reason: str) -> ScreenedRow:
        return ScreenedRow(video_id, "a", "g", "", "d", int(not reason), reason, "seen", 0, 0.0, 0, 0, "")

    rows, counts = data_view.rejected([row("z", "blank"), row("k", ""), row("b", "no_video"), row("a", "no_video")])
    assert [found.video_id for found in rows] == ["z", "a", "b"]
    assert counts == [("no_video", 2), ("blank", 1)]


def test_settings_name_only_enabled_models() -> None:
    params = params_of("frame_resnet")
    found = dict(data_view.settings(params, {"frame_resnet": params.model("frame_resnet")}))
    assert found["enabled"] == "frame_resnet"
    assert found["models.frame_resnet.depth"] == 18
    assert not any(key.startswith("models.fused_convlstm") for key in found)
