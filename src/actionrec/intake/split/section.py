"""The section ``split`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import Fraction, ListOf, PositiveInt, Section


class SplitParams(Section):
    method: Literal["group", "first_groups", "leave_one_group_out", "official", "stratified"]
    """``group`` keeps every group whole; ``first_groups`` tests the groups of each class after the first
    ``train_groups``, in the order in which a person counts; ``leave_one_group_out`` tests one group a fold (``folds``
    is their number); ``official`` uses the lists' subsets; ``stratified`` ignores groups."""
    train_groups: PositiveInt = 20
    """With ``first_groups``: groups of each class to train on; validation is carved out of them."""
    val_fraction: Fraction
    """Share of the videos to choose epochs, temperatures and weights on; taken from training, by whole groups."""
    test_fraction: Fraction
    """Share of the videos of every class, met as nearly as whole groups allow; ignored for subsets that official lists
    give, and with several folds."""
    videos_per_class: ListOf[PositiveInt] = ()
    """Videos of every class to train on, to validate and to test, as ``[30, 10, 10]``, instead of the two shares; the
    rest is left out. With ``group`` and ``stratified``."""
    folds: PositiveInt = 1
    """Divisions to cross-validate by: with several, every kept video is tested in exactly one (``official``: list 1 is
    fold 0, and so on). 1 is a single split."""
    run_folds: ListOf[Annotated[int, Field(ge=0)]] = ()
    """Folds to train and test, from 0; all of them where empty."""
    seed: Annotated[int, Field(ge=0)]
    """Of the draw of groups."""
    near_duplicate_distance: Annotated[float, Field(ge=0, le=1)]
    """Videos whose signatures differ visibly in at most this share of cells are compared frame by frame where they
    move; those that show the same are near-duplicates."""
    mirrored_copies: bool = False
    """Whether a mirrored copy is a near-duplicate too."""
    duplicates: Literal["error", "keep_one", "keep"] = "keep"
    """What is done about identical files and near-duplicates, whatever their labels and subsets: refuse them, leave out
    all but one of those that show the same, or keep them. Those in several subsets still leak."""
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
        if self.folds == 1 and self.method == "leave_one_group_out":
            found.append(f"{name}.folds: 1, but method leave_one_group_out needs as many folds as there are groups")
        if self.videos_per_class and (
            len(self.videos_per_class) != 3 or self.folds > 1 or self.method not in ("group", "stratified")
        ):
            found.append(
                f"{name}.videos_per_class: {list(self.videos_per_class)} must be three numbers (train, val, test), "
                f"with folds: 1 and method: group or stratified; it is {self.method} with folds: {self.folds}"
            )
        if beyond := [fold for fold in self.run_folds if fold >= self.folds]:
            found.append(f"{name}.run_folds: {beyond} must be 0 to {self.folds - 1}, as folds is {self.folds}")
        if len(set(self.run_folds)) != len(self.run_folds):
            found.append(f"{name}.run_folds: a fold is listed twice in {list(self.run_folds)}")
        return found
