"""3D residual network of bottleneck blocks (reference system E2; Hara et al. 2018, arXiv:1711.09577).

System E2 takes of the published network (blocks 3, 4, 6, 3; 47,018,576 parameters with 400 classes) only the first
block of layer4: blocks (3, 4, 6, 1), 28,043,557 parameters with 101 classes. The state dict has the names of the
published Kinetics checkpoints: conv1, bn1, layerN.M.{conv,bn}{1,2,3}, layerN.M.downsample.{0,1}, fc; what such a file
holds beyond the blocks is left out. Constants (epsilon, momentum) are PyTorch's, as in the authors' code.

The mean and standard deviation of the pixels belong to the weights, and the authors published files of several, alike
in names and shapes: which set is taken, and that it is unknown where nothing says it, is logged when a file is loaded.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from actionrec.clips.recipes import ImageClipRecipe
from actionrec.clips.section import ImageClipParams, ImageSize, Sampling, TestSampling
from actionrec.core.errors import ActionrecError
from actionrec.core.section import ListOf, PositiveInt
from actionrec.models.kind import RESIDUAL_LAYERS, ModelKind, ModelParams, PretrainedParams, Reference, card_path
from actionrec.models.pixels import NAMED_STATISTICS, RESNETS3D_2018, Pixels, Statistics
from actionrec.models.weights import PartlyTrained, load_weights_file, read_card


class ClipResnet3DParams(ModelParams, ImageClipParams, PretrainedParams):
    """3D ResNet of bottleneck blocks (reference system E2)."""

    type: Literal["clip_resnet3d"]
    clip_frames: Annotated[int, Field(ge=2)] = 16
    image_size: ImageSize = 224
    sampling: Sampling = "window"
    test_sampling: TestSampling = "windows"
    augment: bool = True
    blocks: Annotated[ListOf[PositiveInt], Field(min_length=4, max_length=4)] = (3, 4, 6, 1)
    """Bottleneck blocks of layer1 to layer4; (3, 4, 6, 3) is ResNet-50, of which the reference skips the last two."""
    width: PositiveInt = 64
    """Channels of the stem; layerN has ``width * 2 ** (N - 1)``, and four times as many at its end."""
    weights: str = "none"
    """``none``, or a local state-dict file, for example of Kinetics-400."""
    statistics: Literal["card", "resnets3d_2018", "resnets3d_2020", "imagenet", "torchvision_kinetics", "none"] = "card"
    """Mean and standard deviation of the pixels that the weights were trained with: those of the ``card`` beside the
    file of weights (``<file>.json``, ``{"mean": [...], "std": [...]}`` of RGB in [0, 1]), where there is none those of
    the reference; or a named set (``actionrec.models.pixels``), which goes before a card."""
    trainable: ListOf[str] = ("layer4.0", "fc")
    """Modules that train; all where empty."""

    @property
    def takes_any_length(self) -> bool:
        return True


_LOG = logging.getLogger(__name__)

_EXPANSION = 4
_BLOCK_KEY = re.compile(r"layer(\d)\.(\d+)\.")


class Bottleneck(nn.Module):
    """1x1x1, 3x3x3, 1x1x1 convolutions without bias, each with batch normalisation; shortcut B."""

    def __init__(self, in_channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        channels = width * _EXPANSION
        self.conv1 = nn.Conv3d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(channels)
        self.downsample = (
            nn.Sequential(nn.Conv3d(in_channels, channels, 1, stride=stride, bias=False), nn.BatchNorm3d(channels))
            if stride != 1 or in_channels != channels
            else None
        )

    def forward(self, images: Tensor) -> Tensor:
        skipped = images if self.downsample is None else self.downsample(images)
        images = functional.relu(self.bn1(self.conv1(images)))
        images = functional.relu(self.bn2(self.conv2(images)))
        return functional.relu(self.bn3(self.conv3(images)) + skipped)


class ClipResnet3D(PartlyTrained):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``.

    The average over the last map takes whatever time and space there is, so a whole video goes through
    in one pass.
    """

    def __init__(self, params: ClipResnet3DParams, *, num_classes: int, load_weights: bool) -> None:
        net = _Net(params, num_classes=num_classes)
        statistics = RESNETS3D_2018 if params.statistics == "card" else NAMED_STATISTICS[params.statistics]
        if load_weights and params.weights != "none":
            load_checkpoint(net, params)
            statistics = statistics_of_weights(params)
        super().__init__(net, trainable=params.trainable)
        self.pixels = Pixels(params.frame_content, statistics=statistics)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.net(self.pixels(inputs["frames"]))
        return logits


class _Net(nn.Module):
    """(B, 3, T, S, S) to logits; apart, so that its state dict has the published names."""

    def __init__(self, params: ClipResnet3DParams, *, num_classes: int) -> None:
        super().__init__()
        width = params.width
        self.conv1 = nn.Conv3d(3, width, 7, stride=(1, 2, 2), padding=3, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.maxpool = nn.MaxPool3d(3, stride=2, padding=1)
        first, second, third, fourth = params.blocks
        self.layer1 = _layer(width, width, blocks=first, stride=1)
        self.layer2 = _layer(width * 4, width * 2, blocks=second, stride=2)
        self.layer3 = _layer(width * 8, width * 4, blocks=third, stride=2)
        self.layer4 = _layer(width * 16, width * 8, blocks=fourth, stride=2)
        self.fc = nn.Linear(width * 32, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        images = self.maxpool(functional.relu(self.bn1(self.conv1(images))))  # (B, C, T / 2, S / 4, S / 4)
        images = self.layer4(self.layer3(self.layer2(self.layer1(images))))  # (B, 32 C, T / 16, S / 32, S / 32)
        logits: Tensor = self.fc(images.mean(dim=(2, 3, 4)))
        return logits


def _layer(in_channels: int, width: int, *, blocks: int, stride: int) -> nn.Sequential:
    first = Bottleneck(in_channels, width, stride=stride)
    return nn.Sequential(first, *(Bottleneck(width * _EXPANSION, width, stride=1) for _ in range(blocks - 1)))


def load_checkpoint(net: nn.Module, params: ClipResnet3DParams) -> None:
    """Load ``params.weights`` into ``net``; blocks that ``params.blocks`` leaves out may stay unused."""

    def beyond(key: str) -> bool:
        place = _BLOCK_KEY.match(key)
        return place is not None and int(place[2]) >= params.blocks[int(place[1]) - 1]

    if params.weights == "kinetics400":
        raise ActionrecError(
            "weights: kinetics400: nobody publishes these by a fixed name; fetch a 3D ResNet-50 checkpoint and set "
            "weights to its path, or use a torchvision_video model, whose weights torchvision downloads"
        )
    load_weights_file(net, Path(params.weights), may_drop=beyond)


def statistics_of_weights(params: ClipResnet3DParams) -> Statistics | None:
    """The statistics that belong to the file ``params.weights``, logged with where they come from."""
    weights = Path(params.weights)
    if params.statistics != "card":
        _LOG.info("%s: pixels are standardised by the set %s, as statistics says", weights, params.statistics)
        return NAMED_STATISTICS[params.statistics]
    if found := read_card(weights):
        _LOG.info("%s: pixels are standardised by %s: mean %s, std %s", weights, card_path(weights), *found)
        return found
    _LOG.warning(
        "%s: unknown which mean and std these weights were trained with; taken are those of the reference "
        "(resnets3d_2018). Name the right set by statistics, or write it to %s",
        weights,
        card_path(weights),
    )
    return RESNETS3D_2018


MODEL = ModelKind(
    section=ClipResnet3DParams,
    recipe=ImageClipRecipe,
    network=ClipResnet3D,
    references=(
        Reference(
            "clip_resnet3d",
            ClipResnet3DParams(type="clip_resnet3d"),
            101,
            28_043_557,
            10_965_093,
            "system E2; Hara et al. 2018, arXiv:1711.09577",
        ),
    ),
    maps=lambda _: RESIDUAL_LAYERS,
)
