"""Bootstrap intervals that resample groups, since videos of one group are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actionrec.evaluation.section import EvaluateParams

METHOD = "percentile bootstrap over groups"
_BLOCK_CELLS = 1 << 20


@dataclass(frozen=True)
class Interval:
    """A mean over videos and its interval."""

    value: float
    low: float
    high: float


def group_bootstrap(
    values: npt.NDArray[np.floating], groups: Sequence[str], *, num_samples: int, confidence: float, seed: int
) -> Interval:
    """Percentile interval of the mean of ``values (N,)`` when whole groups are drawn with replacement.

    Each of ``num_samples`` resamples draws as many groups as there are, and takes the mean over all their
    videos (a group drawn twice counts twice). The same ``seed`` and groups give the same draws, so intervals
    of two models are comparable, and values that are paired differences give a paired interval.

    With one group every resample is the data itself: the interval has no width and says nothing. The same
    happens when all values are equal (all videos right: 1.0 to 1.0); neither is certainty.

    Field & Welsh, Bootstrapping clustered data (JRSS B 2007): the cluster bootstrap.
    """
    names, group_of = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    num_groups = len(names)
    sums = np.bincount(group_of, weights=values.astype(np.float64), minlength=num_groups)
    sizes = np.bincount(group_of, minlength=num_groups)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_CELLS // num_groups)
    means = []
    for start in range(0, num_samples, block):
        drawn = rng.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=min(block, num_samples - start))
        means.append((drawn @ sums) / (drawn @ sizes))  # (block,)
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Interval(float(sums.sum() / sizes.sum()), float(low), float(high))


def interval_of(values: npt.NDArray[np.floating], groups: Sequence[str], params: EvaluateParams) -> Interval:
    """:func:`group_bootstrap` as ``params`` say."""
    return group_bootstrap(
        values, groups, num_samples=params.bootstrap_samples, confidence=params.confidence, seed=params.seed
    )
