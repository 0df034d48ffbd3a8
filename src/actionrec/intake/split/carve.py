"""Whole groups for one part of a split, as near what is asked of every class as groups allow.

Groups that share no class do not touch each other, so each set of connected classes is drawn by itself: exactly where
it has few groups, else by a search from several random starts that flips and swaps groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actionrec.intake.split.components import component_of

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_EXACT_GROUPS = 11
_STARTS, _MANY_GROUPS, _STARTS_OF_MANY = 8, 2000, 2
_SAMPLED = 256
_STEPS = 400
_SLACK = 0.005
"""Draws that are less than this share of a class worse than the best are as good: the seed chooses among them."""
_MISSING = 10.0
_SHORT = 5.0


@dataclass(frozen=True)
class Wanted:
    """What a part shall hold of every class."""

    targets: Floats
    """(C,) videos of each class."""
    keep: int
    """Groups of each class that stay outside."""
    at_least: bool = False
    """Whether too few videos are worse than too many, which can be left out."""


def carve(counts: Ints, wanted: Wanted, *, seed: int) -> Bools:
    """Which groups make the part: (G,), from the videos ``counts`` (G, C) of each group in each class.

    A class in no group is ignored. Every class gets a group inside and ``wanted.keep`` outside where it has that many.
    Each class is judged by what it could reach by itself, so that one of few groups does not shift the others.
    Deterministic by ``seed``.
    """
    present = np.flatnonzero(counts.sum(axis=0))
    counts, targets = counts[:, present], wanted.targets[present]
    chosen = np.zeros(len(counts), np.bool_)
    for number, (groups, classes) in enumerate(class_components(counts)):
        part = Part(counts[np.ix_(groups, classes)], targets[classes], wanted.keep, at_least=wanted.at_least)
        chosen[groups] = part.drawn(np.random.default_rng((seed, number)))
    return chosen


def class_components(counts: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Groups and classes that hang together, in ``counts`` (G, C) of which every class has a video."""
    group, label = np.nonzero(counts)
    component = component_of(group, len(counts) + label, num_nodes=sum(counts.shape))
    for number in np.unique(component[len(counts) :]):
        yield np.flatnonzero(component[: len(counts)] == number), np.flatnonzero(component[len(counts) :] == number)


class Part:
    """The groups of connected classes, and what a choice of them costs."""

    def __init__(self, counts: Ints, targets: Floats, keep: int, *, at_least: bool) -> None:
        self._counts, self._targets, self._keep, self._at_least = counts, targets, keep, at_least
        self._holds = (counts > 0).astype(np.int64)
        self._totals = counts.sum(axis=0)
        self._groups = self._holds.sum(axis=0)
        self.reach: Floats = np.array([self._reachable(place) for place in range(len(targets))])
        """(C,) how near each class comes to its target by itself, as a share of it."""

    def drawn(self, rng: np.random.Generator) -> Bools:
        size = len(self._counts)
        if size <= _EXACT_GROUPS:
            every = _every_choice(size)
            costs = self._cost(every @ self._counts, every @ self._holds)
        else:
            starts = _STARTS if size <= _MANY_GROUPS else _STARTS_OF_MANY
            every = np.array([self._improved(self._start(rng), rng) for _ in range(starts)])
            costs = self._cost(every @ self._counts, every @ self._holds)
        best: Bools = every[rng.choice(np.flatnonzero(costs <= costs.min() + _SLACK))]
        return best

    def _cost(self, inside: Ints, groups_inside: Ints) -> Floats:
        """Of choices that hold ``inside`` (M, C) videos in ``groups_inside`` (M, C) groups of each class: (M,)."""
        # A class of too few groups rather stays outside: what is left trains.
        missing = (groups_inside == 0) + 2 * np.maximum(self._keep - (self._groups - groups_inside), 0)
        away = self._away(inside)
        worst = np.maximum(away - self.reach, 0).max(axis=-1)
        return np.asarray(_MISSING * missing.sum(axis=-1) + worst + away.mean(axis=-1), np.float64)

    def _away(self, inside: Ints, classes: int | slice = slice(None)) -> Floats:
        """How far the videos (..., C) are from those wanted, as a share of each class, or of one (...) of them."""
        off = (inside - self._targets[classes]) / self._totals[classes]
        return np.where(off < 0, -off * (_SHORT if self._at_least else 1.0), off)

    def _reachable(self, place: int) -> float:
        """How near a class comes to its target by itself: over the sums of its groups' videos."""
        sizes = self._counts[self._counts[:, place] > 0, place]
        if len(sizes) <= _EXACT_GROUPS:
            every = _every_choice(len(sizes))
            groups = every.sum(axis=1)
            # A class of too few groups has no choice but to be missing somewhere.
            possible = (groups > 0) & (groups <= max(len(sizes) - self._keep, 1))
            inside = every[possible] @ sizes
        else:
            sums = 1  # bit s: some groups hold s videos together
            for size in sizes.tolist():
                sums |= sums << size
            inside = np.flatnonzero(np.array(list(bin(sums)[:1:-1])) == "1")
            inside = inside[(inside > 0) & (inside <= self._totals[place] - np.sort(sizes)[: self._keep].sum())]
        return float(self._away(inside, place).min())

    def _start(self, rng: np.random.Generator) -> Bools:
        """Groups in random order, each taken where it brings the classes nearer."""
        chosen = np.zeros(len(self._counts), np.bool_)
        inside = np.zeros(len(self._targets), np.int64)
        now = self._away(inside).sum()
        for group in rng.permutation(len(chosen)):
            more = inside + self._counts[group]
            then = self._away(more).sum()
            if then < now:
                chosen[group], inside, now = True, more, then
        return chosen

    def _improved(self, chosen: Bools, rng: np.random.Generator) -> Bools:
        """``chosen`` after the best flips and swaps of groups, until none helps."""
        for _ in range(_STEPS):
            inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
            flips = _sampled(np.arange(len(chosen)), _SAMPLED, rng)
            left = _sampled(inside, int(_SAMPLED**0.5), rng)
            entering = _sampled(outside, int(_SAMPLED**0.5), rng)
            moves = [(group,) for group in flips] + [(one, other) for one in left for other in entering]
            sign = np.where(chosen, -1, 1)[:, None]
            first = np.array([move[0] for move in moves])
            second = np.array([move[1] if len(move) > 1 else -1 for move in moves])
            costs = self._cost(
                _moved(chosen @ self._counts, self._counts * sign, first, second),
                _moved(chosen @ self._holds, self._holds * sign, first, second),
            )
            now = self._cost((chosen @ self._counts)[None], (chosen @ self._holds)[None])[0]
            best = int(costs.argmin())
            if costs[best] >= now - 1e-12:
                break
            for group in moves[best]:
                chosen[group] = not chosen[group]
        return chosen


def _every_choice(size: int) -> Bools:
    """Every choice of ``size`` groups, none and all among them: (2 ** size, size)."""
    return (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(np.bool_)


def _sampled(values: Ints, most: int, rng: np.random.Generator) -> Ints:
    return values if len(values) <= most else rng.choice(values, most, replace=False)


def _moved(sums: Ints, signed: Ints, first: Ints, second: Ints) -> Ints:
    """``sums`` (C,) after each of M moves: (M, C); a ``second`` of -1 moves nothing more."""
    return np.asarray(sums + signed[first] + np.where(second[:, None] >= 0, signed[second], 0), np.int64)
