"""Single frames through a 2D residual network (reference system E1)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torchvision
from torch import Tensor, nn

from actionrec.model_sections import FrameResnetParams
from actionrec.models.pixels import IMAGENET, Pixels
from actionrec.models.weights import PartlyTrained, download, load_weights_file


class FrameResnet(PartlyTrained):
    """Logits (B, classes) from ``{"frames": uint8 (B, 1, S, S, 3)}``."""

    def __init__(self, params: FrameResnetParams, *, num_classes: int, load_weights: bool) -> None:
        net = _backbone(params, load_weights=load_weights)
        net.fc = nn.Linear(net.fc.in_features, num_classes)
        super().__init__(net, trainable=params.trainable)
        self.pixels = Pixels(statistics=IMAGENET)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.net(self.pixels(inputs["frames"]).squeeze(2))  # of (B, 3, S, S)
        return logits


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
