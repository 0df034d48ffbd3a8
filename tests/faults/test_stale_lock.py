"""DVC's lock after a kill: who holds it, and when DVC cannot know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from actionrec.cli.doctor import _dvc_lock
from actionrec.core.errors import ActionrecError


def lock(folder: Path, pid: int) -> Path:
    path = folder / "rwlock"
    holder = {"pid": pid, "cmd": "dvc repro"}
    path.write_text(json.dumps({"read": {"/p/params.yaml": [holder]}, "write": {"/p/data": holder}}))
    return path


@contextmanager
def living(*words: str) -> Iterator[int]:
    """The number of a process that waits, with ``words`` in its command."""
    command = [sys.executable, "-c", "print('here', flush=True); input()", *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    try:
        yield process.pid
    finally:
        process.communicate("\n")


def test_a_lock_that_nobody_holds_is_told_from_one_that_is_held(tmp_path: Path) -> None:
    assert _dvc_lock(tmp_path / "none") == "free"
    with living() as pid:
        pass
    assert _dvc_lock(lock(tmp_path, pid)).startswith("free (DVC removes")
    with living("dvc", "repro") as pid:
        assert _dvc_lock(lock(tmp_path, pid)).startswith(f"held by process {pid} (")


def test_a_number_that_another_process_has_by_now_is_a_stale_lock(tmp_path: Path) -> None:
    with living() as pid:
        path = lock(tmp_path, pid)
        with pytest.raises(ActionrecError, match=rf"process {pid} that it names is no dvc .*; rm .*rwlock"):
            _dvc_lock(path)
    assert path.exists()  # to remove it is for a person
