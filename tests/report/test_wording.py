from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from actionrec.intake.split.section import SplitParams
from actionrec.report import wording
from actionrec.report.gather import Inputs, gather
from tests.report.made import params_of, write_project


def _inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *models: str, leaking: bool = False) -> Inputs:
    monkeypatch.chdir(tmp_path)
    write_project(params_of(*models), leaking=leaking)
    return gather(params_of(*models))


def test_only_the_second_best_on_validation_and_the_fusion_are_put_into_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", "fused_convlstm", "cnn3d", "stgcn")
    second, fusion = wording.comparison(inputs)
    assert second.startswith("fused_convlstm reaches 1.000: +0.333 against frame_resnet, interval ")
    assert fusion.startswith("The fusion reaches 1.000: +0.333 against frame_resnet, interval ")
    inputs.details["cnn3d"]["subsets"]["val"]["metrics"]["nll"] -= 0.01
    assert wording.comparison(inputs)[0].startswith("cnn3d ")
    inputs.details["stgcn"]["subsets"]["val"]["metrics"]["video_top1"] = 1.1
    inputs.details["stgcn"]["subsets"]["test"]["metrics"]["video_top1"] = 0.0  # what it does on test is not asked
    assert wording.comparison(inputs)[0].startswith("stgcn ")


def test_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", "fused_convlstm")
    assert wording.headline(inputs) == "The fusion of all models recognises 9 of 9 unseen videos"
    assert wording.subtitle(inputs) == (
        "Video top-1 accuracy 1.000, 95 % interval 0.441 to 1.000 over 3 test groups. Guessing would reach 0.333. "
        "Its weights were fitted, and frame_resnet as the best single model was chosen, on validation."
    )
    assert wording.comparison(inputs)[0] == (
        "fused_convlstm reaches 1.000: +0.333 against frame_resnet, interval \u22120.242 to +0.729, which includes 0; "
        "exchange of whole groups p\u00a0=\u00a00.250 (at least 0.25 over so few)."
    )
    gain = inputs.details["fused_convlstm"]["gain"]
    gain |= {"low": 0.1, "p": 0.002, "smallest_p": 0.002}
    assert wording.comparison(inputs)[0].endswith("which excludes 0; exchange of whole groups p\u00a0=\u00a00.002.")
    gain |= {"low": -0.2, "high": 0.2, "only_this_right": 0, "only_other_right": 0}
    assert wording.comparison(inputs)[0] == (
        "fused_convlstm reaches 1.000, right and wrong on the same videos as frame_resnet "
        "(interval \u22120.200 to +0.200)."
    )


def test_without_validation_videos_the_order_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", "fused_convlstm")
    for details in inputs.details.values():
        details["chosen_on"] = None
        del details["subsets"]["val"]
    assert wording.subtitle(inputs).endswith(
        "Without validation videos its weights are equal, and it is compared with frame_resnet, which is enabled first."
    )
    assert wording.comparison(inputs)[0].startswith("fused_convlstm ")


def test_the_headline_is_the_fusion_whatever_it_reaches() -> None:
    assert wording.headline_entry({"a": {}, "b": {}, "fusion": {}}) == "fusion"
    assert wording.headline_entry({"a": {}, "fusion": {}}) == "a"


def test_what_a_leak_adds_in_one_sentence() -> None:
    def row(model: str) -> dict[str, Any]:
        return {
            "model": model,
            "honest": {"value": 0.7, "low": 0.5, "high": 0.8},
            "leaking": {"value": 0.9, "low": 0.6, "high": 1.0},
            "difference": {"value": 0.2, "low": -0.116, "high": 0.424},
        }

    assert wording.leak({"confidence": 0.9, "models": [row("a"), row("fusion")]}) == (
        "A split across groups would have shown 0.900 instead of 0.700 for the fusion: +0.200, "
        "90 % interval \u22120.116 to +0.424."
    )
    assert "for a: " in wording.leak({"confidence": 0.9, "models": [row("a")]})


def _verdicts(**verdicts: str) -> list[dict[str, Any]]:
    return [{"class": name, "verdict": verdict} for name, verdict in verdicts.items()]


def test_space_and_time_in_one_sentence() -> None:
    found = _verdicts(squat="space", wave="time", clap="space", turn="time")
    assert wording.space_time(found) == (
        "Time tells apart wave and turn; space, that is one frame, is enough for squat and clap."
    )
    others = _verdicts(a="unclear", b="frame better", c="neither")
    assert wording.space_time(others) == (
        "Single frames do better on b; neither model recognises c; these videos do not decide a."
    )
    many = _verdicts(**dict.fromkeys("abcdefghijkl", "time"))
    assert wording.space_time(many) == "Time tells apart 12 classes such as a, b and c."


def _calibration(
    nll: tuple[float, float], ece: tuple[float, float] = (0.1, 0.1), fitted_on: str | None = "val"
) -> dict[str, Any]:
    before, after = zip(nll, ece, strict=True)
    return {
        "nll_before": before[0],
        "nll_after": after[0],
        "ece_before": before[1],
        "ece_after": after[1],
        "fitted_on": fitted_on,
    }


def test_what_the_temperature_did_on_test() -> None:
    better, worse, same = _calibration((0.2, 0.1)), _calibration((0.1, 0.2)), _calibration((0.1, 0.1001))
    assert wording.calibration({"a": better, "b": better}) == "On the test videos it lowers the NLL of a and b."
    assert wording.calibration({"a": better, "b": worse, "c": same}) == (
        "On the test videos it lowers the NLL of a and raises the NLL of b (NLL 0.100 to 0.200): "
        "what fits the validation videos need not fit others."
    )
    assert wording.calibration({"a": same}) == (
        "On the test videos it changes neither NLL nor ECE by as much as 0.005."
    )
    assert wording.calibration({"a": _calibration((0.1, 0.1), fitted_on=None)}) == (
        "There are no validation videos to fit on: every temperature is 1 and changes nothing."
    )


def test_a_temperature_that_makes_one_measure_worse_is_not_said_to_help() -> None:
    # As measured on real clips: the calibration error fell, while the likelihood of the actual classes did too.
    mixed = _calibration((0.446, 0.902), (0.12, 0.08))
    both = _calibration((0.3, 0.2), (0.2, 0.1))
    assert wording.calibration({"fusion": mixed}) == (
        "On the test videos it lowers the ECE but raises the NLL of fusion (NLL 0.446 to 0.902): "
        "what fits the validation videos need not fit others."
    )
    assert wording.calibration({"a": both, "fusion": mixed, "b": _calibration((0.1, 0.3), (0.1, 0.2))}) == (
        "On the test videos it lowers the NLL and the ECE of a, lowers the ECE but raises the NLL of fusion "
        "(NLL 0.446 to 0.902) and raises the NLL and the ECE of b (NLL 0.100 to 0.300, ECE 0.100 to 0.200): "
        "what fits the validation videos need not fit others."
    )


def test_one_model_and_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", leaking=True)
    assert wording.headline(inputs) == "frame_resnet recognises 6 of 9 test videos"
    assert wording.comparison(inputs) == []


def test_numbers() -> None:
    assert (wording.percent(0.95), wording.percent(0.995)) == ("95 %", "99.5 %")
    assert (wording.signed(-0.25), wording.signed(0.0)) == ("\u22120.250", "+0.000")
    assert (wording.p_value(0.000999), wording.p_value(1.0)) == ("p\u00a0<\u00a00.001", "p\u00a0=\u00a01.000")


def test_every_way_to_split_has_its_words() -> None:
    assert set(wording.SPLIT_METHODS) == set(get_args(SplitParams.model_fields["method"].annotation))
