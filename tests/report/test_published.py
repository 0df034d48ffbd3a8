from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.params import load_params
from actionrec.report.gather import gather
from actionrec.report.published import PUBLISHED, published_rows
from tests.conftest import REPO
from tests.report.made import params_of, write_project


def test_every_figure_is_of_a_system_in_the_parameters() -> None:
    assert {found.model for found in PUBLISHED} <= set(load_params(REPO / "params.yaml").models)


def test_published_stands_beside_ours_only_of_what_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("cnn3d_reference", "cnn3d")
    write_project(params)
    [row] = published_rows(gather(params))
    assert (row.published.model, row.published.accuracy, row.ours) == ("cnn3d_reference", "0.571", 0.66667)
