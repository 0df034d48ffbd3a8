from __future__ import annotations

import torch
from torch import nn

from actionrec.models.table import build_model, parse_model
from actionrec.pack.features.section import FeatureParams
from actionrec.prediction.cost import count_multiply_adds, measure_cost


class _Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 7, batch_first=True)
        self.head = nn.Linear(7, 3)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(values)[0][:, -1])


def test_an_lstm_counts_its_four_gates_of_every_step() -> None:
    assert count_multiply_adds(_Lstm().eval(), torch.zeros(1, 11, 5)) == 11 * 4 * 7 * (5 + 7) + 7 * 3


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
