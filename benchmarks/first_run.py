"""How long the first run takes, stage by stage: `dvc repro` from nothing, in a clone of its own.

``make first-run`` measures the commit that is checked out, and one of before beside it: ``REVS="69af964 HEAD"``. The
environment is the one that runs this; nothing of what this checkout has made is used.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.files import write_json
from benchmarks.pairs import machine

RESULT = Path("benchmarks/results/first_run.json")
STARTS = re.compile(r"Running stage '([^']+)'")
SUMS = re.compile(r"(pack|features|train|predict)@.*")
"""Stages of which the table shows the sum."""


def clone(rev: str, to: Path) -> str:
    """The project as of ``rev``; returns the name of the commit."""
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", ".", str(to)], check=True)
    subprocess.run(["git", "checkout", "--quiet", rev], cwd=to, check=True)
    named = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=to, check=True, capture_output=True, text=True)
    return named.stdout.strip()


def seconds_of_stages(root: Path, *, cache: Path) -> tuple[dict[str, float], float, float]:
    """Run it all; of every stage the seconds until the next one begins, in all, and of the processor."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "OMP_NUM_THREADS")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
        "DVC_SITE_CACHE_DIR": str(cache),
    }
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "dvc", "repro"],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    starts: list[tuple[str, float]] = []
    for line in process.stdout:
        print(line, end="", file=sys.stderr, flush=True)
        if found := STARTS.search(line):
            starts.append((found[1], time.monotonic()))
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise ActionrecError(f"dvc repro failed in {root}; what it said stands above")
    ended = time.monotonic()
    ends = [at for _, at in starts[1:]] + [ended]
    stages = {stage: round(end - at, 1) for (stage, at), end in zip(starts, ends, strict=True)}
    return stages, round(ended - begun, 1), round(used.ru_utime + used.ru_stime, 1)


def table(runs: list[dict[str, Any]]) -> list[str]:
    """Markdown: a row a stage, a column a run."""
    sums: list[dict[str, float]] = []
    for run in runs:
        of: dict[str, float] = {}
        for stage, seconds in run["stages"].items():
            name = SUMS.sub(r"\1", stage)
            of[name] = of.get(name, 0) + seconds
        sums.append(of)
    lines = ["| stage | " + " | ".join(run["commit"] for run in runs) + " |", "|---" * (len(runs) + 1) + "|"]
    for stage in dict.fromkeys(name for of in sums for name in of):
        cells = [f"{of[stage]:.0f}" if stage in of else "" for of in sums]
        lines.append(f"| `{stage}` | " + " | ".join(cells) + " |")
    return [*lines, "| all | " + " | ".join(f"**{run['wall_seconds']:.0f}**" for run in runs) + " |"]


def main() -> None:
    """Print a table and write ``benchmarks/results/first_run.json``."""
    parser = argparse.ArgumentParser(description="How long the first run takes, stage by stage.")
    parser.add_argument("revs", nargs="*", default=["HEAD"], metavar="REV", help="commits to run, one after the other")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the JSON goes (%(default)s)")
    arguments = parser.parse_args()
    runs = []
    for rev in arguments.revs:
        with tempfile.TemporaryDirectory() as folder:
            commit = clone(rev, Path(folder) / "actionrec")
            stages, wall, cpu = seconds_of_stages(Path(folder) / "actionrec", cache=Path(folder) / "site-cache")
        runs.append({"commit": commit, "stages": stages, "wall_seconds": wall, "cpu_seconds": cpu})
    print("\n".join(table(runs)))
    write_json(arguments.out, {"runs": runs, "machine": machine()})


if __name__ == "__main__":
    run_main(main)
