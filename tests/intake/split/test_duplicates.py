"""What occurs twice is named, and kept, thinned or refused as ``split.duplicates`` says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.intake.split.test_methods import PARAMS, video, videos

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ScreenedRow
from actionrec.intake.split.duplicates import Duplicate, find_duplicates
from actionrec.intake.split.methods import Split, split_videos
from actionrec.intake.split.section import SplitParams

PICTURE = bytes(range(216)).hex() * 2
OTHER_PICTURE = bytes(reversed(range(216))).hex() * 2


def with_params(**changes: object) -> SplitParams:
    return PARAMS.model_copy(update=changes)


def with_changes(rows: list[ScreenedRow], changes: dict[str, dict[str, str]]) -> list[ScreenedRow]:
    return [replace(row, **changes.get(row.video_id, {})) for row in rows]  # type: ignore[arg-type]


TWICE = with_changes(
    videos(2, 6),
    {
        "class0/g1_0": {"digest": "same"}, "class1/g1_1": {"digest": "same"},  # one file under two labels
        "class0/g2_0": {"digest": "equal"}, "class0/g2_1": {"digest": "equal"},  # a copy within a class and group
        "class1/g3_0": {"signature": PICTURE}, "class1/g3_1": {"signature": PICTURE},
    },
)  # fmt: skip
NOTES = (
    "1 file(s) occur under different labels, of which one at most is right: class0/g1_0 = class1/g1_1 (class0, class1)",
    "1 file(s) are copies of another: class0/g2_0 = class0/g2_1",
    "1 near-duplicate pair(s) have one label: class1/g3_0 ~ class1/g3_1",
)


def ids(split: Split) -> set[str]:
    return {row.video_id for row in split.folds[0]}


def test_kept_but_never_without_a_word() -> None:
    split = split_videos(TWICE, with_params(duplicates="keep"))
    assert len(ids(split)) == len(TWICE)
    assert split.guard.notes[:3] == NOTES
    assert not split.guard.leaking
    assert [pair.dropped for pair in split.duplicates] == ["", "", ""]


def test_one_of_each_is_kept() -> None:
    split = split_videos(TWICE, with_params(duplicates="keep_one"))
    dropped = {"class1/g1_1", "class0/g2_1", "class1/g3_1"}
    assert {row.video_id for row in TWICE} - ids(split) == dropped
    assert split.guard.notes[:3] == NOTES
    assert split.guard.notes[3] == (
        "split.duplicates: keep_one leaves out 3 video(s): class0/g2_1, class1/g1_1, class1/g3_1"
    )
    assert split.duplicates[0] == Duplicate(
        "class1/g1_1", "class0/g1_0", "identical", 0.0, "class1", "class0", "class1/g1_1"
    )


def test_refused_with_every_name() -> None:
    with pytest.raises(ActionrecError, match=r"split\.duplicates is error") as caught:
        split_videos(TWICE, with_params(duplicates="error"))
    assert [line[4:] for line in str(caught.value).splitlines()[1:4]] == list(NOTES)
    split_videos(videos(2, 6), with_params(duplicates="error"))


def test_a_copy_in_two_subsets_leaks_unless_one_side_is_left_out() -> None:
    rows = with_changes(videos(2, 6), {f"class0/g{group}_0": {"signature": PICTURE} for group in range(6)})
    with pytest.raises(ActionrecError, match=r"near-duplicate pair\(s\) cross subsets: class0/g0_0 ~ class0/g[1-5]_0"):
        split_videos(rows, with_params(duplicates="keep"))
    split = split_videos(rows, with_params(duplicates="keep_one"))
    assert not split.guard.leaking
    assert {row.video_id for row in rows} - ids(split) == {f"class0/g{group}_0" for group in range(1, 6)}


def test_of_an_official_split_the_test_video_stays() -> None:
    rows = [replace(row, official_subset="test" if row.group == "g5" else "train") for row in videos(2, 6)]
    rows = with_changes(rows, {"class0/g1_0": {"digest": "same"}, "class0/g5_0": {"digest": "same"}})
    split = split_videos(rows, with_params(method="official", duplicates="keep_one"))
    assert {row.video_id for row in rows} - ids(split) == {"class0/g1_0"}


def test_three_that_show_the_same_leave_one() -> None:
    rows = [replace(row, digest="same") if row.group == "g1" else row for row in videos(2, 6)]
    split = split_videos(rows, with_params(duplicates="keep_one"))
    assert {row.video_id for row in rows} - ids(split) == {"class0/g1_1", "class1/g1_0", "class1/g1_1"}


def test_rejected_videos_are_no_duplicates() -> None:
    rows = [*videos(2, 6), replace(video("class0", "g9", 0, kept=0), digest="class0/g1_0")]
    assert split_videos(rows, with_params(duplicates="error")).duplicates == []


def test_mirrored_copies_only_where_asked_for() -> None:
    levels = [bytes(range(row, row + 24)) for row in range(18)]
    straight = b"".join(levels).hex()
    mirror = b"".join(row[::-1] for row in levels).hex()
    rows = [
        replace(row, signature={"g0_0": straight, "g0_1": mirror}.get(row.video_id.split("/")[1], ""))
        for row in videos(1, 3)
    ]
    params = with_params(near_duplicate_distance=0.0)
    assert find_duplicates(rows, params, None) == []
    [pair] = find_duplicates(rows, params.model_copy(update={"mirrored_copies": True}), None)
    assert (pair.duplicate_of, pair.video_id, pair.kind) == ("class0/g0_0", "class0/g0_1", "mirrored")
    assert str(pair) == "class0/g0_0 ~ mirrored class0/g0_1"


def test_scenes_where_no_groups_are_known() -> None:
    """300 surveillance clips of few scenes ran as 300 groups with one note that did not count them."""
    rows = [
        replace(video("ab"[number % 2], f"v{number}", 0), signature=_scene(number % 6, figure=number))
        for number in range(60)
    ]
    notes = split_videos(rows, with_params(near_duplicate_distance=0.0)).guard.notes
    [note] = [note for note in notes if "scene" in note]
    assert note.startswith(
        "every video is a group of its own, but by their backgrounds the 60 videos show about 6 scene(s), "
        "the largest with 10: a person or place may be in training and in test"
    )
    grouped = [replace(row, group=f"g{number % 6}") for number, row in enumerate(rows)]
    assert not any(
        "scene" in note for note in split_videos(grouped, with_params(near_duplicate_distance=0.0)).guard.notes
    )
    apart = [replace(row, signature=_scene(number, figure=number)) for number, row in enumerate(rows)]
    assert split_videos(apart, with_params(near_duplicate_distance=0.0)).guard.notes == ()


def _scene(seed: int, *, figure: int) -> str:
    import numpy as np

    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (6, 8)).repeat(3, axis=0).repeat(3, axis=1)
    rng = np.random.default_rng((seed, figure))
    top, left = rng.integers(0, 10), rng.integers(0, 18)
    picture[top : top + 8, left : left + 5] = rng.integers(0, 256)
    return bytes(np.clip(picture + rng.integers(-5, 6, picture.shape), 0, 255).astype(np.uint8)).hex()
