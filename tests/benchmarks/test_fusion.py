"""The benchmark of the fusion answers a group by what the others taught."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax

from benchmarks.fusion import Validation, held_out, table


def _fold(seed: int) -> Validation:
    rng = np.random.default_rng(seed)
    label = np.tile(np.arange(3), 4)
    logits = rng.normal(0, 1, (2, 12, 3))
    logits[0, np.arange(12), label] += 9  # the first knows, the second guesses
    return Validation(log_softmax(logits, axis=2), label, np.repeat(["a", "b", "c", "d"], 3))


def test_each_group_is_answered_once_by_weights_of_the_others() -> None:
    folds = [_fold(0), _fold(1)]
    accuracy, nats = held_out(folds, smoothing=0.01)
    assert accuracy == 1
    assert 0 < nats < 0.2
    unlike = folds[0].log_probs.copy()
    unlike[:, folds[0].group == "a"] = unlike[::-1, folds[0].group == "a"]  # where the other one knows
    accuracy, _ = held_out([Validation(unlike, folds[0].label, folds[0].group)], smoothing=0.01)
    assert accuracy < 1


def test_a_row_a_smoothing_against_the_first() -> None:
    lines = table([_fold(0)], smoothings=[0.0, 0.01])
    assert len(lines) == 4
    assert lines[2].endswith("| 0, 0 | 0, 0 |")
    assert float(lines[3].split("|")[2]) == pytest.approx(1)
