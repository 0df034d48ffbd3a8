"""Two entries compared on the same videos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from actionrec.evaluation.bootstrap import Interval

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class McNemar:
    """The videos on which exactly one of two entries is right, and how surprising their numbers are."""

    only_this_right: int
    only_other_right: int
    p: float
    """Two-sided."""


@dataclass(frozen=True)
class Gain:
    """An entry's test ``video_top1`` minus that of the best single model."""

    interval: Interval
    """Paired: both entries on the same resampled groups."""
    mcnemar: McNemar


def mcnemar(this: Bools, other: Bools) -> McNemar:
    """Exact McNemar test of ``this (N,)`` against ``other (N,)``, True where a video was recognised.

    If neither were better, each discordant video would be a fair coin: the p-value is that of the two-sided
    binomial test on them, and 1.0 where there are none. It treats videos as independent; those of one group are
    not, so it may be too small. The interval of :class:`Gain` resamples groups and does not.

    McNemar, Note on the sampling error of the difference between correlated proportions (Psychometrika 1947).
    """
    only_this, only_other = int(np.sum(this & ~other)), int(np.sum(other & ~this))
    discordant = only_this + only_other
    p = float(binomtest(only_this, discordant).pvalue) if discordant else 1.0
    return McNemar(only_this, only_other, p)
