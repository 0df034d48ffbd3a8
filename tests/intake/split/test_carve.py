"""A part of a split comes as near to what is asked of every class as whole groups allow."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.split.test_methods import PARAMS, split_folds, split_single, subsets_of_groups, video, videos

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow
from actionrec.intake.split.carve import Wanted, carve
from actionrec.intake.split.section import SplitParams


def with_params(**changes: object) -> SplitParams:
    return PARAMS.model_copy(update=changes)


def share_of(split: list[SplitRow], label: str, subset: str) -> float:
    counts = Counter(row.subset for row in split if row.label == label)
    return counts[subset] / counts.total()


def costs_of_all_choices(counts: np.ndarray, targets: np.ndarray, keep: int) -> np.ndarray:
    """Of every choice with all classes inside and in ``keep`` groups outside: (M, C) distance from the target."""
    size = len(counts)
    every = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(bool)
    inside, groups = every @ counts, every @ (counts > 0).astype(np.int64)
    possible = ((groups > 0) & ((counts > 0).sum(axis=0) - groups >= keep)).all(axis=1)
    return np.asarray(np.abs(inside - targets)[possible] / counts.sum(axis=0))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_near_the_best_of_all_choices(data: st.DataObject) -> None:
    """Up to 11 groups every choice is looked at, beyond that a search must come near."""
    size, labels = data.draw(st.integers(5, 13), "groups"), data.draw(st.integers(1, 3), "classes")
    row = st.lists(st.integers(0, 5), min_size=size, max_size=size).filter(lambda row: sum(n > 0 for n in row) >= 3)
    counts = np.array(data.draw(st.lists(row, min_size=labels, max_size=labels), "counts"), np.int64).T
    totals, keep = counts.sum(axis=0), data.draw(st.integers(1, 2), "keep")
    targets = data.draw(st.sampled_from([0.15, 0.2, 0.3, 0.4, 0.5]), "fraction") * totals
    away_of_all = costs_of_all_choices(counts, targets, keep)
    if not len(away_of_all):
        return  # no choice has every class on both sides
    seed = data.draw(st.integers(0, 3), "seed")
    chosen = carve(counts, Wanted(targets, keep=keep), seed=seed)
    assert (carve(counts, Wanted(targets, keep=keep), seed=seed) == chosen).all()
    assert ((counts[chosen] > 0).sum(axis=0) >= 1).all()
    assert ((counts[~chosen] > 0).sum(axis=0) >= keep).all()
    # Each class is judged by what it reaches by itself; first the worst counts, then the mean.
    reach = [costs_of_all_choices(counts[:, [label]], targets[[label]], keep).min() for label in range(labels)]
    away = np.abs(counts[chosen].sum(axis=0) - targets) / totals
    best = (np.maximum(away_of_all - reach, 0).max(axis=1) + away_of_all.mean(axis=1)).min()
    assert np.maximum(away - reach, 0).max() + away.mean() <= best + (0.011 if len(counts) <= 11 else 0.08)


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.3, 0.4, 0.5])
@pytest.mark.parametrize("scoped", [True, False])
def test_the_share_that_was_asked_for(fraction: float, scoped: bool) -> None:
    """0.4 gave 50 %, 0.3 gave 34 %, because groups went in equal parts."""
    rows = [
        video(label, f"{label if scoped else ''}g{group}", clip)
        for label in "abc" for group in range(20) for clip in range(1 + group % 4)
    ]  # fmt: skip
    split, guard = split_single(rows, with_params(test_fraction=fraction, val_fraction=0.25))
    for label in "abc":
        assert share_of(split, label, "test") == pytest.approx(fraction, abs=0.0101)
        assert share_of(split, label, "val") == pytest.approx(0.25, abs=0.0101)
    assert guard.notes == ()


def test_a_class_of_three_people_does_not_shift_the_others() -> None:
    """It made train 35 %, val 35 % and test 30 % of all other classes."""
    rows = [video(label, f"p{person}", clip) for label in "abc" for person in range(20) for clip in range(2)]
    rows += [video("rare", f"p{person}", 0) for person in range(3)]
    split, guard = split_single(rows, PARAMS)
    for label in "abc":
        assert share_of(split, label, "test") == pytest.approx(0.2)
        assert share_of(split, label, "val") == pytest.approx(0.15)
    assert Counter(row.subset for row in split if row.label == "rare") == {"train": 1, "val": 1, "test": 1}
    assert guard.notes == (
        "test should hold 20.0% of every class; whole groups keep 1 of 4 classes from it: rare 33.3% (3 groups)",
        "val should hold 15.0% of every class; whole groups keep 1 of 4 classes from it: rare 33.3% (3 groups)",
    )


def test_thousands_of_groups_take_seconds() -> None:
    rows = [video(f"c{number % 7}", f"{number}", 0) for number in range(3500)]
    split, _ = split_single(rows, with_params(method="group"))
    for label in range(7):
        assert share_of(split, f"c{label}", "test") == pytest.approx(0.2)
        assert share_of(split, f"c{label}", "val") == pytest.approx(0.15)


def test_as_many_videos_of_every_class_as_the_counts_say() -> None:
    """As system C has them: 30, 10 and 10 of every class, whatever else there is."""
    rows = [video(label, f"g{group}", clip) for label in "ab" for group in range(25) for clip in range(3)]
    for method in ("group", "stratified"):
        params = with_params(method=method, videos_per_class=(30, 10, 10), allow_leak=method == "stratified")
        split, guard = split_single(rows, params)
        assert Counter((row.label, row.subset) for row in split) == {
            (label, subset): count
            for label in "ab" for subset, count in zip(SUBSETS, (30, 10, 10), strict=True)
        }  # fmt: skip
        assert guard.notes == ("50 of 150 videos are in no subset (split.videos_per_class)",)
        if method == "group":
            assert all(len(subsets) == 1 for subsets in subsets_of_groups(split).values())
        assert split_single(rows[::-1], params)[0] == split
    with pytest.raises(ActionrecError, match=r"whole groups give fewer: a: 4[0-9] of 60 train"):
        split_single(rows, with_params(videos_per_class=(60, 10, 15)))


def test_one_group_a_fold() -> None:
    rows = [video(label, f"p{person}", clip) for label in "ab" for person in (1, 2, 3, 9, 10) for clip in range(2)]
    rows = [row for row in rows if (row.label, row.group) != ("b", "p9")]
    splits, guard = split_folds(rows, with_params(method="leave_one_group_out", folds=5))
    tested = [{row.group for row in split if row.subset == "test"} for split in splits]
    assert tested == [{"p1"}, {"p2"}, {"p3"}, {"p9"}, {"p10"}]
    assert all({row.label for row in split if row.subset == subset} == {"a", "b"}
               for split in splits for subset in ("train", "val"))  # fmt: skip
    assert {row.label for row in splits[3] if row.subset == "test"} == {"a"}
    assert not guard.leaking
    with pytest.raises(ActionrecError, match=r"each of the 5 groups .* split\.folds is 3; set split\.folds: 5"):
        split_folds(rows, with_params(method="leave_one_group_out", folds=3))


def test_a_class_of_two_people_trains_in_every_fold() -> None:
    rows = [*videos(2, 4), video("rare", "g0", 0), video("rare", "g1", 0)]
    splits, _ = split_folds(rows, with_params(method="leave_one_group_out", folds=4))
    for split in splits:
        assert {row.label for row in split if row.subset == "train"} == {"class0", "class1", "rare"}


def test_counts_and_folds_that_cannot_be() -> None:
    assert with_params(videos_per_class=(3, 1, 1)).problems("split") == []
    for changes in ({"videos_per_class": (3, 1)}, {"videos_per_class": (3, 1, 1), "method": "official"},
                    {"videos_per_class": (3, 1, 1), "folds": 3}):  # fmt: skip
        [line] = with_params(**changes).problems("split")
        assert line.startswith("split.videos_per_class: [3, 1")
    [line] = with_params(method="leave_one_group_out").problems("split")
    assert line.startswith("split.folds: 1, but method leave_one_group_out needs as many folds")


def test_the_note_names_the_worst_fold() -> None:
    rows: list[ScreenedRow] = [
        video("a", f"g{group}", clip) for group in range(5) for clip in range(1 + 4 * (group == 4))
    ]
    rows += [video("b", f"g{group}", clip) for group in range(5) for clip in range(2)]
    _, guard = split_folds(rows, with_params(folds=5))
    assert "test of a fold should hold 20.0% of every class" in guard.notes[0]
    assert "a 55.6% (5 groups)" in guard.notes[0]
