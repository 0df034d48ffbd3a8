"""Ways to the same result, timed in one run: they alternate, so that a busy machine slows all of them alike."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROUNDS = 5
LIBRARIES = ("torch", "torchvision", "opencv-contrib-python", "av", "mediapipe", "onnxruntime", "h5py", "numpy")


@dataclass(frozen=True)
class Options:
    """What a row is told."""

    device: str = "cpu"
    """``cpu`` or ``cuda``."""
    data: Path | None = None
    """A folder of videos; ``None`` for the embedded ones, as `dvc repro` left them."""


@dataclass(frozen=True)
class Way:
    """One way to the result."""

    name: str
    """As the table shows it: ``PyAV on the fly``."""
    run: Callable[[], object]
    """One round over all items, its result in memory (on a GPU: synchronised) at the end."""
    num_bytes: int | None = None
    """What it keeps on disk for the items, everything in between counted."""
    aim: float | None = None
    """Of a baseline: how many times as fast ours is meant to be."""
    bytes_aim: float | None = None
    """Of a baseline: how many times smaller ours is meant to be."""
    limit_seconds: float | None = None
    """What an item may take, for a way that is compared with nothing else."""
    limit_share: float | None = None
    """What share it may have, for a way whose times are shares of something longer."""
    before: Callable[[], object] | None = None
    """Called before each round, and not timed: clears what the last one left."""


@dataclass(frozen=True)
class Times:
    """Of one way: a figure a round, seconds an item."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Of this process and of those that it waited for."""


@dataclass(frozen=True)
class Found:
    """What was measured for one row of the table."""

    what: str
    """``clips of 16 x 224 x 224, random access, augmented``."""
    unit: str
    """What an item is: ``clip``, ``frame``, ``step``."""
    ways: Sequence[Way]
    """The baselines, and ours at the end; or each with a limit."""
    times: Mapping[str, Times]
    """By name of the way."""
    num_items: int
    """In a round."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else was found: the largest difference between values, sizes, threads."""
    note: str = ""
    """A sentence for below the table: the profile or the bound where an aim is missed."""


def cpu_seconds() -> float:
    """Of the processor, by this process and all those that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(of.ru_utime + of.ru_stime for of in used)


def alternate(ways: Sequence[Way], *, num_items: int, rounds: int = ROUNDS, warm_up: bool = True) -> dict[str, Times]:
    """Time ``rounds`` of every way in turn, every second one in the opposite order; the warm-up is not counted."""
    times = {way.name: Times() for way in ways}
    if warm_up:
        for way in ways:
            _prepare(way)
            way.run()
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            _prepare(way)
            cpu, wall = cpu_seconds(), time.perf_counter()
            way.run()
            times[way.name].wall.append((time.perf_counter() - wall) / num_items)
            times[way.name].cpu.append((cpu_seconds() - cpu) / num_items)
    return times


def _prepare(way: Way) -> None:
    if way.before is not None:
        way.before()


def ratios(slow: Sequence[float], fast: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and largest of ``slow`` over ``fast``, round by round."""
    of_rounds = [a / b for a, b in zip(slow, fast, strict=True)]
    return statistics.median(of_rounds), min(of_rounds), max(of_rounds)


def machine() -> dict[str, Any]:
    """What was measured on: the processor as it names itself, cores that are ours, versions."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    vectors = next((name for name, flag in (("AVX-512", " avx512f"), ("AVX2", " avx2")) if flag in info), "")
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "vectors": vectors,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }
