"""The same function over processes in a pool, and over a Dask scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from actionrec.core.compute import ComputeParams, map_items, num_workers
from actionrec.core.errors import ActionrecError

T = TypeVar("T")

LOCAL = ComputeParams(backend="local", workers=2)


def test_local_pool_returns_every_item_with_its_result() -> None:
    assert dict(map_items(abs, list(range(-20, 0)), compute=LOCAL, desc="t")) == {n: -n for n in range(-20, 0)}
    assert list(map_items(abs, [], compute=LOCAL, desc="t")) == []


def test_exceptions_of_the_function_stop_the_map() -> None:
    with pytest.raises(TypeError):
        list(map_items(len, [1, 2, 3], compute=LOCAL, desc="t"))


def test_a_dying_worker_is_a_clear_error() -> None:
    with pytest.raises(ActionrecError, match="a worker process died"):
        list(map_items(os._exit, [3, 3], compute=LOCAL, desc="t"))


def test_workers_end_when_the_stage_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "stage.py"
    script.write_text(
        "import time\n"
        "from actionrec.core.compute import map_items\n"
        "from actionrec.params import ComputeParams\n"
        "if __name__ == '__main__':\n"
        "    list(map_items(time.sleep, [60, 60], compute=ComputeParams(backend='local', workers=2), desc='t'))\n"
    )
    stage = subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL)
    workers = _wait_for(lambda: [p for p in psutil.Process(stage.pid).children() if "spawn_main" in p.cmdline()[-2]])
    stage.kill()
    stage.wait()
    assert _wait_for(lambda: not any(worker.is_running() for worker in workers))


def _wait_for(look: Callable[[], T]) -> T:
    """What ``look`` returns, as soon as it is true; at most 20 seconds."""
    for _ in range(200):
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("nothing seen in 20 seconds")


def test_number_of_workers() -> None:
    assert num_workers(LOCAL) == 2
    assert num_workers(ComputeParams(backend="local", workers=0)) == len(os.sched_getaffinity(0))


def test_absent_scheduler_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    compute = ComputeParams(backend="dask", workers=0, scheduler="tcp://127.0.0.1:1")
    monkeypatch.setattr("actionrec.core.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ActionrecError, match=r"no Dask scheduler answers at 'tcp://127.0.0.1:1'"):
        list(map_items(abs, [1], compute=compute, desc="t"))
