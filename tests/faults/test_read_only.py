"""Folders that take no writes: a message, and nothing that only reads needs to write.

The kernel's refusals are raised by hand: root, as whom tests may run, is refused nothing.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actionrec.core.errors import run_main
from actionrec.core.itemcache import ItemCache
from actionrec.params import load_params

REPO = Path(__file__).resolve().parents[2]

STAGE = """
import os, sys
from actionrec.core.errors import run_main
def main():
    try:
        number = int(sys.argv[1])
        raise OSError(number, os.strerror(number), "data/frames")
    except OSError as error:
        raise RuntimeError("in the middle of something") from error
run_main(main)
"""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "error: Read-only file system: data/frames; this folder takes no writes"),
        (errno.EACCES, "error: Permission denied: data/frames; this folder takes no writes"),
        (errno.ENOSPC, "error: No space left on device: data/frames; make room ("),
        (errno.ENOENT, "Traceback"),  # none of these: a fault of ours
    ],
)
def test_a_stage_says_what_the_machine_refuses(number: int, said: str) -> None:
    env = os.environ | {"PYTHONPATH": str(REPO / "src")}
    command = [sys.executable, "-c", STAGE, str(number)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


def test_parameters_are_read_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: ItemCache, key: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(ItemCache, "writing", refuse)
    assert load_params(REPO / "params.yaml").data.name == "synthetic"


def test_a_file_that_may_not_be_read_is_not_called_a_folder_that_takes_no_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.csv"
    path.touch()
    # Whoever runs the tests as root may read anything.
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.R_OK)

    def main() -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    class EndedError(Exception):
        pass

    def end(code: int) -> None:
        assert code == 1
        raise EndedError

    monkeypatch.setattr(os, "_exit", end)
    with pytest.raises(EndedError):
        run_main(main)
    said = f"error: Permission denied: {path}; you may not read it; its owner can change that\n"
    assert capsys.readouterr().err == said
