"""Where a model trains and at which precision."""

from __future__ import annotations

from typing import Literal

import torch

from actionrec.core.errors import ActionrecError
from actionrec.training.section import TrainParams


def resolve_accelerator(train: TrainParams) -> Literal["cpu", "gpu"]:
    """``auto`` is a GPU where there is one; raises :class:`ActionrecError` for one asked for and absent."""
    available = torch.cuda.is_available()
    if train.accelerator == "gpu" and not available:
        raise ActionrecError(
            "train.accelerator: gpu, but torch finds no CUDA GPU here (torch.cuda.is_available() is False); "
            "set train.accelerator: auto or cpu, or install a torch built for the GPU's driver"
        )
    return "gpu" if available and train.accelerator != "cpu" else "cpu"


def resolve_precision(train: TrainParams) -> Literal["32-true", "16-mixed", "bf16-mixed"]:
    """``auto`` is mixed precision on a GPU, bfloat16 where it has that, and 32 bits on a CPU."""
    if train.precision != "auto":
        return train.precision
    if resolve_accelerator(train) == "cpu":
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
