from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from tests.conftest import REPO
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from actionrec.models.cost import count_multiply_adds
from actionrec.models.examples import example_inputs
from actionrec.models.table import build_model, parse_model
from actionrec.pack.features.backbones import build_backbone, example_windows
from actionrec.pack.features.section import FeatureParams
from actionrec.params import load_params


class _Lstm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 7, batch_first=True)
        self.head = nn.Linear(7, 3)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.head(self.lstm(values)[0][:, -1])


def test_an_lstm_counts_its_four_gates_of_every_step() -> None:
    assert count_multiply_adds(_Lstm().eval(), torch.zeros(1, 11, 5)) == 11 * 4 * 7 * (5 + 7) + 7 * 3


class _Looking(_Lstm):
    """Looks at values, which shapes alone do not have."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return super().forward(values if float(values.sum()) == 0 else values[:, :1])


def test_a_network_that_looks_at_values_is_counted_as_it_runs() -> None:
    assert count_multiply_adds(_Looking().eval(), torch.zeros(1, 11, 5)) == 11 * 4 * 7 * (5 + 7) + 7 * 3


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.parametrize("name", ["fused_convlstm", "cnn3d", "res2plus1d", "cnn_lstm", "stgcn", "keypoint_lstm"])
def test_the_count_is_that_of_torch(name: str) -> None:
    section = parse_model(load_params(REPO / "params.yaml").models[name])
    model = build_model(section, num_classes=6).eval()
    inputs = example_inputs(section, num_clips=1)
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=False), counter:
        model(inputs)
    assert 2 * count_multiply_adds(model, inputs) == counter.get_total_flops() > 0


def test_attention_and_what_is_made_of_other_operations_count() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    projections, scores_and_sums, feedforward = 5 * 8 * 4 * 8, 2 * 5 * 5 * 8, 2 * 5 * 8 * 16
    assert count_multiply_adds(layer, torch.zeros(1, 5, 8)) == projections + scores_and_sums + feedforward


def test_a_convolution_counts_every_output_value() -> None:
    assert count_multiply_adds(nn.Conv3d(3, 4, 3), torch.zeros(1, 3, 5, 5, 5)) == 3**3 * 4 * 3 * 3**3


def test_a_network_is_counted_for_one_window() -> None:
    params = FeatureParams(backbone="resnet18", weights="none", image_size=32)
    # resnet18 without its classifier, as published for 224 x 224
    assert count_multiply_adds(build_backbone(params), example_windows(params, 1)) == 1_813_561_344 // 7**2


@pytest.mark.slow
def test_counting_does_not_import_the_compiler() -> None:
    script = """
import sys, torch
from actionrec.models.cost import count_multiply_adds
print(count_multiply_adds(torch.nn.Linear(3, 4), torch.zeros(1, 3)), "torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "12 False\n"
