"""How many independent videos the videos of a few groups are worth.

Videos of one group (one person, one scene) resemble one another, so ``n`` of them say less than ``n``
independent ones would. How much less follows from the intra-group correlation, which few groups cannot
measure, and answers that are nearly all the same cannot show. It is therefore drawn towards an assumption.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]

RIGHT_OR_WRONG = (0, 1)
"""The values of a video that was recognised, 1, or not."""
PAIRED = (-1, 0, 1)
"""The values of a video that only the other entry recognised, -1, both or neither, 0, or only this one, 1."""

ASSUMED_CORRELATION = 0.5
"""Intra-group correlation that is assumed until the videos show another."""
ASSUMED_GROUPS = 6
"""Groups that the assumption is worth."""


def count_by_group(values: npt.NDArray[np.number | np.bool_], groups: Sequence[str], levels: Sequence[int]) -> Ints:
    """Videos ``(G, K)`` of every group that have each of ``levels`` (K,), from ``values (N,)`` and ``groups`` (N).

    Raises ``ValueError`` where there is no video, or one has another value.
    """
    names, group_of = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    level_of = np.searchsorted(levels, values).clip(max=len(levels) - 1)
    if len(values) == 0 or not np.array_equal(np.asarray(levels)[level_of], values):
        raise ValueError(f"{len(values)} values {np.unique(values)[:5]}; legal are one or more of {tuple(levels)}")
    cells = np.bincount(group_of * len(levels) + level_of, minlength=len(names) * len(levels))
    return cells.reshape(len(names), len(levels)).astype(np.int64)


def effective_videos(counts: Ints, levels: Sequence[int]) -> Floats:
    """The number of independent videos ``(...)`` that ``counts (..., G, K)`` of ``levels`` (K,) are worth.

    It is ``n / (1 + (m - 1) r)`` (Kish, Survey Sampling, 1965), where ``m`` is the mean size of a video's group
    and ``r`` the intra-group correlation: the estimate of the analysis of variance, within 0 and 1 (Ridout,
    Demetrio & Firth, Estimating intraclass correlation for binary data, Biometrics 1999), averaged with
    ``ASSUMED_CORRELATION`` as if ``ASSUMED_GROUPS`` more groups had shown that. Only groups in which some
    video differs from the rest of the data count as evidence (of the levels, the one that leaves fewest such
    groups): 25 groups that are all right show nothing, and leave the assumption as it is. Nor does one group: its
    correlation is 1.

    Both constants were chosen by simulation: see ``docs/intervals.md``.
    """
    sizes = counts.sum(axis=-1)  # (..., G)
    num_videos = sizes.sum(axis=-1)  # (...)
    num_groups = sizes.shape[-1]
    mean_size = (sizes**2).sum(axis=-1) / num_videos
    if num_groups == 1:
        return np.asarray(num_videos / mean_size)
    differing = np.count_nonzero(sizes[..., None] - counts, axis=-2)  # (..., K): groups that have other values
    evidence = differing.min(axis=-1)
    assumed = ASSUMED_GROUPS * ASSUMED_CORRELATION
    correlation = (evidence * _correlation(counts, levels) + assumed) / (evidence + ASSUMED_GROUPS)  # (...)
    return np.asarray(num_videos / (1 + (mean_size - 1) * correlation))


def _correlation(counts: Ints, levels: Sequence[int]) -> Floats:
    """Intra-group correlation ``(...)`` by the analysis of variance, within 0 and 1; 0 where nothing varies."""
    level = np.asarray(levels, np.float64)
    sizes = counts.sum(axis=-1)  # (..., G)
    num_groups, num_videos = sizes.shape[-1], sizes.sum(axis=-1)
    sums = counts @ level  # (..., G)
    total = sums.sum(axis=-1)
    between = (sums**2 / sizes).sum(axis=-1) - total**2 / num_videos
    within = (counts @ level**2).sum(axis=-1) - (sums**2 / sizes).sum(axis=-1)
    mean_between = between / (num_groups - 1)
    mean_within = within / np.maximum(num_videos - num_groups, 1)
    size = (num_videos - (sizes**2).sum(axis=-1) / num_videos) / (num_groups - 1)
    spread = mean_between + (size - 1) * mean_within
    varies = spread > 1e-12
    return np.asarray(np.clip((mean_between - mean_within) / np.where(varies, spread, 1), 0, 1) * varies)
