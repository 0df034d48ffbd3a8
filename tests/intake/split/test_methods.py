"""Splits keep groups whole, balance classes, and refuse to leak."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow
from actionrec.intake.split.guard import Guard
from actionrec.intake.split.leakage import check_leakage
from actionrec.intake.split.methods import split_videos
from actionrec.intake.split.section import SplitParams

PARAMS = SplitParams(
    method="group", val_fraction=0.15, test_fraction=0.2, seed=0, near_duplicate_distance=0.05, allow_leak=False
)


def video(label: str, group: str, clip: int, *, subset: str = "", kept: int = 1) -> ScreenedRow:
    video_id = f"{label}/{group}_{clip}"
    return ScreenedRow(
        video_id=video_id, label=label, group=group, official_subset=subset, digest=video_id, kept=kept,
        reason="" if kept else "blank", evidence="", num_frames=20, duration_seconds=1.0, width=4, height=4,
        signature="",
    )  # fmt: skip


def videos(num_classes: int, num_groups: int, clips: int = 2) -> list[ScreenedRow]:
    return [
        video(f"class{label}", f"g{group}", clip)
        for label in range(num_classes)
        for group in range(num_groups)
        for clip in range(clips)
    ]


def split_folds(
    rows: list[ScreenedRow], params: SplitParams, *, official_list: int = 1
) -> tuple[list[list[SplitRow]], Guard]:
    """The folds by signatures alone, and what the guard found."""
    split = split_videos(rows, params, official_list=official_list)
    return split.folds, split.guard


def split_single(rows: list[ScreenedRow], params: SplitParams) -> tuple[list[SplitRow], Guard]:
    """Of a single split."""
    [split], guard = split_folds(rows, params)
    return split, guard


def subsets_of_groups(split: list[SplitRow]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in split:
        found[row.group].add(row.subset)
    return found


def test_fourteen_actors_are_split_nine_two_three() -> None:
    split, guard = split_single(videos(6, 14), PARAMS)
    sizes = Counter(next(iter(subsets)) for subsets in subsets_of_groups(split).values())
    assert sizes == {"train": 9, "val": 2, "test": 3}
    assert not guard.leaking
    assert (guard.num_videos, guard.num_groups) == (168, 14)


@settings(max_examples=30, deadline=None)
@given(
    num_classes=st.integers(2, 4), num_groups=st.integers(3, 9), clips=st.integers(1, 3), seed=st.integers(0, 5),
    scoped=st.booleans(),
)  # fmt: skip
def test_every_video_once_groups_whole_every_class_everywhere(
    num_classes: int, num_groups: int, clips: int, seed: int, scoped: bool
) -> None:
    rows = videos(num_classes, num_groups, clips)
    if scoped:  # as in UCF101, where a group belongs to one class
        rows = [replace(row, group=f"{row.label}_{row.group}") for row in rows]
    split, _ = split_single(rows, PARAMS.model_copy(update={"seed": seed}))
    assert sorted(row.video_id for row in split) == sorted(row.video_id for row in rows)
    assert all(len(subsets) == 1 for subsets in subsets_of_groups(split).values())
    assert {(row.label, row.subset) for row in split} == {
        (f"class{label}", subset) for label in range(num_classes) for subset in SUBSETS
    }


def test_the_seed_decides_and_the_order_of_rows_does_not() -> None:
    rows = videos(3, 10)
    assert split_single(rows, PARAMS) == split_single(rows[::-1], PARAMS)
    assert split_single(rows, PARAMS) != split_single(rows, PARAMS.model_copy(update={"seed": 1}))


def test_rejected_videos_are_in_no_subset() -> None:
    rows = [*videos(2, 5), video("class0", "g9", 0, kept=0)]
    split, _ = split_single(rows, PARAMS)
    assert len(split) == 20


def test_a_class_with_fewer_groups_than_subsets() -> None:
    rows = [*videos(2, 4), video("rare", "g0", 0), video("rare", "g1", 0)]
    with pytest.raises(
        ActionrecError, match=r"a class needs at least 3 groups to fill every subset, .* have fewer: rare \(2\)"
    ):
        split_single(rows, PARAMS)


def test_official_subsets_are_kept_and_validation_is_carved_from_training_by_group() -> None:
    official = PARAMS.model_copy(update={"method": "official"})
    rows = [replace(row, official_subset="test" if row.group in ("g0", "g1") else "train") for row in videos(3, 9)]
    split, _ = split_single(rows, official)
    groups = subsets_of_groups(split)
    assert {group for group, subsets in groups.items() if subsets == {"test"}} == {"g0", "g1"}
    assert sum(subsets == {"val"} for subsets in groups.values()) == 1
    given_val = [replace(row, official_subset="val") if row.group == "g2" else row for row in rows]
    split, _ = split_single(given_val, official)
    assert {row.group for row in split if row.subset == "val"} == {"g2"}
    with pytest.raises(ActionrecError, match=r"1 of 54 videos have no official subset: class0/g0_0"):
        split_single([replace(rows[0], official_subset=""), *rows[1:]], official)
    untested = [replace(row, official_subset="train") if row.label == "class1" else row for row in rows]
    with pytest.raises(ActionrecError, match="leaves no video of class1 in test"):
        split_single(untested, official.model_copy(update={"allow_leak": True}))


def test_splitting_across_groups_fails_unless_permitted_and_then_is_stamped() -> None:
    stratified = PARAMS.model_copy(update={"method": "stratified"})
    with pytest.raises(ActionrecError, match=r"the split leaks:\n  - \d group\(s\) are in several subsets: g0"):
        split_single(videos(3, 4, clips=6), stratified)
    _, guard = split_single(videos(3, 4, clips=6), stratified.model_copy(update={"allow_leak": True}))
    assert guard.leaking
    assert guard.groups_crossing > 0


def test_equal_files_of_two_groups_may_not_cross() -> None:
    rows = [replace(video("a", "g0", 0), digest="same"), replace(video("a", "g1", 0), digest="same")]
    with pytest.raises(ActionrecError, match=r"1 file\(s\) occur in several subsets: a/g0_0 = a/g1_0"):
        check_leakage(rows, ["train", "test"], PARAMS)
    assert check_leakage(rows, ["train", "train"], PARAMS).digests_crossing == 0


def test_the_first_groups_of_a_class_train_and_the_rest_test() -> None:
    rows = [video(label, f"{label}_g{group:02d}", clip) for label in "ab" for group in range(1, 8) for clip in range(2)]
    params = PARAMS.model_copy(update={"method": "first_groups", "train_groups": 5, "val_fraction": 0.2})
    split, guard = split_single(rows, params)
    found = subsets_of_groups(split)
    for label in "ab":
        assert [found[f"{label}_g{group:02d}"] for group in (6, 7)] == [{"test"}, {"test"}]
        assert sorted(subset for group in range(1, 6) for subset in found[f"{label}_g{group:02d}"]) == [
            *["train"] * 4,
            "val",
        ]
    assert not guard.leaking


def test_groups_are_counted_as_a_person_counts() -> None:
    """By text, groups 5 to 9 of 25 would come last and be tested."""
    rows = [video(label, f"{label}{group}", clip) for label in "ab" for group in range(1, 26) for clip in range(2)]
    params = PARAMS.model_copy(update={"method": "first_groups", "train_groups": 20})
    tested = {group for group, subsets in subsets_of_groups(split_single(rows, params)[0]).items() if "test" in subsets}
    assert tested == {f"{label}{group}" for label in "ab" for group in range(21, 26)}


def test_first_groups_need_a_group_to_test() -> None:
    params = PARAMS.model_copy(update={"method": "first_groups", "train_groups": 4})
    with pytest.raises(ActionrecError, match=r"at least 5 groups to fill every subset, .*: class0 \(4\)"):
        split_single(videos(2, 4), params)
