"""What is done about classes of different size: weights in the loss, or as many clips of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from actionrec.core.arrays import Indices


def class_weights(labels: Sequence[int], *, num_classes: int, kind: str) -> Tensor | None:
    """What a training clip of each class counts: float32 (num_classes,), of mean 1 over ``labels``; None for ``none``.

    ``balanced``: in inverse proportion to the class's share, so that every class counts the same in all; ``sqrt``: to
    its root. A class that is not in ``labels`` gets 0.
    """
    if kind == "none":
        return None
    counts = np.bincount(labels, minlength=num_classes).astype(np.float64)
    present = counts > 0
    weights = np.zeros(num_classes)
    weights[present] = 1 / (np.sqrt(counts[present]) if kind == "sqrt" else counts[present])
    return torch.from_numpy(weights * counts.sum() / (weights * counts).sum()).float()


def balanced_order(labels: npt.NDArray[np.int64], *, generator: np.random.Generator) -> Indices:
    """Places of as many clips as there are ``labels`` (N,), classes as even as N allows, in random order: (N,).

    A class with fewer clips than its part repeats: a place's second time is the place + N, its third + 2 N. Of one
    with more, a random part is taken. Which classes get one more where N is no multiple of their number is random.
    """
    classes, num_clips = np.unique(labels), len(labels)
    parts = np.full(len(classes), num_clips // len(classes))
    parts[generator.permutation(len(classes))[: num_clips % len(classes)]] += 1
    found = []
    for label, part in zip(classes, parts, strict=True):
        places = np.flatnonzero(labels == label)
        rounds = -(-int(part) // len(places))
        order = [generator.permutation(places) + again * num_clips for again in range(rounds)]
        found.append(np.concatenate([*order, np.zeros(0, np.int64)])[:part])
    return generator.permutation(np.concatenate(found)).astype(np.int64)
