"""Every type of model, from packed files to predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.models.small import small_models
from tests.packed_data import CLASSES, PackedData, make_packed_data

from actionrec.core.itemcache import ItemCache
from actionrec.models.table import kind_of, recipe_of
from actionrec.prediction.run import predict_videos
from actionrec.training.datasets import open_source
from actionrec.training.loop import train_model
from actionrec.training.run import TrainingRun
from actionrec.training.section import TrainParams
from actionrec.training.trained import load_trained, section_of

TRAIN = TrainParams(lr=0.001, epochs=1, batch_size=6, optimizer="adamw", weight_decay=0.01, accelerator="cpu")
MODELS = small_models()
ANY_LENGTH = ("clip_resnet3d", "res2plus1d", "stgcn")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), size=40)


@pytest.mark.parametrize("name", MODELS)
def test_trains_predicts_and_comes_back_from_disk(tmp_path: Path, data: PackedData, name: str) -> None:
    changes = {"also_test": ("whole", "overlapping"), "window_step": 8} if name in ANY_LENGTH else {}
    params = MODELS[name].model_copy(update=changes)
    source = open_source(recipe_of(params), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    run = TrainingRun(name, kind_of(params.type), params, TRAIN, data.rows, source)
    train_model(run, out_dir=tmp_path / "model", curves_path=tmp_path / "c.csv", cache=ItemCache(tmp_path / "cache"))
    card, model = load_trained(tmp_path / "model", name=name)
    assert (card.type, section_of(card)) == (params.type, params)
    found = predict_videos(card, model, source=source, rows=data.rows, aggregation="mean", batch_size=4, device="cpu")
    found.check_covers(data.rows)
    assert found.log_prob.shape == (8, len(CLASSES))
    assert sorted(found.protocols) == sorted(changes.get("also_test", ()))
    for log_prob in (found.log_prob, *found.protocols.values()):
        assert np.exp(log_prob).sum(axis=1) == pytest.approx(1, abs=1e-5)
