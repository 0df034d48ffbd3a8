"""A worker that the kernel kills, and a stage whose dvc is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.errors import ActionrecError
from actionrec.core.itemcache import ItemCache

REPO = Path(__file__).resolve().parents[2]


def make(key: str) -> str:
    """An entry of the item cache; the worker that meets ``zz9`` is killed as by the kernel without memory."""
    if key == "zz9":
        os.kill(os.getpid(), signal.SIGKILL)
    with ItemCache.of_stage("extract").writing(key) as aside:
        aside.write_text(key)
    return key


def test_what_was_finished_before_the_kernel_killed_a_worker_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    compute, keys = ComputeParams(backend="local", workers=2), [f"aa{number}" for number in range(8)]
    with pytest.raises(ActionrecError, match=r"a worker process died .*what was finished is kept.*compute\.workers"):
        list(map_items(make, [*keys, "zz9"], compute=compute, desc="t"))
    cache = ItemCache.of_stage("extract")
    kept = [key for key in keys if cache.has(key)]
    assert len(kept) >= 4  # at most two a worker were on their way
    assert not list(cache.root.glob(".*.tmp"))


STAGE = """
import sys, time
from actionrec.core.errors import run_main
def main():
    print("at work", flush=True)
    time.sleep(60)
run_main(main)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_a_stage_ends_with_the_dvc_that_started_it() -> None:
    env = os.environ | {"PYTHONPATH": str(REPO / "src"), "DVC_STAGE": "extract"}
    dvc = subprocess.Popen([sys.executable, "-c", PARENT, STAGE], env=env, stdout=subprocess.PIPE, text=True)
    assert dvc.stdout is not None
    assert dvc.stdout.readline() == "at work\n"
    [stage] = psutil.Process(dvc.pid).children()
    dvc.kill()
    dvc.communicate()
    for _ in range(100):
        if not stage.is_running():
            return
        time.sleep(0.1)
    stage.kill()
    raise AssertionError("the stage outlived its dvc")
