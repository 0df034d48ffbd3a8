"""What the tests put in the place of an interpreter does what one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import os, sys, neighbour
print(sys.argv[1:], os.getcwd(), os.environ["ASKED"], neighbour.__file__, __name__, sys.path[:2])
print("to standard error", file=sys.stderr)
sys.stdout.write(sys.stdin.readline())
sys.exit(int(sys.argv[1]))
"""


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": "src", "ASKED": "yes"}
    return subprocess.run(
        [python, *words], cwd=folder, env=environment, input="typed\n", capture_output=True, text=True, check=False
    )


def test_scripts_run_as_in_a_fresh_interpreter(warm: Path, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/neighbour.py").write_text("")
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/script.py").write_text(SCRIPT)
    (tmp_path / "stages/broken.py").write_text("1 / 0")
    for words in (["stages/script.py", "0", "a b"], ["stages/script.py", "3"], ["-c", "print(1)"]):
        warm_one, fresh = (run(python, tmp_path, *words) for python in (warm / "python", Path(sys.executable)))
        assert (warm_one.returncode, warm_one.stdout, warm_one.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)
    for script, said in {"stages/broken.py": "ZeroDivisionError", "nowhere.py": "No such file"}.items():
        done = run(warm / "python", tmp_path, script)
        assert done.returncode == 1
        assert said in done.stderr
