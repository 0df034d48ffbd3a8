"""The folds of an evaluation, and their videos pooled; a single split is one fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SplitRow, check_same_ids, class_names
from actionrec.prediction.file import PREDICTED_SUBSETS, Predictions

FUSION = "fusion"
EVALUATED_SUBSETS = ("train", "val", "test")
"""Where they were predicted; ``val`` and ``test`` always are."""

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """What every model answered in one fold, and the split that it was trained and tested by."""

    number: int | None
    """None where there is a single split."""
    predictions: Sequence[Predictions]
    """In the order of the enabled models."""
    split: Sequence[SplitRow]

    def evaluated(self) -> list[SplitRow]:
        """The val and test videos, and the training videos where they were predicted, sorted by id."""
        wanted = {*PREDICTED_SUBSETS, *(subset for found in self.predictions for subset in found.subset)}
        return sorted((row for row in self.split if row.subset in wanted), key=lambda row: row.video_id)

    def check(self, names: Sequence[str], *, leaking: bool) -> None:
        """Raise :class:`ActionrecError` where models and split disagree, nothing is tested, or a group leaks."""
        expected = self.evaluated()
        if not any(row.subset == "test" for row in expected):
            raise ActionrecError("the split has no test videos; raise split.test_fraction or add groups")
        trained = {row.group for row in self.split if row.subset == "train"}
        crossing = sorted({row.group for row in expected if row.subset == "test"} & trained)
        if crossing and not leaking:
            raise ActionrecError(
                f"{len(crossing)} group(s) are in train and test of one split: {first_few(crossing)}; "
                "rebuild it with `dvc repro -f split`"
            )
        for prediction in self.predictions:
            _check(prediction, expected, names)


@dataclass(frozen=True)
class Videos:
    """Columns of the val and test videos of all folds, and of predicted training videos, by id, then by fold.

    A video is there once a fold in which it validates or trains, and once in all as a test video.
    """

    video_id: npt.NDArray[np.str_]
    label: Ints
    subset: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    fold: Ints
    """Place among the folds."""

    @classmethod
    def of(cls, folds: Sequence[Fold], names: Sequence[str]) -> Videos:
        index = {name: place for place, name in enumerate(names)}
        rows = [(row.video_id, place, row) for place, fold in enumerate(folds) for row in fold.evaluated()]
        rows.sort(key=lambda found: found[:2])
        return cls(
            np.array([video_id for video_id, _, _ in rows]),
            np.array([index[row.label] for *_, row in rows], np.int64),
            np.array([row.subset for *_, row in rows]),
            np.array([row.group for *_, row in rows]),
            np.array([place for _, place, _ in rows], np.int64),
        )

    def groups(self, subset: str) -> list[str]:
        return [str(group) for group in self.group[self.subset == subset]]

    def fitted(self) -> Iterator[tuple[Bools, Bools]]:
        """Of every fold which rows are its own, and which of these are there to fit on: those of val."""
        for place in range(int(self.fold.max()) + 1):
            own = self.fold == place
            yield own, own & (self.subset == "val")


def check_folds(folds: Sequence[Fold], *, leaking: bool) -> tuple[str, ...]:
    """The class names, the same in all ``folds``.

    Raises :class:`ActionrecError` where a fold is not what it should be (:meth:`Fold.check`), and for folds of other
    videos than the first or that test a video twice.
    """
    first = folds[0]
    names = tuple(class_names(first.split))
    tested: set[str] = set()
    for fold in folds:
        fold.check(names, leaking=leaking)
        check_same_ids(
            (row.video_id for row in fold.split),
            (row.video_id for row in first.split),
            left_name=f"fold {fold.number}",
            right_name=f"fold {first.number}",
        )
        of_fold = {row.video_id for row in fold.split if row.subset == "test"}
        if twice := sorted(of_fold & tested):
            raise ActionrecError(
                f"{len(twice)} video(s) are tested by several folds: {first_few(twice)}; "
                "rebuild the folds with `dvc repro -f split`"
            )
        tested |= of_fold
    return names


def _check(prediction: Predictions, expected: Sequence[SplitRow], names: Sequence[str]) -> None:
    model = prediction.model
    remedy = f"rebuild with `dvc repro predict@{model}`"
    if model == FUSION:
        raise ActionrecError(f"a model cannot be named {FUSION!r}, the name of the fusion of all models; rename it")
    ids = [str(video_id) for video_id in prediction.video_id]
    check_same_ids(ids, (row.video_id for row in expected), left_name=f"predictions of {model}", right_name="the split")
    if ids != [row.video_id for row in expected]:
        raise ActionrecError(f"predictions of {model} are not sorted by video_id; {remedy}")
    if list(prediction.class_names) != list(names):
        raise ActionrecError(
            f"predictions of {model} know the classes {first_few(prediction.class_names)}, "
            f"the split has {first_few(names)}; {remedy}"
        )
    index = {name: place for place, name in enumerate(names)}
    wrong = [
        f"{row.video_id} ({names[label]}, {subset} instead of {row.label}, {row.subset})"
        for row, label, subset in zip(expected, prediction.label.tolist(), prediction.subset, strict=True)
        if (label, str(subset)) != (index[row.label], row.subset)
    ]
    if wrong:
        raise ActionrecError(f"predictions of {model} disagree with the split on {first_few(wrong)}; {remedy}")
