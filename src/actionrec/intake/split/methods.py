"""Which video trains, which selects, which tests: groups stay whole, and a guard checks it.

A group is one person and scene. A model that has seen the group has seen the answer: the
reference systems A and C split at random across groups, and their accuracies say so.

With several folds every method gives one assignment a fold. The test parts of ``group`` and ``stratified`` hold every
video exactly once; those of official lists hold what the lists say.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow, class_names
from actionrec.intake.split.guard import Guard, worst_of
from actionrec.intake.split.leakage import check_leakage
from actionrec.intake.split.official import official_subsets
from actionrec.intake.split.section import SplitParams

_SHUFFLES = 8


def split_folds(
    rows: Sequence[ScreenedRow], params: SplitParams, *, official_list: int = 1
) -> tuple[list[list[SplitRow]], Guard]:
    """Assign every kept video to ``train``, ``val`` or ``test``, once a fold, and check every assignment.

    A single ``official`` split is that of the list ``official_list``, counted from 1. Raises :class:`ActionrecError`
    when a class would lack a subset, when a video would be tested twice, and when a group, a digest or a
    near-duplicate crosses subsets, unless ``split.allow_leak`` permits it.
    """
    kept = sorted((row for row in rows if row.kept), key=lambda row: row.video_id)
    match params.method:
        case "group":
            folds = _by_group(kept, params)
        case "first_groups":
            folds = [_first_groups(kept, params)]
        case "official":
            folds = [_official(kept, subsets, params) for subsets in official_subsets(kept, params, official_list)]
        case "stratified":
            alone = [replace(row, group=row.video_id) for row in kept]  # each its own group: groups are ignored
            folds = _by_group(alone, params)
    splits, guards = [], []
    for number, subsets in enumerate(folds):
        where = f"fold {number}" if params.folds > 1 else "the split"
        pairs = zip(kept, subsets, strict=True)
        split = [SplitRow(row.video_id, row.label, row.group, subset) for row, subset in pairs]
        _check_every_class_in_every_subset(split, where=where)
        splits.append(split)
        guards.append(check_leakage(kept, subsets, params, where=where))
    _check_tested_once(splits)
    return splits, worst_of(guards)


def split_videos(rows: Sequence[ScreenedRow], params: SplitParams) -> tuple[list[SplitRow], Guard]:
    """:func:`split_folds` of a single split."""
    splits, guard = split_folds(rows, params)
    [split] = splits
    return split, guard


def _by_group(rows: Sequence[ScreenedRow], params: SplitParams) -> list[list[str]]:
    everything = list(range(len(rows)))
    if params.folds == 1:
        _check_groups_per_class(rows, needed=3)
        tests = [_carve_out(rows, everything, fraction=params.test_fraction, seed=params.seed)]
    else:
        # Of two folds of three groups one tests two of them, and the third cannot both train and validate.
        _check_groups_per_class(rows, needed=4 if params.folds == 2 else params.folds)
        tests = _every_group_once(rows, params.folds, seed=params.seed)
    fraction = params.val_fraction / (1 - params.test_share)
    tested = [["test" if index in test else "train" for index in everything] for test in tests]
    return [_with_val(rows, subsets, fraction=fraction, seed=params.seed) for subsets in tested]


def _official(rows: Sequence[ScreenedRow], subsets: list[str], params: SplitParams) -> list[str]:
    return subsets if "val" in subsets else _with_checked_val(rows, subsets, params)


def _first_groups(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    _check_groups_per_class(rows, needed=params.train_groups + 1)
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[row.label].add(row.group)
    first = {label: set(sorted(names, key=_natural)[: params.train_groups]) for label, names in groups.items()}
    subsets = ["train" if row.group in first[row.label] else "test" for row in rows]
    return _with_checked_val(rows, subsets, params)


def _natural(name: str) -> tuple[list[str | int], str]:
    """By which names sort as a person counts: ``g9`` before ``g10``, and ``9`` before ``10``."""
    parts = re.split(r"([0-9]+)", name)  # text and numbers by turns, text first
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def _with_checked_val(rows: Sequence[ScreenedRow], subsets: list[str], params: SplitParams) -> list[str]:
    _check_groups_per_class([row for row, subset in zip(rows, subsets, strict=True) if subset == "train"], needed=2)
    return _with_val(rows, subsets, fraction=params.val_fraction, seed=params.seed)


def _with_val(rows: Sequence[ScreenedRow], subsets: list[str], *, fraction: float, seed: int) -> list[str]:
    """``subsets`` with ``fraction`` of the training videos in ``val``, by whole groups."""
    train = [index for index, subset in enumerate(subsets) if subset == "train"]
    val = _carve_out(rows, train, fraction=fraction, seed=seed)
    return ["val" if index in val else subset for index, subset in enumerate(subsets)]


def _carve_out(rows: Sequence[ScreenedRow], pool: Sequence[int], *, fraction: float, seed: int) -> set[int]:
    """Indices of ``pool`` in whole groups, near ``fraction`` of every class; deterministic by ``seed``."""
    fewest = min(_groups_per_class([rows[index] for index in pool]).values())
    num_parts = max(2, min(round(1 / fraction), fewest))
    labels = np.array([rows[index].label for index in pool])
    parts = [part for found in _shuffled_parts(rows, pool, num_parts=num_parts, seed=seed) for part in found]
    best = min(parts, key=lambda part: _imbalance(labels, part, fraction))
    return {pool[index] for index in best}


def _every_group_once(rows: Sequence[ScreenedRow], num_folds: int, *, seed: int) -> list[set[int]]:
    """``num_folds`` sets of indices in whole groups that hold every video once, each near its share of every class.

    Of several shuffles that whose worst fold is best; deterministic by ``seed``.
    """
    labels = np.array([row.label for row in rows])

    def worst(parts: Sequence[np.ndarray]) -> float:
        return max(_imbalance(labels, part, 1 / num_folds) for part in parts)

    best = min(_shuffled_parts(rows, range(len(rows)), num_parts=num_folds, seed=seed), key=worst)
    return [set(part.tolist()) for part in best]


def _shuffled_parts(
    rows: Sequence[ScreenedRow], pool: Sequence[int], *, num_parts: int, seed: int
) -> Iterable[list[np.ndarray]]:
    """Several ways to part ``pool`` into places in it, groups whole, classes as even as they allow."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.array([rows[index].label for index in pool])
    groups = np.array([rows[index].group for index in pool])
    for shuffle in range(_SHUFFLES):
        folds = StratifiedGroupKFold(num_parts, shuffle=True, random_state=seed * _SHUFFLES + shuffle)
        yield [chosen for _, chosen in folds.split(labels, labels, groups)]


def _imbalance(labels: np.ndarray, chosen: np.ndarray, fraction: float) -> float:
    """Largest distance of a class's share from ``fraction``; a class that vanishes on a side costs 1 more."""
    worst = 0.0
    for label in np.unique(labels):
        total, taken = int((labels == label).sum()), int((labels[chosen] == label).sum())
        worst = max(worst, abs(taken / total - fraction) + (taken in (0, total)))
    return worst


def _groups_per_class(rows: Sequence[ScreenedRow]) -> dict[str, int]:
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[row.label].add(row.group)
    return {label: len(names) for label, names in sorted(groups.items())}


def _check_groups_per_class(rows: Sequence[ScreenedRow], *, needed: int) -> None:
    few = [f"{label} ({count})" for label, count in _groups_per_class(rows).items() if count < needed]
    if few:
        raise ActionrecError(
            f"a class needs at least {needed} groups to fill every subset, but these have fewer: {first_few(few)}; "
            "add videos of other people or scenes, drop the class by data.classes, or check data.group_pattern"
        )


def _check_every_class_in_every_subset(split: Sequence[SplitRow], *, where: str) -> None:
    counts = Counter((row.label, row.subset) for row in split)
    empty = [f"{label} in {subset}" for label in class_names(split) for subset in SUBSETS if not counts[label, subset]]
    if empty:
        raise ActionrecError(
            f"{where} leaves no video of {first_few(empty)}; try another split.seed or larger fractions, "
            "or drop the class by data.classes"
        )


def _check_tested_once(splits: Sequence[Sequence[SplitRow]]) -> None:
    tested = Counter(row.video_id for split in splits for row in split if row.subset == "test")
    if twice := sorted(video_id for video_id, count in tested.items() if count > 1):
        raise ActionrecError(
            f"{len(twice)} video(s) are in the test part of several folds: {first_few(twice)}; "
            "each may be tested once, so run these lists one by one (split.folds: 1 and data.fold)"
        )
