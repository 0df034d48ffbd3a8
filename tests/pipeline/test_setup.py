"""What a user meets before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy2(REPO / name, tmp_path / name)
    return tmp_path


def make(checkout: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {"PATH": path or "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(["make", *arguments], cwd=checkout, env=env, capture_output=True, text=True, check=False)


def test_help_names_every_target(checkout: Path) -> None:
    listed = {line.split()[0] for line in make(checkout, "help").stdout.splitlines()}
    assert listed >= {"help", "setup", "repro", "test", "lint", "ui"}


def test_an_unsupported_python_is_one_clear_message_and_makes_nothing(checkout: Path) -> None:
    old = checkout / "python3.13"
    old.write_text("#!/bin/sh\necho 'error: this is Python 3.13; 3.11 or 3.12 is needed' >&2\nexit 1\n")
    old.chmod(0o755)
    done = make(checkout, "repro", f"PYTHON={old}")
    assert done.returncode != 0
    assert "3.11 or 3.12 is needed" in done.stderr
    assert not (checkout / ".venv").exists()


def test_no_python_at_all(checkout: Path) -> None:
    tools = checkout / "bin"
    tools.mkdir()
    for name in ("bash", "make", "touch", "test", "grep", "sed", "expand"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    done = make(checkout, "setup", path=str(tools))
    assert done.returncode != 0
    assert "error: no Python 3.11 or 3.12 found" in done.stderr
    assert "PYTHON=/path/to/python3.12" in done.stderr
    assert not (checkout / ".venv").exists()
