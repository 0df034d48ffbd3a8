"""The models, each a ``torch.nn.Module`` from a dict of tensors to logits (B, classes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actionrec.model_sections import (
    AnyModel,
    ClipResnet3DParams,
    CNN3DParams,
    CNNLSTMParams,
    FrameResnetParams,
    FusedConvLSTMParams,
    Res2Plus1DParams,
    STGCNParams,
    TorchvisionVideoParams,
)

if TYPE_CHECKING:
    from torch import nn


def build_model(params: AnyModel, *, num_classes: int, load_weights: bool = True) -> nn.Module:  # noqa: PLR0911
    """The model that ``params`` describes, its random weights drawn from torch's global generator.

    Without ``load_weights`` no pre-trained file is read: the caller loads a whole state dict.
    """
    # Imported here: torchvision alone takes seconds, and only some of the models need it.
    match params:
        case FrameResnetParams():
            from actionrec.models.frame_resnet import FrameResnet

            return FrameResnet(params, num_classes=num_classes, load_weights=load_weights)
        case FusedConvLSTMParams():
            from actionrec.models.fused_convlstm import FusedConvLSTM

            return FusedConvLSTM(params, num_classes=num_classes)
        case CNN3DParams():
            from actionrec.models.cnn3d import CNN3D

            return CNN3D(params, num_classes=num_classes)
        case Res2Plus1DParams():
            from actionrec.models.res2plus1d import Res2Plus1D

            return Res2Plus1D(params, num_classes=num_classes)
        case CNNLSTMParams():
            from actionrec.models.cnn_lstm import CNNLSTM

            return CNNLSTM(params, num_classes=num_classes)
        case ClipResnet3DParams():
            from actionrec.models.clip_resnet3d import ClipResnet3D

            return ClipResnet3D(params, num_classes=num_classes, load_weights=load_weights)
        case TorchvisionVideoParams():
            from actionrec.models.torchvision_video import TorchvisionVideo

            return TorchvisionVideo(params, num_classes=num_classes, load_weights=load_weights)
        case STGCNParams():
            from actionrec.models.stgcn import STGCN

            return STGCN(params, num_classes=num_classes)


def count_parameters(model: nn.Module, *, only_trainable: bool = False) -> int:
    """Number of parameters, or of those that train."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not only_trainable)
