from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.report.cost import CostRow, amount, cost_rows, frontier
from actionrec.report.gather import gather
from tests.report.made import params_of, write_project


def test_the_fusion_costs_what_its_models_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("cnn3d", "stgcn")
    write_project(params)
    found = [(row.name, row.parameters, row.trainable, row.clip, row.video) for row in cost_rows(gather(params))]
    assert found == [
        ("cnn3d", 1_234_567, 1_234, 2_000_000, 4_000_000),
        ("stgcn", 1_234_567, 1_234, 2_000_000, 4_000_000),
        ("fusion", 2_469_134, 2_468, None, 8_000_000),
    ]


def test_what_no_cheaper_entry_equals() -> None:
    rows = [CostRow(name, "", 0, 0, 0, video, top1) for name, video, top1 in (
        ("dear", 9, 0.9), ("worse", 5, 0.5), ("cheap", 2, 0.6), ("same", 7, 0.6),
    )]  # fmt: skip
    assert [row.name for row in frontier(rows)] == ["cheap", "dear"]


def test_amounts() -> None:
    assert [amount(value) for value in (999, 1234, 2_469_134, 4_221_365_987, 5e12)] == [
        "999", "1.23 thousand", "2.47 million", "4.22 billion", "5 trillion",
    ]  # fmt: skip
