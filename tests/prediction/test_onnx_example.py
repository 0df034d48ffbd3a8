"""examples/onnx_predict.py: a video and an exported file give nearly what our own prediction says."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import REPO
from tests.intake.extract.making import moving_bars, write_video
from tests.prediction.project import make_project

from actionrec.core.paths import model_dir
from actionrec.params import load_params
from actionrec.prediction.bundle import project_bundle
from actionrec.prediction.export import export_model
from actionrec.prediction.predictor import Predictor

pytestmark = pytest.mark.slow

EXAMPLE = REPO / "examples/onnx_predict.py"
TOLERANCE = 0.05
"""Of a log-probability. Ours sees frames that were JPEG for a while, and scaled by ffmpeg if they were larger."""


def test_it_says_nearly_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["cnn_lstm", "frame_resnet"]
    make_project(tmp_path, names, people=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    params = load_params()
    shades = np.linspace(0.3, 1, 160)[None, None, :, None]
    video = write_video(tmp_path / "new.mkv", (moving_bars(20, width=160, height=120) * shades).astype(np.uint8))
    for name in names:
        out = tmp_path / f"{name}.onnx"
        export_model(model_dir(name, 0), name=name, out=out, format="onnx", views=params.pack)
        found = runpy.run_path(str(EXAMPLE))["predict"](str(out), str(video))
        expected = Predictor(project_bundle(params), model=name, fold=0, device="cpu").of_video(video)
        assert list(found) == list(expected.class_names)
        np.testing.assert_allclose(np.log(list(found.values())), expected.log_prob[0], rtol=0, atol=TOLERANCE)


def test_it_is_short_and_needs_nothing_of_ours() -> None:
    text = EXAMPLE.read_text()
    assert len(text.splitlines()) < 60
    imported = {
        alias.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for alias in node.names
    }
    assert imported - set(sys.stdlib_module_names) == {"av", "cv2", "numpy", "onnxruntime"}
