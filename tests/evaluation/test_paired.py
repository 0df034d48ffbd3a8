from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionrec.evaluation.intervals import Interval
from actionrec.evaluation.paired import Exchange, McNemar, compare, exchange, mcnemar, paired_interval_of
from actionrec.evaluation.section import EvaluateParams
from benchmarks.intervals import gains, paired_coverage

PARAMS = EvaluateParams(aggregation="mean", confidence=0.95)
VALUES = {"+": 1, "-": -1, "=": 0}


def _right(pattern: str) -> np.ndarray:
    return np.array([letter == "+" for letter in pattern], bool)


def _difference(pattern: str) -> np.ndarray:
    return np.array([VALUES[letter] for letter in pattern], np.int64)


def test_p_of_one_against_five_by_hand() -> None:
    # Six fair coins, one or fewer heads or tails: 2 * (1 + 6) / 64.
    found = mcnemar(_right("+-----++--"), _right("-+++++++--"))
    assert found == McNemar(only_this_right=1, only_other_right=5, p=pytest.approx(14 / 64))


def test_all_on_one_side() -> None:
    # Both tails of eight coins: 2 / 256.
    assert mcnemar(_right("-" * 8), _right("+" * 8)) == McNemar(0, 8, pytest.approx(1 / 128))


def test_an_even_balance_and_nothing_discordant_are_no_evidence() -> None:
    assert mcnemar(_right("+-"), _right("-+")) == McNemar(1, 1, 1.0)
    assert mcnemar(_right("++-"), _right("++-")) == McNemar(0, 0, 1.0)
    assert mcnemar(_right(""), _right("")) == McNemar(0, 0, 1.0)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_sides_change_places_and_concordant_videos_do_not_count(pairs: list[tuple[bool, bool]]) -> None:
    this, other = np.array(pairs, bool).reshape(-1, 2).T
    found, turned = mcnemar(this, other), mcnemar(other, this)
    assert 0 < found.p <= 1
    assert (found.only_this_right, found.only_other_right) == (turned.only_other_right, turned.only_this_right)
    assert found.p == pytest.approx(turned.p)
    longer = mcnemar(np.append(this, [True, False]), np.append(other, [True, False]))
    assert longer == found


def test_groups_are_exchanged_whole() -> None:
    # Eight videos are eight coins to McNemar, but two groups can only be exchanged in four ways, two of which agree.
    assert exchange(_difference("++++++++"), list("aaaabbbb")) == Exchange(pytest.approx(0.5), smallest_p=0.5)
    assert exchange(_difference("++++++++"), list("abcdefgh")) == Exchange(pytest.approx(2 / 256), smallest_p=2 / 256)
    # Totals 3 and 1: +-3 +-1 is as far from 0 as 2 in every way.
    assert exchange(_difference("+++-"), list("aaab")).p == pytest.approx(1.0)
    # Groups that are even, or agree, change nothing.
    assert exchange(_difference("+-==+++"), list("aabbcde")) == Exchange(pytest.approx(0.25), smallest_p=2 / 32)


def test_nothing_different_and_one_group_are_no_evidence() -> None:
    assert exchange(_difference("===="), list("aabb")) == Exchange(1.0, smallest_p=0.5)
    assert exchange(_difference("++++"), list("aaaa")) == Exchange(1.0, smallest_p=1.0)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 7)), min_size=1, max_size=40))
def test_the_counted_exchanges_are_those_that_can_be_listed(videos: list[tuple[int, int]]) -> None:
    difference, group = np.array(videos).T
    totals = np.array([difference[group == name].sum() for name in np.unique(group)])
    signs = np.array(list(product([-1, 1], repeat=len(totals))))
    listed = np.mean(np.abs(signs @ totals) >= abs(totals.sum()))
    assert exchange(difference, group.astype(str).tolist()).p == pytest.approx(listed)


def test_many_groups_need_no_draws() -> None:
    groups = [f"g{video // 4}" for video in range(100_000)]
    found = exchange(np.array([1, 1, -1, 0] * 25_000), groups)
    assert 0 < found.smallest_p <= found.p < 1e-12


def test_paired_bounds_by_hand() -> None:
    """Groups of one video are independent, and the bounds those of the paper: one more video for either side."""
    found = paired_interval_of(_difference("++++-====="), list("abcdefghij"), PARAMS)
    middle, reach = 3 / 12, 1.959964 * ((5 + 2) / 12 - (3 / 12) ** 2) ** 0.5 / 12**0.5
    assert found == Interval(pytest.approx(0.3), pytest.approx(middle - reach), pytest.approx(middle + reach))


def test_two_that_agree_everywhere_may_still_differ() -> None:
    found = paired_interval_of(_difference("=" * 24), list("abc" * 8), PARAMS)
    assert found.value == 0
    assert found.high == pytest.approx(-found.low)
    assert 0.2 < found.high < 0.5


def test_a_gain_is_all_three() -> None:
    this, other, groups = _right("+++-"), _right("--+-"), list("aabb")
    found = compare(this, other, groups, PARAMS)
    assert found.interval == paired_interval_of(_difference("++=="), groups, PARAMS)
    assert found.exchange == exchange(_difference("++=="), groups)
    assert found.mcnemar == McNemar(2, 0, pytest.approx(0.5))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.integers(0, 5)), min_size=1, max_size=40), st.floats(0.05, 0.999)
)
def test_the_difference_lies_within_and_the_width_is_never_zero(
    videos: list[tuple[int, int]], confidence: float
) -> None:
    difference, group = np.array(videos).T
    params = EvaluateParams(aggregation="mean", confidence=confidence)
    found = paired_interval_of(difference, group.astype(str).tolist(), params)
    assert -1 <= found.low <= found.value <= found.high <= 1
    assert found.low < found.high
    turned = paired_interval_of(-difference, group.astype(str).tolist(), params)
    assert (turned.low, turned.high) == (pytest.approx(-found.high), pytest.approx(-found.low))


@pytest.mark.slow
def test_the_interval_of_a_gain_covers_as_often_as_it_says() -> None:
    """Nominal 95 %: at least 92 % of 2,000 draws in every setting, also for groups of other and of unequal sizes."""
    cells = [*gains(8, 2000), *gains(2, 2000)]
    for groups, correlation, gain, loss in product((2, 5, 25), (0.0, 0.5), (0.0, 0.2), (0.005, 0.3)):
        sizes = [(2, 20, 5, 11, 3)[group % 5] for group in range(groups)]
        cells.append(paired_coverage(sizes, correlation=correlation, gain=gain, loss=loss, draws=2000))
    assert [cell for cell in cells if cell.rate < 0.92] == []
