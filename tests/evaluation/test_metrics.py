from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.evaluation.metrics import (
    class_scores,
    confusion,
    expected_calibration_error,
    top_k_accuracy,
    true_class_rank,
)


def test_rank_counts_the_classes_before_the_true_one() -> None:
    log_prob = np.log([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]])
    assert true_class_rank(log_prob, np.array([0, 1, 2])).tolist() == [0, 1, 2]


def test_a_tie_goes_to_the_first_class() -> None:
    log_prob = np.log(np.full((3, 3), 1 / 3))
    assert true_class_rank(log_prob, np.array([0, 1, 2])).tolist() == [0, 1, 2]


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 10_000))
def test_rank_zero_is_exactly_argmax(num_videos: int, num_classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    log_prob = rng.integers(-3, 0, (num_videos, num_classes)).astype(np.float32)  # many ties
    label = rng.integers(0, num_classes, num_videos)
    rank = true_class_rank(log_prob, label)
    assert ((rank == 0) == (log_prob.argmax(axis=1) == label)).all()
    stable = np.argsort(-log_prob, axis=1, kind="stable")
    assert rank.tolist() == [row.tolist().index(own) for row, own in zip(stable, label, strict=True)]


def test_top_k_beyond_the_number_of_classes_is_one() -> None:
    log_prob = np.log([[0.9, 0.1], [0.9, 0.1]])
    label = np.array([1, 0])
    assert [top_k_accuracy(log_prob, label, k) for k in (1, 2, 5, 10)] == [0.5, 1.0, 1.0, 1.0]


def test_ece_is_the_gap_between_confidence_and_accuracy() -> None:
    log_prob = np.log(np.tile([0.8, 0.2], (4, 1)))
    assert expected_calibration_error(log_prob, np.array([0, 0, 0, 1])) == pytest.approx(0.05)
    assert expected_calibration_error(log_prob, np.array([1, 1, 1, 1])) == pytest.approx(0.8)


def test_ece_agrees_with_torchmetrics() -> None:
    torch = pytest.importorskip("torch")
    from torchmetrics.functional.classification import multiclass_calibration_error

    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (200, 5))
    log_prob = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    label = rng.integers(0, 5, 200)
    theirs = multiclass_calibration_error(
        torch.from_numpy(np.exp(log_prob)), torch.from_numpy(label), num_classes=5, n_bins=15
    )
    assert expected_calibration_error(log_prob, label) == pytest.approx(float(theirs), abs=1e-6)


def test_class_scores_average_over_classes_that_have_videos() -> None:
    # Class 2 has no videos and is predicted once; class 3 neither.
    scores = class_scores(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]), num_classes=4)
    assert scores.support.tolist() == [2, 2, 0, 0]
    assert scores.recall.tolist() == [0.5, 1.0, 0.0, 0.0]
    assert scores.precision.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert scores.mean_class_accuracy == 0.75
    assert scores.macro_f1 == pytest.approx((2 / 3 + 1) / 2)


def test_confusion_rows_are_actual_classes() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([0, 2, 1]), num_classes=3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
