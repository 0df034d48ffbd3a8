from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from actionrec.evaluation.metrics import (
    class_scores,
    confusion,
    macro_f1_scikit_learn,
    negative_log_likelihood,
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


def test_nll_is_that_of_the_true_class_and_bounded() -> None:
    log_prob = np.log([[0.5, 0.5], [0.25, 0.75]])
    assert negative_log_likelihood(log_prob, np.array([0, 0])) == pytest.approx((np.log(2) + np.log(4)) / 2)
    assert negative_log_likelihood(np.array([[0.0, -np.inf]]), np.array([1])) == 1e4


def test_class_scores_average_over_classes_that_have_videos() -> None:
    # Class 2 has no videos and is predicted once; class 3 neither.
    scores = class_scores(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]), num_classes=4)
    assert scores.support.tolist() == [2, 2, 0, 0]
    assert scores.recall.tolist() == [0.5, 1.0, 0.0, 0.0]
    assert scores.precision.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert scores.mean_class_accuracy == 0.75
    assert scores.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    with_predicted = macro_f1_scikit_learn(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 1]))
    assert with_predicted == pytest.approx((2 / 3 + 1 + 0) / 3)  # class 2 counts 0, class 3 nothing


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20))
def test_both_macro_f1_against_counting(pairs: list[tuple[int, int]]) -> None:
    label, predicted = (np.array(values) for values in zip(*pairs, strict=True))
    f1 = {}
    for name in {*label.tolist(), *predicted.tolist()}:
        right = int(((label == name) & (predicted == name)).sum())
        f1[name] = 2 * right / (int((label == name).sum()) + int((predicted == name).sum()))
    of_test = [f1[name] for name in set(label.tolist())]
    with_predicted = macro_f1_scikit_learn(label, predicted)
    assert class_scores(label, predicted, num_classes=5).macro_f1 == pytest.approx(sum(of_test) / len(of_test))
    assert with_predicted == pytest.approx(sum(f1.values()) / len(f1))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=20))
def test_scores_are_exactly_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    label, predicted = (np.array(values) for values in zip(*pairs, strict=True))
    scores = class_scores(label, predicted, num_classes=6)
    expected = precision_recall_fscore_support(label, predicted, labels=np.arange(6), zero_division=0)
    for found, of_library in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        assert found.tolist() == of_library.tolist()
    assert (confusion(label, predicted, num_classes=6) == confusion_matrix(label, predicted, labels=np.arange(6))).all()
    expected_mean = f1_score(label, predicted, average="macro", zero_division=0)
    assert macro_f1_scikit_learn(label, predicted) == pytest.approx(expected_mean, rel=1e-15)


def test_confusion_rows_are_actual_classes() -> None:
    counts = confusion(np.array([0, 0, 1]), np.array([0, 2, 1]), num_classes=3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]
