"""What each stage costs as videos become many, long, and clips long: seconds, bytes and peak memory.

``make growth`` runs every stage at three numbers of videos, three lengths, and three numbers of frames a clip.
``PYTHONPATH=src:. python -m benchmarks.growth --counts 100 1000 10000`` runs the intake up to packing at large counts.

A copy of the project in a temporary folder reads made videos of 64x48, and every stage is run by ``dvc repro``; then
all once more with nothing to do. Seconds of the processor are what is shown, since they say more on a busy machine;
what DVC takes, which hashes all that a stage reads and writes, is in all figures. Nobody is seen in made videos, so
MediaPipe looks for a person in every frame, and the hands and the face cost nothing.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from ruamel.yaml import YAML

from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.files import write_json
from benchmarks.pairs import machine

RESULT = Path("benchmarks/growth.json")
INTAKE = ("check", "synthesize", "ingest", "extract", "screen", "split", "keypoints", "pack@rgb64")
ALL = (*INTAKE, "features@imagenet", "train@cnn3d", "predict@cnn3d", "evaluate", "report", "track")
OUTS = {
    "ingest": ["data/manifest.csv"],
    "extract": ["data/frames"],
    "screen": ["data/screened.csv", "reports/plots/quality.csv"],
    "split": ["data/splits"],
    "pack@rgb64": ["data/packed"],
}
WIDTH, HEIGHT = 64, 48
CLASSES, VIDEOS_A_GROUP = 4, 10
NOTHING = "nothing to do"


@dataclass(frozen=True)
class Point:
    """One data set, and how it is read."""

    videos: int
    frames: int = 16
    """A video."""
    clip_frames: int = 32


SERIES = {
    "videos": (Point(50), Point(100), Point(200)),
    "frames a video": (Point(50), Point(50, frames=32), Point(50, frames=64)),
    "frames a clip": tuple(Point(50, frames=64, clip_frames=count) for count in (32, 48, 64)),
}


@dataclass(frozen=True)
class Cost:
    """Of one stage over all videos."""

    stage: str
    wall_seconds: float
    cpu_seconds: float
    """Of all its processes."""
    peak_bytes: int
    """Of its largest process."""
    out_bytes: int


def write_video(path: Path, seed: int, num_frames: int) -> None:
    """A patch of noise that moves over other noise: no two videos are alike, and screening keeps them."""
    draw = np.random.default_rng(seed)
    cells = draw.integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    scene = np.repeat(np.repeat(cells, 8, axis=0), 8, axis=1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(num_frames):
            frame = scene.copy()
            left = 2 * number % (WIDTH - 16)
            frame[16:32, left : left + 16] = 255 - cells[0, 0]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def write_videos(folder: Path, point: Point) -> None:
    """The videos in classes and groups, and ``labels.csv``; those that are there stay."""
    rows = []
    for number in range(point.videos):
        label, group = f"c{number % CLASSES}", f"g{number // VIDEOS_A_GROUP:06d}"
        path = folder / label / f"{group}_{number:07d}.avi"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_video(path, number, point.frames)
        rows.append((path.relative_to(folder).as_posix(), label, group, ""))
    with (folder.parent / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("path", "label", "group", "official_subset"), *rows])


def copy_project(root: Path, videos: Path, point: Point, *, whole: bool) -> None:
    """Files that git knows, as they are now, with parameters for ``videos``: a repository of its own at ``root``.

    ``whole`` keeps keypoints, one view of features and one model; without it there is nothing after the packed view.
    """
    shutil.rmtree(root, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if name != "dvc.lock" and Path(name).exists():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, root / name)
    yaml = YAML()
    params: dict[str, Any] = yaml.load((root / "params.yaml").read_text())
    params["data"].update(name="folder", root=str(videos), annotations=str(videos.parent / "labels.csv"))
    params["split"].update(folds=1)
    params["keypoints"]["enabled"] = whole
    params["enabled"] = ["cnn3d"]
    params["features"] = {"imagenet": params["features"]["imagenet"]} if whole else {}
    params["pack"] = {"rgb64": params["pack"]["rgb64"]}
    params["models"] = {
        "cnn3d": {**params["models"]["cnn3d"], "clip_frames": point.clip_frames, "train": {"epochs": 3}}
    }
    with (root / "params.yaml").open("w") as file:
        yaml.dump(params, file)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    who = ["-c", "user.name=growth", "-c", "user.email=growth@localhost"]
    subprocess.run(["git", *who, "commit", "--quiet", "--message", "growth"], cwd=root, check=True)


def measure(root: Path, stage: str, arguments: Sequence[str], outs: Sequence[str] = ()) -> Cost:
    """Run ``dvc`` with ``arguments`` in ``root``; raises :class:`ActionrecError` with what it said where it fails."""
    log = root.parent / "growth.log"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    start = time.monotonic()
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=root,
            stdout=said,
            stderr=said,
            env={
                **environment,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
                "DVC_SITE_CACHE_DIR": str(root.parent / "site-cache"),
            },
        )
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise ActionrecError(f"dvc {' '.join(arguments)} failed in {root}:\n{log.read_text()}")
    files = [file for out in outs for file in ([root / out] if (root / out).is_file() else (root / out).rglob("*"))]
    return Cost(
        stage,
        wall_seconds=round(time.monotonic() - start, 2),
        cpu_seconds=round(used.ru_utime + used.ru_stime, 2),
        peak_bytes=used.ru_maxrss * 1024,
        out_bytes=sum(file.stat().st_size for file in files if file.is_file()),
    )


def costs_of(point: Point, folder: Path, *, whole: bool) -> list[Cost]:
    """Of every stage, and of a last run with nothing to do."""
    videos = folder / f"videos{point.videos}x{point.frames}" / "raw"
    root = folder / f"project{point.videos}x{point.frames}x{point.clip_frames}"
    write_videos(videos, point)
    copy_project(root, videos, point, whole=whole)
    stages = ALL if whole else INTAKE
    costs = [measure(root, stage, ["repro", "--single-item", stage], OUTS.get(stage, ())) for stage in stages]
    return [*costs, measure(root, NOTHING, ["repro", *([] if whole else INTAKE[-3:])])]


def table_of_counts(found: dict[int, list[Cost]]) -> list[str]:
    """Markdown: a row a stage; of each count milliseconds of the processor and bytes a video, and peak memory."""
    counts = sorted(found)
    heads = [f"{what} at {count:,}" for what in ("CPU ms a video", "kB a video", "peak MB") for count in counts]
    lines = ["| stage | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for place, first in enumerate(found[counts[0]]):
        of = {count: found[count][place] for count in counts}
        cells = [f"{1000 * of[count].cpu_seconds / count:.2f}" for count in counts]
        cells += [f"{of[count].out_bytes / count / 1000:.2f}" for count in counts]
        cells += [f"{of[count].peak_bytes / 1e6:.0f}" for count in counts]
        lines.append(f"| {first.stage} | " + " | ".join(cells) + " |")
    return lines


def read_points(results: dict[str, Any]) -> dict[Point, list[Cost]]:
    """What :func:`main` wrote."""
    return {
        Point(*(row[name] for name in ("videos", "frames", "clip_frames"))): [Cost(**cost) for cost in row["costs"]]
        for row in results["points"]
    }


def table_of_series(found: dict[Point, list[Cost]]) -> list[str]:
    """Markdown: a row a stage, seconds of the processor at every point."""
    points = [(name, point) for name, of in SERIES.items() for point in of]
    values = {"videos": "videos", "frames a video": "frames", "frames a clip": "clip_frames"}
    heads = [f"{getattr(point, values[name])} {name}" for name, point in points]
    lines = ["| stage | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for place, first in enumerate(found[points[0][1]]):
        cells = [f"{found[point][place].cpu_seconds:.1f}" for _, point in points]
        lines.append(f"| `{first.stage}` | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Print one table and write ``benchmarks/growth.json``, or what ``--out`` names."""
    parser = argparse.ArgumentParser(description="What each stage costs as data sets grow.")
    parser.add_argument("--counts", type=int, nargs="+", help="the intake alone, at these numbers of videos")
    parser.add_argument("--folder", type=Path, help="where to work, which is kept; else a temporary folder")
    parser.add_argument("--out", type=Path, default=RESULT, help="where the JSON goes (%(default)s)")
    arguments = parser.parse_args()
    points = [Point(count) for count in arguments.counts or ()] or [point for of in SERIES.values() for point in of]
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        found = {point: costs_of(point, folder, whole=not arguments.counts) for point in dict.fromkeys(points)}
    lines = (
        table_of_counts({point.videos: of for point, of in found.items()})
        if arguments.counts
        else table_of_series(found)
    )
    print("\n".join(lines))
    rows = [{**asdict(point), "costs": [asdict(cost) for cost in costs]} for point, costs in found.items()]
    write_json(arguments.out, {"points": rows, "machine": machine()})


if __name__ == "__main__":
    run_main(main)
