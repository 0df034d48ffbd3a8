"""Torchvision's video backbones by name, with a classifier of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from actionrec.clips.recipes import ImageClipRecipe
from actionrec.clips.section import ImageClipParams, ImageSize, Sampling, TestSampling
from actionrec.models.kind import RESIDUAL_LAYERS, ModelKind, ModelParams, PretrainedParams, Reference
from actionrec.models.pixels import IMAGENET, KINETICS, MVIT, Pixels
from actionrec.models.video_networks import video_network
from actionrec.models.weights import PartlyTrained, load_torchvision_weights, load_weights_file

Backbone = Literal["r3d_18", "mc3_18", "r2plus1d_18", "s3d", "mvit_v2_s", "swin3d_t"]
_MVIT_CLIP = (16, 224)
"""Frames and pixels that torchvision's mvit_v2_s is built for."""


class TorchvisionVideoParams(ModelParams, ImageClipParams, PretrainedParams):
    """Any of torchvision's video backbones, by name."""

    type: Literal["torchvision_video"]
    backbone: Backbone
    """Tran et al. 2018 (r3d_18, mc3_18, r2plus1d_18), Xie et al. 2018 (s3d), Li et al. 2022, Liu et al. 2022."""
    clip_frames: Annotated[int, Field(ge=2)] = 16
    image_size: ImageSize = 112
    sampling: Sampling = "window"
    test_sampling: TestSampling = "windows"
    augment: bool = True
    weights: str = "none"
    """``none``; torchvision's name of published weights, which it downloads: ``KINETICS400_V1`` (``kinetics400`` is the
    same); or a local state-dict file."""

    @property
    def takes_any_length(self) -> bool:
        return self.backbone != "mvit_v2_s"

    def problems(self, name: str) -> list[str]:
        problems = super().problems(name)
        if self.backbone == "mvit_v2_s" and (self.clip_frames, self.image_size) != _MVIT_CLIP:
            problems.append(
                "{}.clip_frames: mvit_v2_s takes clips of {} frames of image_size {} only, not {} of {}".format(
                    name, *_MVIT_CLIP, self.clip_frames, self.image_size
                )
            )
        if self.backbone == "s3d" and (self.clip_frames < 8 or self.image_size < 32):
            problems.append(
                f"{name}.clip_frames: {self.clip_frames} and image_size {self.image_size} must be at least 8 and 32 "
                "for s3d"
            )
        return problems


_STATISTICS = {"mvit_v2_s": MVIT, "swin3d_t": IMAGENET}
_HEADS = {"s3d": "classifier.1", "mvit_v2_s": "head.1", "swin3d_t": "head"}


class TorchvisionVideo(PartlyTrained):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``."""

    def __init__(self, params: TorchvisionVideoParams, *, num_classes: int, load_weights: bool) -> None:
        name = params.backbone
        head = _HEADS.get(name, "fc")
        net = video_network(name)
        if load_weights and params.weights != "none":
            published = load_torchvision_weights(net, backbone=name, weights=params.weights)
            if not published:
                load_weights_file(net, Path(params.weights), head=head)
        _replace_head(net, head, num_classes)
        super().__init__(net, trainable=params.trainable)
        self.pixels = Pixels(params.frame_content, statistics=_STATISTICS.get(name, KINETICS))

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        logits: Tensor = self.net(self.pixels(inputs["frames"]))
        return logits


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


def _reference(backbone: Backbone, parameters: int, paper: str) -> Reference:
    """With 400 classes (Kinetics), as torchvision documents it."""
    size = _MVIT_CLIP[1] if backbone == "mvit_v2_s" else 112
    params = TorchvisionVideoParams(type="torchvision_video", backbone=backbone, image_size=size)
    return Reference(backbone, params, 400, parameters, parameters, paper)


def maps(params: TorchvisionVideoParams) -> tuple[str, ...]:
    """Of the convolutional networks; the transformers mix all places from their first layer on."""
    match params.backbone:
        case "mvit_v2_s" | "swin3d_t":
            return ()
        case "s3d":
            return tuple(f"net.features.{last}" for last in (15, 12, 6))  # before each pooling
        case _:
            return RESIDUAL_LAYERS


MODEL = ModelKind(
    section=TorchvisionVideoParams,
    recipe=ImageClipRecipe,
    network=TorchvisionVideo,
    references=(
        _reference("r3d_18", 33_371_472, "Tran et al. 2018, arXiv:1711.11248"),
        _reference("mc3_18", 11_695_440, "Tran et al. 2018, arXiv:1711.11248"),
        _reference("r2plus1d_18", 31_505_325, "Tran et al. 2018, arXiv:1711.11248"),
        _reference("s3d", 8_320_048, "Xie et al. 2018, arXiv:1712.04851"),
        _reference("mvit_v2_s", 34_537_744, "Li et al. 2022, arXiv:2112.01526"),
        _reference("swin3d_t", 28_158_070, "Liu et al. 2022, arXiv:2106.13230"),
    ),
    maps=maps,
)
