"""A real Dask scheduler with worker processes, and what they are given in tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from actionrec.core.compute import ComputeParams

REPO = Path(__file__).resolve().parents[2]


@dataclass
class DaskProcesses:
    """A scheduler and its workers, each a process of its own."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def compute(self) -> ComputeParams:
        return ComputeParams(backend="dask", workers=0, scheduler=self.address)

    def start_scheduler(self) -> None:
        scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        said = _until_said(self._log(scheduler), "Scheduler at:")
        self.address = said.rpartition("Scheduler at:")[2].strip()

    def start_worker(self, *, source: Path = REPO / "src") -> subprocess.Popen[str]:
        """A worker with one thread that imports the package from ``source``."""
        return self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", source=source)

    def wait_for(self, worker: subprocess.Popen[str]) -> None:
        _until_said(self._log(worker), "Registered to:")

    def _start(self, what: str, *arguments: str, source: Path = REPO / "src") -> subprocess.Popen[str]:
        with (self.folder / f"{len(self.processes)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments],
                env={**os.environ, "PYTHONPATH": f"{source}:{REPO}", "OMP_NUM_THREADS": "1"},
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.processes.append(process)
        return process

    def _log(self, process: subprocess.Popen[str]) -> Path:
        return self.folder / f"{self.processes.index(process)}.log"

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def _until_said(log: Path, words: str) -> str:
    """The line of ``log`` that holds ``words``."""
    for _ in range(600):
        for line in log.read_text().splitlines():
            if words in line:
                return line
        time.sleep(0.1)
    raise AssertionError(f"no {words!r} in a minute: {log.read_text()}")


def square(number: int) -> int:
    return number * number


def slow_square(number: int) -> int:
    time.sleep(0.1)
    return number * number


def uneven_square(number: int) -> int:
    """The first of five takes longest."""
    time.sleep(0.05 * (4 - number % 5))
    return number * number
