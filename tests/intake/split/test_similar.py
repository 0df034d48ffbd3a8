"""The search for near signatures finds what looking at every pair finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionrec.intake.screen.signature import COLUMNS, ROWS, VISIBLE
from actionrec.intake.split.similar import near_pairs

CELLS = ROWS * COLUMNS


def made_levels(num_videos: int, *, scenes: int, copies: int, seed: int = 0) -> np.ndarray:
    """Signatures of ``scenes`` backgrounds, each video with a figure somewhere; ``copies`` differ in a few cells."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (scenes, ROWS // 3, COLUMNS // 3)).repeat(3, axis=1).repeat(3, axis=2)
    levels = pictures[rng.integers(0, scenes, num_videos)].astype(np.int64)
    for video in levels:
        top, left = rng.integers(0, ROWS - 4), rng.integers(0, COLUMNS - 2)
        video[top : top + 4, left : left + 2] += rng.integers(-120, 120)
    levels = levels.reshape(num_videos, CELLS)
    for _ in range(copies):
        one, other = rng.integers(0, num_videos, 2)
        levels[one] = levels[other] + rng.integers(-VISIBLE, VISIBLE + 1, CELLS)
        levels[one, rng.choice(CELLS, rng.integers(0, 14), replace=False)] += rng.integers(-90, 90)
    return np.clip(levels, 0, 255).astype(np.uint8)


def brute_force(levels: np.ndarray, max_differing: int) -> list[tuple[int, int, int]]:
    found = []
    for one in range(len(levels)):
        apart = np.abs(levels[one + 1 :].astype(np.int16) - levels[one]) > VISIBLE
        differing = apart.sum(axis=1)
        found += [
            (one, one + 1 + int(other), int(differing[other])) for other in np.flatnonzero(differing <= max_differing)
        ]
    return found


def pairs_of(levels: np.ndarray, max_differing: int, **options: bool) -> list[tuple[int, ...]]:
    near = near_pairs(levels, max_differing=max_differing, **options)
    return [(*pair, differing) for pair, differing in zip(near.pairs.tolist(), near.differing.tolist(), strict=True)]


@pytest.mark.parametrize("max_differing", [0, 8, 21])
def test_exact_on_two_thousand(max_differing: int) -> None:
    levels = made_levels(2000, scenes=300, copies=200)
    expected = brute_force(levels, max_differing)
    assert len(expected) > 50
    assert pairs_of(levels, max_differing) == expected


@settings(max_examples=40, deadline=None)
@given(
    num_videos=st.integers(0, 150), scenes=st.integers(1, 20), copies=st.integers(0, 30), seed=st.integers(0, 99),
    max_differing=st.sampled_from([0, 1, 5, 8, 40, 200, CELLS - 1, CELLS]),
)  # fmt: skip
def test_agrees_with_looking_at_every_pair(
    num_videos: int, scenes: int, copies: int, seed: int, max_differing: int
) -> None:
    levels = made_levels(num_videos, scenes=scenes, copies=copies if num_videos else 0, seed=seed)
    assert pairs_of(levels, max_differing) == brute_force(levels, max_differing)


def test_many_of_one_picture_are_all_pairs() -> None:
    levels = np.full((300, CELLS), 128, np.uint8)
    assert pairs_of(levels, 8) == [(*pair, 0) for pair in itertools.combinations(range(300), 2)]


@pytest.mark.parametrize(("by", "near"), [(VISIBLE, True), (VISIBLE + 1, False)])
def test_the_border_of_what_is_visible(by: int, near: bool) -> None:
    levels = np.full((2, CELLS), 100, np.uint8)
    levels[1] += np.uint8(by)
    assert (len(pairs_of(levels, 8)) == 1) == near


def test_mirror_images_are_found_where_asked_for() -> None:
    levels = made_levels(60, scenes=60, copies=0)
    levels[40] = levels[7].reshape(ROWS, COLUMNS)[:, ::-1].ravel()
    levels[3] = levels[50]
    near = near_pairs(levels, max_differing=4, mirrored=True)
    assert near.pairs.tolist() == [[3, 50], [7, 40]]
    assert near.mirrored.tolist() == [False, True]
    assert near.differing.tolist() == [0, 0]
    assert near_pairs(levels, max_differing=4).pairs.tolist() == [[3, 50]]
