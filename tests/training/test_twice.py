"""The same training in two processes at once, as `dvc queue start -j 2` may start it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packed_data import make_packed_data

SCRIPT = Path(__file__).with_name("train_alone.py")
REPO = SCRIPT.parents[2]


@pytest.mark.slow
def test_one_trains_and_the_other_takes_what_came_out(tmp_path: Path) -> None:
    (tmp_path / "packed").mkdir()
    make_packed_data(tmp_path / "packed", size=16)
    environment = os.environ | {"PYTHONPATH": f"{REPO / 'src'}{os.pathsep}{REPO}", "OMP_NUM_THREADS": "1"}
    outs = [tmp_path / name for name in ("one", "two")]
    (tmp_path / "cache").mkdir()
    for out in outs:
        out.mkdir()
        (out / "cache").symlink_to(tmp_path / "cache")
    running = [
        subprocess.Popen(
            [sys.executable, SCRIPT, tmp_path / "packed", out, "1"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for out in outs
    ]
    said = [process.communicate(timeout=300)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert sum("epoch 1/2" in text for text in said) == 1  # trained once
    results = [[(out / name).read_bytes() for name in ("model/weights.pt", "curves.csv")] for out in outs]
    assert results[0] == results[1]
    assert not list((tmp_path / "cache").rglob("last.*"))
    shutil.rmtree(tmp_path / "cache")
