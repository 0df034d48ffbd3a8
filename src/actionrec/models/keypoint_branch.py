"""Small networks over keypoints, as the models have them that read them alone or beside something else."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

KeypointTemporal = Literal["lstm", "conv"]

# Inputs that hardly vary (tracking noise) must not be blown up to unit variance.
_INPUT_NORM_EPS = 1e-4


class KeypointInputs(nn.Module):
    """Keypoint features (B, T, values) to what a network reads of them (B, T, ``num_values``).

    ``motion`` gives it the change since the previous frame beside each value; ``norm`` brings every
    input to unit variance: the few values that move are small beside those that only differ from
    person to person, and would otherwise be learnt very late.
    """

    def __init__(self, *, values: int, motion: bool, norm: bool) -> None:
        super().__init__()
        self.motion = motion
        self.num_values = 2 * values if motion else values
        self.norm = nn.BatchNorm1d(self.num_values, eps=_INPUT_NORM_EPS) if norm else None

    def forward(self, keypoints: Tensor) -> Tensor:
        if self.motion:
            change = torch.diff(keypoints, dim=1, prepend=keypoints[:, :1])
            keypoints = torch.cat([keypoints, change], dim=2)
        if self.norm is None:
            return keypoints
        normed: Tensor = self.norm(keypoints.transpose(1, 2)).transpose(1, 2)
        return normed


class KeypointBranch(nn.Module):
    """Keypoint features (B, T, values) to the last hidden state (B, hidden) of a two-layer LSTM."""

    def __init__(self, *, values: int, hidden: int, dropout: float, motion: bool, norm: bool) -> None:
        super().__init__()
        self.inputs = KeypointInputs(values=values, motion=motion, norm=norm)
        self.lstm = nn.LSTM(self.inputs.num_values, hidden, num_layers=2, batch_first=True, dropout=dropout)
        self.num_features = hidden

    def forward(self, keypoints: Tensor) -> Tensor:
        states, _ = self.lstm(self.inputs(keypoints))  # (B, T, hidden)
        last: Tensor = states[:, -1]
        return last


class KeypointConv(nn.Module):
    """Keypoint features (B, T, values) to means over time (B, parts * hidden) of two residual convolutions.

    A projection first, then each convolution sees a frame and both its neighbours. With little data a mean is
    learnt sooner than a last state, and says as much where the order of what happens tells little. The clip is divided
    into equal ``parts``, of each of which there is a mean; no more of them than frames.
    """

    def __init__(self, *, values: int, hidden: int, dropout: float, motion: bool, norm: bool, parts: int = 1) -> None:
        super().__init__()
        self.parts = parts
        self.inputs = KeypointInputs(values=values, motion=motion, norm=norm)
        self.project = nn.Conv1d(self.inputs.num_values, hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv1d(hidden, hidden, 3, padding=1), nn.BatchNorm1d(hidden), nn.GELU()) for _ in range(2)
        )
        self.num_features = parts * hidden

    def forward(self, keypoints: Tensor) -> Tensor:
        values = self.inputs(keypoints).transpose(1, 2)  # (B, values, T)
        states: Tensor = self.dropout(functional.gelu(self.project(values)))  # (B, hidden, T)
        for convolution in self.convolutions:
            states = states + convolution(states)
        edges = [part * states.shape[2] // self.parts for part in range(self.parts + 1)]
        means = [states[:, :, start:stop].mean(dim=2) for start, stop in pairwise(edges)]
        return torch.cat(means, dim=1)
