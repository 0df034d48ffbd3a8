from __future__ import annotations

import numpy as np
import pytest

from actionrec.evaluation import bootstrap
from actionrec.evaluation.bootstrap import Interval, group_bootstrap

SETTINGS = {"num_samples": 500, "confidence": 0.95, "seed": 0}


def test_all_right_has_no_width() -> None:
    assert group_bootstrap(np.ones(6), list("aabbcc"), **SETTINGS) == Interval(1.0, 1.0, 1.0)


def test_one_group_has_no_width() -> None:
    assert group_bootstrap(np.array([1.0, 0.0, 0.0, 1.0]), ["a"] * 4, **SETTINGS) == Interval(0.5, 0.5, 0.5)


def test_two_groups_that_disagree_reach_from_one_to_the_other() -> None:
    # A resample is all of a (1/4), all of b (1/4), or both.
    assert group_bootstrap(np.array([1.0, 1.0, 0.0, 0.0]), list("aabb"), **SETTINGS) == Interval(0.5, 0.0, 1.0)


def test_videos_of_a_group_stay_together() -> None:
    values = np.tile([1.0, 0.0], 50)
    by_video = group_bootstrap(values, [str(i) for i in range(100)], **SETTINGS)
    by_group = group_bootstrap(values, [str(i % 2) for i in range(100)], **SETTINGS)
    assert (by_group.low, by_group.high) == (0.0, 1.0)
    assert (by_video.low, by_video.high) == pytest.approx((0.4, 0.6), abs=0.04)


def test_groups_of_other_sizes_weigh_by_their_videos() -> None:
    interval = group_bootstrap(np.array([1.0, 1.0, 1.0, 0.0]), list("aaab"), **SETTINGS)
    assert interval == Interval(0.75, 0.0, 1.0)


def test_the_seed_decides_and_blocks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    values, groups = rng.random(60), [str(i % 12) for i in range(60)]
    once = group_bootstrap(values, groups, **SETTINGS)
    assert group_bootstrap(values, groups, **SETTINGS) == once
    assert group_bootstrap(values, groups, **{**SETTINGS, "seed": 1}) != once
    monkeypatch.setattr(bootstrap, "_BLOCK_CELLS", 100)
    blocked = group_bootstrap(values, groups, **SETTINGS)
    assert (blocked.low, blocked.high) == pytest.approx((once.low, once.high))


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    groups = [str(i // 4) for i in range(160)]
    covered = 0
    for trial in range(200):
        values = np.repeat(rng.normal(0.5, 0.2, 40), 4) + rng.normal(0, 0.05, 160)
        interval = group_bootstrap(values, groups, num_samples=300, confidence=0.9, seed=trial)
        covered += interval.low <= 0.5 <= interval.high
    assert 165 <= covered <= 195
