"""Which classes are told apart by space, so that one frame is enough, and which by time.

A model of single frames and one that sees several answer for the same test videos. The two also differ in
more than time (size, inputs, training), so a verdict is about these two models, and only by them about the
class. Each class is judged alone: where both models are equally good, at most one class in twenty (at a
confidence of 95 %) says ``time`` or ``frame better`` by chance, so of many classes a few do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from actionrec.evaluation.intervals import Interval
from actionrec.evaluation.metrics import confusion
from actionrec.evaluation.paired import Exchange, exchange, paired_interval_of
from actionrec.evaluation.section import EvaluateParams

Ints = npt.NDArray[np.int64]
Verdict: TypeAlias = Literal["time", "space", "frame better", "neither", "unclear"]

RECOGNISED = 1 / 2
"""A class is recognised from this share of the way from chance (1/C) to a recall of 1."""
NEAR_CHANCE = 1 / 4
"""Up to this share of that way it is not."""
LITTLE = 0.2
"""Recall that time may add at most where one frame is said to be enough."""
MAX_PAIRS = 10


@dataclass(frozen=True)
class Answers:
    """What one model answered for the test videos."""

    model: str
    predicted: Ints
    """(N,)"""


@dataclass(frozen=True)
class ClassVerdict:
    """One class that has test videos."""

    name: str
    num_videos: int
    num_groups: int
    frame_recall: float
    clip_recall: float
    difference: Interval
    """Of clip minus frame recall, paired, over the groups of the class."""
    exchange: Exchange
    """Of the same difference."""
    verdict: Verdict


@dataclass(frozen=True)
class PairErrors:
    """Videos of either class that were taken for the other."""

    first: str
    second: str
    num_videos: int
    """Of both classes."""
    frame_errors: int
    clip_errors: int


@dataclass(frozen=True)
class SpaceTime:
    """The model of single frames against the one of clips, class by class."""

    frame_model: str
    clip_model: str
    classes: tuple[ClassVerdict, ...]
    """In the order of the class names."""
    pairs: tuple[PairErrors, ...]
    """The pairs that the frame model confuses most, at most ``MAX_PAIRS``."""


def compare_space_and_time(
    frame: Answers,
    clip: Answers,
    label: Ints,
    *,
    groups: Sequence[str],
    class_names: Sequence[str],
    params: EvaluateParams,
) -> SpaceTime:
    """Compare the answers of both models for videos of ``label (N,)`` and ``groups`` (N)."""
    group = np.asarray(groups, dtype=str)
    classes = []
    for place in np.unique(label):
        own = label == place
        frame_right, clip_right = (np.asarray(answers.predicted[own] == place, np.int64) for answers in (frame, clip))
        own_groups = group[own].tolist()
        difference = paired_interval_of(clip_right - frame_right, own_groups, params)
        exchanged = exchange(clip_right - frame_right, own_groups)
        recalls = float(frame_right.mean()), float(clip_right.mean())
        verdict = verdict_of(
            *recalls, difference, exchanged, num_classes=len(class_names), confidence=params.confidence
        )
        classes.append(
            ClassVerdict(
                class_names[place], len(own_groups), len(set(own_groups)), *recalls, difference, exchanged, verdict
            )
        )
    return SpaceTime(frame.model, clip.model, tuple(classes), tuple(_pairs(frame, clip, label, class_names)))


def verdict_of(
    frame_recall: float,
    clip_recall: float,
    difference: Interval,
    exchanged: Exchange,
    *,
    num_classes: int,
    confidence: float,
) -> Verdict:
    """The first of these that holds; ``difference`` is clip minus frame, and so is the one ``exchanged``.

    - ``unclear``: the videos are of one group, which cannot tell a class from a person
    - ``neither``: both recalls are at most ``NEAR_CHANCE``
    - ``time``: the interval lies above 0, and the exchange of whole groups agrees
    - ``frame better``: the interval lies below 0, and the exchange of whole groups agrees
    - ``space``: both recalls are at least ``RECOGNISED``, and the interval ends at ``LITTLE`` or before it
    - ``unclear``: everything else, mostly classes with too few videos

    The exchange agrees where its p-value is at most ``1 - confidence``, or where groups are too few for that (five
    or fewer at 95 %), the smallest that they allow: each of them prefers the same model. Then both the assumption of
    the interval and the test without one stand behind the verdict. In simulations two equally good models get
    ``time`` or ``frame better`` in at most 4 % of classes with 2, 3, 5 or 10 groups of five videos, and over three
    groups in 6 % where the two contradict each other on four videos of five (``docs/intervals.md``).
    """
    if exchanged.smallest_p == 1:
        return "unclear"
    if max(frame_recall, clip_recall) <= recall_at(NEAR_CHANCE, num_classes):
        return "neither"
    # A little more, since p is a sum of rounded probabilities.
    agrees = exchanged.p <= max(1 - confidence, exchanged.smallest_p) * (1 + 1e-9)
    if agrees and difference.low > 0:
        return "time"
    if agrees and difference.high < 0:
        return "frame better"
    recognised = min(frame_recall, clip_recall) >= recall_at(RECOGNISED, num_classes)
    return "space" if recognised and difference.high <= LITTLE else "unclear"


def recall_at(share: float, num_classes: int) -> float:
    """The recall that lies ``share`` of the way from chance to 1."""
    chance = 1 / num_classes
    return chance + share * (1 - chance)


def _pairs(frame: Answers, clip: Answers, label: Ints, class_names: Sequence[str]) -> list[PairErrors]:
    num_classes = len(class_names)
    counts = [confusion(label, answers.predicted, num_classes=num_classes) for answers in (frame, clip)]
    frame_errors, clip_errors = (np.triu(matrix + matrix.T, k=1) for matrix in counts)  # (C, C), i < j
    support = np.bincount(label, minlength=num_classes)
    found = [
        PairErrors(
            class_names[i],
            class_names[j],
            int(support[i] + support[j]),
            int(frame_errors[i, j]),
            int(clip_errors[i, j]),
        )
        for i, j in zip(*np.nonzero(frame_errors), strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.frame_errors, pair.first, pair.second))[:MAX_PAIRS]
