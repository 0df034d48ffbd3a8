from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from actionrec.evaluation.evaluate import Evaluation, evaluate
from actionrec.evaluation.outputs import details, summary, write_metrics, write_plot_tables
from tests.evaluation.made import PARAMS, make_split, predict
from tests.helpers import read_csv

SPLIT = make_split()


def _evaluation() -> Evaluation:
    weak = predict(SPLIT, model="weak", wrong=["v000_g0", "v000_g1", "v001_g1"])
    return evaluate([weak, predict(SPLIT, model="strong")], SPLIT, PARAMS, leaking=True)


def test_summary_has_at_most_ten_scalars_an_entry() -> None:
    found = summary(_evaluation())
    assert list(found) == ["weak", "strong", "fusion"]
    assert all(len(scalars) <= 10 for scalars in found.values())
    assert found["weak"] == {
        "clip_top1": 0.66667,
        "ece": 0.298,
        "ece_calibrated": 0.33333,  # all val videos are right, so the temperature makes every answer certain
        "macro_f1": 0.64286,
        "mean_class_accuracy": 0.66667,
        "num_videos": 9,
        "video_top1": 0.66667,
        "video_top1_high": 0.88889,
        "video_top1_low": 0.44444,
        "video_top5": 1.0,
    }
    assert "clip_top1" not in found["fusion"]


def test_files_are_those_of_the_entries_and_repeat(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_metrics(_evaluation(), folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["fusion.json", "strong.json", "summary.json", "weak.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert list(json.loads((tmp_path / "a" / "summary.json").read_text())) == ["fusion", "strong", "weak"]


def test_details_hold_pairs_classes_and_fusion() -> None:
    evaluation = _evaluation()
    weak: dict[str, Any] = details(evaluation, evaluation.models["weak"])
    test = weak["subsets"]["test"]
    assert weak["leaking"] is True
    assert weak["parameters"] == 1234567
    assert weak["gain"] == {
        "over": "strong", "value": -0.33333, "low": -0.55556, "high": -0.11111,
        "mcnemar_p": 0.25, "only_this_right": 0, "only_other_right": 3,
    }  # fmt: skip
    assert weak["interval"]["num_groups"] == {"val": 2, "test": 3}
    assert test["confusion"] == [[1, 2, 0], [0, 2, 1], [0, 0, 3]]
    assert test["confused_pairs"] == [
        {"actual": "clap", "predicted": "squat", "videos": 2, "share": 0.66667},
        {"actual": "squat", "predicted": "wave", "videos": 1, "share": 0.33333},
    ]
    assert test["best_classes"] == ["wave", "squat", "clap"]
    assert test["worst_classes"] == ["clap", "squat", "wave"]
    assert test["metrics"]["video_top10"] == 1.0
    assert (weak["sampling"], test["protocols"]) == ("strided", {"video_top1_strided": 0.66667})
    fusion = details(evaluation, evaluation.fusion.fitted)["fusion"]
    assert fusion["equal"]["weights"] == {"weak": 0.5, "strong": 0.5}
    assert set(fusion["fitted"]["subsets"]) == {"val", "test"}


def test_details_hold_the_calibration_of_the_test_videos() -> None:
    evaluation = _evaluation()
    found = details(evaluation, evaluation.models["weak"])["calibration"]
    # Six of nine right, each answer with a probability of exp(4) / (exp(4) + 2).
    bins_before, bins_after = found.pop("bins_before"), found.pop("bins_after")
    assert found == {
        "temperature": 0.05, "fitted_on": "val", "nll_before": 1.36931, "nll_after": 26.66667,
        "ece_before": 0.298, "ece_after": 0.33333,
    }  # fmt: skip
    assert len(bins_before) == len(bins_after) == 15
    assert bins_before[14] == {"confidence": 0.96466, "accuracy": 0.66667, "count": 9}
    assert bins_after[14] == {"confidence": 1.0, "accuracy": 0.66667, "count": 9}
    assert bins_before[:14] == [{"confidence": None, "accuracy": None, "count": 0}] * 14


def test_the_smallest_p_is_not_zero() -> None:
    split = make_split(["a", "b", "c", "d", "e", "f", "g", "h"])
    everything = [row.video_id for row in split]
    bad = predict(split, model="bad", wrong=everything)
    evaluation = evaluate([predict(split, model="good"), bad], split, PARAMS, leaking=False)
    gain = details(evaluation, evaluation.models["bad"])["gain"]
    assert (gain["mcnemar_p"], gain["only_other_right"]) == (1.192e-07, 24)  # 2 / 2**24


def test_plot_tables(tmp_path: Path) -> None:
    write_plot_tables(_evaluation(), tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.csv")) == [
        "confused_pairs.csv",
        "confusion/fusion.csv",
        "confusion/strong.csv",
        "confusion/weak.csv",
        "models.csv",
        "per_class.csv",
    ]
    confusion = read_csv(tmp_path / "confusion/weak.csv")
    assert len(confusion) == 9
    assert confusion[0] == {"video_id": "v000_g0", "actual": "clap", "predicted": "squat"}
    per_class = read_csv(tmp_path / "per_class.csv")
    assert per_class[0] == {
        "model": "weak", "class": "clap", "precision": "1.0", "recall": "0.33333", "f1": "0.5", "support": "3",
    }  # fmt: skip
    assert len(per_class) == 9
    models = read_csv(tmp_path / "models.csv")
    assert [row["model"] for row in models] == ["weak", "strong", "fusion"]
    assert models[2]["clip_top1"] == ""
    assert read_csv(tmp_path / "confused_pairs.csv")[0]["videos"] == "2"
