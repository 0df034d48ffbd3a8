"""By ONNX Runtime and by torch: the same vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from actionrec.core.itemcache import ItemCache
from actionrec.pack.features import running
from actionrec.pack.features.backbones import build_backbone
from actionrec.pack.features.running import by_onnx, by_torch, keep_program, kept_in, runner_of
from actionrec.pack.features.section import FeatureParams


def noise(params: FeatureParams) -> np.ndarray:
    shape = (params.batch_size, params.window_frames, params.image_size, params.image_size, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "levels"), [("efficientnet_lite0", "end"), ("efficientnet_lite0", "all"), ("torchvision/resnet18", "end")]
)
def test_both_give_the_same_vectors(name: str, levels: Literal["end", "all"]) -> None:
    weights = "packaged" if name == "efficientnet_lite0" else "none"
    params = FeatureParams(backbone=name, weights=weights, levels=levels, image_size=64, batch_size=3)
    backbone = build_backbone(params)
    windows = noise(params)
    expected = by_torch(backbone)(windows)
    assert expected.std(axis=0).max() > 0.01
    assert by_onnx(backbone, params, num_threads=1)(windows) == pytest.approx(expected, abs=1e-4)


def test_a_vector_does_not_depend_on_what_is_beside_it() -> None:
    params = FeatureParams(image_size=64, batch_size=4)
    run = runner_of(build_backbone(params), params, num_threads=2)
    windows = noise(params)
    beside = np.concatenate([windows[2:3], np.zeros_like(windows[:3])])
    assert np.array_equal(run(beside)[0], run(windows)[2])


def test_video_networks_run_by_torch() -> None:
    params = FeatureParams(backbone="r3d_18", weights="none", image_size=32, window_frames=2, batch_size=2)
    found = runner_of(build_backbone(params), params, num_threads=1)(noise(params))
    assert found.shape == (2, 512)
    assert found.dtype == np.float32


def test_what_has_no_onnx_form_runs_by_torch(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("no such operator")

    monkeypatch.setattr("torch.onnx.export", refuse)
    params = FeatureParams(image_size=32, batch_size=2)
    with caplog.at_level("INFO"):
        run = by_onnx(build_backbone(params), params, num_threads=1)
    assert run(noise(params)).shape == (2, 1280)
    assert "efficientnet_lite0 has no ONNX form and runs by torch" in caplog.text


def test_what_has_no_onnx_form_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[object] = []

    def refuse(network: object, *_: object, **__: object) -> None:
        tried.append(network)
        raise torch.onnx.OnnxExporterError("no such operator")

    monkeypatch.setattr("torch.onnx.export", refuse)
    params = FeatureParams(weights="none", image_size=32, batch_size=2)
    backbone, programs = build_backbone(params), ItemCache(tmp_path)
    with caplog.at_level("INFO"):
        keep_program(backbone, params, programs)
        assert by_onnx(backbone, params, num_threads=1, kept=kept_in(programs))(noise(params)).shape == (2, 1280)
    assert len(tried) == 1
    assert "cannot be written as ONNX: no such operator" in caplog.text
    assert "has no ONNX form and runs by torch" in caplog.text


def test_what_is_kept_is_not_exported_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    params = FeatureParams(weights="none", image_size=32, batch_size=2)
    backbone, programs = build_backbone(params), ItemCache(tmp_path)
    windows = noise(params)
    expected = by_onnx(backbone, params, num_threads=1)(windows)
    keep_program(backbone, params, programs)

    def exported(*_: object) -> bytes:
        raise AssertionError("exported again")

    monkeypatch.setattr(running, "onnx_form", exported)
    keep_program(backbone, params, programs)
    assert np.array_equal(by_onnx(backbone, params, num_threads=1, kept=kept_in(programs))(windows), expected)
    wider = params.model_copy(update={"batch_size": 3})
    with pytest.raises(AssertionError, match="exported again"):
        by_onnx(backbone, wider, num_threads=1, kept=kept_in(programs))
    other = build_backbone(params)
    with torch.no_grad():
        next(other.parameters()).mul_(2)
    with pytest.raises(AssertionError, match="exported again"):
        by_onnx(other, params, num_threads=1, kept=kept_in(programs))
