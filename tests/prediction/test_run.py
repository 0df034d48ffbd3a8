"""Predictions of every val and test video."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.packed_data import CLASSES, PackedData, make_packed_data, small_fused

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SplitRow
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model, recipe_of
from actionrec.prediction.run import predict_videos
from actionrec.training.card import ModelCard
from actionrec.training.datasets import open_source

PARAMS = small_fused(dropout=0.5, test_clips=3)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), size=16)


def source_of(data):
    return open_source(recipe_of(PARAMS), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)


@pytest.fixture(scope="module")
def source(data):
    return source_of(data)


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_model(PARAMS, num_classes=4)


def card(model, *, class_names: tuple[str, ...] = CLASSES) -> ModelCard:
    count = count_parameters(model)
    return ModelCard("m", PARAMS.type, list(class_names), PARAMS.model_dump(), {}, count, count, 2, 0.5, 1.0, "f")


def predict(model, source, rows, *, batch_size: int = 5):
    return predict_videos(
        card(model), model, source=source, rows=rows, aggregation="mean", batch_size=batch_size, device="cpu"
    )


def test_every_val_and_test_video_once(data, source, model):
    found = predict(model, source, data.rows[::-1])
    expected = [row for row in data.rows if row.subset != "train"]
    assert found.video_id == [row.video_id for row in expected]
    assert found.subset == [row.subset for row in expected]
    assert [CLASSES[label] for label in found.label] == [row.label for row in expected]
    assert found.clip_video.tolist() == np.repeat(np.arange(8), 3).tolist()
    assert found.clip_log_prob.shape == (24, 4)  # 24 clips in batches of 5: the last one is not lost
    assert found.clip_frames.shape == (24, 4)
    assert (found.protocol, found.sampling) == ("mean of 3 strided clips of 4 frames", "strided")
    found.check_covers(data.rows)


def test_training_videos_are_predicted_where_asked_and_then_all_of_them(data, source, model):
    found = predict_videos(
        card(model), model, source=source, rows=data.rows, aggregation="mean", batch_size=5, device="cpu",
        subsets=("train", "val", "test"),
    )  # fmt: skip
    assert found.video_id == [row.video_id for row in data.rows]
    found.check_covers(data.rows)
    more = [*data.rows, SplitRow("another", CLASSES[0], "g", "train")]
    with pytest.raises(ActionrecError, match="another"):
        found.check_covers(more)
    predict(model, source, data.rows).check_covers(more)


def test_a_video_is_the_mean_of_its_clips(data, source, model):
    found = predict(model, source, data.rows)
    mean = found.clip_log_prob.reshape(8, 3, 4).mean(axis=1)
    assert found.log_prob == pytest.approx(torch.log_softmax(torch.from_numpy(mean), dim=1).numpy(), abs=1e-6)


def test_other_samplings_are_predicted_too(data, model):
    params = PARAMS.model_copy(update={"also_test": ("windows", "centre")})
    source = open_source(recipe_of(params), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    found = predict(model, source, data.rows)
    assert list(found.protocols) == ["windows", "centre"]
    assert np.array_equal(found.log_prob, predict(model, source_of(data), data.rows).log_prob)
    centre = params.model_copy(update={"test_sampling": "centre", "also_test": ()})
    alone = open_source(recipe_of(centre), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    assert found.protocols["centre"] == pytest.approx(predict(model, alone, data.rows).log_prob, abs=1e-5)


def test_batches_do_not_matter(data, source, model):
    one, many = (predict(model, source, data.rows, batch_size=size) for size in (1, 100))
    assert one.log_prob == pytest.approx(many.log_prob, abs=1e-5)
    again = predict(model, source, data.rows, batch_size=100)
    assert np.array_equal(many.log_prob, again.log_prob)


def test_a_class_never_trained_is_an_error(data, source, model):
    rows = [*data.rows, SplitRow("x", "jump", "g", "test")]
    with pytest.raises(ActionrecError, match="m was not trained on jump; it knows circle_ccw"):
        predict(model, source, rows)


def test_nothing_to_predict_is_an_error(data, source, model):
    with pytest.raises(ActionrecError, match="no val or test video"):
        predict(model, source, [row for row in data.rows if row.subset == "train"])


def test_values_that_are_not_finite_are_refused(data, source):
    broken = build_model(PARAMS, num_classes=4)
    torch.nn.init.constant_(broken.classifier.weight, float("nan"))
    with pytest.raises(ActionrecError, match="not finite"):
        predict(broken, source, data.rows)
