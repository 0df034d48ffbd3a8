"""Curves of the folds of a model as one: the mean over them, epoch by epoch."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from statistics import fmean

from actionrec.core.tables import write_table

CURVE_COLUMNS = ("epoch", "train_loss", "train_top1", "val_loss", "val_top1", "lr")


def write_mean_curves(*folds: Path, to: Path) -> None:
    """Write the mean of the curves ``folds``, column by column.

    Where some folds stopped early, the mean of an epoch is over those that reached it.
    """
    epochs = zip_longest(*(_read(fold) for fold in folds))
    rows = [[row for row in epoch if row is not None] for epoch in epochs]
    write_table(to, CURVE_COLUMNS, ([number, *_means(reached)] for number, reached in enumerate(rows, start=1)))


def _means(reached: Sequence[dict[str, str]]) -> list[float]:
    return [fmean(float(row[column]) for row in reached) for column in CURVE_COLUMNS[1:]]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
