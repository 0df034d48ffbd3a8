"""Torchvision's video backbones by name, with a classifier of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from actionrec.model_sections import TorchvisionVideoParams, VideoBackbone
from actionrec.models.pixels import IMAGENET, KINETICS, MVIT, Pixels
from actionrec.models.weights import PartlyTrained, download, load_weights_file

_STATISTICS = {"mvit_v2_s": MVIT, "swin3d_t": IMAGENET}
_HEADS = {"s3d": "classifier.1", "mvit_v2_s": "head.1", "swin3d_t": "head"}


class TorchvisionVideo(PartlyTrained):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``."""

    def __init__(self, params: TorchvisionVideoParams, *, num_classes: int, load_weights: bool) -> None:
        name = params.backbone
        head = _HEADS.get(name, "fc")
        net = _backbone(name)
        if load_weights and params.weights == "kinetics400":
            weights = torchvision.models.get_model_weights(name).DEFAULT
            state = download(
                "kinetics400", lambda: weights.get_state_dict(progress=False, check_hash=True), url=weights.url
            )
            net.load_state_dict(state)
        elif load_weights and params.weights != "none":
            load_weights_file(net, Path(params.weights), head=head)
        _replace_head(net, head, num_classes)
        super().__init__(net, trainable=params.trainable)
        self.pixels = Pixels(params.frame_content, statistics=_STATISTICS.get(name, KINETICS))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.net(self.pixels(inputs["frames"]))
        return logits


class _MeanPool(nn.Module):
    """Average over time and space to (B, C, 1, 1, 1); unlike adaptive pooling's, its gradient repeats on a GPU."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=(2, 3, 4), keepdim=True)


def _backbone(name: VideoBackbone) -> Any:
    net = getattr(torchvision.models.video, name)(weights=None)
    if name not in ("mvit_v2_s", "swin3d_t"):  # S3D's own pooling wants 224 pixels, where this is the same
        net.avgpool = _MeanPool()
    return net


def _replace_head(net: nn.Module, head: str, num_classes: int) -> None:
    parent, _, last = head.rpartition(".")
    owner = net.get_submodule(parent) if parent else net
    old = owner.get_submodule(last)
    if isinstance(old, nn.Conv3d):
        new: nn.Module = nn.Conv3d(old.in_channels, num_classes, 1)
    else:
        assert isinstance(old, nn.Linear)
        new = nn.Linear(old.in_features, num_classes)
        torch.nn.init.normal_(new.weight, std=0.01)
    owner.register_module(last, new)
