from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionrec.evaluation.paired import McNemar, mcnemar


def _right(pattern: str) -> np.ndarray:
    return np.array([letter == "+" for letter in pattern], bool)


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
