"""From packed pixels to what a network reads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation of RGB in [0, 1], of torchvision's ImageNet weights and of its swin3d."""
KINETICS = ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))
"""Of torchvision's video ResNets and S3D."""
KINETICS_E2 = ((0.433, 0.4045, 0.3776), (0.1519876, 0.14855877, 0.156976))
"""Of reference system E2."""
MVIT = ((0.45, 0.45, 0.45), (0.225, 0.225, 0.225))
"""Of torchvision's MViT."""


def to_unit(frames: Tensor) -> Tensor:
    """(B, T, S, S, 3), 0-255, to (B, 3, T, S, S) in [0, 1]."""
    return frames.permute(0, 4, 1, 2, 3).float() / 255


def remove_background(images: Tensor) -> Tensor:
    """(B, 3, T, S, S) less the mean over the clip's time: what stands still is zero."""
    return images - images.mean(dim=2, keepdim=True)


class Standardise(nn.Module):
    """(B, 3, ...) in [0, 1] to zero mean and unit variance by channel, as the weights expect it."""

    mean: Tensor
    std: Tensor

    def __init__(self, statistics: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
        super().__init__()
        mean, std = statistics
        self.register_buffer("mean", torch.tensor(mean), persistent=False)
        self.register_buffer("std", torch.tensor(std), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        shape = (1, -1, *(1 for _ in images.shape[2:]))
        return (images - self.mean.view(shape)) / self.std.view(shape)
