from __future__ import annotations

from pathlib import Path

from tests.helpers import read_csv

from actionrec.core.tables import write_table
from actionrec.training.curves import CURVE_COLUMNS, write_mean_curves


def test_means_epoch_by_epoch_over_the_folds_that_reached_it(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", CURVE_COLUMNS, [[1, 2.0, 0.25, 2.0, 0.5, 0.1], [2, 1.0, 0.5, 1.5, 1.0, 0.01]])
    write_table(tmp_path / "b.csv", CURVE_COLUMNS, [[1, 4.0, 0.75, 3.0, 0.0, 0.1]])
    write_mean_curves(tmp_path / "a.csv", tmp_path / "b.csv", to=tmp_path / "mean.csv")
    rows = [{name: float(value) for name, value in row.items()} for row in read_csv(tmp_path / "mean.csv")]
    assert [list(row.values()) for row in rows] == [[1, 3.0, 0.5, 2.5, 0.25, 0.1], [2, 1.0, 0.5, 1.5, 1.0, 0.01]]
    assert tuple(rows[0]) == CURVE_COLUMNS
    assert read_csv(tmp_path / "mean.csv")[1]["epoch"] == "2"
