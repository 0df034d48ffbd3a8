"""The models, each a ``torch.nn.Module`` from a dict of tensors to logits (B, classes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actionrec.sections import AnyModel, FrameResnetParams

if TYPE_CHECKING:
    from torch import nn


def build_model(params: AnyModel, *, num_classes: int, load_weights: bool = True) -> nn.Module:
    """The model that ``params`` describes, its random weights drawn from torch's global generator.

    Without ``load_weights`` no pre-trained file is read: the caller loads a whole state dict.
    """
    # Imported here: torchvision alone takes seconds, and only one of the models needs it.
    if isinstance(params, FrameResnetParams):
        from actionrec.models.frame_resnet import FrameResnet

        return FrameResnet(params, num_classes=num_classes, load_weights=load_weights)
    from actionrec.models.fused_convlstm import FusedConvLSTM

    return FusedConvLSTM(params, num_classes=num_classes)


def count_parameters(model: nn.Module, *, only_trainable: bool = False) -> int:
    """Number of parameters, or of those that train."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not only_trainable)
