"""New videos from a path to classes: a folder in one process, against a new process a video, everything reloaded."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from actionrec.params import load_params
from actionrec.prediction.bundle import project_bundle, write_bundle
from actionrec.prediction.found import find_videos
from benchmarks.pairs import Found, Options, Times, Way, alternate

VIDEOS = Path("data/raw/synthetic")
NUM_VIDEOS, NUM_ALONE = 24, 2
"""Of the folder, and of those that get a process of their own."""
ROUNDS = 2
WITHOUT_KEYPOINTS = ("frame_features", "cnn3d")
"""Models that are taken where they are enabled: MediaPipe's time is the same in both ways, and is a row of its own."""


def measure(options: Options) -> Found:
    """Needs the trained models of `dvc repro`; the videos are the embedded ones, or those of ``options.data``.

    The folder holds ``NUM_VIDEOS``; its start is shared among them, where a folder of 100 would share it among 100.
    """
    choices = project_bundle(params := load_params()).facts.choices
    model = next((name for name in WITHOUT_KEYPOINTS if name in choices), choices[0])
    with tempfile.TemporaryDirectory(prefix="actionrec-") as there:
        folder = Path(there)
        write_bundle(project_bundle(params), folder / "bundle")
        videos = find_videos([options.data or VIDEOS])
        chosen = videos[:: max(1, len(videos) // NUM_VIDEOS)][:NUM_VIDEOS]
        (folder / "videos").mkdir()
        for number, video in enumerate(chosen):
            shutil.copyfile(video, folder / f"videos/{number:02d}{video.suffix}")
        copies = sorted((folder / "videos").iterdir())
        command = [*("--bundle", str(folder / "bundle")), *("--model", model), *("--device", options.device)]
        alone = copies[:NUM_ALONE]
        ways = [
            Way(
                "a new process a video",
                lambda: [predict([video], command, named(folder, video)) for video in alone],
                aim=10,
            ),
            Way("the folder", lambda: predict([folder / "videos"], command, folder / "all.csv")),
        ]
        times = alternate(ways, num_items=1, rounds=ROUNDS, warm_up=False)
        together = read(folder / "all.csv")
        separate = {row: value for video in alone for row, value in read(named(folder, video)).items()}
    counts = {ways[0].name: len(alone), ways[1].name: len(copies)}
    return Found(
        what=f"prediction of new videos by {model}, a folder of {len(copies)}",
        unit="video",
        ways=ways,
        times={name: a_video(times[name], count) for name, count in counts.items()},
        num_items=len(copies),
        facts={"largest_difference": max(abs(together[row] - value) for row, value in separate.items())},
    )


def predict(paths: Sequence[Path], command: Sequence[str], table: Path) -> None:
    """In a new process; its answers go to ``table``."""
    program = [sys.executable, "-m", "actionrec", "predict", *map(str, paths), *command, "--csv", str(table)]
    done = subprocess.run(program, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 2):  # 2: a video was rejected
        raise RuntimeError(done.stderr)


def named(folder: Path, video: Path) -> Path:
    """The table of one video."""
    return folder / f"{video.stem}.csv"


def read(table: Path) -> dict[tuple[str, str], float]:
    """Probabilities by video and class; a rejected one has none."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for row in rows:
        for rank in ("", *(f"_{number}" for number in range(2, 6))):
            if row.get(f"label{rank}"):
                found[row["path"], row[f"label{rank}"]] = float(row[f"probability{rank}"])
    return found


def a_video(times: Times, count: int) -> Times:
    """Seconds a video."""
    return Times([value / count for value in times.wall], [value / count for value in times.cpu])
