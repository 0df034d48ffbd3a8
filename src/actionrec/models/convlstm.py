"""Convolutional LSTM with peephole weights (Shi et al. 2015, arXiv:1506.04214)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


class ConvLSTM(nn.Module):
    """One layer: images (T, B, in_channels, H, W) to hidden states (T, B, channels, H, W).

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
        if not torch.is_grad_enabled() or torch.compiler.is_exporting():
            return self.plain(images)
        inner = torch.stack([self.peephole_input, self.peephole_forget])
        convolutions = self.input_conv.weight, self.input_conv.bias, self.hidden_conv.weight
        # A processor's cache holds what a clip needs from step to step; a GPU wants all clips at once.
        clips = torch.split(images, 1, dim=1) if images.device.type == "cpu" else [images]
        return torch.cat([_Steps.apply(clip, *convolutions, inner, self.peephole_output) for clip in clips], dim=1)

    def plain(self, images: Tensor) -> Tensor:
        """The same step by step, as torch differentiates and exports it."""
        num_steps, batch, _, height, width = images.shape
        # The part that does not wait for the hidden state is one convolution over all steps.
        from_input = self.input_conv(images.flatten(0, 1)).unflatten(0, (num_steps, batch))  # (T, B, 4C, H, W)
        hidden = images.new_zeros(batch, self.channels, height, width)
        cell = torch.zeros_like(hidden)
        states = []
        for step, of_step in enumerate(from_input.unbind()):
            # The first hidden state is zero, and so is its convolution.
            hidden, cell = self._step(of_step + self.hidden_conv(hidden) if step > 0 else of_step, cell)
            states.append(hidden)
        return torch.stack(states)

    def _step(self, gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Next hidden and cell state, both (B, C, H, W), from gates (B, 4C, H, W) before their non-linearity."""
        to_input, to_forget, to_cell, to_output = gates.chunk(4, dim=1)
        input_gate = torch.sigmoid(to_input + self.peephole_input * cell)
        forget_gate = torch.sigmoid(to_forget + self.peephole_forget * cell)
        cell = forget_gate * cell + input_gate * functional.relu(to_cell)
        output_gate = torch.sigmoid(to_output + self.peephole_output * cell)
        return output_gate * functional.relu(cell), cell


class _Steps(torch.autograd.Function):
    """All steps of a layer with their gradient written out.

    Torch's own would keep every intermediate image, and convolve for the gradient of the weights at every step: here
    all steps share one such convolution, what is kept are gates and cells, and the rest happens in place. Under
    autocast the convolutions take its type, the cells stay 32 bits.
    """

    @staticmethod
    def forward(  # noqa: PLR0917 (torch's own signature)
        ctx: Any,
        images: Tensor,  # (T, B, in_channels, H, W)
        input_weight: Tensor,  # (4C, in_channels, K, K)
        input_bias: Tensor,  # (4C,)
        hidden_weight: Tensor,  # (4C, C, K, K)
        peephole_inner: Tensor,  # (2, C, H, W), of input and forget gate
        peephole_output: Tensor,  # (C, H, W)
    ) -> Tensor:
        padding = input_weight.shape[-1] // 2
        convolved = functional.conv2d(images.flatten(0, 1), input_weight, input_bias, padding=padding)
        exact = torch.promote_types(convolved.dtype, torch.float32)
        # Of a gate all channels and pixels of a clip lie together.
        gates = convolved.to(exact, memory_format=torch.contiguous_format).view(*images.shape[:2], *convolved.shape[1:])
        cells = torch.empty_like(gates[:, :, : hidden_weight.shape[1]], memory_format=torch.contiguous_format)
        states = torch.empty_like(cells)
        for step in range(len(gates)):
            if step > 0:  # the first hidden state is zero, and so is its convolution
                gates[step] += functional.conv2d(states[step - 1], hidden_weight, padding=padding)
            inner, to_cell, to_output = _parts(gates[step])
            cell = cells[step]
            if step > 0:
                inner.addcmul_(peephole_inner, cells[step - 1].unsqueeze(1))
            inner.sigmoid_()
            to_cell.relu_()
            torch.mul(inner[:, 0], to_cell, out=cell)
            if step > 0:
                cell.addcmul_(inner[:, 1], cells[step - 1])
            to_output.addcmul_(peephole_output, cell).sigmoid_()
            torch.clamp_min(cell, 0, out=states[step]).mul_(to_output)
        ctx.save_for_backward(
            images, input_weight, hidden_weight, peephole_inner, peephole_output, gates, cells, states
        )
        ctx.dtype = convolved.dtype
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_states: Tensor) -> tuple[Tensor | None, ...]:
        images, input_weight, hidden_weight, peephole_inner, peephole_output, gates, cells, states = ctx.saved_tensors
        recurrent = hidden_weight.to(ctx.dtype)
        found = torch.empty_like(gates)  # gradients of the gates before their non-linearity
        of_inner, of_output, _ = _parts(torch.zeros_like(gates[0]))
        of_cell: Tensor | None = None
        for step in reversed(range(len(gates))):
            of_state = of_states[step]
            if step + 1 < len(gates):
                of_state = of_state + _of_input(found[step + 1].to(ctx.dtype), states[step], recurrent)
            inner, to_cell, to_output = _parts(gates[step])
            found_inner, found_cell, found_output = _parts(found[step])
            cell = cells[step]
            _through_sigmoid(of_state * cell.clamp_min(0), to_output, found_output)
            of_output.addcmul_(found_output, cell)
            through = torch.ops.aten.threshold_backward(of_state * to_output, cell, 0)
            through.addcmul_(found_output, peephole_output)
            of_cell = through if of_cell is None else through.add_(of_cell)
            torch.ops.aten.threshold_backward.grad_input(of_cell * inner[:, 0], to_cell, 0, grad_input=found_cell)
            torch.mul(of_cell, to_cell, out=found_inner[:, 0])
            if step == 0:
                found_inner[:, 1].zero_()  # there is nothing to forget
                _through_sigmoid(found_inner, inner, found_inner)
                break
            before = cells[step - 1]
            torch.mul(of_cell, before, out=found_inner[:, 1])
            _through_sigmoid(found_inner, inner, found_inner)
            of_inner.addcmul_(found_inner, before.unsqueeze(1))
            of_cell = (of_cell * inner[:, 1]).addcmul_(found_inner[:, 0], peephole_inner[0])
            of_cell.addcmul_(found_inner[:, 1], peephole_inner[1])
        all_found = found.flatten(0, 1).to(ctx.dtype)
        of_images, of_input_weight, of_bias = _backward(
            all_found,
            images.flatten(0, 1).to(ctx.dtype),
            input_weight.to(ctx.dtype),
            wanted=(ctx.needs_input_grad[0], True, True),
        )
        _, of_hidden_weight, _ = _backward(
            all_found[gates.shape[1] :], states[:-1].flatten(0, 1).to(ctx.dtype), recurrent, wanted=(False, True, False)
        )
        return (
            None if of_images is None else of_images.view_as(images).to(images.dtype),
            of_input_weight.to(input_weight.dtype),
            of_bias.to(input_weight.dtype),
            of_hidden_weight.to(hidden_weight.dtype),
            of_inner.sum(dim=0),
            of_output.sum(dim=0),
        )


def _parts(gates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of gates (B, 4C, H, W) those of input and forgetting (B, 2, C, H, W), of the cell, of the output (B, C, H, W)."""
    batch, channels, *size = gates.shape
    by_gate = gates.view(batch, 4, channels // 4, *size)
    return by_gate[:, :2], by_gate[:, 2], by_gate[:, 3]


def _through_sigmoid(gradient: Tensor, output: Tensor, found: Tensor) -> None:
    """Write to ``found`` the gradient before a sigmoid whose ``output`` has the ``gradient``."""
    torch.ops.aten.sigmoid_backward.grad_input(gradient, output, grad_input=found)


def _backward(
    gradient: Tensor, images: Tensor, weight: Tensor, *, wanted: tuple[bool, bool, bool]
) -> tuple[Any, Any, Any]:
    """Gradients of images, weight and bias of a convolution that keeps the size of ``images``; None unless wanted."""
    padding = [weight.shape[-1] // 2] * 2
    found: tuple[Any, Any, Any] = torch.ops.aten.convolution_backward(
        gradient,
        images,
        weight,
        [weight.shape[0]],
        [1, 1],
        padding,
        [1, 1],
        False,  # noqa: FBT003 (not transposed)
        [0, 0],
        1,
        wanted,
    )
    return found


def _of_input(gradient: Tensor, images: Tensor, weight: Tensor) -> Tensor:
    found: Tensor = _backward(gradient, images.to(weight.dtype), weight, wanted=(True, False, False))[0]
    return found
