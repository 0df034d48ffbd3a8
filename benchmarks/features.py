"""Vectors of frames on one core of a CPU: as the stage makes them, against a plain loop of torch, one frame at a time.

Run from the root of the project: `make bench`. Needs no data: the time does not depend on what the frames show. Rounds
alternate, so a busy machine slows both.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import torch

from actionrec.core.errors import run_main
from actionrec.core.files import write_json
from actionrec.pack.features.backbones import build_backbone
from actionrec.pack.features.running import Run, by_onnx, by_torch
from actionrec.pack.features.section import FeatureParams

PARAMS = FeatureParams(image_size=160)
NUM_BATCHES = 2
ROUNDS = 5
RESULT = Path("benchmarks/features.json")


def ms_a_frame(run: Run, frames: np.ndarray, *, batch_size: int) -> float:
    """Wall time of ``frames`` (n, 1, S, S, 3), ``batch_size`` at a time."""
    start = time.perf_counter()
    for place in range(0, len(frames), batch_size):
        run(frames[place : place + batch_size])
    return 1000 * (time.perf_counter() - start) / len(frames)


def main() -> None:
    """Print one table and write ``benchmarks/features.json``."""
    torch.set_num_threads(1)
    backbone = build_backbone(PARAMS)
    size = PARAMS.image_size
    shape = (NUM_BATCHES * PARAMS.batch_size, 1, size, size, 3)
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    ways = {
        "plain loop": (by_torch(backbone), 1),
        "torch, batches": (by_torch(backbone), PARAMS.batch_size),
        "the stage": (by_onnx(backbone, PARAMS, num_threads=1), PARAMS.batch_size),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, (run, batch_size) in ways.items():
            times[way].append(ms_a_frame(run, frames, batch_size=batch_size))
    first = frames[: PARAMS.batch_size]
    difference = float(np.abs(ways["the stage"][0](first) - ways["plain loop"][0](first)).max())
    ratios = [slow / fast for slow, fast in zip(times["plain loop"], times["the stage"], strict=True)]
    print(f"{'way':<15} {'ms a frame: min':>15} {'median':>8} {'max':>8}")
    for way, of_way in times.items():
        print(f"{way:<15} {min(of_way):>15.2f} {statistics.median(of_way):>8.2f} {max(of_way):>8.2f}")
    print(f"the stage is {statistics.median(ratios):.1f} times as fast ({min(ratios):.1f} to {max(ratios):.1f})")
    print(f"largest difference of a value: {difference:.1e}")
    write_json(RESULT, {"ms_per_frame": times, "ratio": ratios, "difference": difference, "image_size": size})


if __name__ == "__main__":
    run_main(main)
