"""How the search for near-duplicates grows: seconds and memory by number of videos, and whether it is exact.

Run from the root of the project: `PYTHONPATH=src python benchmarks/near_duplicates.py 2000 20000 300000`. Signatures
are of made scenes, four videos each, with a figure of its own in every video; every twentieth is a copy of another.
Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import resource
import time
from multiprocessing import get_context

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.intake.screen.signature import COLUMNS, ROWS, VISIBLE
from actionrec.intake.split.similar import near_pairs

VIDEOS_OF_A_SCENE = 4
COPIES = 0.05
BRUTE_FORCE_VIDEOS = 2000
"""Up to so many every pair is looked at too."""


def made_signatures(num_videos: int, *, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Levels (num_videos, cells) of smooth scenes with a figure, noise, and copies of other videos."""
    rng = np.random.default_rng(seed)
    levels = np.empty((num_videos, ROWS * COLUMNS), np.uint8)
    scene = np.zeros((ROWS, COLUMNS), np.float32)
    for number in range(num_videos):
        if number % VIDEOS_OF_A_SCENE == 0:
            coarse = rng.uniform(0, 255, (6, 8)).astype(np.float32)
            scene = cv2.resize(coarse, (COLUMNS, ROWS), interpolation=cv2.INTER_LINEAR)
        picture = scene + rng.normal(0, 1, scene.shape)
        top, left = rng.integers(0, ROWS - 8), rng.integers(0, COLUMNS - 4)
        picture[top : top + 8, left : left + 4] += rng.uniform(-100, 100)
        picture = (picture - picture.mean()) / picture.std() * 48 + 128
        levels[number] = np.clip(np.rint(picture), 0, 255).ravel()
    num_copies = int(COPIES * num_videos)
    copies, originals = rng.integers(0, num_videos, (2, num_copies))
    noise = rng.integers(-VISIBLE, VISIBLE + 1, (num_copies, levels.shape[1]))
    levels[copies] = np.clip(levels[originals].astype(np.int64) + noise, 0, 255)
    return levels


def measure(num_videos: int, max_differing: int) -> tuple[int, float, float, float, str]:
    """Pairs found, seconds, seconds of the processor, peak megabytes, and what brute force says of few videos."""
    levels = made_signatures(num_videos)
    start, cpu_start = time.perf_counter(), time.process_time()
    near = near_pairs(levels, max_differing=max_differing)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    exact = "not looked at"
    if num_videos <= BRUTE_FORCE_VIDEOS:
        start = time.process_time()
        expected = _every_pair(levels, max_differing)
        exact = "equal" if expected == near.pairs.tolist() else "DIFFERENT"
        exact += f" ({time.process_time() - start:.1f} s)"
    return len(near.pairs), seconds, cpu_seconds, peak, exact


def _every_pair(levels: npt.NDArray[np.uint8], max_differing: int) -> list[list[int]]:
    found = []
    for one in range(len(levels)):
        apart = np.abs(levels[one + 1 :].astype(np.int16) - levels[one]) > VISIBLE
        found += [[one, one + 1 + int(other)] for other in np.flatnonzero(apart.sum(axis=1) <= max_differing)]
    return found


def main() -> None:
    """Print a line a size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("videos", type=int, nargs="+")
    parser.add_argument("--distance", type=float, default=0.02, help="split.near_duplicate_distance")
    args = parser.parse_args()
    print("| videos | pairs | seconds | of the processor | peak MB | every pair |\n|---|---|---|---|---|---|")
    for num_videos in args.videos:
        with get_context("spawn").Pool(1) as pool:
            most = int(args.distance * ROWS * COLUMNS + 1e-9)
            pairs, seconds, cpu_seconds, peak, exact = pool.apply(measure, (num_videos, most))
        print(f"| {num_videos} | {pairs} | {seconds:.1f} | {cpu_seconds:.1f} | {peak:.0f} | {exact} |", flush=True)


if __name__ == "__main__":
    main()
