"""Small 3D CNN (reference system B); 74,597 parameters with 5 classes at 32 x 224 x 224."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from actionrec.clips.recipes import ImageClipRecipe
from actionrec.clips.section import ImageClipParams, ImageSize, Probability, Sampling, TestSampling
from actionrec.core.section import ListOf, PositiveInt
from actionrec.models.kind import ModelKind, ModelParams, Reference
from actionrec.models.pixels import Pixels

_KERNELS = (5, 3, 3)
_POOLS = (2, 2, 4)


class CNN3DParams(ModelParams, ImageClipParams):
    """Small 3D CNN (reference system B)."""

    type: Literal["cnn3d"]
    clip_frames: Annotated[int, Field(ge=2)] = 32
    image_size: ImageSize = 224
    centre_share: Annotated[float, Field(gt=0, le=1)] = 0.875
    """As in every model of frames; 224 of 256 pixels."""
    sampling: Sampling = "even"
    test_sampling: TestSampling = "even"
    channels: Annotated[ListOf[PositiveInt], Field(min_length=3, max_length=3)] = (16, 32, 32)
    """Of the three convolutions."""
    norm: bool = False
    """Batch normalisation after each convolution; the reference has none, and needs far more steps."""
    dropout: Probability = 0.0
    """Before the classifier; the reference has none."""

    def problems(self, name: str) -> list[str]:
        problems = super().problems(name)
        if not (length_left(self.clip_frames) and length_left(self.image_size)):
            problems.append(
                f"{name}.clip_frames: {self.clip_frames} frames of image_size {self.image_size} leave nothing after "
                "the poolings; raise them"
            )
        return problems


def length_left(length: int) -> int:
    """What the convolutions and poolings leave of ``length`` frames or pixels; 0 where it is too short."""
    for kernel, pool in zip(_KERNELS, _POOLS, strict=True):
        length = max(0, length - kernel + 1) // pool
    return length


class CNN3D(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``; T and S are fixed by the classifier."""

    def __init__(self, params: CNN3DParams, *, num_classes: int) -> None:
        super().__init__()
        self.pixels = Pixels(params.frame_content)
        layers: list[nn.Module] = []
        before = 3
        pools = (nn.MaxPool3d(_POOLS[0]), nn.MaxPool3d(_POOLS[1]), nn.AvgPool3d(_POOLS[2]))
        for channels, kernel, pool in zip(params.channels, _KERNELS, pools, strict=True):
            layers.append(nn.Conv3d(before, channels, kernel))
            if params.norm:
                layers.append(nn.BatchNorm3d(channels))
            layers += [nn.ReLU(), pool]
            before = channels
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(params.dropout)
        frames, side = (length_left(length) for length in (params.clip_frames, params.image_size))
        self.classifier = nn.Linear(before * frames * side * side, num_classes)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        features = self.features(self.pixels(inputs["frames"]))  # (B, C, T', S', S')
        logits: Tensor = self.classifier(self.dropout(features.flatten(1)))
        return logits


def maps(params: CNN3DParams) -> tuple[str, ...]:
    """The activations before each pooling."""
    layers = 4 if params.norm else 3  # of each convolution with what follows it
    return tuple(f"features.{layers * place - 2}" for place in range(len(_POOLS), 0, -1))


MODEL = ModelKind(
    section=CNN3DParams,
    recipe=ImageClipRecipe,
    network=CNN3D,
    references=(Reference("cnn3d", CNN3DParams(type="cnn3d"), 5, 74_597, 74_597, "system B"),),
    maps=maps,
)
