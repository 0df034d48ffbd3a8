"""Folds pooled: every test video by its own fold's models, with what was fitted on that fold's val videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SplitRow
from actionrec.evaluation.details import details, summary
from actionrec.evaluation.evaluate import evaluate, evaluate_folds
from actionrec.evaluation.folds import Fold, Videos
from tests.evaluation.made import PARAMS, make_split, predict

CLASSES = ("clap", "squat")


def split_of(subset_of: dict[str, str]) -> list[SplitRow]:
    """One video of both classes by every group."""
    return [
        SplitRow(f"{label}_{group}", label, group, subset) for label in CLASSES for group, subset in subset_of.items()
    ]


SPLITS = [
    split_of({"g0": "test", "g1": "test", "g2": "val", "g3": "train"}),
    split_of({"g0": "val", "g1": "train", "g2": "test", "g3": "test"}),
]


def fold(number: int, wrong: dict[str, Sequence[str]]) -> Fold:
    split = SPLITS[number]
    return Fold(number, [predict(split, model=model, wrong=ids) for model, ids in wrong.items()], split)


def test_test_videos_of_all_folds_are_pooled() -> None:
    folds = [fold(0, {"m": ["clap_g0"]}), fold(1, {"m": ["squat_g3", "clap_g0"]})]
    found = evaluate_folds(folds, PARAMS, leaking=False)
    entry = found.models["m"]
    test, val = entry.subsets["test"], entry.subsets["val"]
    assert test.video_id == (
        "clap_g0", "clap_g1", "clap_g2", "clap_g3", "squat_g0", "squat_g1", "squat_g2", "squat_g3",
    )  # fmt: skip
    # In fold 1 the model is wrong on clap_g0 too, but there it validates: what counts is the answer of fold 0.
    assert test.correct.tolist() == [False, True, True, True, True, True, True, False]
    assert (test.top[1], test.clip_top1, test.num_groups) == (6 / 8, 6 / 8, 4)
    assert test.confusion.tolist() == [[3, 1], [1, 3]]
    assert val.video_id == ("clap_g0", "clap_g2", "squat_g0", "squat_g2")
    assert val.correct.tolist() == [False, True, True, True]
    assert [(f.test_top1, f.val_top1, f.num_test_videos) for f in entry.folds] == [(3 / 4, 1.0, 4), (3 / 4, 1 / 2, 4)]
    assert summary(found)["m"]["num_videos"] == 8


def test_training_videos_are_evaluated_where_they_were_predicted_and_choose_nothing() -> None:
    everything = ("train", "val", "test")

    def both(subsets: Sequence[str]) -> list[Fold]:
        wrong = [{"m": ["clap_g3"], "n": []}, {"m": ["clap_g1", "squat_g1"], "n": []}]
        return [
            Fold(
                number,
                [predict(SPLITS[number], model=name, wrong=ids, subsets=subsets) for name, ids in of_fold.items()],
                SPLITS[number],
            )
            for number, of_fold in enumerate(wrong)
        ]

    found = evaluate_folds(both(everything), PARAMS, leaking=False)
    without = evaluate_folds(both(("val", "test")), PARAMS, leaking=False)
    train = found.models["m"].subsets["train"]
    assert train.video_id == ("clap_g1", "clap_g3", "squat_g1", "squat_g3")  # each trains in one of the two folds
    assert train.correct.tolist() == [False, False, False, True]
    assert summary(found) == summary(without)
    assert details(found, found.models["m"])["subsets"]["train"]["confusion"] == [[0, 2], [1, 1]]
    assert "train" not in details(without, without.models["m"])["subsets"]


def test_temperatures_are_those_of_the_own_fold() -> None:
    """All right on val: sharper; one of two: softer."""
    folds = [fold(0, {"m": []}), fold(1, {"m": ["clap_g0"]})]
    found = evaluate_folds(folds, PARAMS, leaking=False)
    entry = found.models["m"]
    sharper, softer = (f.temperature for f in entry.folds)
    assert sharper < 1 < softer
    assert entry.temperature == pytest.approx((sharper + softer) / 2)
    first, second = (np.exp(4 / t) / (np.exp(4 / t) + 1) for t in (sharper, softer))
    # Four test videos a fold, all right.
    assert entry.subsets["test"].calibrated.nll == pytest.approx(-np.log([first, second]).mean())
    assert entry.subsets["test"].calibrated.ece == pytest.approx(1 - (first + second) / 2)
    # Two val videos a fold; of fold 1's one is wrong.
    of_val = -np.log([first, first, second, 1 - second])
    assert entry.subsets["val"].calibrated.nll == pytest.approx(of_val.mean())


def test_fusion_weights_are_those_of_the_own_fold() -> None:
    """In fold 0 only b is right, on val and on test, in fold 1 only a: no single weight could follow both."""
    everything = [row.video_id for row in SPLITS[0]]
    folds = [fold(0, {"a": everything, "b": []}), fold(1, {"a": [], "b": everything})]
    found = evaluate_folds(folds, PARAMS, leaking=False)
    first, second = (list(weights.values()) for weights in found.fusion.fold_weights)
    assert first == pytest.approx(second[::-1], abs=1e-4)
    assert first[1] > 0.6
    assert found.fusion.fitted_weights == {"a": pytest.approx(0.5, abs=1e-4), "b": pytest.approx(0.5, abs=1e-4)}
    assert [entry.subsets["test"].top[1] for entry in found.entries] == [0.5, 0.5, 1.0]
    assert found.fusion.equal.subsets["test"].top[1] == 0.5  # ties, which go to the first class
    rows = details(found, found.fusion.fitted)["folds"]
    assert [(row["fold"], row["test_top1"], row["val_top1"], row["num_test_videos"]) for row in rows] == [
        (0, 1.0, 1.0, 4),
        (1, 1.0, 1.0, 4),
    ]
    assert [row["weights"]["b"] for row in rows] == [
        pytest.approx(first[1], abs=1e-4),
        pytest.approx(second[1], abs=1e-4),
    ]


def test_details_of_a_model_name_its_folds() -> None:
    one, two = fold(0, {"m": []}), fold(1, {"m": ["squat_g3"]})
    two = replace(two, predictions=[replace(two.predictions[0], best_epoch=5)])
    found = evaluate_folds([one, two], PARAMS, leaking=False)
    written = details(found, found.models["m"])
    assert written["folds"] == [
        {"fold": 0, "test_top1": 1.0, "val_top1": 1.0, "num_test_videos": 4, "temperature": 0.9428, "best_epoch": 2},
        {"fold": 1, "test_top1": 0.75, "val_top1": 1.0, "num_test_videos": 4, "temperature": 0.9428, "best_epoch": 5},
    ]
    assert written["best_epoch"] == 4  # the mean of 2 and 5, to the even
    assert written["num_clips"] == 2 * (8 + 4)


def test_a_video_may_validate_in_several_folds() -> None:
    splits = [
        split_of({"g0": "test", "g1": "train", "g2": "train", "g3": "val"}),
        split_of({"g0": "train", "g1": "test", "g2": "train", "g3": "val"}),
    ]
    folds = [
        Fold(place, [predict(split, model="m", wrong=["clap_g3"] * place)], split)
        for place, split in zip((0, 2), splits, strict=True)
    ]
    found = evaluate_folds(folds, PARAMS, leaking=False)
    val = found.models["m"].subsets["val"]
    assert val.video_id == ("clap_g3", "clap_g3", "squat_g3", "squat_g3")
    assert val.correct.tolist() == [True, False, True, True]
    assert val.num_groups == 1
    assert [row["fold"] for row in details(found, found.models["m"])["folds"]] == [0, 2]
    # Only the folds that ran are pooled.
    assert summary(found)["m"]["num_videos"] == 4


def test_a_single_split_is_one_fold() -> None:
    split = make_split()
    models = [predict(split, model="weak", wrong=["v000_g0", "v002_g4"]), predict(split, model="strong")]
    single = evaluate(models, split, PARAMS, leaking=False)
    folded = evaluate_folds([Fold(3, models, split)], PARAMS, leaking=False)
    assert summary(single) == summary(folded)
    one, same = (details(found, found.models["weak"]) for found in (single, folded))
    assert (one["folds"][0]["fold"], same["folds"][0]["fold"]) == (0, 3)
    assert {**one, "folds": []} == {**same, "folds": []}


def test_columns_are_sorted_by_video_then_fold() -> None:
    videos = Videos.of([fold(1, {}), fold(0, {})], CLASSES)
    assert videos.video_id.tolist()[:3] == ["clap_g0", "clap_g0", "clap_g1"]
    assert videos.fold.tolist()[:3] == [0, 1, 1]
    assert videos.subset.tolist()[:3] == ["val", "test", "test"]
    assert [(int(own.sum()), int(val.sum())) for own, val in videos.fitted()] == [(6, 2), (6, 2)]


def test_folds_that_contradict_one_another_are_errors() -> None:
    one = fold(0, {"m": []})
    with pytest.raises(ActionrecError, match=r"4 video\(s\) are tested by several folds: clap_g0, .*-f split"):
        evaluate_folds([one, replace(one, number=1)], PARAMS, leaking=False)
    fewer = SPLITS[1][1:]
    with pytest.raises(ActionrecError, match=r"1 in fold 0 but not in fold 1: clap_g0"):
        evaluate_folds([one, Fold(1, [predict(fewer, model="m")], fewer)], PARAMS, leaking=False)
    untested = [row for row in SPLITS[1] if (row.group, row.subset) != ("g2", "test")]
    with pytest.raises(ActionrecError, match=r"2 in the split but not in predictions of m: clap_g2, squat_g2"):
        evaluate_folds([one, Fold(1, [predict(untested, model="m")], SPLITS[1])], PARAMS, leaking=False)
    other = fold(1, {"m": []})
    other = replace(other, predictions=[replace(other.predictions[0], protocol="mean of 9 clips")])
    with pytest.raises(ActionrecError, match=r"the folds of m were not predicted alike; .*predict@m"):
        evaluate_folds([one, other], PARAMS, leaking=False)


def test_a_group_in_train_and_test_of_its_fold_is_an_error_unless_it_is_known_to_leak() -> None:
    split = [replace(row, group="g3") if row.video_id == "clap_g0" else row for row in SPLITS[0]]
    leaky = Fold(0, [predict(split, model="m")], split)
    with pytest.raises(ActionrecError, match=r"1 group\(s\) are in train and test of one split: g3"):
        evaluate_folds([leaky], PARAMS, leaking=False)
    assert evaluate_folds([leaky], PARAMS, leaking=True).leaking
