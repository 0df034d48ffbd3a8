"""Whole groups dealt to folds, so that each tests as nearly its share of every class as groups allow."""

from __future__ import annotations

import numpy as np

from actionrec.intake.split.carve import Floats, Ints, Part, class_components

_STARTS, _MANY_GROUPS, _STARTS_OF_MANY = 6, 2000, 1
_MOVES_SAMPLED = 256
_STEPS, _PATIENCE = 200, 4
_MISSING = 10.0


def deal(counts: Ints, *, num_folds: int, seed: int) -> Ints:
    """The fold of each group: (G,), from the videos ``counts`` (G, C) of each group in each class.

    Groups that share no class are dealt by themselves. Each class is judged by what it could reach by itself, as in
    :func:`actionrec.intake.split.carve.carve`. Deterministic by ``seed``.
    """
    folds = np.zeros(len(counts), np.int64)
    for number, (groups, classes) in enumerate(class_components(counts)):
        rng = np.random.default_rng((seed, number))
        dealt = _Dealing(counts[np.ix_(groups, classes)], num_folds).best(rng)
        folds[groups] = rng.permutation(num_folds)[dealt]  # or the first fold would get what is left over everywhere
    return folds


class _Dealing:
    """The groups of connected classes, and what a way to deal them costs."""

    def __init__(self, counts: Ints, num_folds: int) -> None:
        self._counts, self._num_folds = counts, num_folds
        self._totals = counts.sum(axis=0)
        self._reach = Part(counts, self._totals / num_folds, num_folds - 1, at_least=False).reach

    def best(self, rng: np.random.Generator) -> Ints:
        starts = _STARTS if len(self._counts) <= _MANY_GROUPS else _STARTS_OF_MANY
        found = [self._improved(self._start(rng), rng) for _ in range(starts)]
        return min(found, key=lambda folds: float(self._cost(self._sums(folds)[None])[0]))

    def _sums(self, folds: Ints) -> Ints:
        """(K, C) videos of each class in each fold."""
        sums = np.zeros((self._num_folds, len(self._totals)), np.int64)
        np.add.at(sums, folds, self._counts)
        return sums

    def _cost(self, sums: Ints) -> Floats:
        """Of M ways to deal, with ``sums`` (M, K, C): (M,)."""
        away = np.abs(sums / self._totals - 1 / self._num_folds)
        worst = np.maximum(away - self._reach, 0).max(axis=(1, 2))
        return np.asarray(_MISSING * (sums == 0).sum(axis=(1, 2)) + worst + away.mean(axis=(1, 2)), np.float64)

    def _start(self, rng: np.random.Generator) -> Ints:
        """Large groups first, each to the fold that holds least of its classes."""
        order = rng.permutation(len(self._counts))
        shares = self._counts / self._totals  # (G, C)
        order = order[np.argsort(-shares[order].sum(axis=1), kind="stable")]
        held = np.zeros((self._num_folds, len(self._totals)))
        folds = np.zeros(len(self._counts), np.int64)
        for group in order:
            folds[group] = fold = int((held @ shares[group]).argmin())
            held[fold] += shares[group]
        return folds

    def _improved(self, folds: Ints, rng: np.random.Generator) -> Ints:
        """``folds`` after the best moves and swaps of groups, until several samples of them do not help."""
        sums = self._sums(folds)
        now, waited = float(self._cost(sums[None])[0]), 0
        for _ in range(_STEPS):
            one = rng.integers(0, len(folds), _MOVES_SAMPLED)
            other = rng.integers(0, len(folds), _MOVES_SAMPLED)
            swaps = np.arange(_MOVES_SAMPLED) % 2 == 0
            to = np.where(swaps, folds[other], rng.integers(0, self._num_folds, _MOVES_SAMPLED))
            moving = self._counts[one] - np.where(swaps[:, None], self._counts[other], 0)  # (M, C)
            every = np.arange(_MOVES_SAMPLED)
            tried = np.repeat(sums[None], _MOVES_SAMPLED, axis=0)
            tried[every, folds[one]] -= moving
            tried[every, to] += moving
            costs = self._cost(tried)
            best = int(costs.argmin())
            if costs[best] >= now - 1e-12:
                waited += 1
                if waited == _PATIENCE:
                    break
                continue
            waited, now, sums = 0, float(costs[best]), tried[best]
            folds[other[best]] = folds[one[best]] if swaps[best] else folds[other[best]]
            folds[one[best]] = to[best]
        return folds
