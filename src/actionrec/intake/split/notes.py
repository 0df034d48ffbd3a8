"""What a person should know of a split that holds: classes that whole groups keep from their share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from actionrec.core.errors import first_few
from actionrec.core.tables import SplitRow, class_names
from actionrec.intake.split.section import SplitParams

_POINTS = 0.02
"""A class's share may be off by this much without a word."""


def share_notes(splits: Sequence[Sequence[SplitRow]], params: SplitParams, *, val_given: bool) -> list[str]:
    """A line each for the test and the validation part where classes are more than 2 points off their share.

    Of several folds each class's worst. ``val_given``: whether lists say what validates. Nothing where numbers of
    videos are asked for, which are met or refused.
    """
    if params.videos_per_class:
        return []
    notes = []
    if params.method in ("group", "stratified"):
        notes += _off(splits, "test", params.test_share, of=("train", "val", "test"))
    if not val_given:
        whole = params.method in ("group", "stratified", "leave_one_group_out")
        notes += _off(splits, "val", params.val_fraction, of=("train", "val", *(("test",) if whole else ())))
    return notes


def _off(splits: Sequence[Sequence[SplitRow]], subset: str, share: float, *, of: Sequence[str]) -> list[str]:
    worst: dict[str, float] = {}
    for split in splits:
        inside = Counter(row.label for row in split if row.subset == subset)
        total = Counter(row.label for row in split if row.subset in of)
        for label in total:
            found = inside[label] / total[label]
            if abs(found - share) > max(_POINTS + 1e-9, abs(worst.get(label, share) - share)):
                worst[label] = found
    if not worst:
        return []
    groups: dict[str, set[str]] = defaultdict(set)
    for row in splits[0]:
        groups[row.label].add(row.group)
    named = sorted(worst, key=lambda label: (-abs(worst[label] - share), label))
    shares = first_few(f"{label} {worst[label]:.1%} ({len(groups[label])} groups)" for label in named)
    folds = " of a fold" if len(splits) > 1 else ""
    note = (
        f"{subset}{folds} should hold {share:.1%} of every class; whole groups keep {len(worst)} of "
        f"{len(class_names(splits[0]))} classes from it: {shares}"
    )
    return [note]
