"""(2+1)D residual network (reference system C; Tran et al. 2018, arXiv:1711.11248).

443,290 parameters with 10 classes and the reference channels, whatever the size of the clip. The reference is a Keras
network, so Keras's defaults hold where PyTorch's differ: epsilon of the normalisations, momentum of the batch
normalisation, Glorot-uniform weights with zero biases, and the epsilon of Adam (``train.adam_epsilon``, which
``res2plus1d_reference`` in ``params.yaml`` sets).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from actionrec.clips.recipes import ImageClipRecipe
from actionrec.clips.section import ImageClipParams, ImageSize, Probability, Sampling, ShortVideos, TestSampling
from actionrec.core.section import ListOf, PositiveInt
from actionrec.models.kind import ModelKind, ModelParams, Reference
from actionrec.models.pixels import Pixels


class Res2Plus1DParams(ModelParams, ImageClipParams):
    """(2+1)D residual network (reference system C)."""

    type: Literal["res2plus1d"]
    clip_frames: Annotated[int, Field(ge=2)] = 10
    image_size: ImageSize = 224
    sampling: Sampling = "window"
    stride_frames: PositiveInt = 15
    test_sampling: TestSampling = "centre"
    short_videos: ShortVideos = "black"
    channels: Annotated[ListOf[PositiveInt], Field(min_length=1)] = (16, 32, 64, 128)
    """Of the residual blocks; the stem has as many as the first. The frames halve after the stem and every block."""
    norm_epsilon: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    """Added to the variance in batch and layer normalisation; 1e-3 is Keras's, 1e-5 PyTorch's."""
    norm_momentum: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Share of a batch in the running statistics of the batch normalisation; 0.01 is Keras's (called 0.99 there), 0.1
    PyTorch's, and better for short trainings."""
    dropout: Probability = 0.0
    """Before the classifier; the reference has none."""

    @property
    def takes_any_length(self) -> bool:
        return True


class Conv2Plus1D(nn.Sequential):
    """A spatial (1, k, k), then a temporal (k_t, 1, 1) convolution, both with bias: (B, C, T, H, W) keeps T, H, W."""

    def __init__(self, in_channels: int, channels: int, *, frames: int, side: int) -> None:
        super().__init__(
            nn.Conv3d(in_channels, channels, (1, side, side), padding=(0, side // 2, side // 2)),
            nn.Conv3d(channels, channels, (frames, 1, 1), padding=(frames // 2, 0, 0)),
        )


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of (B, C, T, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images.movedim(1, -1)).movedim(-1, 1)


class ResidualBlock(nn.Module):
    """conv-LN-ReLU-conv-LN plus the input, which is projected where the channels change."""

    def __init__(self, in_channels: int, channels: int, *, epsilon: float) -> None:
        super().__init__()
        self.main = nn.Sequential(
            Conv2Plus1D(in_channels, channels, frames=3, side=3),
            ChannelNorm(channels, eps=epsilon),
            nn.ReLU(),
            Conv2Plus1D(channels, channels, frames=3, side=3),
            ChannelNorm(channels, eps=epsilon),
        )
        # A linear layer over channels is a convolution of one pixel.
        same = in_channels == channels
        self.skip = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv3d(in_channels, channels, 1), ChannelNorm(channels, eps=epsilon))
        )

    def forward(self, images: Tensor) -> Tensor:
        total: Tensor = self.main(images) + self.skip(images)
        return total


class Res2Plus1D(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``; T is free."""

    def __init__(self, params: Res2Plus1DParams, *, num_classes: int) -> None:
        super().__init__()
        self.pixels = Pixels(params.frame_content)
        channels = params.channels
        epsilon = params.norm_epsilon
        norm = nn.BatchNorm3d(channels[0], eps=epsilon, momentum=params.norm_momentum)
        self.stem = nn.Sequential(Conv2Plus1D(3, channels[0], frames=3, side=7), norm, nn.ReLU())
        before = (channels[0], *channels[:-1])
        self.blocks = nn.ModuleList(
            ResidualBlock(narrow, wide, epsilon=epsilon) for narrow, wide in zip(before, channels, strict=True)
        )
        self.dropout = nn.Dropout(params.dropout)
        self.classifier = nn.Linear(channels[-1], num_classes)
        self.apply(_initialise)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        images = self.stem(self.pixels(inputs["frames"]))  # (B, C, T, S, S)
        for block in self.blocks:
            images = block(_halve(images))  # (B, C', T, S / 2, S / 2)
        logits: Tensor = self.classifier(self.dropout(images.mean(dim=(2, 3, 4))))
        return logits


def _initialise(module: nn.Module) -> None:
    """Glorot-uniform convolutions and classifier, biases of zero."""
    if isinstance(module, nn.Conv3d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        assert module.bias is not None
        nn.init.zeros_(module.bias)


def _halve(images: Tensor) -> Tensor:
    """Every frame at half the height and width, at least one pixel."""
    if min(images.shape[-2:]) < 2:
        return images
    # In two dimensions the gradient is repeatable on a GPU, in three it is not.
    pooled = functional.avg_pool2d(images.flatten(1, 2), 2)  # (B, C T, S / 2, S / 2)
    return pooled.view(*images.shape[:3], *pooled.shape[2:])


def maps(params: Res2Plus1DParams) -> tuple[str, ...]:
    return *(f"blocks.{place}" for place in range(len(params.channels) - 1, -1, -1)), "stem"


MODEL = ModelKind(
    section=Res2Plus1DParams,
    recipe=ImageClipRecipe,
    network=Res2Plus1D,
    references=(
        Reference(
            "res2plus1d",
            Res2Plus1DParams(type="res2plus1d"),
            10,
            443_290,
            443_290,
            "system C; (2+1)D: Tran et al. 2018, arXiv:1711.11248",
        ),
    ),
    maps=maps,
)
