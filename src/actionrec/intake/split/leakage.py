"""The leakage guard: looks for what is on both sides of a subset border."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import ScreenedRow
from actionrec.intake.split.duplicates import Duplicate
from actionrec.intake.split.guard import Guard
from actionrec.intake.split.section import SplitParams


def check_leakage(
    rows: Sequence[ScreenedRow],
    subsets: Sequence[str],
    params: SplitParams,
    *,
    duplicates: Sequence[Duplicate] = (),
    where: str = "the split",
) -> Guard:
    """Look for groups, equal files and near-duplicates on both sides of a subset border.

    ``duplicates``: what was found among ``rows``. A video in no subset (empty) crosses nothing. Raises
    :class:`ActionrecError` naming examples when something crosses and ``allow_leak`` is false.
    """
    groups = _crossing([row.group for row in rows], subsets)
    digests = _crossing([row.digest for row in rows], subsets)
    subset_of = {row.video_id: subset for row, subset in zip(rows, subsets, strict=True) if subset}
    pairs = [
        pair
        for pair in duplicates
        if pair.kind != "identical"
        and len({subset_of[name] for name in (pair.video_id, pair.duplicate_of) if name in subset_of}) > 1
    ]
    problems = []
    if groups:
        problems.append(f"{len(groups)} group(s) are in several subsets: {first_few(groups)}")
    if digests:
        named: dict[str, list[str]] = {digest: [] for digest in digests}
        for row in rows:
            if row.digest in named:
                named[row.digest].append(row.video_id)
        same = first_few(" = ".join(names) for names in named.values())
        problems.append(f"{len(digests)} file(s) occur in several subsets: {same}")
    if pairs:
        alike = [f"{pair} ({pair.distance:.3f})" for pair in pairs]
        problems.append(f"{len(pairs)} near-duplicate pair(s) cross subsets: {first_few(alike)}")
    if problems and not params.allow_leak:
        raise ActionrecError(
            f"{where} leaks:\n"
            + "\n".join(f"  - {line}" for line in problems)
            + "\nUse split.method: group with groups that hold copies together; or split.duplicates: keep_one, which "
            "leaves copies out; or, to measure what the leak is worth, set split.allow_leak: true, and everything "
            "that follows is stamped as leaking."
        )
    return Guard(
        leaking=bool(problems),
        method=params.method,
        groups_crossing=len(groups),
        digests_crossing=len(digests),
        near_duplicates_crossing=len(pairs),
        near_duplicate_distance=params.near_duplicate_distance,
        num_videos=len(subset_of),
        num_groups=len({row.group for row in rows if row.video_id in subset_of}),
    )


def _crossing(keys: Sequence[str], subsets: Sequence[str]) -> list[str]:
    """Keys that occur in more than one subset, sorted."""
    where: dict[str, set[str]] = defaultdict(set)
    for key, subset in zip(keys, subsets, strict=True):
        if subset:
            where[key].add(subset)
    return sorted(key for key, found in where.items() if len(found) > 1)
