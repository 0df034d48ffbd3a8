"""Kill -9 over all stages: what the next runs end with is what an undisturbed run ends with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kills import compare_with_kills


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_runs_end_as_an_undisturbed_one(tmp_path: Path) -> None:
    assert len(compare_with_kills(tmp_path, moments=4, seed=0)) >= 3


@pytest.mark.faults
@pytest.mark.timeout(7200)
def test_fifty_kills(tmp_path: Path) -> None:
    assert len(compare_with_kills(tmp_path, moments=50, seed=1)) >= 40
