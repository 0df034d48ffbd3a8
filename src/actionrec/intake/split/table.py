"""The videos of every group in every class, and parts of a split made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from actionrec.core.tables import ScreenedRow
from actionrec.intake.split.carve import Wanted, carve
from actionrec.intake.split.deal import deal


class GroupTable:
    """How many videos of each class each group holds, and subsets made of whole groups."""

    def __init__(self, rows: Sequence[ScreenedRow]) -> None:
        groups, self._group = np.unique([row.group for row in rows], return_inverse=True)
        labels, self._label = np.unique([row.label for row in rows], return_inverse=True)
        self._shape = len(groups), len(labels)
        self.totals = np.bincount(self._label, minlength=len(labels)).astype(np.float64)
        """(C,) videos of each class, classes sorted."""

    def videos_of(self, subsets: Sequence[str], subset: str) -> npt.NDArray[np.float64]:
        """(C,) videos of each class in ``subset``."""
        return np.asarray(self._counts(np.array(subsets) == subset).sum(axis=0), np.float64)

    def carved(self, subsets: Sequence[str], name: str, wanted: Wanted, *, seed: int) -> list[str]:
        """``subsets`` with whole groups of ``train`` in ``name`` instead."""
        train = np.array(subsets) == "train"
        chosen = carve(self._counts(train), wanted, seed=seed)
        return [name if moves else subset for moves, subset in zip(train & chosen[self._group], subsets, strict=True)]

    def dealt(self, num_folds: int, *, seed: int) -> npt.NDArray[np.int64]:
        """(N,) the fold of every video, whole groups in one."""
        counts = self._counts(np.ones(len(self._group), np.bool_))
        return np.asarray(deal(counts, num_folds=num_folds, seed=seed)[self._group], np.int64)

    def _counts(self, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        counts = np.zeros(self._shape, np.int64)
        np.add.at(counts, (self._group[chosen], self._label[chosen]), 1)
        return counts
