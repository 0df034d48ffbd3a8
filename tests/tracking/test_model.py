"""The MLflow model over paths of videos."""

from __future__ import annotations

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from tests.intake.extract.making import moving_bars, write_video
from tests.prediction.project import CLASSES, make_project

from actionrec.core.errors import ActionrecError
from actionrec.params import load_params
from actionrec.prediction.bundle import project_bundle, write_bundle
from actionrec.prediction.predictor import load_bundle
from actionrec.tracking.model import log_bundle
from actionrec.tracking.section import TrackingParams

# MLflow and SQLAlchemy warn about themselves.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    make_project(root, ["cnn3d", "cnn_lstm"], people=False, folds=False)
    monkeypatch.chdir(root)
    monkeypatch.setenv("DVC_ROOT", str(root))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return root


def test_logged_loaded_and_asked(project: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    params = load_params()
    write_bundle(project_bundle(params), project / "bundle")
    before = mlflow.get_tracking_uri()
    address = log_bundle(project / "bundle", project_bundle(params).facts.class_names, params.tracking)
    assert address is not None, capfd.readouterr().err
    assert mlflow.get_tracking_uri() == before
    videos = [str(path) for path in sorted((project / "videos").rglob("*.mkv"))[:2]]
    short = str(write_video(project / "short.mkv", moving_bars(3)))
    predictor = load_bundle(project / "bundle")
    assert (predictor.model, [fold.fold for fold in predictor.folds]) == ("fusion", [None])
    with pytest.raises(ActionrecError, match="there is a single split; leave it out"):
        load_bundle(project / "bundle", fold=0)
    expected = predictor.predict(videos)

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project}/mlflow.db")
    model = mlflow.pyfunc.load_model(address)
    found = model.predict(pd.DataFrame({"path": [*videos, short]}))
    assert list(found.columns) == ["label", "probability", "reason", *(f"p_{name}" for name in sorted(CLASSES))]
    assert found["label"].tolist() == [*(one.top(1)[0][0] for one in expected), ""]
    assert found["reason"].tolist() == ["", "", "too_short"]
    np.testing.assert_array_equal(found.iloc[:2, 3:], [one.probability for one in expected])
    assert np.isnan(found["probability"][2])
    pd.testing.assert_frame_equal(model.predict([{"path": video} for video in videos]), found[:2])
    chosen = mlflow.pyfunc.load_model(address, model_config={"model": "cnn_lstm", "device": "cpu"})
    (alone,) = load_bundle(project / "bundle", model="cnn_lstm").predict(videos[:1])
    np.testing.assert_array_equal(chosen.predict([{"path": videos[0]}]).iloc[0, 3:].tolist(), alone.probability)
    assert [column.name for column in model.metadata.get_input_schema()] == ["path"]
    assert model.metadata.get_output_schema().input_names() == list(found.columns)
    artifacts = [path for path in (project / "mlartifacts").rglob("*") if path.is_file()]
    assert any(path.name == "weights.safetensors" for path in artifacts)
    assert not [path for path in artifacts if path.suffix in (".pkl", ".pickle", ".pt")]


def test_a_failure_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert log_bundle(tmp_path / "bundle", CLASSES, TrackingParams(enabled=True, experiment="tests")) is None
    assert "warning: MLflow tracking failed" in capsys.readouterr().err
