"""The section ``split`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import Fraction, PositiveInt, Section


class SplitParams(Section):
    method: Literal["group", "first_groups", "official", "stratified"]
    """``group`` keeps every group whole; ``first_groups`` tests the groups of each class after the first
    ``train_groups`` by name; ``official`` uses the lists' subsets; ``stratified`` ignores groups."""
    train_groups: PositiveInt = 20
    """With ``first_groups``: groups of each class to train on; validation is carved out of them."""
    val_fraction: Fraction
    test_fraction: Fraction
    """Share of the videos; ignored for subsets that official lists give."""
    seed: Annotated[int, Field(ge=0)]
    near_duplicate_distance: Annotated[float, Field(ge=0, le=1)]
    """Videos of two subsets whose signatures differ visibly in at most this share of cells are near-duplicates."""
    allow_leak: bool = False
    """Let groups or near-duplicates cross subsets; all that follows is stamped as leaking."""

    def problems(self, name: str) -> list[str]:
        if self.val_fraction + self.test_fraction >= 1:
            return [f"{name}: val_fraction + test_fraction must stay below 1, nothing is left to train on"]
        return []
