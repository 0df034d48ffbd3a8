"""Subsets that come with the data set: one list, or several (UCF101 has three), of which each is a fold."""

from __future__ import annotations

from collections.abc import Sequence

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import ScreenedRow
from actionrec.intake.split.section import SplitParams


def official_subsets(rows: Sequence[ScreenedRow], params: SplitParams, official_list: int) -> list[list[str]]:
    """The subset of every row, by the list ``official_list`` (from 1), or once a fold where there are several.

    Raises :class:`ActionrecError` for a video that a list does not name.
    """
    lists = [official_list] if params.folds == 1 else range(1, params.folds + 1)
    return [_of_list(rows, number, params) for number in lists]


def _of_list(rows: Sequence[ScreenedRow], number: int, params: SplitParams) -> list[str]:
    subsets = [_subset(row, number, params) for row in rows]
    if unassigned := [row.video_id for row, subset in zip(rows, subsets, strict=True) if not subset]:
        of_list = f" in list {number}" if params.folds > 1 else ""
        remedy = "set split.method: group, or name the subsets in the annotations"
        if params.folds > 1:
            # Lists that leave videos out, as HMDB51's do, are no folds of each other.
            remedy = f"run the lists one by one (split.folds: 1 and data.fold), {remedy}, or lower split.folds "
            remedy += f"({params.folds}) to the number of lists"
        raise ActionrecError(
            f"split.method: official, but {len(unassigned)} of {len(rows)} videos have no official subset{of_list}: "
            f"{first_few(unassigned)}; {remedy}"
        )
    return subsets


def _subset(row: ScreenedRow, number: int, params: SplitParams) -> str:
    subsets = row.official_subset.split("|")
    if len(subsets) == 1 and params.folds == 1:
        return subsets[0]  # a data set with one list, whichever is asked for
    return subsets[number - 1] if number <= len(subsets) else ""
