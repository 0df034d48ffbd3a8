"""Metrics of one set of videos, from log-probabilities and labels.

Conventions, the same everywhere: a tie between classes goes to the class that comes first in the sorted
class names; averages over classes run over the classes that have videos in the set, so a class without
videos neither helps nor hurts; 0 / 0 in a precision is 0.

All scores of classes follow from the confusion matrix and equal scikit-learn's, which takes longer to import than
the rest of the stage to run (a test compares them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

LOWEST_LOG_PROB = -1e4
"""A probability of exactly 0 would veto a class whatever the other models say, also at weight 0."""


def true_class_rank(log_prob: Floats, label: Ints) -> Ints:
    """Place of the true class in each prediction, 0 for the most probable.

    ``log_prob (N, C)``, ``label (N,)`` -> ``(N,)``. Classes before the true one win ties, those after it
    lose them, which is what ``argmax`` does; unlike scikit-learn's top-k accuracy, k may exceed C.
    """
    rows = np.arange(len(label))
    own = log_prob[rows, label][:, None]
    before = np.arange(log_prob.shape[1])[None, :] < label[:, None]
    return np.asarray(((log_prob > own) | ((log_prob == own) & before)).sum(axis=1), np.int64)


def top_k_accuracy(log_prob: Floats, label: Ints, k: int) -> float:
    """Share of rows whose true class is among the ``k`` most probable; 1.0 where ``k`` is at least C."""
    return float(np.mean(true_class_rank(log_prob, label) < k))


def floored(log_prob: Floats) -> Floats:
    """As float64, at least ``LOWEST_LOG_PROB``."""
    return np.maximum(log_prob.astype(np.float64), LOWEST_LOG_PROB)


def negative_log_likelihood(log_prob: Floats, label: Ints) -> float:
    """Mean negative log-probability of the true class; at most ``-LOWEST_LOG_PROB``."""
    return float(-floored(log_prob)[np.arange(len(label)), label].mean())


@dataclass(frozen=True)
class ClassScores:
    """Precision, recall, F1 ``(C,)`` and number of videos ``support (C,)`` of every class."""

    precision: Floats
    recall: Floats
    f1: Floats
    support: Ints

    @property
    def mean_class_accuracy(self) -> float:
        """Mean recall over the classes that have videos."""
        return float(self.recall[self.support > 0].mean())

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the classes that have videos; see :func:`macro_f1_scikit_learn` for another convention."""
        return float(self.f1[self.support > 0].mean())


def class_scores(label: Ints, predicted: Ints, *, num_classes: int) -> ClassScores:
    """Scores of every class, 0 where a class was never predicted or has no videos."""
    counts = confusion(label, predicted, num_classes=num_classes)
    right, support, answered = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return ClassScores(
        precision=_shares(right, answered),
        recall=_shares(right, support),
        f1=_shares(2 * right, support + answered),
        support=support,
    )


def _shares(part: Ints, whole: Ints) -> Floats:
    """``part / whole (C,)``, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)


def macro_f1_scikit_learn(label: Ints, predicted: Ints) -> float:
    """Mean F1 as scikit-learn's default has it: a class without videos that was answered counts as 0."""
    seen = np.union1d(label, predicted)
    return float(class_scores(label, predicted, num_classes=int(seen.max()) + 1).f1[seen].mean())


def confusion(label: Ints, predicted: Ints, *, num_classes: int) -> Ints:
    """Counts ``(C, C)``: rows are actual, columns predicted classes."""
    pairs = np.bincount(label * num_classes + predicted, minlength=num_classes**2)
    return pairs.reshape(num_classes, num_classes).astype(np.int64)
