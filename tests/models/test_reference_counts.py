"""The published systems, by their exact numbers of parameters: a section's defaults are its reference."""

from __future__ import annotations

import pytest

from actionrec.models.clip_resnet3d import ClipResnet3DParams
from actionrec.models.cnn3d import CNN3DParams
from actionrec.models.cnn_lstm import CNNLSTMParams
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.fused_convlstm import FusedConvLSTMParams
from actionrec.models.kind import ModelParams, count_parameters
from actionrec.models.res2plus1d import Res2Plus1DParams
from actionrec.models.table import build_model

FUSED = FusedConvLSTMParams(type="fused_convlstm")
CLIP = ClipResnet3DParams(type="clip_resnet3d")
WHOLE = ClipResnet3DParams(type="clip_resnet3d", blocks=(3, 4, 6, 3))
"""The published 3D ResNet-50, of which the reference uses a part."""


@pytest.mark.parametrize(
    ("params", "num_classes", "total", "trainable"),
    [
        (FUSED, 11, 7_174_718, 7_174_718),
        (FUSED, 10, 7_161_917, 7_161_917),
        (CNN3DParams(type="cnn3d"), 5, 74_597, 74_597),
        (Res2Plus1DParams(type="res2plus1d"), 10, 443_290, 443_290),
        # 64 filters of 3 x 3 x 3; an LSTM from 64 to 128 with two biases; 128 to 10 classes.
        (
            CNNLSTMParams(type="cnn_lstm"),
            10,
            64 * 28 + 4 * 128 * (64 + 128 + 2) + 129 * 10,
            64 * 28 + 4 * 128 * (64 + 128 + 2) + 129 * 10,
        ),
        (FrameResnetParams(type="frame_resnet"), 101, 23_714_981, 4_669_541),
        (CLIP, 101, 28_043_557, 10_965_093),
        (WHOLE, 400, 47_018_576, 11_577_744),
        (WHOLE, 101, 46_405_925, 10_965_093),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else "",
)
def test_reference_counts(params: ModelParams, num_classes: int, total: int, trainable: int) -> None:
    model = build_model(params, num_classes=num_classes, load_weights=False)
    assert count_parameters(model) == total
    assert count_parameters(model, only_trainable=True) == trainable


def test_batch_normalisation_is_the_option_that_adds_parameters() -> None:
    model = build_model(CNN3DParams(type="cnn3d", norm=True), num_classes=5)
    assert count_parameters(model) == 74_597 + 2 * (16 + 32 + 32)
