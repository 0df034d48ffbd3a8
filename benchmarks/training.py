"""What the rows of training steps share: the product's own step, and the numbers of both ways."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from actionrec.training.devices import resolve_precision
from actionrec.training.module import ClipClassifier
from actionrec.training.section import TrainParams

Inputs = dict[str, Tensor]
Batch = tuple[Inputs, Tensor]


class Steps:
    """A network that trains on ``batches`` in turn, one a call; the losses are kept."""

    def __init__(self, step: Callable[[Batch, int], Tensor], batches: Sequence[Batch]) -> None:
        self._step, self._batches = step, batches
        self.losses: list[float] = []

    def __call__(self) -> None:
        number = len(self.losses)
        loss = self._step(self._batches[number % len(self._batches)], number)
        self.losses.append(float(loss))  # waits for a GPU


def plain_step(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[Batch, int], Tensor]:
    """Of a loop as one writes it: eager, float32."""

    def step(batch: Batch, _number: int) -> Tensor:
        inputs, labels = batch
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def product_step(model: nn.Module, train: TrainParams) -> Callable[[Batch, int], Tensor]:
    """As Lightning runs it: the module's loss, at the precision of ``train``, and the optimiser's step."""
    module = ClipClassifier(model.train(), train).to(next(model.parameters()).device)
    optimizer = module.configure_optimizers()
    precision = resolve_precision(train)
    dtype = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(precision)
    scaler = torch.amp.GradScaler(module.device.type, enabled=dtype == torch.float16)

    def step(batch: Batch, number: int) -> Tensor:
        optimizer.zero_grad()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*self.trainer. reference is not registered")
            with torch.autocast(module.device.type, dtype) if dtype else nullcontext():
                loss = module.training_step(batch, number)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    return step


def mixed_precision(train: TrainParams) -> TrainParams:
    """``train`` with bfloat16 on a CPU, which pays only where the CPU has matrix units for it (AMX)."""
    return train.model_copy(update={"accelerator": "cpu", "precision": "bf16-mixed"})


def has_matrix_units() -> bool:
    """Whether the CPU multiplies matrices of bfloat16 (AMX)."""
    return " amx_bf16" in Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else False


def peak_flops() -> float:
    """Floating-point operations a second of float32, in a plain product of matrices on the threads that torch has."""
    side, best = 1024, float("inf")
    matrix = torch.randn(side, side)
    for _ in range(10):
        start = time.process_time()
        matrix @ matrix
        best = min(best, time.process_time() - start)
    return 2 * side**3 / best


def largest_relative_difference(some: Sequence[float], others: Sequence[float]) -> float:
    """Of two curves of losses."""
    return max(abs(a - b) / abs(b) for a, b in zip(some, others, strict=True))
