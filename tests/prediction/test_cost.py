from __future__ import annotations

import pytest
import torch
from tests.conftest import REPO
from torch import nn

from actionrec.models.examples import example_inputs
from actionrec.models.table import build_model, parse_model
from actionrec.pack.features.section import FeatureParams
from actionrec.params import load_params
from actionrec.prediction.cost import _counted, count_multiply_adds, measure_cost


class _Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 7, batch_first=True)
        self.head = nn.Linear(7, 3)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(values)[0][:, -1])


def test_an_lstm_counts_its_four_gates_of_every_step() -> None:
    assert count_multiply_adds(_Lstm().eval(), torch.zeros(1, 11, 5)) == 11 * 4 * 7 * (5 + 7) + 7 * 3


class _Unshaped(_Lstm):
    """Looks at values, which shapes alone do not have."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return super().forward(values if float(values.sum()) == 0 else values[:, :1])


def test_a_network_that_looks_at_values_is_counted_as_it_runs() -> None:
    assert count_multiply_adds(_Unshaped().eval(), torch.zeros(1, 11, 5)) == 11 * 4 * 7 * (5 + 7) + 7 * 3


@pytest.mark.parametrize("name", ["fused_convlstm", "cnn3d", "res2plus1d", "cnn_lstm", "stgcn", "keypoint_lstm"])
def test_shapes_alone_give_the_count_of_a_run(name: str) -> None:
    section = parse_model(load_params(REPO / "params.yaml").models[name])
    model = build_model(section, num_classes=6).eval()
    inputs = example_inputs(section, num_clips=1)
    assert count_multiply_adds(model, inputs) == _counted(model, inputs) > 0


def test_a_convolution_counts_every_output_value() -> None:
    assert count_multiply_adds(nn.Conv3d(3, 4, 3), torch.zeros(1, 3, 5, 5, 5)) == 3**3 * 4 * 3 * 3**3


def test_the_network_behind_features_counts_once_a_row() -> None:
    section = parse_model({"type": "feature_sequence", "view": "imagenet", "num_features": 8, "temporal": "mean"})
    model = build_model(section, num_classes=5).eval()
    features = FeatureParams(backbone="resnet18", weights="none", image_size=32)
    arguments = {"clip_frames": 4, "clips_per_video": 2.0, "rows_per_video": 10.0}
    alone = measure_cost(model, section, features=None, **arguments)
    assert (alone.clip, alone.video) == (8 * 5, 2 * 8 * 5)
    both = measure_cost(model, section, features=features, **arguments)
    vector = (both.clip - alone.clip) // 4
    assert vector == 1_813_561_344 // 7**2  # resnet18 without its classifier, as published for 224 x 224
    assert both.video == alone.video + 10 * vector
