from __future__ import annotations

import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from actionrec.evaluation.clusters import PAIRED, RIGHT_OR_WRONG, count_by_group, effective_videos
from actionrec.evaluation.intervals import Interval, difference_of, interval_of
from actionrec.evaluation.section import EvaluateParams
from benchmarks.intervals import ACCURACIES, CORRELATIONS, GROUPS, Cell, share_coverage, shares

PARAMS = EvaluateParams(aggregation="mean", confidence=0.95)


def _of(values: list[int], groups: str) -> Interval:
    return interval_of(np.array(values), list(groups), PARAMS)


def _worth(values: list[int], groups: str) -> float:
    return float(effective_videos(count_by_group(np.array(values), list(groups), RIGHT_OR_WRONG), RIGHT_OR_WRONG))


def test_videos_of_groups_of_one_are_independent() -> None:
    exact = binomtest(7, 10).proportion_ci(0.95, method="exact")
    assert _of([1] * 7 + [0] * 3, "abcdefghij") == Interval(0.7, pytest.approx(exact.low), pytest.approx(exact.high))


def test_all_right_is_not_certain() -> None:
    # Nothing varies, so the assumed correlation of 0.5 stands: 24 / (1 + 7 * 0.5) videos are left.
    assert _worth([1] * 24, "abc" * 8) == pytest.approx(24 / 4.5)
    assert _of([1] * 24, "abc" * 8) == Interval(1.0, pytest.approx(0.025 ** (4.5 / 24)), 1.0)
    assert _of([0] * 24, "abc" * 8) == Interval(0.0, 0.0, pytest.approx(1 - 0.025 ** (4.5 / 24)))


def test_one_group_says_almost_nothing() -> None:
    assert _worth([1, 1, 0, 1], "aaaa") == 1.0
    assert _of([1] * 50, "a" * 50) == Interval(1.0, pytest.approx(0.025), 1.0)
    half = _of([1, 0], "aa")
    assert (half.low, half.high) == (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))


def test_groups_that_agree_within_are_worth_fewer_videos_than_groups_that_do_not() -> None:
    # Two groups right and two wrong: two that differ show a correlation of 1, and six are assumed to show 0.5.
    assert _worth([1] * 8 + [0] * 8, "aaaabbbbccccdddd") == pytest.approx(16 / (1 + 3 * 5 / 8))
    # Half of each right: all four show 0.
    assert _worth([1, 0] * 8, "aaaabbbbccccdddd") == pytest.approx(16 / (1 + 3 * 3 / 10))


def test_only_groups_that_differ_are_evidence() -> None:
    """One wrong video in one of many groups leaves the correlation nearly as it was assumed."""
    groups = [str(i // 4) for i in range(80)]
    counts = count_by_group(np.array([0] + [1] * 79), groups, RIGHT_OR_WRONG)
    assert float(effective_videos(counts, RIGHT_OR_WRONG)) == pytest.approx(80 / (1 + 3 * 3 / 7))


def test_a_large_group_weighs_by_its_videos() -> None:
    assert _of([1, 1, 1, 0], "aaab").value == 0.75
    # Mean size of a video's group: (9 + 1) / 4.
    assert _worth([1, 1, 1, 1], "aaab") == pytest.approx(4 / (1 + 1.5 * 0.5))


def test_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match=r"legal are one or more of \(0, 1\)"):
        _of([0, 2], "ab")
    with pytest.raises(ValueError, match=r"0 values"):
        _of([], "")
    assert count_by_group(np.array([-1, 0, 1, 1]), list("abba"), PAIRED).tolist() == [[1, 0, 1], [0, 1, 1]]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40),
    st.floats(0.05, 0.999),
)
def test_the_share_lies_within_and_the_width_is_never_zero(videos: list[tuple[bool, int]], confidence: float) -> None:
    values, groups = [right for right, _ in videos], [str(group) for _, group in videos]
    params = EvaluateParams(aggregation="mean", confidence=confidence)
    found = interval_of(np.array(values), groups, params)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    assert found.value == pytest.approx(np.mean(values))
    turned = interval_of(~np.array(values), groups, params)  # wrong instead of right
    assert (turned.low, turned.high) == (pytest.approx(1 - found.high), pytest.approx(1 - found.low))
    surer = interval_of(np.array(values), groups, EvaluateParams(aggregation="mean", confidence=(1 + confidence) / 2))
    assert surer.low <= found.low <= found.high <= surer.high


def test_a_hundred_thousand_videos_are_quick() -> None:
    rng = np.random.default_rng(0)
    values, groups = rng.random(100_000) < 0.9, [f"g{group}" for group in rng.integers(0, 25_000, 100_000)]
    start = time.perf_counter()
    found = interval_of(values, groups, PARAMS)
    assert time.perf_counter() - start < 5
    assert found.high - found.low == pytest.approx(2 * 1.96 * 0.3 / 100_000**0.5, rel=0.1)


def test_the_difference_of_two_shares_by_hand() -> None:
    found = difference_of(Interval(0.9, 0.6, 1.0), Interval(0.7, 0.5, 0.8))
    assert found == Interval(
        pytest.approx(0.2), pytest.approx(0.2 - np.hypot(0.3, 0.1)), pytest.approx(0.2 + np.hypot(0.1, 0.2))
    )
    assert difference_of(Interval(1.0, 0.025, 1.0), Interval(0.0, 0.0, 0.975)).high == 1.0


def _lacking(cells: list[Cell], least: float) -> list[Cell]:
    return [cell for cell in cells if cell.rate < least]


@pytest.mark.slow
def test_the_interval_covers_as_often_as_it_says() -> None:
    """Nominal 95 %: at least 92 % of 2,000 draws in every setting, also for groups of other and of unequal sizes."""
    cells = shares(8, 2000)
    assert len(cells) == len(GROUPS) * len(CORRELATIONS) * len(ACCURACIES)
    assert _lacking(cells, 0.92) == []
    for size in (2, 20):
        assert _lacking(shares(size, 2000), 0.92) == []
    unequal = [
        share_coverage(
            [(2, 20, 5, 11, 3)[group % 5] for group in range(groups)],
            correlation=correlation,
            accuracy=accuracy,
            draws=2000,
        )
        for groups, correlation, accuracy in product((2, *GROUPS, 50), CORRELATIONS, ACCURACIES)
    ]
    assert _lacking(unequal, 0.92) == []


@pytest.mark.slow
def test_the_interval_is_not_wide_without_need() -> None:
    """Where videos of a group are independent, 25 groups are enough to see it."""
    width = {cell.setting: cell.width for cell in shares(8, 500)}
    assert width[25, 0.0, 0.5] < 1.4 * 2 * 1.96 * 0.5 / 200**0.5
    assert width[3, 0.0, 0.98] < 0.55
