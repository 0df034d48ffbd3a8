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


def test_only_the_runner_up_and_the_fusion_are_put_into_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", "fused_convlstm", "cnn3d", "stgcn")
    runner_up, fusion = wording.comparison(inputs)
    assert runner_up == "cnn3d reaches 1.000, right and wrong on the same videos as fused_convlstm."
    assert fusion == "The fusion reaches 1.000, right and wrong on the same videos as fused_convlstm."


def test_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", "fused_convlstm")
    assert wording.headline(inputs) == "fused_convlstm recognises 9 of 9 unseen videos"
    assert wording.subtitle(inputs) == (
        "Video top-1 accuracy 1.000, 95 % interval 1.000 to 1.000 over 3 test groups. Guessing would reach 0.333."
    )
    assert wording.comparison(inputs)[0] == (
        "frame_resnet reaches 0.667: \u22120.333 against fused_convlstm, "
        "interval \u22120.333 to \u22120.333, which excludes 0; McNemar's test p\u00a0=\u00a00.250."
    )
    # One group right and wrong in equal numbers has an interval of 0 to 0, but not the same answers.
    gain = inputs.details["frame_resnet"]["gain"]
    gain |= {"value": 0.0, "low": 0.0, "high": 0.0, "only_this_right": 1, "only_other_right": 1}
    assert "which includes 0" in wording.comparison(inputs)[0]
    gain |= {"only_this_right": 0, "only_other_right": 0}
    assert (
        wording.comparison(inputs)[0]
        == "frame_resnet reaches 0.667, right and wrong on the same videos as fused_convlstm."
    )


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


def _calibration(before: float, after: float, fitted_on: str | None = "val") -> dict[str, Any]:
    return {"ece_before": before, "ece_after": after, "fitted_on": fitted_on}


def test_what_the_temperature_did_on_test() -> None:
    better, worse, same = _calibration(0.2, 0.1), _calibration(0.1, 0.2), _calibration(0.1, 0.1001)
    assert wording.calibration({"a": better, "b": better}) == "On the test videos it lowers the error of a and b."
    assert wording.calibration({"a": better, "b": worse, "c": same}) == (
        "On the test videos it lowers the error of a and raises the error of b: "
        "what fits the validation videos need not fit others."
    )
    assert wording.calibration({"a": same}) == "On the test videos it changes no error by as much as 0.005."
    assert wording.calibration({"a": _calibration(0.1, 0.1, None)}) == (
        "There are no validation videos to fit on: every temperature is 1 and changes nothing."
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
