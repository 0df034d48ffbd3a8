from __future__ import annotations

from typing import Any

from actionrec.evaluation.details import details, summary
from actionrec.evaluation.evaluate import Evaluation, evaluate
from tests.evaluation.made import PARAMS, make_split, predict

SPLIT = make_split()


def _evaluation(*, clip_frames: int = 4) -> Evaluation:
    weak = predict(SPLIT, model="weak", wrong=["v000_g0", "v000_g1", "v001_g1"], clip_frames=clip_frames)
    return evaluate([weak, predict(SPLIT, model="strong")], SPLIT, PARAMS, leaking=True)


def test_summary_has_at_most_ten_scalars_an_entry() -> None:
    found = summary(_evaluation())
    assert list(found) == ["weak", "strong", "fusion"]
    assert all(len(scalars) <= 10 for scalars in found.values())
    assert found["weak"] == {
        "clip_top1": 0.66667,
        "ece": 0.298,
        "ece_calibrated": 0.31899,  # all six val videos are right, so the temperature is below 1
        "macro_f1": 0.64286,
        "mean_class_accuracy": 0.66667,
        "num_videos": 9,
        "video_top1": 0.66667,
        "video_top1_high": 0.9525,
        "video_top1_low": 0.23338,
        "video_top5": 1.0,
    }
    assert "clip_top1" not in found["fusion"]


def test_details_hold_pairs_classes_and_fusion() -> None:
    evaluation = _evaluation()
    weak: dict[str, Any] = details(evaluation, evaluation.models["weak"])
    test = weak["subsets"]["test"]
    assert weak["leaking"] is True
    assert weak["parameters"] == 1234567
    assert (weak["best_model"], weak["chosen_on"]) == ("weak", "val")  # equal on val, and enabled first
    assert weak["gain"] is None
    assert details(evaluation, evaluation.models["strong"])["gain"] == {
        "over": "weak", "value": 0.33333, "low": -0.19033, "high": 0.6649, "p": 0.5, "smallest_p": 0.25,
        "mcnemar_p": 0.25, "only_this_right": 3, "only_other_right": 0,
    }  # fmt: skip
    assert weak["interval"] == {
        "method": "Clopper-Pearson on the effective number of videos",
        "paired_method": "Bonett-Price on the effective number of videos",
        "confidence": 0.9,
        "num_groups": {"val": 2, "test": 3},
    }
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
    assert fusion["smoothing"] == 0.01
    assert fusion["equal"]["weights"] == {"weak": 0.5, "strong": 0.5}
    assert set(fusion["fitted"]["subsets"]) == {"val", "test"}


def test_details_hold_the_calibration_of_the_test_videos() -> None:
    evaluation = _evaluation()
    found = details(evaluation, evaluation.models["weak"])["calibration"]
    # Six of nine right, each answer with a probability of exp(4) / (exp(4) + 2).
    bins_before, bins_after = found.pop("bins_before"), found.pop("bins_after")
    assert found == {
        "temperature": 0.81251, "fitted_on": "val", "nll_before": 1.36931, "nll_after": 1.65546,
        "ece_before": 0.298, "ece_after": 0.31899,
    }  # fmt: skip
    assert len(bins_before) == len(bins_after) == 15
    assert bins_before[14] == {"confidence": 0.96466, "accuracy": 0.66667, "count": 9}
    assert bins_after[14] == {"confidence": 0.98565, "accuracy": 0.66667, "count": 9}
    assert bins_before[:14] == [{"confidence": None, "accuracy": None, "count": 0}] * 14


def test_the_smallest_p_is_not_zero() -> None:
    split = make_split(["a", "b", "c", "d", "e", "f", "g", "h"])
    everything = [row.video_id for row in split]
    bad = predict(split, model="bad", wrong=everything)
    evaluation = evaluate([predict(split, model="good"), bad], split, PARAMS, leaking=False)
    gain = details(evaluation, evaluation.models["bad"])["gain"]
    assert (gain["mcnemar_p"], gain["only_other_right"]) == (1.192e-07, 24)  # 2 / 2**24


def test_details_of_the_fusion_hold_space_and_time() -> None:
    evaluation = _evaluation(clip_frames=1)
    found = details(evaluation, evaluation.fusion.fitted)["space_time"]
    rows, pairs = found.pop("classes"), found.pop("pairs")
    assert found == {
        "frame_model": "weak", "clip_model": "strong",
        "recognised_from": 0.66667, "near_chance_to": 0.5, "little": 0.2,
    }  # fmt: skip
    # Three groups of one video each.
    assert [(row["class"], row["verdict"], row["p"], row["smallest_p"]) for row in rows] == [
        ("clap", "unclear", 0.5, 0.25),
        ("squat", "unclear", 1.0, 0.25),
        ("wave", "unclear", 1.0, 0.25),
    ]
    assert pairs[0] == {"first": "clap", "second": "squat", "num_videos": 6, "frame_errors": 2, "clip_errors": 0}
    without = _evaluation()
    assert details(without, without.fusion.fitted)["space_time"] is None
