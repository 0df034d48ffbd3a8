"""Means over clips."""

from __future__ import annotations

import torch

from actionrec.training.module import WeightedMean


def test_values_count_by_their_weights_over_all_batches() -> None:
    mean = WeightedMean()
    mean.update(torch.tensor([1.0, 2.0, 9.0]), torch.tensor([1.0, 1.0, 0.0]))
    mean.update(torch.tensor([6.0]), torch.tensor([1.0]))
    assert mean.compute().item() == 3.0


def test_what_is_not_a_number_shows() -> None:
    mean = WeightedMean()
    mean.update(torch.tensor([1.0, float("nan")]), torch.ones(2))
    assert torch.isnan(mean.compute())
