"""Which video trains, which selects, which tests: groups stay whole, and a guard checks it.

A group is one person and scene. A model that has seen the group has seen the answer: the
reference systems A and C split at random across groups, and their accuracies say so.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow, class_names
from actionrec.intake.split.guard import Guard
from actionrec.intake.split.leakage import check_leakage
from actionrec.intake.split.section import SplitParams

_SHUFFLES = 8


def split_videos(rows: Sequence[ScreenedRow], params: SplitParams) -> tuple[list[SplitRow], Guard]:
    """Assign every kept video to ``train``, ``val`` or ``test``, and check the assignment.

    Raises :class:`ActionrecError` when a class would lack a subset, and when a group, a digest or a
    near-duplicate crosses subsets, unless ``split.allow_leak`` permits it.
    """
    kept = sorted((row for row in rows if row.kept), key=lambda row: row.video_id)
    subsets = _METHODS[params.method](kept, params)
    split = [SplitRow(row.video_id, row.label, row.group, subset) for row, subset in zip(kept, subsets, strict=True)]
    _check_every_class_in_every_subset(split)
    return split, check_leakage(kept, subsets, params)


def _by_group(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    _check_groups_per_class(rows, needed=3)
    subsets = ["train"] * len(rows)
    everything = list(range(len(rows)))
    test = _carve_out(rows, everything, fraction=params.test_fraction, seed=params.seed)
    rest = [index for index in everything if index not in test]
    val = _carve_out(rows, rest, fraction=params.val_fraction / (1 - params.test_fraction), seed=params.seed)
    for index in test:
        subsets[index] = "test"
    for index in val:
        subsets[index] = "val"
    return subsets


def _official(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    if unassigned := [row.video_id for row in rows if not row.official_subset]:
        raise ActionrecError(
            f"split.method: official, but {len(unassigned)} of {len(rows)} videos have no official subset: "
            f"{first_few(unassigned)}; set split.method: group, or name the subsets in the annotations"
        )
    subsets = [row.official_subset for row in rows]
    return subsets if "val" in subsets else _with_val(rows, subsets, params)


def _with_val(rows: Sequence[ScreenedRow], subsets: list[str], params: SplitParams) -> list[str]:
    """``subsets`` with ``val_fraction`` of the training videos in ``val``, by whole groups."""
    train = [index for index, subset in enumerate(subsets) if subset == "train"]
    _check_groups_per_class([rows[index] for index in train], needed=2)
    val = _carve_out(rows, train, fraction=params.val_fraction, seed=params.seed)
    return ["val" if index in val else subset for index, subset in enumerate(subsets)]


def _first_groups(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    _check_groups_per_class(rows, needed=params.train_groups + 1)
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[row.label].add(row.group)
    first = {label: set(sorted(names, key=_natural)[: params.train_groups]) for label, names in groups.items()}
    subsets = ["train" if row.group in first[row.label] else "test" for row in rows]
    return _with_val(rows, subsets, params)


def _natural(name: str) -> tuple[list[str | int], str]:
    """By which names sort as a person counts: ``g9`` before ``g10``, and ``9`` before ``10``."""
    parts = re.split(r"([0-9]+)", name)  # text and numbers by turns, text first
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], name


def _stratified(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    alone = [
        replace(row, group=row.video_id)  # each video its own group: groups are ignored
        for row in rows
    ]
    return _by_group(alone, params)


_METHODS = {"group": _by_group, "first_groups": _first_groups, "official": _official, "stratified": _stratified}


def _carve_out(rows: Sequence[ScreenedRow], pool: Sequence[int], *, fraction: float, seed: int) -> set[int]:
    """Indices of ``pool`` in whole groups, near ``fraction`` of every class; deterministic by ``seed``."""
    from sklearn.model_selection import StratifiedGroupKFold

    labels = np.array([rows[index].label for index in pool])
    groups = np.array([rows[index].group for index in pool])
    fewest = min(_groups_per_class([rows[index] for index in pool]).values())
    num_folds = max(2, min(round(1 / fraction), fewest))
    best: tuple[float, list[int]] | None = None
    for shuffle in range(_SHUFFLES):
        folds = StratifiedGroupKFold(num_folds, shuffle=True, random_state=seed * _SHUFFLES + shuffle)
        for _, chosen in folds.split(labels, labels, groups):
            error = _imbalance(labels, chosen, fraction)
            if best is None or error < best[0]:
                best = (error, chosen.tolist())
    assert best is not None
    return {pool[index] for index in best[1]}


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


def _check_every_class_in_every_subset(split: Sequence[SplitRow]) -> None:
    counts = Counter((row.label, row.subset) for row in split)
    empty = [f"{label} in {subset}" for label in class_names(split) for subset in SUBSETS if not counts[label, subset]]
    if empty:
        raise ActionrecError(
            f"the split leaves no video of {first_few(empty)}; try another split.seed or larger fractions, "
            "or drop the class by data.classes"
        )
