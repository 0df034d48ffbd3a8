"""Networks over the vectors of a frozen network, as the models have them that read features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Temporal = Literal["mean", "mean_std", "lstm", "attention"]

_LEVEL_WEIGHT = 128.0
"""Chosen on groups held out of the training parts of UCF101, embedded and Weizmann clips (``docs/features.md``); 64 and
256 did as well."""


class FeatureBranch(nn.Module):
    """Vectors (B, T, D) to one vector (B, ``num_features``), each value at unit variance first, within limits.

    Then each level counts alike, like ``_LEVEL_WEIGHT`` values of unit variance, where levels are known.
    """

    gains: Tensor
    """(D,)"""

    def __init__(
        self, size: int, level_sizes: Sequence[int] = (), *, temporal: Temporal, hidden: int, noise: float = 0.0
    ) -> None:
        """Of vectors of ``size`` values. ``noise`` in training, in standard deviations of a value, is the same in all
        vectors of a clip.
        """
        super().__init__()
        self.noise = noise
        self.norm = nn.BatchNorm1d(size)
        self.register_buffer("gains", _gains(level_sizes) if level_sizes else torch.ones(size), persistent=False)
        self.temporal: nn.Module
        match temporal:
            case "mean":
                self.temporal, self.num_features = _Mean(), size
            case "mean_std":
                self.temporal, self.num_features = _MeanAndDeviation(self.gains), 2 * size
            case "lstm":
                self.temporal, self.num_features = _LastState(size, hidden), hidden
            case "attention":
                self.temporal, self.num_features = _Attention(size, hidden), hidden

    def forward(self, features: Tensor) -> Tensor:
        normed = _limited(self.norm(features.float().transpose(1, 2)).transpose(1, 2))  # (B, T, D)
        if self.training and self.noise:
            normed = normed + self.noise * torch.randn_like(normed[:, :1])
        pooled: Tensor = self.temporal(self.gains * normed)
        return pooled


def _gains(level_sizes: Sequence[int]) -> Tensor:
    return torch.cat([torch.full((size,), (_LEVEL_WEIGHT / size) ** 0.5) for size in level_sizes])


class _Mean(nn.Module):
    def forward(self, vectors: Tensor) -> Tensor:
        return vectors.mean(dim=1)


class _MeanAndDeviation(nn.Module):
    """Mean and standard deviation over time (B, 2 D); the deviation is brought to the scale of the mean."""

    gains: Tensor
    """(D,)"""

    def __init__(self, gains: Tensor) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(len(gains))
        self.register_buffer("gains", gains, persistent=False)

    def forward(self, vectors: Tensor) -> Tensor:
        mean = vectors.mean(dim=1)
        variance = (vectors - mean[:, None]).square().mean(dim=1)
        # The root has no gradient at 0, where a clip stands still.
        deviation = _limited(self.norm((variance + _SMALLEST_VARIANCE).sqrt()))
        return torch.cat([mean, self.gains * deviation], dim=1)


_SMALLEST_VARIANCE = 1e-6
_FARTHEST = 4.0  # standard deviations


def _limited(normed: Tensor) -> Tensor:
    """A value that hardly varies in the training videos may be hundreds of deviations away in others, and decide."""
    return normed.clamp(-_FARTHEST, _FARTHEST)


class _LastState(nn.Module):
    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size, hidden, batch_first=True)

    def forward(self, vectors: Tensor) -> Tensor:
        states, _ = self.lstm(vectors)  # (B, T, hidden)
        last: Tensor = states[:, -1]
        return last


class _Attention(nn.Module):
    """Weighted mean over time of projected vectors, to which their place is added (Vaswani et al. 2017)."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        placed = torch.tanh(self.project(vectors) + self._places(vectors))  # (B, T, hidden)
        weights = self.score(placed).softmax(dim=1)  # (B, T, 1)
        pooled: Tensor = (weights * self.value(placed)).sum(dim=1)
        return pooled

    def _places(self, vectors: Tensor) -> Tensor:
        """Sines of the place in the clip, from 0 to 1 whatever its length: (T, hidden)."""
        hidden, length = self.project.out_features, vectors.shape[1]
        place = torch.arange(length, device=vectors.device, dtype=torch.float32) / max(length - 1, 1)
        turns = torch.arange(1, hidden + 1, device=vectors.device, dtype=torch.float32) * (torch.pi / 2)
        return torch.sin(place[:, None] * turns)
