from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.report import wording
from actionrec.report.gather import Inputs, gather
from tests.report.made import params_of, write_project


def _inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *models: str, leaking: bool = False) -> Inputs:
    monkeypatch.chdir(tmp_path)
    write_project(params_of(*models), leaking=leaking)
    return gather(params_of(*models))


def test_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", "fused_convlstm")
    assert wording.headline(inputs) == "fused_convlstm recognises 9 of 9 unseen videos"
    assert wording.subtitle(inputs) == (
        "Video top-1 accuracy 1.000, 95 % interval 1.000 to 1.000 over 3 test groups. Guessing would reach 0.333."
    )
    assert wording.comparison(inputs)[0] == (
        "frame_resnet reaches 0.667: \u22120.333 against fused_convlstm, "
        "interval \u22120.333 to \u22120.333, which excludes 0."
    )


def test_motion_note_names_classes_where_single_frames_fall_behind() -> None:
    params = params_of("fused_convlstm", "frame_resnet")
    sees = (
        "frame_resnet sees one frame at a time, fused_convlstm sees how frames follow one another: classes on which "
        "single frames fall behind are those that may need motion. "
    )
    behind = {"wave": (1.0, 0.2, 1.0), "clap": (0.2, 1.0, 1.0), "squat": (0.9, 0.5, 0.9)}
    assert wording.motion_note(params, behind) == sees + "Of the largest differences these are wave and squat."
    assert wording.motion_note(params, {"clap": (0.2, 1.0, 1.0)}) == sees + "No class here stands out so."
    assert wording.motion_note(params_of("frame_resnet"), behind) == ""


def test_one_model_and_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = _inputs(tmp_path, monkeypatch, "frame_resnet", leaking=True)
    assert wording.headline(inputs) == "frame_resnet recognises 6 of 9 test videos"
    assert wording.comparison(inputs) == []


def test_numbers() -> None:
    assert (wording.percent(0.95), wording.percent(0.995)) == ("95 %", "99.5 %")
    assert (wording.signed(-0.25), wording.signed(0.0)) == ("\u22120.250", "+0.000")
