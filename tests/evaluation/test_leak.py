from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.evaluation.evaluate import evaluate
from actionrec.evaluation.intervals import difference_of
from actionrec.evaluation.leak import measure_leak
from actionrec.evaluation.outputs import write_metrics
from tests.evaluation.made import PARAMS, make_split, predict

SPLIT = make_split()


def _write(folder: Path, *models: str, leaking: bool, confidence: float = 0.9) -> Path:
    """The honest run is wrong on one test group, the leaking one on no video."""
    wrong = [] if leaking else ["v000_g0", "v001_g0", "v002_g0"]
    predictions = [predict(SPLIT, model=model, wrong=wrong) for model in models]
    params = PARAMS.model_copy(update={"confidence": confidence})
    folder.mkdir()
    write_metrics(evaluate(predictions, SPLIT, params, leaking=leaking), folder)
    return folder


def test_the_same_models_on_both_splits(tmp_path: Path) -> None:
    honest = _write(tmp_path / "honest", "z", "a", "only_honest", leaking=False)
    found = measure_leak(honest, _write(tmp_path / "leaking", "a", "z", leaking=True))
    assert [item.model for item in found.models] == ["a", "z", "fusion"]
    assert found.confidence == 0.9
    item = found.models[0]
    assert (item.honest.value, item.leaking.value) == (0.66667, 1.0)
    assert item.difference == difference_of(item.leaking, item.honest)
    assert item.difference.value == pytest.approx(1 / 3, abs=1e-5)
    assert item.difference.low < item.difference.value < item.difference.high


def test_the_fusion_of_one_model_is_left_out(tmp_path: Path) -> None:
    honest = _write(tmp_path / "honest", "a", leaking=False)
    found = measure_leak(honest, _write(tmp_path / "leaking", "a", "b", leaking=True))
    assert [item.model for item in found.models] == ["a"]


def test_what_cannot_be_compared_is_an_error(tmp_path: Path) -> None:
    honest = _write(tmp_path / "honest", "a", leaking=False)
    leaking = _write(tmp_path / "leaking", "a", leaking=True)
    with pytest.raises(
        ActionrecError, match=r"leaking was evaluated on a leaking split \(a, fusion\).*keeps groups whole"
    ):
        measure_leak(leaking, honest)
    with pytest.raises(ActionrecError, match=r"honest was evaluated on an honest split.*split.method=stratified"):
        measure_leak(honest, honest)
    with pytest.raises(ActionrecError, match=r"holds no <model>.json; give a copy of reports/metrics"):
        measure_leak(tmp_path / "nothing", leaking)
    with pytest.raises(ActionrecError, match=r"holds a, .* holds b: no model is in both"):
        measure_leak(honest, _write(tmp_path / "other", "b", leaking=True))
    with pytest.raises(ActionrecError, match=r"confidence 0.8 and 0.9; evaluate both with one"):
        measure_leak(honest, _write(tmp_path / "surer", "a", leaking=True, confidence=0.8))
