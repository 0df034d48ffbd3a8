"""Spatial-temporal graph convolutional network on skeletons (Yan et al. 2018, arXiv:1801.07455).

Constants (epsilon, momentum) are PyTorch's, and the initial weights those of the authors' code. The partition follows
the equation of the paper, not the authors' code: neighbours as far from the centre as a joint are summed with the joint
itself, where the code sums them with those of another distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from actionrec.clips.images import FLIP_PROBABILITY
from actionrec.clips.keypoints import joint_features
from actionrec.clips.landmarks import flip_keypoints
from actionrec.clips.recipes import Arrays, ClipRecipe
from actionrec.clips.section import ClipParams, Probability, Sampling, TestSampling
from actionrec.core.arrays import Frames
from actionrec.core.section import ListOf, PositiveInt
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.keypoints.skeleton import NUM_JOINTS, spatial_partition
from actionrec.models.kind import ModelKind, ModelParams, Reference


class STGCNParams(ModelParams, ClipParams):
    """Spatial-temporal graph network on the Holistic pose and hands (Yan et al. 2018, arXiv:1801.07455)."""

    type: Literal["stgcn"]
    clip_frames: Annotated[int, Field(ge=2)] = 64
    sampling: Sampling = "segments"
    test_sampling: TestSampling = "strided"
    channels: Annotated[ListOf[PositiveInt], Field(min_length=1)] = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
    """Of the graph convolutions; time is halved where they grow."""
    temporal_kernel: Annotated[int, Field(ge=1)] = 9
    """Frames of the convolution over time; odd."""
    motion: bool = False
    """Give each joint's change since the previous frame too; the publication does not."""
    dropout: Probability = 0.5
    """At the end of every block but the first."""
    augment: bool = False
    """Scale, shift and jitter of the keypoints."""
    flip: bool = False
    """Mirror half the training clips, left and right exchanged; wrong for signs and for mirrored classes."""

    @property
    def takes_any_length(self) -> bool:
        return True

    def problems(self, name: str) -> list[str]:
        problems = super().problems(name)
        if self.temporal_kernel % 2 == 0:
            problems.append(f"{name}.temporal_kernel: {self.temporal_kernel} must be odd")
        return problems


@dataclass(frozen=True)
class SkeletonRecipe(ClipRecipe):
    """Clips of joints."""

    params: STGCNParams
    view: None = None
    reads_keypoints: bool = True

    def prepare(
        self,
        frames: Frames | None,  # noqa: ARG002 (the recipe's signature)
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,  # noqa: ARG002 (the recipe's signature)
    ) -> Arrays:
        assert keypoints is not None
        flips = generator is not None and self.params.flip and generator.random() < FLIP_PROBABILITY
        seen = flip_keypoints(keypoints) if flips else keypoints
        return {"keypoints": joint_features(seen, generator=generator if self.params.augment else None)}


_INITIAL_STD = 0.02

NUM_VALUES = 3
"""Of a joint: x, y, confidence."""


class STGCN(nn.Module):
    """Logits (B, classes) from ``{"keypoints": float (B, T, 75, 3)}``; T is free.

    ``motion`` gives it each joint's change since the previous frame beside its place.
    """

    def __init__(self, params: STGCNParams, *, num_classes: int) -> None:
        super().__init__()
        self.motion = params.motion
        values = NUM_VALUES + 2 if params.motion else NUM_VALUES
        self.norm = nn.BatchNorm1d(NUM_JOINTS * values)
        channels = (values, *params.channels)
        self.blocks = nn.ModuleList(
            GraphBlock(
                narrow,
                wide,
                temporal_kernel=params.temporal_kernel,
                stride=2 if place > 0 and wide > narrow else 1,
                dropout=params.dropout if place > 0 else 0.0,
                residual=place > 0,
            )
            for place, (narrow, wide) in enumerate(pairwise(channels))
        )
        self.classifier = nn.Linear(channels[-1], num_classes)
        self.apply(_initialise)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        joints = inputs["keypoints"]  # (B, T, V, 3)
        if self.motion:
            places = joints[..., :2]
            joints = torch.cat([joints, torch.diff(places, dim=1, prepend=places[:, :1])], dim=-1)  # (B, T, V, 5)
        values = self.norm(joints.flatten(2).transpose(1, 2))  # (B, V C, T)
        features = values.unflatten(1, joints.shape[2:]).permute(0, 2, 3, 1)  # (B, C, T, V)
        for block in self.blocks:
            features = block(features)
        logits: Tensor = self.classifier(features.mean(dim=(2, 3)))
        return logits


def _initialise(module: nn.Module) -> None:
    """N(0, 0.02) convolutions and classifier, N(1, 0.02) scales of batch normalisation, biases of zero."""
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    if isinstance(module, (nn.Conv2d, nn.Linear, *norms)):
        nn.init.normal_(module.weight, mean=float(isinstance(module, norms)), std=_INITIAL_STD)
        assert module.bias is not None
        nn.init.zeros_(module.bias)


class GraphBlock(nn.Module):
    """A graph convolution over joints, then a convolution over time, with a residual connection: (B, C, T, V)."""

    adjacency: Tensor

    def __init__(
        self, in_channels: int, channels: int, *, temporal_kernel: int, stride: int, dropout: float, residual: bool
    ) -> None:
        super().__init__()
        adjacency = torch.from_numpy(spatial_partition())  # (K, V, V)
        self.register_buffer("adjacency", adjacency, persistent=False)
        # How much each edge counts is learnt.
        self.importance = nn.Parameter(torch.ones_like(adjacency))
        self.mix = nn.Conv2d(in_channels, channels * len(adjacency), 1)
        self.temporal = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(
                channels, channels, (temporal_kernel, 1), stride=(stride, 1), padding=((temporal_kernel - 1) // 2, 0)
            ),
            nn.BatchNorm2d(channels),
            nn.Dropout(dropout),
        )
        self.skip: nn.Module | None = None
        if residual and stride == 1 and in_channels == channels:
            self.skip = nn.Identity()
        elif residual:
            self.skip = nn.Sequential(nn.Conv2d(in_channels, channels, 1, stride=(stride, 1)), nn.BatchNorm2d(channels))

    def forward(self, features: Tensor) -> Tensor:
        mixed = self.mix(features).unflatten(1, (len(self.adjacency), -1))  # (B, K, C', T, V)
        summed = torch.einsum("bkctv,kvw->bctw", mixed, self.adjacency * self.importance)  # (B, C', T, V)
        found: Tensor = self.temporal(summed)  # (B, C', T / stride, V)
        if self.skip is not None:
            found = found + self.skip(features)
        return functional.relu(found)


MODEL = ModelKind(
    section=STGCNParams,
    recipe=SkeletonRecipe,
    network=STGCN,
    references=(
        Reference("stgcn", STGCNParams(type="stgcn"), 400, 3_336_512, 3_336_512, "Yan et al. 2018, arXiv:1801.07455"),
    ),
)
