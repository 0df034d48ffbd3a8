"""The figures of an entry on a subset, by name.

To add one: a function in :mod:`actionrec.evaluation.metrics`, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actionrec.evaluation import metrics
from actionrec.evaluation.results import SubsetResult

DIGITS = 5

Scalar = Callable[[SubsetResult], float | int | None]
"""None where it does not apply."""

SUMMARY: dict[str, Scalar] = {
    "clip_top1": lambda subset: subset.clip_top1,
    "ece": lambda subset: subset.as_predicted.ece,
    "ece_calibrated": lambda subset: subset.calibrated.ece,
    "macro_f1": lambda subset: subset.scores.macro_f1,
    "mean_class_accuracy": lambda subset: subset.scores.mean_class_accuracy,
    "num_videos": lambda subset: len(subset.label),
    "video_top1": lambda subset: subset.top[1],
    "video_top1_high": lambda subset: subset.interval.high,
    "video_top1_low": lambda subset: subset.interval.low,
    "video_top5": lambda subset: subset.top[5],
}
"""What DVC compares (``reports/metrics/summary.json``): ten at most."""

DETAILS: dict[str, Scalar] = {
    "macro_f1_scikit_learn": lambda subset: metrics.macro_f1_scikit_learn(subset.label, subset.predicted),
    "nll": lambda subset: metrics.negative_log_likelihood(subset.log_prob, subset.label),
    "video_top10": lambda subset: subset.top[10],
}
"""What stands beside it in ``reports/metrics/<model>.json``."""


def scalars_of(subset: SubsetResult, table: Mapping[str, Scalar]) -> dict[str, float]:
    """The figures of ``table`` that apply to ``subset``, rounded."""
    found = {name: scalar(subset) for name, scalar in table.items()}
    return {
        name: value if isinstance(value, int) else rounded(value) for name, value in found.items() if value is not None
    }


def rounded(value: float) -> float:
    """As it is written: few digits, and never -0.0, which DVC would call a change."""
    return round(float(value), DIGITS) + 0.0
