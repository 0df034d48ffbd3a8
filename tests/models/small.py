"""Every type of model at a size that runs in moments."""

from __future__ import annotations

from tests.packed_data import NUM_FEATURES, small_fused

from actionrec.models.clip_resnet3d import ClipResnet3DParams
from actionrec.models.cnn3d import CNN3DParams
from actionrec.models.cnn_lstm import CNNLSTMParams
from actionrec.models.feature_sequence import FeatureSequenceParams
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.kind import ModelParams
from actionrec.models.res2plus1d import Res2Plus1DParams
from actionrec.models.stgcn import STGCNParams
from actionrec.models.table import MODELS, parse_model
from actionrec.models.torchvision_video import TorchvisionVideoParams


def small_models() -> dict[str, ModelParams]:
    """By type; one that is not made small here is taken as its section has it."""
    small: dict[str, ModelParams] = {
        "frame_resnet": FrameResnetParams(
            type="frame_resnet", depth=18, weights="none", trainable=(), image_size=32, test_frames=2
        ),
        "fused_convlstm": small_fused(),
        "cnn3d": CNN3DParams(type="cnn3d", image_size=32, channels=(2, 3, 4)),
        "res2plus1d": Res2Plus1DParams(
            type="res2plus1d", clip_frames=4, image_size=16, stride_frames=3, channels=(4, 8)
        ),
        "cnn_lstm": CNNLSTMParams(
            type="cnn_lstm", clip_frames=4, image_size=16, channels=(4, 8), lstm_hidden=8, test_clips=2
        ),
        "clip_resnet3d": ClipResnet3DParams(
            type="clip_resnet3d", clip_frames=8, image_size=32, blocks=(1, 1, 1, 1), width=4, trainable=()
        ),
        "feature_sequence": FeatureSequenceParams(
            type="feature_sequence",
            inputs="both",
            temporal="lstm",
            clip_frames=4,
            num_features=NUM_FEATURES,
            hidden=6,
            keypoint_hidden=4,
        ),
        "torchvision_video": TorchvisionVideoParams(
            type="torchvision_video", backbone="swin3d_t", clip_frames=4, image_size=32
        ),
        "stgcn": STGCNParams(type="stgcn", clip_frames=8, channels=(4, 8), temporal_kernel=3, motion=True),
    }
    return {name: small.get(name) or parse_model({"type": name}) for name in MODELS}
