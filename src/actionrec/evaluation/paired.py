"""Two entries compared on the same videos."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import convolve
from scipy.stats import binom, binomtest, norm

from actionrec.evaluation.clusters import PAIRED, Floats, Ints, count_by_group, effective_videos
from actionrec.evaluation.intervals import Interval
from actionrec.evaluation.section import EvaluateParams

Bools = npt.NDArray[np.bool_]

PAIRED_METHOD = "Bonett-Price on the effective number of videos"


@dataclass(frozen=True)
class Exchange:
    """What remains of a difference when whole groups exchange the answers of both entries."""

    p: float
    """Two-sided: share of all exchanges that leave a difference at least as large."""
    smallest_p: float
    """The smallest ``p`` that so many groups allow, ``2 / 2**G``: no result over them could be more surprising."""


@dataclass(frozen=True)
class McNemar:
    """The videos on which exactly one of two entries is right, and how surprising their numbers are."""

    only_this_right: int
    only_other_right: int
    p: float
    """Two-sided, as if videos were independent."""


@dataclass(frozen=True)
class Gain:
    """An entry's test ``video_top1`` minus that of the best single model."""

    interval: Interval
    exchange: Exchange
    mcnemar: McNemar


def compare(this: Bools, other: Bools, groups: Sequence[str], params: EvaluateParams) -> Gain:
    """What ``this (N,)`` gains over ``other (N,)``, True where a video of ``groups`` (N) was recognised."""
    difference = this.astype(np.int64) - other
    return Gain(paired_interval_of(difference, groups, params), exchange(difference, groups), mcnemar(this, other))


def paired_interval_of(difference: Ints, groups: Sequence[str], params: EvaluateParams) -> Interval:
    """The mean of ``difference (N,)``, each -1, 0 or 1, and its interval, from ``groups`` (N): :func:`paired_bounds`.

    Raises ``ValueError`` on any other value, or none.
    """
    counts = count_by_group(difference, groups, PAIRED)
    low, high = paired_bounds(counts, params.confidence)
    return Interval(float(difference.mean()), float(low), float(high))


def paired_bounds(counts: Ints, confidence: float) -> tuple[Floats, Floats]:
    """Lower and upper bound ``(...)`` of a mean difference; ``counts (..., G, 3)`` are videos of -1, 0 and 1.

    The adjusted Wald bounds of Bonett & Price (Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data, Journal of Educational and Behavioral Statistics 2012): one more video for
    either side, here beside as many as those of the groups are worth
    (:func:`~actionrec.evaluation.clusters.effective_videos`). The difference lies within, and the width is never 0.

    In simulations a nominal 95 % covers 92.5 % and more for correlations up to 0.5 (``docs/intervals.md``).
    """
    share = counts.sum(axis=-2) / counts.sum(axis=(-2, -1))[..., None]  # (..., 3)
    worth = effective_videos(counts, PAIRED)
    this, other = ((share[..., side] * worth + 1) / (worth + 2) for side in (2, 0))
    middle = this - other
    reach = norm.ppf((1 + confidence) / 2) * np.sqrt((this + other - middle**2) / (worth + 2))
    value = (counts[..., 2] - counts[..., 0]).sum(axis=-1) / counts.sum(axis=(-2, -1))
    return np.maximum(np.minimum(middle - reach, value), -1), np.minimum(np.maximum(middle + reach, value), 1)


def exchange(difference: Ints, groups: Sequence[str]) -> Exchange:
    """Exact permutation test of ``difference (N,)``, each -1, 0 or 1, that keeps the videos of ``groups`` (N) together.

    If neither entry were better, either could have given the answers of any whole group. Of the ``2**G`` equally
    likely exchanges, ``p`` counts those whose total difference is as far from 0 as the one that was seen. They are
    not drawn but counted, by adding up the totals of the groups one size after another, so there is no seed.

    Winkler et al., Multi-level block permutation (NeuroImage 2015): exchange of whole blocks.
    """
    counts = count_by_group(difference, groups, PAIRED)
    totals = counts[:, 2] - counts[:, 0]
    smallest = max(2.0 ** (1 - len(totals)), sys.float_info.min)
    spread = np.ones(1)  # probability of every total from the lowest on
    for size, times in zip(*np.unique(np.abs(totals[totals != 0]), return_counts=True), strict=True):
        own = np.zeros(2 * size * times + 1)
        own[:: 2 * size] = binom.pmf(np.arange(times + 1), times, 0.5)
        spread = convolve(spread, own)
    reach = len(spread) // 2
    as_far = np.abs(np.arange(-reach, reach + 1)) >= abs(int(totals.sum()))
    return Exchange(float(np.clip(spread[as_far].sum(), smallest, 1.0)), smallest)


def mcnemar(this: Bools, other: Bools) -> McNemar:
    """Exact McNemar test of ``this (N,)`` against ``other (N,)``, True where a video was recognised.

    If neither were better, each discordant video would be a fair coin: the p-value is that of the two-sided
    binomial test on them, and 1.0 where there are none. It treats videos as independent; those of one group are
    not, so it is too small, and nothing here decides by it. :func:`exchange` keeps groups together.

    McNemar, Note on the sampling error of the difference between correlated proportions (Psychometrika 1947).
    """
    only_this, only_other = int(np.sum(this & ~other)), int(np.sum(other & ~this))
    discordant = only_this + only_other
    p = float(binomtest(only_this, discordant).pvalue) if discordant else 1.0
    return McNemar(only_this, only_other, p)
