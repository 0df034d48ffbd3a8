"""Which video trains, which selects, which tests: groups stay whole, and a guard checks it.

A group is one person and scene. A model that has seen the group has seen the answer: the
reference systems A and C split at random across groups, and their accuracies say so.

With several folds every method gives one assignment a fold. The test parts of ``group`` and ``stratified`` hold every
video exactly once; those of official lists hold what the lists say.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SUBSETS, ScreenedRow, SplitRow, class_names
from actionrec.intake.split.carve import Wanted
from actionrec.intake.split.duplicates import Duplicate, find_duplicates, settle
from actionrec.intake.split.guard import Guard, worst_of
from actionrec.intake.split.leakage import check_leakage
from actionrec.intake.split.notes import share_notes
from actionrec.intake.split.official import official_subsets
from actionrec.intake.split.recordings import Recordings
from actionrec.intake.split.scenes import scene_note
from actionrec.intake.split.section import SplitParams
from actionrec.intake.split.table import GroupTable


@dataclass(frozen=True)
class Split:
    """The subsets of all videos, once a fold, and what was found on the way."""

    folds: list[list[SplitRow]]
    guard: Guard
    duplicates: list[Duplicate]


def split_videos(
    rows: Sequence[ScreenedRow],
    params: SplitParams,
    *,
    official_list: int = 1,
    recordings: Recordings | None = None,
) -> Split:
    """Assign every kept video to ``train``, ``val`` or ``test``, once a fold, and check every assignment.

    A single ``official`` split is that of the list ``official_list``, counted from 1. ``recordings`` tell copies from
    what only looks alike on the whole; without them signatures alone decide. Raises :class:`ActionrecError` when a
    class would lack a subset, when a video would be tested twice, when ``split.duplicates`` refuses what occurs twice,
    and when a group, a digest or a near-duplicate crosses subsets, unless ``split.allow_leak`` permits it.
    """
    every = sorted((row for row in rows if row.kept), key=lambda row: row.video_id)
    settled = settle(every, find_duplicates(every, params, recordings), params.duplicates)
    kept = settled.rows
    match params.method:
        case "group":
            folds = _by_group(kept, params)
        case "first_groups":
            folds = [_first_groups(kept, params)]
        case "official":
            folds = [_official(kept, subsets, params) for subsets in official_subsets(kept, params, official_list)]
        case "leave_one_group_out":
            folds = _leaving_one_group_out(kept, params)
        case "stratified":
            alone = [replace(row, group=row.video_id) for row in kept]  # each its own group: groups are ignored
            folds = _by_group(alone, params)
    splits, guards = [], []
    for number, subsets in enumerate(folds):
        where = f"fold {number}" if params.folds > 1 else "the split"
        pairs = zip(kept, subsets, strict=True)
        split = [SplitRow(row.video_id, row.label, row.group, subset) for row, subset in pairs if subset]
        _check_every_class(split, needed=("train",) if params.method == "leave_one_group_out" else SUBSETS, where=where)
        splits.append(split)
        guards.append(check_leakage(kept, subsets, params, duplicates=settled.duplicates, where=where))
    _check_tested_once(splits)
    val_given = params.method == "official" and all("val" in subsets for subsets in folds)
    notes = [
        *settled.notes,
        *scene_note(kept, seed=params.seed),
        *share_notes(splits, params, val_given=val_given),
        *_left_out(kept, splits),
    ]
    return Split(splits, replace(worst_of(guards), notes=tuple(notes)), settled.duplicates)


def _left_out(rows: Sequence[ScreenedRow], splits: Sequence[Sequence[SplitRow]]) -> list[str]:
    if len(rows) == len(splits[0]):
        return []
    return [f"{len(rows) - len(splits[0])} of {len(rows)} videos are in no subset (split.videos_per_class)"]


def _by_group(rows: Sequence[ScreenedRow], params: SplitParams) -> list[list[str]]:
    if params.folds == 1:
        _check_groups_per_class(rows, needed=3)
        return [_by_counts(rows, params) if params.videos_per_class else _by_shares(rows, params)]
    # Of two folds of three groups one tests two of them, and the third cannot both train and validate.
    _check_groups_per_class(rows, needed=4 if params.folds == 2 else params.folds)
    dealt = GroupTable(rows).dealt(params.folds, seed=params.seed)
    tested = [["test" if own == fold else "train" for own in dealt] for fold in range(params.folds)]
    return [_with_val(rows, subsets, share=params.val_fraction, seed=params.seed) for subsets in tested]


def _by_shares(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    table = GroupTable(rows)
    subsets = table.carved(
        ["train"] * len(rows), "test", Wanted(params.test_fraction * table.totals, keep=2), seed=params.seed
    )
    return table.carved(subsets, "val", Wanted(params.val_fraction * table.totals, keep=1), seed=params.seed)


def _by_counts(rows: Sequence[ScreenedRow], params: SplitParams) -> list[str]:
    """As many videos of every class as ``videos_per_class`` says; those beyond it are in no subset (empty)."""
    wanted = dict(zip(SUBSETS, params.videos_per_class, strict=True))
    table = GroupTable(rows)
    subsets = ["train"] * len(rows)
    for subset, keep in (("test", 2), ("val", 1)):
        targets = np.full(len(table.totals), float(wanted[subset]))
        subsets = table.carved(subsets, subset, Wanted(targets, keep=keep, at_least=True), seed=params.seed)
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, (row, subset) in enumerate(zip(rows, subsets, strict=True)):
        places[row.label, subset].append(index)
    if short := [
        f"{label}: {len(found)} of {wanted[subset]} {subset}"
        for (label, subset), found in sorted(places.items())
        if len(found) < wanted[subset]
    ]:
        raise ActionrecError(
            f"split.videos_per_class: {list(params.videos_per_class)} videos of every class for train, val and test, "
            f"but whole groups give fewer: {first_few(short)}; lower them, add videos, or drop the class by "
            "data.classes"
        )
    rng = np.random.default_rng(params.seed)
    for (_, subset), found in sorted(places.items()):
        for index in rng.permutation(found)[wanted[subset] :]:
            subsets[index] = ""
    return subsets


def _leaving_one_group_out(rows: Sequence[ScreenedRow], params: SplitParams) -> list[list[str]]:
    """A fold a group, in the order in which a person counts; a class of two groups trains and is not validated."""
    _check_groups_per_class(rows, needed=2)
    groups = sorted({row.group for row in rows}, key=_natural)
    if len(groups) != params.folds:
        raise ActionrecError(
            f"split.method: leave_one_group_out tests each of the {len(groups)} groups in a fold of its own, but "
            f"split.folds is {params.folds}; set split.folds: {len(groups)}"
        )
    folds = []
    for group in groups:
        subsets = ["test" if row.group == group else "train" for row in rows]
        folds.append(_with_val(rows, subsets, share=params.val_fraction, seed=params.seed))
    return folds


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
    train = [row for row, subset in zip(rows, subsets, strict=True) if subset == "train"]
    _check_groups_per_class(train, needed=2)
    table = GroupTable(rows)
    targets = params.val_fraction * table.videos_of(subsets, "train")
    return table.carved(subsets, "val", Wanted(targets, keep=1), seed=params.seed)


def _with_val(rows: Sequence[ScreenedRow], subsets: list[str], *, share: float, seed: int) -> list[str]:
    """``subsets`` with ``share`` of the videos of every class in ``val``, by whole groups out of ``train``."""
    table = GroupTable(rows)
    return table.carved(subsets, "val", Wanted(share * table.totals, keep=1), seed=seed)


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


def _check_every_class(split: Sequence[SplitRow], *, needed: Sequence[str], where: str) -> None:
    """Raise :class:`ActionrecError` unless every class is in every one of the subsets ``needed``."""
    counts = Counter((row.label, row.subset) for row in split)
    empty = [f"{label} in {subset}" for label in class_names(split) for subset in needed if not counts[label, subset]]
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
