"""Intervals of accuracies that keep their promise, also over few groups and where every video is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from actionrec.evaluation.clusters import RIGHT_OR_WRONG, Floats, Ints, count_by_group, effective_videos
from actionrec.evaluation.section import EvaluateParams

METHOD = "Clopper-Pearson on the effective number of videos"


@dataclass(frozen=True)
class Interval:
    """A mean over videos and its interval."""

    value: float
    low: float
    high: float


def interval_of(values: npt.NDArray[np.number | np.bool_], groups: Sequence[str], params: EvaluateParams) -> Interval:
    """The share of videos that are right and its interval, from ``values (N,)`` of 0 and 1 and ``groups`` (N).

    :func:`share_bounds` of the groups. Nothing is drawn, so the same videos give the same interval.

    Raises ``ValueError`` on any other value, or none.
    """
    counts = count_by_group(values, groups, RIGHT_OR_WRONG)
    low, high = share_bounds(counts, params.confidence)
    return Interval(float(counts[:, 1].sum() / counts.sum()), float(low), float(high))


def share_bounds(counts: Ints, confidence: float) -> tuple[Floats, Floats]:
    """Lower and upper bound ``(...)`` of the share of right videos; ``counts (..., G, 2)`` are wrong and right.

    The exact binomial bounds (Clopper & Pearson, Biometrika 1934) of as many videos as those of the groups are
    worth (:func:`~actionrec.evaluation.clusters.effective_videos`), as Korn & Graubard do for surveys
    (Survey Methodology 1998); their correction for few groups is the assumed correlation here, which is narrower.
    The share lies within, and the width is never 0: of 24 right videos in 3 groups it is 0.50 to 1. Of one group
    the effective number is one, and the bounds say almost nothing: 0.025 to 1 where all its videos are right.

    In simulations a nominal 95 % covers 94 % and more for correlations up to 0.5 (``docs/intervals.md``). Where
    videos of a group are nearly all right or all wrong together, it may be 77 % over three groups, 90 % over ten.
    """
    videos = counts.sum(axis=(-2, -1))
    share = counts[..., 1].sum(axis=-1) / videos
    worth = effective_videos(counts, RIGHT_OR_WRONG)
    right, wrong = share * worth, (1 - share) * worth
    tail = (1 - confidence) / 2
    # A beta distribution needs parameters above 0: where nothing is right (wrong), the bound is 0 (1).
    low = np.where(right > 0, beta.ppf(tail, np.maximum(right, 1e-9), wrong + 1), 0.0)
    high = np.where(wrong > 0, beta.ppf(1 - tail, right + 1, np.maximum(wrong, 1e-9)), 1.0)
    return np.minimum(low, share), np.maximum(high, share)


def difference_of(this: Interval, other: Interval) -> Interval:
    """The difference of two independent shares, from their intervals of the same confidence.

    Each bound is as far from the difference as the two nearest bounds are together, by Pythagoras (Newcombe,
    Interval estimation for the difference between independent proportions, Statistics in Medicine 1998).
    """
    value = this.value - other.value
    low = value - hypot(this.value - this.low, other.high - other.value)
    high = value + hypot(this.high - this.value, other.value - other.low)
    return Interval(value, max(low, -1.0), min(high, 1.0))
