"""Single frames through a 2D residual network (reference system E1).

Everything that is not said here is as PyTorch has it: the network is torchvision's, its constants too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from actionrec.clips.images import Look
from actionrec.clips.recipes import Arrays, crops
from actionrec.clips.sampling import even_frames, sample_one
from actionrec.clips.section import ImageSize, PictureParams
from actionrec.core.arrays import Frames, Indices
from actionrec.core.section import ListOf, PositiveInt
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.models.kind import RESIDUAL_LAYERS, ModelKind, ModelParams, PretrainedParams, Reference
from actionrec.models.pixels import IMAGENET, Pixels
from actionrec.models.weights import PartlyTrained, load_torchvision_weights, load_weights_file

_VAL_FRAMES = 3
_CACHED_FRAMES = 8
"""At a time in prediction on a CPU: the maps of more leave its cache, and take half as long again each."""


class FrameResnetParams(ModelParams, PictureParams, PretrainedParams):
    """Single frames through a 2D ResNet (reference system E1)."""

    type: Literal["frame_resnet"]
    view: str = "rgb"
    """Packed view (``pack``) that it reads."""
    depth: Literal[18, 34, 50, 101, 152] = 50
    """Layers of the ResNet."""
    weights: str = "imagenet"
    """``none``; torchvision's name of published weights, which it downloads: ``IMAGENET1K_V1`` (``imagenet`` is the
    same, and what the reference starts from) or ``IMAGENET1K_V2``, where the depth has it; or a local state-dict
    file."""
    trainable: ListOf[str] = ("layer4.2", "fc")
    """Modules that train; all where empty."""
    image_size: ImageSize = 224
    """Side of the square input in pixels."""
    test_crops: Literal[1, 3] = 1
    """Squares predicted of every frame: the centre, or three along the longer side."""
    augment: bool = True
    """Random crop of 70-100 % per axis, brightness +/- 15 of 255."""
    flip: bool = False
    """Random horizontal flip (the reference does); wrong for signs and for mirrored classes."""
    train_frames: PositiveInt = 1
    """Random frames of each video an epoch; the reference takes one."""
    test_frames: Annotated[int, Field(ge=0)] = 0
    """Evenly spaced frames predicted a video; 0 predicts every frame."""


@dataclass(frozen=True)
class FrameRecipe:
    """Clips of one frame."""

    params: FrameResnetParams
    reads_keypoints: bool = False
    only_hands: bool = False
    fps: None = None

    @property
    def view(self) -> str:
        return self.params.view

    @property
    def clips_per_epoch(self) -> int:
        return self.params.train_frames

    @property
    def num_crops(self) -> int:
        return self.params.test_crops

    @property
    def samplings(self) -> tuple[str, ...]:
        return ("even_frames",) if self.params.test_frames else ("all_frames",)

    def protocol(self, sampling: str) -> str:  # noqa: ARG002 (the recipe's signature)
        frames = f"{self.params.test_frames} evenly spaced frames" if self.params.test_frames else "every frame"
        return frames + crops(self.num_crops)

    def train_clip(self, num_frames: int, *, generator: np.random.Generator) -> Indices:
        clip: Indices = sample_one(num_frames, generator=generator)[0]
        return clip

    def test_clips(self, num_frames: int, sampling: str) -> Indices:  # noqa: ARG002 (the recipe's signature)
        return even_frames(num_frames, max_frames=self.params.test_frames)

    def val_clips(self, num_frames: int) -> Indices:
        return even_frames(num_frames, max_frames=_VAL_FRAMES)

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,  # noqa: ARG002 (the recipe's signature)
        *,
        generator: np.random.Generator | None,
        crop: int = 0,
    ) -> Arrays:
        assert frames is not None
        look = Look(self.params.image_size, 1.0, augment=self.params.augment, flip=self.params.flip, rotate=0.0)
        return {"frames": look.of(frames, generator=generator, crop=crop)}


class FrameResnet(PartlyTrained):
    """Logits (B, classes) from ``{"frames": uint8 (B, 1, S, S, 3)}``."""

    def __init__(self, params: FrameResnetParams, *, num_classes: int, load_weights: bool) -> None:
        net = _backbone(params, load_weights=load_weights)
        net.fc = nn.Linear(net.fc.in_features, num_classes)
        super().__init__(net, trainable=params.trainable)
        self.pixels = Pixels(statistics=IMAGENET)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        frames = inputs["frames"]
        alone = not self.training and not torch.is_grad_enabled() and not torch.compiler.is_exporting()
        if alone and frames.device.type == "cpu":
            return torch.cat([self._logits(few) for few in torch.split(frames, _CACHED_FRAMES)])
        return self._logits(frames)

    def _logits(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.net(self.pixels(frames).squeeze(2))  # of (B, 3, S, S), channels last in memory
        return logits


def _backbone(params: FrameResnetParams, *, load_weights: bool) -> Any:
    import torchvision  # takes seconds

    name = f"resnet{params.depth}"
    net = getattr(torchvision.models, name)(weights=None)
    if not load_weights or params.weights == "none":
        return net
    if not load_torchvision_weights(net, backbone=name, weights=params.weights):
        load_weights_file(net, Path(params.weights))
    return net


MODEL = ModelKind(
    section=FrameResnetParams,
    recipe=FrameRecipe,
    network=FrameResnet,
    references=(
        Reference(
            "frame_resnet",
            FrameResnetParams(type="frame_resnet"),
            101,
            23_714_981,
            4_669_541,
            "system E1; He et al. 2016, arXiv:1512.03385",
        ),
    ),
    maps=lambda _: RESIDUAL_LAYERS,
)
