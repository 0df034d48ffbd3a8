"""DVC's lock after a kill: who holds it, and when DVC cannot know."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from actionrec.cli.doctor import _dvc_lock
from actionrec.core.errors import ActionrecError


def lock(folder: Path, pid: int) -> Path:
    path = folder / "rwlock"
    holder = {"pid": pid, "cmd": "dvc repro"}
    path.write_text(json.dumps({"read": {"/p/params.yaml": [holder]}, "write": {"/p/data": holder}}))
    return path


def test_a_lock_that_nobody_holds_is_told_from_one_that_is_held(tmp_path: Path) -> None:
    assert _dvc_lock(tmp_path / "none") == "free"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert _dvc_lock(lock(tmp_path, ended.pid)).startswith("free (DVC removes")
    running = subprocess.Popen([sys.executable, "-c", "input()", "dvc", "repro"], stdin=subprocess.PIPE)
    try:
        assert _dvc_lock(lock(tmp_path, running.pid)).startswith(f"held by process {running.pid} (")
    finally:
        running.communicate(b"\n")


def test_a_number_that_another_process_has_by_now_is_a_stale_lock(tmp_path: Path) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        path = lock(tmp_path, sleeper.pid)
        with pytest.raises(ActionrecError, match=rf"process {sleeper.pid} that it names is no dvc .*; rm .*rwlock"):
            _dvc_lock(path)
    finally:
        sleeper.communicate(b"\n")
    assert path.exists()  # to remove it is for a person
