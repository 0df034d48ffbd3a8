"""Some videos of every class: by seed, over all groups, whatever the order in which they are found."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from actionrec.intake.ingest.draw import draw_videos
from actionrec.intake.ingest.found import FoundVideo


def ucf101(label: str, *, groups: int = 25, clips: int = 6) -> list[FoundVideo]:
    return [
        FoundVideo(f"{label}/v_{label}_g{group:02d}_c{clip:02d}.avi", label, f"{label}_g{group:02d}")
        for group in range(1, groups + 1)
        for clip in range(1, clips + 1)
    ]


def groups_of(videos: list[FoundVideo]) -> Counter[str]:
    return Counter(video.group for video in videos)


def test_fifty_of_a_class_are_two_of_each_group() -> None:
    drawn = draw_videos(ucf101("Archery") + ucf101("Surfing", clips=4), max_per_class=50, seed=0)
    assert Counter(video.label for video in drawn) == {"Archery": 50, "Surfing": 50}
    assert set(groups_of(drawn).values()) == {2}
    assert [video.path for video in drawn] == sorted(video.path for video in drawn)


def test_the_draw_is_the_same_for_ever() -> None:
    """By hand, from SHA-256 of ``[0,"Archery","Archery_g03"]`` (00b8...), ``[0,"Archery/v_Archery_g03_c03.avi"]``
    (1d40...) and so on: group 3 comes first with its clips 3 and 2, then 2 with clip 2, 4 with clip 2, 1 with clip 1.
    """
    drawn = draw_videos(ucf101("Archery", groups=4, clips=3), max_per_class=5, seed=0)
    assert [video.path[-11:-4] for video in drawn] == ["g01_c01", "g02_c02", "g03_c02", "g03_c03", "g04_c02"]


def test_another_seed_draws_others() -> None:
    videos = ucf101("Archery")
    first, second = (draw_videos(videos, max_per_class=30, seed=seed) for seed in (0, 1))
    assert first != second
    more = [group for group, count in groups_of(first).items() if count == 2]
    assert len(more) == 5
    assert sorted(more) != [group for group, count in groups_of(second).items() if count == 2]
    clips = {video.path[-6:-4] for video in draw_videos(videos, max_per_class=25, seed=0)}
    assert len(clips) > 3  # not the first clip of every group


def test_nothing_is_drawn_where_all_are_wanted() -> None:
    videos = ucf101("Archery", groups=3)
    assert draw_videos(videos[::-1], max_per_class=0, seed=0) == videos
    assert draw_videos(videos[::-1], max_per_class=18, seed=0) == videos
    assert draw_videos(videos[::-1], max_per_class=99, seed=0) == videos


SIZES = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.integers(1, 12)), st.integers(1, 7), min_size=1, max_size=14
)
"""Videos of every group of every class."""


@settings(deadline=None)
@given(sizes=SIZES, limit=st.integers(1, 40), seed=st.integers(0, 9), data=st.data())
def test_groups_take_turns(sizes: dict[tuple[str, int], int], limit: int, seed: int, data: st.DataObject) -> None:
    videos = [
        FoundVideo(f"{label}/{group}_{clip}.avi", label, f"{label}{group}")
        for (label, group), count in sizes.items()
        for clip in range(count)
    ]
    drawn = draw_videos(videos, max_per_class=limit, seed=seed)
    assert draw_videos(data.draw(st.permutations(videos)), max_per_class=limit, seed=seed) == drawn
    chosen = groups_of(drawn)
    for label, of_label in groupby(sorted(sizes.items()), key=lambda item: item[0][0]):
        counts = {f"{label}{group}": count for (_, group), count in of_label}
        assert sum(chosen[group] for group in counts) == min(limit, sum(counts.values()))
        most = max(chosen[group] for group in counts)
        # A group that gave less than the others by more than one video has no more.
        assert all(chosen[group] == count for group, count in counts.items() if chosen[group] < most - 1)
    [one, *_] = sorted({video.label for video in videos})
    alone = draw_videos([video for video in videos if video.label == one], max_per_class=limit, seed=seed)
    assert alone == [video for video in drawn if video.label == one]


@given(st.integers(1, 17))
def test_a_larger_draw_holds_the_smaller_one(limit: int) -> None:
    videos = ucf101("Archery", groups=4, clips=4)
    smaller, larger = (set(draw_videos(videos, max_per_class=count, seed=3)) for count in (limit, limit + 1))
    assert smaller <= larger
