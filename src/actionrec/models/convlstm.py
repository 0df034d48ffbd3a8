"""Convolutional LSTM with peephole weights (Shi et al. 2015, arXiv:1506.04214)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class ConvLSTM(nn.Module):
    """One layer: images (B, T, in_channels, H, W) to hidden states (B, T, channels, H, W).

    ReLU stands in place of tanh, as in reference system A. Hidden and cell state start at zero. The
    peephole weights are one value per channel and pixel (Hadamard product), so H and W are fixed.
    """

    def __init__(self, in_channels: int, channels: int, *, kernel_size: int, image_size: int) -> None:
        super().__init__()
        self.channels = channels
        padding = kernel_size // 2
        # The gates are stacked as input, forget, cell, output. The bias of both convolutions is one.
        self.input_conv = nn.Conv2d(in_channels, 4 * channels, kernel_size, padding=padding)
        self.hidden_conv = nn.Conv2d(channels, 4 * channels, kernel_size, padding=padding, bias=False)
        shape = (channels, image_size, image_size)
        self.peephole_input = nn.Parameter(torch.zeros(shape))
        self.peephole_forget = nn.Parameter(torch.zeros(shape))
        self.peephole_output = nn.Parameter(torch.zeros(shape))

    def forward(self, images: Tensor) -> Tensor:
        batch, num_steps, _, height, width = images.shape
        # The part that does not wait for the hidden state is one convolution over all steps.
        from_input = self.input_conv(images.flatten(0, 1)).unflatten(0, (batch, num_steps))  # (B, T, 4C, H, W)
        hidden = images.new_zeros(batch, self.channels, height, width)
        cell = torch.zeros_like(hidden)
        states = []
        for step in range(num_steps):
            gates = from_input[:, step]
            if step > 0:  # the first hidden state is zero, and so is its convolution
                gates = gates + self.hidden_conv(hidden)
            hidden, cell = self._step(gates, cell)
            states.append(hidden)
        return torch.stack(states, dim=1)

    def _step(self, gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Next hidden and cell state, both (B, C, H, W), from gates (B, 4C, H, W) before their non-linearity."""
        to_input, to_forget, to_cell, to_output = gates.chunk(4, dim=1)
        input_gate = torch.sigmoid(to_input + self.peephole_input * cell)
        forget_gate = torch.sigmoid(to_forget + self.peephole_forget * cell)
        cell = forget_gate * cell + input_gate * functional.relu(to_cell)
        output_gate = torch.sigmoid(to_output + self.peephole_output * cell)
        return output_gate * functional.relu(cell), cell
