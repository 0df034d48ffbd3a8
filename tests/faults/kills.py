"""Kill -9 at random moments of a whole run, and a comparison with a run that nobody disturbed.

``python -m tests.faults.kills FOLDER --moments 50 --seed 1`` works in FOLDER, which must not exist, and says what it
did. The moments are drawn from the undisturbed run's own time, so every stage is hit as often as it is long; each
kills either the stage or ``dvc repro``, and the next run goes on.
"""

from __future__ import annotations

import argparse
import bisect
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.pipeline.conftest import Clone, make_clone

ENABLED = ["fused_convlstm"]
_RUNNING = re.compile(r"Running stage '([^']+)'")
_EPOCH = re.compile(r"epoch (\d+)/\d+:")
_TOO_LONG_SECONDS = 900


@dataclass
class Watched:
    """One ``dvc repro``, and what it says, with the seconds since its start."""

    process: subprocess.Popen[str]
    started: float
    lines: list[tuple[float, str]] = field(default_factory=list)

    @classmethod
    def start(cls, clone: Clone) -> Watched:
        env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MLFLOW_TRACKING_URI")}
        env |= {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "DVC_SITE_CACHE_DIR": str(clone.root.parent / f"{clone.root.name}-site-cache"),
            "PYTHONUNBUFFERED": "1",
        }
        process = subprocess.Popen(
            ["dvc", "repro"], cwd=clone.root, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        watched = cls(process, time.monotonic())
        watched.reader.start()
        return watched

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append((time.monotonic() - self.started, line.rstrip()))

    def stages(self) -> list[tuple[float, str]]:
        """When each stage began, in order."""
        return [(when, match[1]) for when, line in list(self.lines) if (match := _RUNNING.search(line))]

    def epochs(self) -> list[str]:
        """``train@m 2`` for each epoch that came to its end."""
        stage, found = "", []
        for _, line in list(self.lines):
            if match := _RUNNING.search(line):
                stage = match[1]
            elif match := _EPOCH.search(line):
                found.append(f"{stage} {match[1]}")
        return found

    def wait(self) -> int:
        code = self.process.wait(timeout=_TOO_LONG_SECONDS)
        self.reader.join(timeout=_TOO_LONG_SECONDS)  # an orphan holds the pipe a moment longer
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def text(self) -> str:
        return "\n".join(line for _, line in self.lines)

    def kill(self, *, stage: bool) -> str:
        """Kill -9 the stage that runs now, or ``dvc repro`` itself; returns what was killed."""
        victims = [
            child
            for child in psutil.Process(self.process.pid).children(recursive=True)
            if child.is_running() and any(word.startswith("stages/") for word in _words(child))
        ]
        victim = victims[0] if stage and victims else psutil.Process(self.process.pid)
        victim.send_signal(signal.SIGKILL)
        return "stage" if stage and victims else "dvc"


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@dataclass(frozen=True)
class Moment:
    """``seconds`` after ``stage`` has begun; where it takes less time now, as soon as a later one begins."""

    stage: str
    seconds: float
    later: frozenset[str]
    kills_stage: bool


def draw_moments(whole: Watched, seconds: float, *, count: int, seed: int) -> list[Moment]:
    """In the order of the run ``whole``, which took ``seconds``."""
    generator = random.Random(seed)
    began = whole.stages()
    moments = []
    for when in sorted(generator.uniform(began[0][0], seconds) for _ in range(count)):
        place = bisect.bisect_right([start for start, _ in began], when) - 1
        start, stage = began[place]
        later = frozenset(name for _, name in began[place + 1 :])
        moments.append(Moment(stage, when - start, later, generator.random() < 0.5))
    return moments


def run_with_kills(clone: Clone, moments: Sequence[Moment]) -> tuple[list[str], Counter[str]]:
    """Run to the end in spite of ``moments``; returns what was killed, and how often each epoch came to its end.

    Asserts that no finished entry of the item cache is made a second time.
    """
    killed, epochs, entries = [], Counter[str](), dict[Path, int]()
    for moment in [*moments, None]:
        watched = Watched.start(clone)
        if moment is not None and _reach(watched, moment):
            victim = watched.kill(stage=moment.kills_stage)
            watched.wait()
            killed.append(f"{victim} in {watched.stages()[-1][1] if watched.stages() else 'nothing'}")
        elif code := watched.wait():
            raise AssertionError(f"dvc repro -> {code} after {killed}\n{watched.text()}")
        epochs.update(watched.epochs())
        now = _entries(clone.root)
        again = [str(path) for path, inode in entries.items() if now.get(path) != inode]
        assert again == [], f"made again after {killed}"
        entries = now
    return killed, epochs


def _reach(watched: Watched, moment: Moment) -> bool:
    """Wait for ``moment``; False where ``dvc repro`` ends before it."""
    while watched.process.poll() is None:
        now = time.monotonic() - watched.started
        for when, stage in watched.stages():
            if stage in moment.later or (stage == moment.stage and now >= when + moment.seconds):
                return True
        time.sleep(0.02)
    return False


def _entries(root: Path) -> dict[Path, int]:
    """Finished per-video work, by inode."""
    stages = ("synthesize", "extract", "features", "keypoints")
    return {
        path: path.stat().st_ino
        for stage in stages
        for path in (root / ".itemcache" / stage).glob("??/*")
        if path.is_file() and path.suffix != ".crc32"
    }


def outputs(root: Path) -> dict[str, bytes]:
    """Everything that the pipeline wrote, and its lock."""
    files = [path for top in ("data", "reports") for path in (root / top).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in [root / "dvc.lock", *sorted(files)]}


def leftovers(root: Path) -> list[Path]:
    """Temporary folders that the last run should have swept."""
    return [path for path in root.rglob(".*.tmp") if path.is_dir() and ".dvc" not in path.parts]


def compare_with_kills(folder: Path, *, moments: int, seed: int) -> list[str]:
    """Run undisturbed and with kills below ``folder``; asserts that both end alike, and returns what was killed."""
    whole_clone, killed_clone = (make_clone(folder / name) for name in ("whole", "killed, in a path with blanks"))
    for clone in (whole_clone, killed_clone):
        clone.set_params({"enabled": ENABLED})
    whole = Watched.start(whole_clone)
    assert whole.wait() == 0, whole.text()
    seconds = time.monotonic() - whole.started
    plan = draw_moments(whole, seconds, count=moments, seed=seed)
    killed, epochs = run_with_kills(killed_clone, plan)
    expected, found = outputs(whole_clone.root), outputs(killed_clone.root)
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []
    assert [epoch for epoch, times in epochs.items() if times > 1] == []
    assert leftovers(killed_clone.root) == []
    print(f"{len(killed)} kills ({', '.join(killed)}); undisturbed {seconds:.0f} s; every output is bit-identical")
    return killed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    compare_with_kills(arguments.folder, moments=arguments.moments, seed=arguments.seed)
