"""Mixup: training on weighted pairs of clips (Zhang et al. 2018, arXiv:1710.09412)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Mixed:
    """A batch of which each clip is ``share`` of its own and the rest of another."""

    inputs: dict[str, Tensor]
    labels: Tensor
    """(B,) of the clips themselves."""
    others: Tensor
    """(B,) of the clips that are mixed in."""
    share: float
    """In [1/2, 1]: the clip's own label is never the smaller part, so accuracy can be counted by it."""


def mix_clips(inputs: dict[str, Tensor], labels: Tensor, *, alpha: float, generator: np.random.Generator) -> Mixed:
    """Mix every clip of a batch with another one of it, by one share drawn from Beta(``alpha``, ``alpha``).

    Inputs become floating point; those of uint8 stay within 0-255.
    """
    share = float(generator.beta(alpha, alpha))
    share = max(share, 1 - share)
    order = torch.as_tensor(generator.permutation(len(labels)), device=labels.device)
    mixed = {name: share * values.float() + (1 - share) * values[order].float() for name, values in inputs.items()}
    return Mixed(mixed, labels, labels[order], share)
