from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.evaluation.intervals import Interval
from actionrec.evaluation.paired import Exchange, exchange, paired_interval_of
from actionrec.evaluation.space_time import (
    Answers,
    PairErrors,
    SpaceTime,
    compare_space_and_time,
    recall_at,
    verdict_of,
)
from benchmarks.intervals import verdicts
from tests.evaluation.made import PARAMS

CLASSES = ["circle_ccw", "circle_cw", "clap", "jump"]


def _compare(frame: list[int], clip: list[int], label: list[int], groups: str) -> SpaceTime:
    return compare_space_and_time(
        Answers("frame", np.array(frame)),
        Answers("clip", np.array(clip)),
        np.array(label),
        groups=list(groups),
        class_names=CLASSES,
        params=PARAMS,
    )


@pytest.mark.parametrize(
    ("frame", "clip", "interval", "verdict"),
    [
        # Of four classes chance is 0.25; a class is recognised from 0.625 on, and near chance up to 0.4375.
        (0.5, 0.9, (0.2, 0.6), "time"),
        (0.9, 1.0, (0.01, 0.2), "time"),  # one frame is good, but time adds for certain
        (0.2, 0.45, (0.1, 0.4), "time"),
        (0.1, 0.4375, (0.2, 0.5), "neither"),  # better, but not above chance to speak of
        (0.4, 0.1, (-0.5, -0.1), "neither"),
        (0.9, 0.5, (-0.6, -0.2), "frame better"),
        (1.0, 1.0, (0.0, 0.0), "space"),
        (0.625, 0.625, (-0.3, 0.2), "space"),
        (0.9, 0.8, (-0.3, 0.0), "space"),
        (0.8, 0.9, (-0.1, 0.3), "unclear"),  # time may add more than a little
        (0.6, 0.7, (-0.1, 0.2), "unclear"),  # one frame does not recognise it
        (0.7, 0.6, (-0.2, 0.1), "unclear"),
        (0.45, 0.45, (0.0, 0.0), "unclear"),
    ],
)
def test_verdicts(frame: float, clip: float, interval: tuple[float, float], verdict: str) -> None:
    difference = Interval(clip - frame, *interval)
    agrees, one_group = Exchange(0.05, smallest_p=2 / 2**10), Exchange(1.0, smallest_p=1.0)
    assert verdict_of(frame, clip, difference, agrees, num_classes=4, confidence=0.95) == verdict
    assert verdict_of(frame, clip, difference, one_group, num_classes=4, confidence=0.95) == "unclear"


@pytest.mark.parametrize(
    ("p", "smallest_p", "verdict"),
    [
        (0.049, 0.002, "time"),
        (0.051, 0.002, "unclear"),  # ten groups could have been more surprising
        (0.25, 0.25, "time"),  # three groups could not: all of them prefer the clips
        (0.5, 0.25, "unclear"),  # one of the three does not
    ],
)
def test_time_needs_the_exchange_of_groups_to_agree(p: float, smallest_p: float, verdict: str) -> None:
    above, below = Interval(0.4, 0.1, 0.7), Interval(-0.4, -0.7, -0.1)
    other = verdict.replace("time", "frame better")
    assert verdict_of(0.5, 0.9, above, Exchange(p, smallest_p), num_classes=4, confidence=0.95) == verdict
    assert verdict_of(0.9, 0.5, below, Exchange(p, smallest_p), num_classes=4, confidence=0.95) == other


def test_thresholds_lie_between_chance_and_one() -> None:
    assert recall_at(0.5, 2) == pytest.approx(0.75)
    assert recall_at(0.25, 101) == pytest.approx(0.2574, abs=1e-4)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(2, 101))
def test_time_and_frame_better_need_an_interval_on_their_side(
    frame: float, clip: float, below: float, above: float, num_classes: int
) -> None:
    difference = Interval(clip - frame, clip - frame - below, clip - frame + above)
    agrees = Exchange(0.25, smallest_p=0.25)
    verdict = verdict_of(frame, clip, difference, agrees, num_classes=num_classes, confidence=0.95)
    assert (verdict != "time") or (clip > frame and difference.low > 0)
    assert (verdict != "frame better") or (clip < frame and difference.high < 0)
    assert (verdict != "space") or min(frame, clip) > 1 / num_classes


def test_classes_and_pairs_of_made_answers() -> None:
    label = [0, 0, 0, 1, 1, 1, 2, 2, 2]
    frame = [1, 1, 0, 0, 0, 0, 2, 2, 2]
    clip = [0, 0, 0, 1, 1, 0, 2, 2, 2]
    found = _compare(frame, clip, label, "abcabcabc")
    assert (found.frame_model, found.clip_model) == ("frame", "clip")
    rows = [(row.name, row.num_videos, row.num_groups, row.frame_recall, row.clip_recall) for row in found.classes]
    assert rows == [  # jump has no test videos
        ("circle_ccw", 3, 3, pytest.approx(1 / 3), 1.0),
        ("circle_cw", 3, 3, 0.0, pytest.approx(2 / 3)),
        ("clap", 3, 3, 1.0, 1.0),
    ]
    assert [row.verdict for row in found.classes] == ["unclear"] * 3  # three groups of one video each
    difference = np.array([1, 1, 0])
    assert found.classes[0].difference == paired_interval_of(difference, list("abc"), PARAMS)
    assert found.classes[0].exchange == exchange(difference, list("abc"))
    assert found.pairs == (PairErrors("circle_ccw", "circle_cw", num_videos=6, frame_errors=5, clip_errors=1),)


def test_a_class_of_one_group_is_unclear() -> None:
    many = 30
    groups = "a" * many + "".join(chr(ord("a") + place) for place in range(many))
    found = _compare([1] * 2 * many, [0] * many + [1] * many, [0] * many + [1] * many, groups)
    assert [(row.num_groups, row.verdict) for row in found.classes] == [(1, "unclear"), (many, "space")]


def test_three_groups_are_enough_where_all_their_videos_agree() -> None:
    label, right, wrong = [0] * 6, [0] * 6, [1] * 6
    assert _compare(wrong, right, label, "aabbcc").classes[0].verdict == "time"
    assert _compare(right, wrong, label, "aabbcc").classes[0].verdict == "frame better"
    assert _compare(wrong, [0, 0, 0, 0, 1, 1], label, "aabbcc").classes[0].verdict == "unclear"


def test_pairs_are_those_of_the_frame_model_with_most_errors_first() -> None:
    label = [0, 0, 1, 2, 2, 3]
    frame = [2, 2, 3, 0, 2, 3]
    clip = [1, 1, 1, 2, 2, 2]  # its own errors, 0 as 1 and 3 as 2, are pairs that the frame model does not confuse
    pairs = _compare(frame, clip, label, "abcabc").pairs
    assert pairs == (
        PairErrors("circle_ccw", "clap", num_videos=4, frame_errors=3, clip_errors=0),
        PairErrors("circle_cw", "jump", num_videos=2, frame_errors=1, clip_errors=0),
    )
    assert _compare(label, clip, label, "abcabc").pairs == ()


@pytest.mark.slow
def test_equally_good_models_seldom_get_a_verdict() -> None:
    """At 95 %, over few groups: 5 %, and little more where the two contradict each other on four videos of five."""
    cells = [*verdicts(5, 2000), *verdicts(2, 2000)]
    assert [cell for cell in cells if cell.rate > (0.07 if cell.setting[-1] == 0.8 else 0.05)] == []
