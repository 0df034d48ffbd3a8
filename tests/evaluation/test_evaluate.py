from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actionrec.core.errors import ActionrecError
from actionrec.evaluation.evaluate import evaluate
from actionrec.evaluation.fusion import fit_weights
from actionrec.evaluation.paired import Exchange, McNemar, paired_interval_of
from tests.evaluation.made import PARAMS, make_split, predict

SPLIT = make_split()


def test_values_of_two_models_and_their_fusion() -> None:
    weak = predict(SPLIT, model="weak", wrong=["v000_g0", "v001_g1", "v002_g4"])
    strong = predict(SPLIT, model="strong", wrong=["v000_g0"])
    found = evaluate([weak, strong], SPLIT, PARAMS, leaking=False)
    assert [entry.name for entry in found.entries] == ["weak", "strong", "fusion"]
    assert found.best_model == "strong"
    test = found.models["weak"].subsets["test"]
    assert len(test.label) == 9
    assert test.top == {1: pytest.approx(7 / 9), 5: 1.0, 10: 1.0}
    assert test.clip_top1 == pytest.approx(7 / 9)
    assert test.num_groups == 3
    assert test.confusion.tolist() == [[2, 1, 0], [0, 2, 1], [0, 0, 3]]
    assert test.scores.recall == pytest.approx([2 / 3, 2 / 3, 1])
    assert found.models["weak"].subsets["val"].top[1] == pytest.approx(5 / 6)
    fitted = found.fusion.fitted
    assert fitted.subsets["test"].clip_top1 is None
    assert fitted.subsets["test"].correct.tolist() == found.models["strong"].subsets["test"].correct.tolist()
    of_val = [found.models[name].subsets["val"] for name in ("weak", "strong")]
    weights = fit_weights(np.stack([subset.log_prob for subset in of_val]), of_val[0].label)
    assert list(found.fusion.fitted_weights.values()) == pytest.approx(weights.tolist())
    assert 0 < weights[0] < 0.4
    assert found.fusion.equal_weights == {"weak": 0.5, "strong": 0.5}


def test_gain_is_paired_over_the_best_single_model() -> None:
    weak = predict(SPLIT, model="weak", wrong=["v000_g0", "v001_g0", "v002_g0", "v000_g3"])
    strong = predict(SPLIT, model="strong")
    found = evaluate([weak, strong], SPLIT, PARAMS, leaking=False)
    assert found.models["strong"].gain is None
    gain = found.models["weak"].gain
    assert gain is not None
    difference = np.array([-1, 0, 0] * 3)
    assert gain.interval == paired_interval_of(difference, ["g0", "g1", "g2"] * 3, PARAMS)
    assert gain.exchange == Exchange(1.0, smallest_p=0.25)  # one group, which could have been the other way round
    assert gain.mcnemar == McNemar(0, 3, pytest.approx(2 / 8))
    same = found.fusion.fitted.gain
    assert same is not None
    assert (same.interval.value, same.exchange.p, same.mcnemar) == (0.0, 1.0, McNemar(0, 0, 1.0))
    assert same.interval.low < 0 < same.interval.high


def test_the_best_model_is_chosen_on_val() -> None:
    good_on_test = predict(SPLIT, model="good_on_test", wrong=["v000_g3"])
    good_on_val = predict(SPLIT, model="good_on_val", wrong=["v000_g0", "v001_g1", "v002_g2"])
    assert evaluate([good_on_test, good_on_val], SPLIT, PARAMS, leaking=False).best_model == "good_on_val"
    # Of equally accurate models the surer of the right answers has the lower negative log-likelihood on val.
    surer = predict(SPLIT, model="surer", wrong=["v000_g0"], confidence=5.0)
    assert evaluate([good_on_val, surer], SPLIT, PARAMS, leaking=False).best_model == "surer"
    # Of equals the first enabled.
    equal = predict(SPLIT, model="equal")
    assert evaluate([good_on_val, equal], SPLIT, PARAMS, leaking=False).best_model == "good_on_val"


def test_answers_on_test_choose_nothing() -> None:
    a, b = predict(SPLIT, model="a"), predict(SPLIT, model="b", wrong=["v001_g4"], clip_frames=1)
    c = predict(SPLIT, model="c", wrong=["v001_g3", "v000_g4"], clip_frames=1)
    everything = [row.video_id for row in SPLIT if row.subset == "test"]
    spoiled = predict(SPLIT, model="a", wrong=everything)
    spoiled_b = predict(SPLIT, model="b", wrong=[*everything, "v001_g4"], clip_frames=1)
    before = evaluate([c, b, a], SPLIT, PARAMS, leaking=False)
    after = evaluate([c, spoiled_b, spoiled], SPLIT, PARAMS, leaking=False)
    assert before.best_model == after.best_model == "a"
    for found in (before.space_time, after.space_time):
        assert found is not None
        assert (found.frame_model, found.clip_model) == ("b", "a")


def test_fusion_of_one_model_is_that_model() -> None:
    only = predict(SPLIT, wrong=["v000_g0"])
    found = evaluate([only], SPLIT, PARAMS, leaking=False)
    one, fused = found.models["first"].subsets["test"], found.fusion.fitted.subsets["test"]
    assert found.fusion.fitted_weights == {"first": 1.0}
    assert fused.predicted.tolist() == one.predicted.tolist()
    assert (fused.interval, fused.as_predicted.ece) == (one.interval, pytest.approx(one.as_predicted.ece))
    assert found.fusion.fitted.temperature == pytest.approx(found.models["first"].temperature, abs=1e-4)


def test_val_is_only_for_fitting() -> None:
    """Changing the answers on test changes no weight and no temperature."""
    a, b = predict(SPLIT, model="a", wrong=["v000_g3"]), predict(SPLIT, model="b", wrong=["v001_g4", "v002_g4"])
    spoiled = predict(SPLIT, model="a", wrong=["v000_g3", "v000_g0", "v001_g0", "v002_g1"])
    before = evaluate([a, b], SPLIT, PARAMS, leaking=False)
    after = evaluate([spoiled, b], SPLIT, PARAMS, leaking=False)
    assert after.fusion.fitted_weights == before.fusion.fitted_weights
    assert [entry.temperature for entry in after.entries] == [entry.temperature for entry in before.entries]


def test_works_without_val_videos() -> None:
    split = [row for row in SPLIT if row.subset != "val"]
    found = evaluate([predict(split, model="a"), predict(split, model="b")], split, PARAMS, leaking=False)
    assert list(found.models["a"].subsets) == ["test"]
    assert found.fusion.fitted_weights == {"a": 0.5, "b": 0.5}
    assert [entry.temperature for entry in found.entries] == [1.0, 1.0, 1.0]
    assert found.best_model == "a"  # the first enabled
    test = found.models["a"].subsets["test"]
    assert test.calibrated.ece == pytest.approx(test.as_predicted.ece)


def test_every_video_level_protocol_is_evaluated() -> None:
    one = predict(SPLIT, wrong=["v000_g0"])
    whole = predict(SPLIT, wrong=["v000_g0", "v001_g1", "v002_g3"]).log_prob
    found = evaluate([replace(one, protocols={"whole": whole, "a": one.log_prob})], SPLIT, PARAMS, leaking=False)
    subsets = found.models["first"].subsets
    # The reported protocol comes first.
    assert list(subsets["test"].protocols.items()) == [
        ("strided", pytest.approx(8 / 9)),
        ("whole", pytest.approx(7 / 9)),
        ("a", pytest.approx(8 / 9)),
    ]
    assert subsets["val"].protocols == {"strided": 1.0, "whole": pytest.approx(5 / 6), "a": 1.0}
    assert found.fusion.fitted.subsets["test"].protocols == {}


def test_space_and_time_take_the_best_of_each_kind_on_val() -> None:
    tests = ["v000_g0", "v000_g1", "v000_g2"]
    frames = predict(SPLIT, model="frames", wrong=[*tests, "v001_g3"], clip_frames=1)
    better = predict(SPLIT, model="better", wrong=tests, clip_frames=1)
    clips = predict(SPLIT, model="clips")
    later = predict(SPLIT, model="later", wrong=["v001_g0"])  # as good on val, but enabled later
    found = evaluate([frames, clips, later, better], SPLIT, PARAMS, leaking=False).space_time
    assert found is not None
    assert (found.frame_model, found.clip_model) == ("better", "clips")
    assert [row.verdict for row in found.classes] == ["time", "unclear", "unclear"]
    assert evaluate([clips, later], SPLIT, PARAMS, leaking=False).space_time is None
    assert evaluate([frames, better], SPLIT, PARAMS, leaking=False).space_time is None


def test_two_classes() -> None:
    split = make_split(["a", "b"])
    test = evaluate([predict(split)], split, PARAMS, leaking=False).models["first"].subsets["test"]
    assert test.top == {1: 1.0, 5: 1.0, 10: 1.0}


def test_a_missing_and_an_extra_id_are_errors() -> None:
    with pytest.raises(ActionrecError, match=r"1 in the split but|1 in predictions of first but not in the split"):
        evaluate([predict(SPLIT)], SPLIT[1:], PARAMS, leaking=False)
    with pytest.raises(ActionrecError, match=r"in the split but not in predictions of first: v000_g0"):
        evaluate([predict(SPLIT[1:])], SPLIT, PARAMS, leaking=False)


def test_other_class_names_labels_and_subsets_are_errors() -> None:
    good = predict(SPLIT)
    with pytest.raises(ActionrecError, match=r"know the classes a, b, c.*dvc repro predict@first"):
        evaluate([replace(good, class_names=["a", "b", "c"])], SPLIT, PARAMS, leaking=False)
    with pytest.raises(ActionrecError, match=r"disagree with the split on v000_g0 \(squat, test instead of clap"):
        evaluate([replace(good, label=(good.label + np.int64(1)) % 3)], SPLIT, PARAMS, leaking=False)
    with pytest.raises(ActionrecError, match=r"v000_g0 \(clap, val instead of clap, test\)"):
        evaluate([replace(good, subset=["val", *good.subset[1:]])], SPLIT, PARAMS, leaking=False)


def test_reserved_name_and_empty_test_are_errors() -> None:
    with pytest.raises(ActionrecError, match="cannot be named 'fusion'"):
        evaluate([predict(SPLIT, model="fusion")], SPLIT, PARAMS, leaking=False)
    untested = [row for row in SPLIT if row.subset != "test"]
    with pytest.raises(ActionrecError, match="no test videos"):
        evaluate([predict(untested)], untested, PARAMS, leaking=False)
