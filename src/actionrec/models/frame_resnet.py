"""Single frames through a 2D residual network (reference system E1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torchvision
from torch import Tensor, nn

from actionrec.model_sections import FrameResnetParams
from actionrec.models.pixels import IMAGENET, Standardise, to_unit
from actionrec.models.weights import download, freeze_all_but, keep_frozen_still, load_weights_file


class FrameResnet(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, 1, S, S, 3)}``.

    Only the modules named by ``trainable`` train (all where none is named). Batch normalisation in
    frozen modules stays in eval mode.
    """

    def __init__(self, params: FrameResnetParams, *, num_classes: int, load_weights: bool) -> None:
        super().__init__()
        self.net = _backbone(params, load_weights=load_weights)
        self.net.fc = nn.Linear(self.net.fc.in_features, num_classes)
        self.standardise = Standardise(IMAGENET)
        freeze_all_but(self.net, params.trainable)
        self.train()  # Lightning takes the modes as it finds them

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        images = to_unit(inputs["frames"]).squeeze(2)  # (B, 3, S, S)
        logits: Tensor = self.net(self.standardise(images))
        return logits

    def train(self, mode: bool = True) -> FrameResnet:  # noqa: FBT001, FBT002 (torch's own signature)
        super().train(mode)
        keep_frozen_still(self.net)
        return self


def _backbone(params: FrameResnetParams, *, load_weights: bool) -> Any:
    name = f"resnet{params.depth}"
    net = getattr(torchvision.models, name)(weights=None)
    if load_weights and params.weights == "imagenet":
        weights = torchvision.models.get_model_weights(name).DEFAULT
        state = download("imagenet", lambda: weights.get_state_dict(progress=False, check_hash=True), url=weights.url)
        net.load_state_dict(state)
    elif load_weights and params.weights != "none":
        load_weights_file(net, Path(params.weights))
    return net
