"""From packed pixels to what a network reads."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Statistics = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Mean and standard deviation of RGB in [0, 1]."""

IMAGENET: Statistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Of torchvision's ImageNet weights and of its swin3d."""
KINETICS: Statistics = ((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989))
"""Of torchvision's video ResNets and S3D."""
RESNETS3D_2018: Statistics = ((0.433, 0.4045, 0.3776), (0.1519876, 0.14855877, 0.156976))
"""Of the 3D ResNets of Hara et al. as first published, and of reference system E2, which starts from one."""
RESNETS3D_2020: Statistics = ((0.4345, 0.4051, 0.3775), (0.2768, 0.2713, 0.2737))
"""Of the later weights of the same authors, whose files have the same names and shapes."""
MVIT: Statistics = ((0.45, 0.45, 0.45), (0.225, 0.225, 0.225))
"""Of torchvision's MViT."""


NAMED_STATISTICS: dict[str, Statistics | None] = {
    "resnets3d_2018": RESNETS3D_2018,
    "resnets3d_2020": RESNETS3D_2020,
    "imagenet": IMAGENET,
    "torchvision_kinetics": KINETICS,
    "none": None,
}
"""By the name that ``statistics`` of a model's section gives; ``none`` leaves the pixels in [0, 1]."""


class Pixels(nn.Module):
    """Frames (B, T, S, S, 3), 0-255, to images (B, 3, T, S, S) in [0, 1], standardised where ``statistics`` are given.

    The statistics are saved with the weights, to which they belong. With ``content="motion"`` the mean over the
    clip's time is subtracted: what stands still is zero.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, content: Literal["rgb", "motion"] = "rgb", *, statistics: Statistics | None = None) -> None:
        super().__init__()
        self.content = content
        self.standardises = statistics is not None
        if statistics is not None:
            mean, std = statistics
            self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1, 1))
            self.register_buffer("std", torch.tensor(std).view(3, 1, 1, 1))

    def forward(self, frames: Tensor) -> Tensor:
        # In place, where the memory is new: a batch of clips is far larger than any cache. And in whole rows, since
        # three channels at a time take four times as long.
        images = frames / 255 if frames.is_floating_point() else frames.float().div_(255)
        if self.standardises:
            width = images.shape[3]
            mean, std = (values.flatten().repeat(width) for values in (self.mean, self.std))
            images = images.flatten(3).sub_(mean).div_(std).view(images.shape)  # (B, T, S, S, 3)
        images = images.permute(0, 4, 1, 2, 3)
        if self.content == "motion":
            images = images - images.mean(dim=2, keepdim=True)
        return images
