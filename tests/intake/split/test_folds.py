"""Cross-validation: every video is tested once, whole groups, and no fold leaks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.split.test_methods import PARAMS, split_folds, split_single, subsets_of_groups, video, videos

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SUBSETS, ScreenedRow
from actionrec.intake.split.guard import Guard, worst_of
from actionrec.intake.split.section import SplitParams


def folds_of(count: int, **changes: object) -> SplitParams:
    return PARAMS.model_copy(update={"folds": count, **changes})


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_video_is_tested_once_groups_whole_classes_even(data: st.DataObject) -> None:
    num_folds = data.draw(st.integers(2, 5), "folds")
    num_groups = data.draw(st.integers(max(4, num_folds), 12), "groups")
    rows = videos(data.draw(st.integers(2, 4), "classes"), num_groups, data.draw(st.integers(1, 3), "clips"))
    if data.draw(st.booleans(), "scoped"):  # as in UCF101, where a group belongs to one class
        rows = [replace(row, group=f"{row.label}_{row.group}") for row in rows]
    rejected = video("class0", "g0", 99, kept=0)
    params = folds_of(num_folds, seed=data.draw(st.integers(0, 5), "seed"))
    splits, guard = split_folds([*rows, rejected], params)
    assert len(splits) == num_folds
    assert not guard.leaking
    tested = [row.video_id for split in splits for row in split if row.subset == "test"]
    assert sorted(tested) == sorted(row.video_id for row in rows)
    for split in splits:
        assert [row.video_id for row in split] == sorted(row.video_id for row in rows)
        assert all(len(subsets) == 1 for subsets in subsets_of_groups(split).values())
        assert {(row.label, row.subset) for row in split} == {(row.label, subset) for row in rows for subset in SUBSETS}
        # Groups are of one size: no fold tests more than one more of them in a class than another.
        for label in {row.label for row in rows}:
            groups = {row.group for row in split if (row.label, row.subset) == (label, "test")}
            assert num_groups // num_folds <= len(groups) <= -(-num_groups // num_folds)
    assert split_folds(rows[::-1], params)[0] == splits


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.lists(st.integers(1, 6), min_size=6, max_size=6), min_size=2, max_size=3), seed=st.integers(0, 3)
)
def test_groups_of_any_size(sizes: list[list[int]], seed: int) -> None:
    rows = [
        video(f"class{label}", f"class{label}_g{group}", clip)
        for label, groups in enumerate(sizes)
        for group, count in enumerate(groups)
        for clip in range(count)
    ]
    splits, _ = split_folds(rows, folds_of(3, seed=seed))
    tested = [row.video_id for split in splits for row in split if row.subset == "test"]
    assert sorted(tested) == sorted(row.video_id for row in rows)
    assert all(len(subsets) == 1 for split in splits for subsets in subsets_of_groups(split).values())


def test_fourteen_actors_in_five_folds() -> None:
    splits, _ = split_folds(videos(6, 14), folds_of(5))
    sizes = [Counter(next(iter(subsets)) for subsets in subsets_of_groups(split).values()) for split in splits]
    assert sorted(size["test"] for size in sizes) == [2, 3, 3, 3, 3]
    assert {size["val"] for size in sizes} == {2}
    assert splits != split_folds(videos(6, 14), folds_of(5, seed=1))[0]


def test_one_fold_is_the_single_split() -> None:
    rows = videos(3, 9)
    assert split_folds(rows, PARAMS) == ([split_single(rows, PARAMS)[0]], split_single(rows, PARAMS)[1])


@pytest.mark.parametrize(("folds", "groups", "needed"), [(5, 4, 5), (2, 3, 4), (3, 2, 3)])
def test_a_class_needs_a_group_for_every_fold(folds: int, groups: int, needed: int) -> None:
    with pytest.raises(ActionrecError, match=rf"at least {needed} groups to fill every subset, .*class0 \({groups}\)"):
        split_folds(videos(2, groups), folds_of(folds))


def test_ignoring_groups_leaks_in_every_fold_and_every_video_is_still_tested_once() -> None:
    params = folds_of(3, method="stratified")
    rows = videos(2, 4, clips=6)
    with pytest.raises(ActionrecError, match=r"fold 0 leaks:\n  - \d group\(s\) are in several subsets"):
        split_folds(rows, params)
    splits, guard = split_folds(rows, params.model_copy(update={"allow_leak": True}))
    assert guard.leaking
    tested = [row.video_id for split in splits for row in split if row.subset == "test"]
    assert sorted(tested) == sorted(row.video_id for row in rows)
    assert {row.group for row in splits[0]} == {"g0", "g1", "g2", "g3"}


@pytest.mark.parametrize("kind", ["digest", "signature"])
def test_the_guard_looks_at_every_fold(kind: str) -> None:
    """Two groups hold the same file: some fold tests one and trains on the other, whichever fold it is."""
    rows = videos(2, 6)
    copies = (rows[0].video_id, rows[2].video_id)
    value = "same" if kind == "digest" else bytes(range(216)).hex() * 2
    rows = [replace(row, **{kind: value}) if row.video_id in copies else row for row in rows]
    single = [split_single(rows, folds_of(1, allow_leak=True, seed=seed))[1].leaking for seed in range(8)]
    assert not all(single)  # a single split can be lucky
    for seed in range(8):
        with pytest.raises(ActionrecError, match=r"fold \d leaks:\n  - 1 (file|near-duplicate)"):
            split_folds(rows, folds_of(6, seed=seed))


def test_the_worst_fold_counts() -> None:
    found = worst_of([Guard(False, "group", 0, 0, 0, 0.02, 60, 12), Guard(True, "group", 2, 0, 1, 0.02, 60, 12)])
    assert found == Guard(True, "group", 2, 0, 1, 0.02, 60, 12)


def official(subsets_of: dict[str, str]) -> list[ScreenedRow]:
    return [replace(row, official_subset=subsets_of[row.group]) for row in videos(2, len(subsets_of))]


LISTS = {
    "g0": "test|train|train", "g1": "train|test|train", "g2": "train|train|test",
    "g3": "train|train|train", "g4": "train|train|train",
}  # fmt: skip


def test_official_lists_are_the_folds() -> None:
    rows = official(LISTS)
    splits, _ = split_folds(rows, folds_of(3, method="official"))
    for number, split in enumerate(splits):
        groups = subsets_of_groups(split)
        assert {group for group, subsets in groups.items() if subsets == {"test"}} == {f"g{number}"}
        assert Counter(next(iter(subsets)) for subsets in groups.values()) == {"test": 1, "val": 1, "train": 3}
    # Groups 3 and 4 are in no list's test part: they are never tested, and that is no error.
    assert {row.group for split in splits for row in split if row.subset == "test"} == {"g0", "g1", "g2"}
    for number in (1, 2, 3):
        alone, _ = split_folds(rows, folds_of(1, method="official"), official_list=number)
        assert alone == [splits[number - 1]]


def test_official_lists_that_are_missing_or_test_a_video_twice() -> None:
    with pytest.raises(
        ActionrecError, match=r"20 of 20 videos have no official subset in list 4: .*lower split\.folds"
    ):
        split_folds(official(LISTS), folds_of(4, method="official"))
    alone = (
        r"4 of 20 videos have no official subset in list 2: class0/g1_0.*; run the lists one by one \(split\.folds: 1"
    )
    with pytest.raises(ActionrecError, match=alone):
        split_folds(official(LISTS | {"g1": "train||train"}), folds_of(2, method="official"))
    with pytest.raises(ActionrecError, match=r"4 video\(s\) are in the test part of several folds: class0/g1_0"):
        split_folds(official(LISTS | {"g1": "test|test|train"}), folds_of(3, method="official"))


def test_parameters_that_cannot_be() -> None:
    def problems(**changes: object) -> list[str]:
        return PARAMS.model_copy(update=changes).problems("split")

    assert problems(folds=3, run_folds=(0, 2)) == []
    assert problems(folds=3, run_folds=(3, 1, 4)) == ["split.run_folds: [3, 4] must be 0 to 2, as folds is 3"]
    assert problems(folds=1, run_folds=(1,)) == ["split.run_folds: [1] must be 0 to 0, as folds is 1"]
    assert problems(folds=3, run_folds=(1, 1)) == ["split.run_folds: a fold is listed twice in [1, 1]"]
    [line] = problems(folds=3, method="first_groups")
    assert line.startswith("split.folds: 3, but method first_groups has one test part")
    [line] = problems(folds=2, val_fraction=0.5)
    assert "val_fraction + 1/folds (0.5) must stay below 1" in line
    assert problems(folds=3, test_fraction=0.9) == []  # not used


def test_which_folds_run() -> None:
    assert folds_of(1).running == (None,)
    assert folds_of(1, run_folds=(0,)).running == (None,)
    assert folds_of(3).running == (0, 1, 2)
    assert folds_of(3, run_folds=(2, 0)).running == (0, 2)
