"""Torchvision's video networks, as they come but for their pooling."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class _MeanPool(nn.Module):
    """Average over time and space to (B, C, 1, 1, 1); unlike adaptive pooling's, its gradient repeats on a GPU."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean(dim=(2, 3, 4), keepdim=True)


def video_network(name: str) -> Any:
    """Torchvision's network ``name`` with random weights; its pooling takes clips of any size where it can."""
    import torchvision

    net = getattr(torchvision.models.video, name)(weights=None)
    if name not in ("mvit_v2_s", "swin3d_t"):  # S3D's own pooling wants 224 pixels, where this is the same
        net.avgpool = _MeanPool()
    return net
