"""The section ``split`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import Fraction, ListOf, PositiveInt, Section


class SplitParams(Section):
    method: Literal["group", "first_groups", "official", "stratified"]
    """``group`` keeps every group whole; ``first_groups`` tests the groups of each class after the first
    ``train_groups``, in the order in which a person counts; ``official`` uses the lists' subsets; ``stratified``
    ignores groups."""
    train_groups: PositiveInt = 20
    """With ``first_groups``: groups of each class to train on; validation is carved out of them."""
    val_fraction: Fraction
    """Share of the videos to choose epochs, temperatures and weights on; taken from training, by whole groups."""
    test_fraction: Fraction
    """Share of the videos; ignored for subsets that official lists give, and with several folds."""
    folds: PositiveInt = 1
    """Divisions to cross-validate by: with several, every kept video is tested in exactly one (``official``: list 1 is
    fold 0, and so on). 1 is a single split."""
    run_folds: ListOf[Annotated[int, Field(ge=0)]] = ()
    """Folds to train and test, from 0; all of them where empty."""
    seed: Annotated[int, Field(ge=0)]
    """Of the draw of groups."""
    near_duplicate_distance: Annotated[float, Field(ge=0, le=1)]
    """Videos of two subsets whose signatures differ visibly in at most this share of cells are near-duplicates."""
    allow_leak: bool = False
    """Let groups or near-duplicates cross subsets; all that follows is stamped as leaking."""

    @property
    def running(self) -> tuple[int | None, ...]:
        """The folds that run, sorted; ``(None,)`` for a single split, whose files are named after no fold."""
        if self.folds == 1:
            return (None,)
        return tuple(sorted(self.run_folds)) or tuple(range(self.folds))

    @property
    def test_share(self) -> float:
        """Share of the videos that a fold tests."""
        return self.test_fraction if self.folds == 1 else 1 / self.folds

    def problems(self, name: str) -> list[str]:
        found = []
        if self.val_fraction + self.test_share >= 1:
            tested = "test_fraction" if self.folds == 1 else f"1/folds ({self.test_share:.3g})"
            found.append(f"{name}: val_fraction + {tested} must stay below 1, nothing is left to train on")
        if self.folds > 1 and self.method == "first_groups":
            found.append(
                f"{name}.folds: {self.folds}, but method first_groups has one test part; set folds: 1 or method: group"
            )
        if beyond := [fold for fold in self.run_folds if fold >= self.folds]:
            found.append(f"{name}.run_folds: {beyond} must be 0 to {self.folds - 1}, as folds is {self.folds}")
        if len(set(self.run_folds)) != len(self.run_folds):
            found.append(f"{name}.run_folds: a fold is listed twice in {list(self.run_folds)}")
        return found
