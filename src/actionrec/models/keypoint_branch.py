"""An LSTM over keypoints, as the models have it that read them beside something else."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Inputs that hardly vary (tracking noise) must not be blown up to unit variance.
_INPUT_NORM_EPS = 1e-4


class KeypointBranch(nn.Module):
    """Keypoint features (B, T, values) to the last hidden state (B, hidden) of a two-layer LSTM.

    ``motion`` gives it the change since the previous frame beside each value; ``norm`` brings every
    input to unit variance: the few values that move are small beside those that only differ from
    person to person, and would otherwise be learnt very late.
    """

    def __init__(self, *, values: int, hidden: int, dropout: float, motion: bool, norm: bool) -> None:
        super().__init__()
        self.motion = motion
        inputs = 2 * values if motion else values
        self.norm = nn.BatchNorm1d(inputs, eps=_INPUT_NORM_EPS) if norm else None
        self.lstm = nn.LSTM(inputs, hidden, num_layers=2, batch_first=True, dropout=dropout)
        self.num_features = hidden

    def forward(self, keypoints: Tensor) -> Tensor:
        if self.motion:
            change = torch.diff(keypoints, dim=1, prepend=keypoints[:, :1])
            keypoints = torch.cat([keypoints, change], dim=2)  # (B, T, 2 values)
        if self.norm is not None:
            keypoints = self.norm(keypoints.transpose(1, 2)).transpose(1, 2)
        states, _ = self.lstm(keypoints)  # (B, T, hidden)
        last: Tensor = states[:, -1]
        return last
