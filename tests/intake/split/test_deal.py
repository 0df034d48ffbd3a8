"""Groups dealt to folds come near the best of all ways to deal them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.split.test_methods import PARAMS, split_folds, video

from actionrec.intake.split.deal import deal


def sums_of(counts: np.ndarray, folds: np.ndarray, num_folds: int) -> np.ndarray:
    return np.stack([counts[folds == fold].sum(axis=0) for fold in range(num_folds)])


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_near_the_best_of_all_ways(data: st.DataObject) -> None:
    size, labels, num_folds = (data.draw(st.integers(*bounds)) for bounds in ((4, 8), (1, 3), (2, 3)))
    row = st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(
        lambda row: sum(n > 0 for n in row) >= num_folds
    )
    counts = np.array(data.draw(st.lists(row, min_size=labels, max_size=labels), "counts"), np.int64).T
    every = np.array(list(itertools.product(range(num_folds), repeat=size)))
    sums = np.stack([((every == fold).astype(np.int64) @ counts) for fold in range(num_folds)], axis=1)
    every_class = (sums > 0).all(axis=(1, 2))
    away = np.abs(sums / counts.sum(axis=0) - 1 / num_folds)
    folds = deal(counts, num_folds=num_folds, seed=data.draw(st.integers(0, 3), "seed"))
    found = sums_of(counts, folds, num_folds)
    if every_class.any():
        assert (found > 0).all()
        best = away[every_class].max(axis=(1, 2)).min()
        # Each class is judged by what it reaches by itself: the worst of all may be a little worse for it.
        assert np.abs(found / counts.sum(axis=0) - 1 / num_folds).max() <= best + 0.2
        assert np.abs(found / counts.sum(axis=0) - 1 / num_folds).mean() <= away[every_class].mean() + 1e-9


@pytest.mark.parametrize("num_folds", [3, 5])
def test_fifteen_people_of_uneven_diligence(num_folds: int) -> None:
    """The best of eight shuffles of another method was 8 points off where 4 can be had."""
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 5, (15, 4))
    shares = sums_of(counts, deal(counts, num_folds=num_folds, seed=0), num_folds) / counts.sum(axis=0)
    assert np.abs(shares - 1 / num_folds).max() < 0.06


def test_what_is_left_over_goes_to_another_fold_in_every_class() -> None:
    counts = np.kron(np.eye(30, dtype=np.int64), np.ones((4, 1), np.int64))  # 30 classes of 4 groups, in 3 folds
    sums = sums_of(counts, deal(counts, num_folds=3, seed=0), 3)
    assert set(np.unique(sums)) == {1, 2}
    assert sums.sum(axis=1).max() < 50  # of 120, where 60 would be all that is left over


def test_thousands_of_groups_take_seconds() -> None:
    rows = [video(f"c{number % 5}", f"{number}", 0) for number in range(4000)]
    splits, _ = split_folds(rows, PARAMS.model_copy(update={"folds": 4}))
    assert [sum(row.subset == "test" for row in split) for split in splits] == [1000] * 4
