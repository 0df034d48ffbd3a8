"""How often intervals hold what they are said to hold, by simulation: the tables of ``docs/intervals.md``.

Run from the root of the project: `make intervals`. Videos of a group are alike by drawing each group's own
accuracy, from a beta distribution for one entry and a Dirichlet distribution for two (so that the intra-group
correlation is the one that is asked for), and then its videos.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from actionrec.evaluation.clusters import Ints
from actionrec.evaluation.intervals import Interval, share_bounds
from actionrec.evaluation.paired import exchange, paired_bounds
from actionrec.evaluation.space_time import verdict_of

CONFIDENCE = 0.95
GROUPS = (3, 5, 10, 25)
CORRELATIONS = (0.0, 0.2, 0.5)
ACCURACIES = (0.5, 0.9, 0.98)
GAINS = (0.0, 0.05, 0.2)
LOSSES = (0.02, 0.1)
"""Share of videos that only the other entry recognises."""
VERDICT_GROUPS = (2, 3, 5, 10)
DISCORDANT = (0.1, 0.4, 0.8)
"""Share of a class's videos that exactly one of two equally good models recognises."""
CHANCE_CLASSES = 100
"""Enough for a verdict to be possible at every recall."""


@dataclass(frozen=True)
class Cell:
    """What was found for one setting."""

    setting: tuple[float, ...]
    rate: float
    """Share of draws whose interval holds the truth, or that get a verdict."""
    width: float
    """Mean width of the interval."""


def draw_groups(
    rng: np.random.Generator, shares: Sequence[float], sizes: Sequence[int], *, correlation: float, draws: int
) -> Ints:
    """Videos ``(D, G, K)`` of groups of ``sizes`` (G) that fall to each of ``shares`` (K, sum 1)."""
    mean = np.asarray(shares, np.float64)
    own = np.broadcast_to(mean, (draws, len(sizes), len(mean)))
    if correlation > 0:
        # A share of 0 stays 0; the smallest float keeps a group from having no share at all.
        drawn = rng.standard_gamma(mean * (1 / correlation - 1), own.shape) + 1e-300 * (mean > 0)
        own = drawn / drawn.sum(axis=-1, keepdims=True)
    return rng.multinomial(np.asarray(sizes), own).astype(np.int64)


def share_coverage(sizes: Sequence[int], *, correlation: float, accuracy: float, draws: int, seed: int = 0) -> Cell:
    """How often :func:`share_bounds` hold the ``accuracy`` from which videos were drawn."""
    rng = np.random.default_rng(seed)
    counts = draw_groups(rng, [1 - accuracy, accuracy], sizes, correlation=correlation, draws=draws)
    low, high = share_bounds(counts, CONFIDENCE)
    return Cell((len(sizes), correlation, accuracy), *_held(low, high, accuracy))


def paired_coverage(
    sizes: Sequence[int], *, correlation: float, gain: float, loss: float, draws: int, seed: int = 0
) -> Cell:
    """How often :func:`paired_bounds` hold the ``gain``; ``loss`` of the videos only the other entry recognises."""
    rng = np.random.default_rng(seed)
    shares = [loss, 1 - gain - 2 * loss, gain + loss]
    low, high = paired_bounds(draw_groups(rng, shares, sizes, correlation=correlation, draws=draws), CONFIDENCE)
    return Cell((len(sizes), correlation, gain, loss), *_held(low, high, gain))


def false_verdicts(sizes: Sequence[int], *, correlation: float, discordant: float, draws: int, seed: int = 0) -> Cell:
    """How often two equally good models get ``time`` or ``frame better`` for a class of groups of ``sizes``."""
    rng = np.random.default_rng(seed)
    shares = [discordant / 2, 1 - discordant, discordant / 2]
    counts = draw_groups(rng, shares, sizes, correlation=correlation, draws=draws)
    lows, highs = paired_bounds(counts, CONFIDENCE)
    groups = np.repeat(np.arange(len(sizes)).astype(str), sizes).tolist()
    found = 0
    for count, low, high in zip(counts, lows, highs, strict=True):
        # A verdict needs an interval on one side of 0; the others need no test.
        if low <= 0 <= high:
            continue
        difference = np.concatenate([np.repeat([-1, 0, 1], own) for own in count])
        interval = Interval(float(difference.mean()), float(low), float(high))
        verdict = verdict_of(
            0.5, 0.5, interval, exchange(difference, groups), num_classes=CHANCE_CLASSES, confidence=CONFIDENCE
        )
        found += verdict in {"time", "frame better"}
    return Cell((len(sizes), correlation, discordant), found / draws, float((highs - lows).mean()))


def _held(low: npt.NDArray[np.floating], high: npt.NDArray[np.floating], truth: float) -> tuple[float, float]:
    held = (low <= truth + 1e-12) & (truth - 1e-12 <= high)
    return float(held.mean()), float((high - low).mean())


def shares(size: int, draws: int) -> list[Cell]:
    """Coverage in every setting of groups, correlation and accuracy, for groups of ``size`` videos."""
    return [
        share_coverage([size] * groups, correlation=correlation, accuracy=accuracy, draws=draws)
        for groups, correlation, accuracy in product(GROUPS, CORRELATIONS, ACCURACIES)
    ]


def gains(size: int, draws: int) -> list[Cell]:
    """Coverage in every setting of groups, correlation, gain and loss, for groups of ``size`` videos."""
    return [
        paired_coverage([size] * groups, correlation=correlation, gain=gain, loss=loss, draws=draws)
        for groups, correlation, gain, loss in product(GROUPS, CORRELATIONS, GAINS, LOSSES)
    ]


def verdicts(size: int, draws: int) -> list[Cell]:
    """False verdicts in every setting of groups, correlation and discordance, for groups of ``size`` videos."""
    return [
        false_verdicts([size] * groups, correlation=correlation, discordant=discordant, draws=draws)
        for groups, correlation, discordant in product(VERDICT_GROUPS, CORRELATIONS, DISCORDANT)
    ]


def as_markdown(cells: Sequence[Cell], names: Sequence[str], rate: str) -> Iterator[str]:
    """The lines of a table: ``names`` of the setting's parts but the last, whose values are the columns."""
    columns = list(dict.fromkeys(cell.setting[-1] for cell in cells))
    yield "| " + " | ".join([*names[:-1], *(f"{rate}, width at {names[-1]} {value:g}" for value in columns)]) + " |"
    yield "|" + "---|" * (len(names) - 1 + len(columns))
    for start in range(0, len(cells), len(columns)):
        row = cells[start : start + len(columns)]
        values = [f"{value:g}" for value in row[0].setting[:-1]]
        yield "| " + " | ".join([*values, *(f"{cell.rate:.3f}, {cell.width:.2f}" for cell in row)]) + " |"


def main() -> None:
    """Print the tables."""
    print("\n".join(as_markdown(shares(8, 4000), ["groups", "correlation", "accuracy"], "held")), end="\n\n")
    print("\n".join(as_markdown(gains(8, 4000), ["groups", "correlation", "gain", "loss"], "held")), end="\n\n")
    print("\n".join(as_markdown(verdicts(5, 4000), ["groups", "correlation", "discordant"], "verdicts")))


if __name__ == "__main__":
    main()
