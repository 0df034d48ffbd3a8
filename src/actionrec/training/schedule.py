"""Optimisers and learning rates by name."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch import nn, optim

from actionrec.training.section import TrainParams


def learning_rate(train: TrainParams, epoch: int) -> float:
    """Learning rate of ``epoch``, counted from 0.

    A function of the epoch alone, so that a resumed run cannot be one step off.
    """
    if epoch < train.warmup_epochs:
        return train.lr * (epoch + 1) / (train.warmup_epochs + 1)
    match train.schedule:
        case "multistep":
            return train.lr * train.gamma ** sum(epoch >= milestone for milestone in train.milestones)
        case "cosine":
            done = (epoch - train.warmup_epochs) / (train.epochs - train.warmup_epochs)
            return train.lr * (1 + math.cos(math.pi * done)) / 2
        case _:
            return train.lr


def build_optimizer(train: TrainParams, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
    """The optimiser over those ``parameters`` that train. Adam's weight decay is L2, AdamW's is decoupled."""
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    match train.optimizer:
        case "adam":
            return optim.Adam(trainable, lr=train.lr, eps=train.adam_epsilon, weight_decay=train.weight_decay)
        case "adamw":
            return optim.AdamW(trainable, lr=train.lr, eps=train.adam_epsilon, weight_decay=train.weight_decay)
        case "sgd":
            return optim.SGD(trainable, lr=train.lr, momentum=train.momentum, weight_decay=train.weight_decay)
