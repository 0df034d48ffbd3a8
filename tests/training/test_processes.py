"""Training in two processes equals training in one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.helpers import read_csv
from tests.packed_data import make_packed_data
from tests.training.train_alone import train_in_processes

SCRIPT = Path(__file__).with_name("train_alone.py")
REPO = SCRIPT.parents[2]


def train_in_two(packed: Path, out: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{REPO / 'src'}{os.pathsep}{REPO}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, SCRIPT, packed, out, "2"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_two_processes_give_the_metrics_and_weights_of_one(tmp_path: Path) -> None:
    """Batches are shared out, so the same clips make a step; a val video counts once although a share is filled up."""
    (tmp_path / "packed").mkdir()
    make_packed_data(tmp_path / "packed", size=64)
    train_in_processes(tmp_path / "packed", tmp_path / "1", 1)
    train_in_two(tmp_path / "packed", tmp_path / "2")
    one, two = (read_csv(tmp_path / str(processes) / "curves.csv") for processes in (1, 2))
    assert len(one) == len(two) == 2
    for alone, together in zip(one, two, strict=True):
        assert {name: float(value) for name, value in together.items()} == pytest.approx(
            {name: float(value) for name, value in alone.items()}, abs=1e-4
        )
        assert float(together["val_top1"]) * 3 == pytest.approx(round(float(together["val_top1"]) * 3), abs=1e-4)
    first, second = (
        torch.load(tmp_path / str(processes) / "model/weights.pt", weights_only=True) for processes in (1, 2)
    )
    for name, value in first.items():
        assert torch.allclose(second[name], value, atol=1e-4), name
