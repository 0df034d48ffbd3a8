"""Keypoints of every frame: as the stage makes them, on all cores, against one process with a plain loop.

Both read the same extracted frames and run the same model with the same settings, in processes of their own from the
first import to the last file: a worker loads what its parent's main module loads, which here is as little as a stage's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from actionrec.core.compute import ComputeParams, map_items
from actionrec.core.hdf5 import open_h5
from actionrec.intake.extract.decode import extract_video
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.detect import FORMAT, VERSION
from actionrec.keypoints.faces import count_faces
from actionrec.keypoints.layout import NUM_FACE, NUM_HAND, NUM_POSE
from actionrec.keypoints.noise import without_noise
from actionrec.keypoints.section import KeypointParams
from actionrec.keypoints.videos import extract_keypoints
from actionrec.params import load_params
from benchmarks.pairs import Found, Options, Times, Way, alternate, cpu_seconds
from benchmarks.videos import chosen_videos

NUM_VIDEOS, MAX_FRAMES, ROUNDS = 16, 500, 3
BUSY = 0.95
"""The share of all cores that the stage is meant to keep busy."""
PARAMS = KeypointParams(enabled=True, min_detection_confidence=0.5, min_tracking_confidence=0.5)
ALL_CORES = ComputeParams(backend="local", workers=0)


def measure(options: Options) -> Found:
    """Of the same videos; the values of both ways are compared."""
    videos = chosen_videos(options, at_most=NUM_VIDEOS, max_frames=MAX_FRAMES)
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="actionrec-") as place:
        folder = Path(place)
        num_frames = extracted(videos, folder / "frames")
        starts = [
            Way("plain", lambda: started("plain-start", folder)),
            Way("stage", lambda: started("stage-start", folder)),
        ]
        start = alternate(starts, num_items=1, rounds=ROUNDS)
        ways = [
            Way("one process, plain loop", lambda: started("plain", folder), aim=BUSY * cores),
            Way("the stage", lambda: started("stage", folder)),
        ]
        times = alternate(ways, num_items=num_frames, rounds=ROUNDS, warm_up=False)
        facts = {
            "num_videos": len(videos),
            "cores": cores,
            "largest_difference": largest_difference(folder),
            "busy": busy(times["the stage"], num_frames=num_frames, cores=cores),
            "busy_after_start": busy(times["the stage"], num_frames=num_frames, cores=cores, start=start["stage"]),
            "start_seconds": {name: round(median(of.wall), 2) for name, of in start.items()},
            "start_cpu_seconds": {name: round(median(of.cpu), 2) for name, of in start.items()},
            "cpu_ms_after_start": {
                name: round(1000 * (median(times[way.name].cpu) - median(of.cpu) / num_frames), 2)
                for way, (name, of) in zip(ways, start.items(), strict=True)
            },
            "faces_cpu_ms": round(1000 * face_seconds(folder) / num_frames, 2),
        }
    return Found(
        what="keypoints, all cores",
        unit="frame",
        ways=ways,
        times=times,
        num_items=num_frames,
        facts=facts,
        note=note(facts),
    )


def extracted(videos: Sequence[Path], folder: Path) -> int:
    """Extract ``videos`` to ``folder``; returns how many frames they have."""
    params = load_params().extract
    folder.mkdir()
    return sum(
        extract_video(video, folder / f"{number:03d}.h5", params=params, fingerprint=str(number))
        for number, video in enumerate(videos)
    )


def busy(ours: Times, *, num_frames: int, cores: int, start: Times | None = None) -> float:
    """The share of all cores that worked, from beginning to end, or without what the ``start`` takes."""
    start_wall, start_cpu = (median(start.wall), median(start.cpu)) if start else (0.0, 0.0)
    worked = [num_frames * cpu - start_cpu for cpu in ours.cpu]
    passed = [num_frames * wall - start_wall for wall in ours.wall]
    return round(median(cpu / wall / cores for cpu, wall in zip(worked, passed, strict=True)), 3)


def note(facts: dict[str, Any]) -> str:
    """The start apart: a data set has one, however many videos it holds."""
    cpu = facts["cpu_ms_after_start"]
    return (
        f"the stage kept {100 * facts['busy']:.0f} % of {facts['cores']} cores busy, and "
        f"{100 * facts['busy_after_start']:.0f} % once its workers had started, which takes "
        f"{facts['start_seconds']['stage']:g} s for however many videos. A frame then costs {cpu['stage']:g} ms of the "
        f"processor, and {cpu['plain']:g} ms in the plain loop; {facts['faces_cpu_ms']:g} ms of it count faces, which "
        "the plain loop does not."
    )


def started(way: str, folder: Path) -> None:
    """Run one way in a process of its own."""
    environment = {**os.environ, "DVC_ROOT": str(folder)}
    subprocess.run([sys.executable, "-m", "benchmarks.rows.keypoints", way, str(folder)], check=True, env=environment)


def plain_loop(frames: Sequence[Path], out_dir: Path) -> None:
    """Holistic over each frame of each video in turn, and an array file (T, 1662) a video."""
    from mediapipe.python.solutions.holistic import Holistic

    out_dir.mkdir(exist_ok=True)
    for path in frames:
        rows = []
        with (
            open_frames(path) as video,
            Holistic(
                model_complexity=1,
                min_detection_confidence=PARAMS.min_detection_confidence,
                min_tracking_confidence=PARAMS.min_tracking_confidence,
            ) as holistic,
        ):
            for index in range(video.num_frames):
                found = holistic.process(np.ascontiguousarray(video.decode([index])[0]))
                parts = [values(found.pose_landmarks, NUM_POSE, ("x", "y", "z", "visibility"))]
                parts.append(values(found.face_landmarks, NUM_FACE, ("x", "y", "z")))
                parts.append(values(found.left_hand_landmarks, NUM_HAND, ("x", "y", "z")))
                parts.append(values(found.right_hand_landmarks, NUM_HAND, ("x", "y", "z")))
                rows.append(np.concatenate(parts))
        np.save(out_dir / f"{path.stem}.npy", np.stack(rows))


def values(landmarks: Any, count: int, names: Sequence[str]) -> np.ndarray:
    """As the tutorials have it: zeros where the part was not found."""
    if not landmarks:
        return np.zeros(count * len(names), np.float32)
    return np.array([[getattr(point, name) for name in names] for point in landmarks.landmark], np.float32).ravel()


def by_stage(frames: Sequence[Path], out_dir: Path) -> None:
    """The stage's own function, with nothing in the item cache."""
    shutil.rmtree(Path(os.environ["DVC_ROOT"]) / ".itemcache", ignore_errors=True)
    extract_keypoints(
        [path.stem for path in frames],
        out_dir,
        frames_path=lambda video_id: frames[0].with_name(f"{video_id}.h5"),
        params=PARAMS,
        compute=ALL_CORES,
    )


def start_workers() -> None:
    """What the stage does before its first frame: workers that import what they need."""
    for _ in map_items(_import, range(2 * len(os.sched_getaffinity(0))), compute=ALL_CORES, desc="start"):
        pass


def _import(_number: int) -> None:
    from mediapipe.python.solutions.holistic import Holistic  # noqa: F401


def face_seconds(folder: Path) -> float:
    """Of the processor, to count faces in all videos, once the detector is there."""
    frames = sorted((folder / "frames").iterdir())
    count_faces(frames[0], folder / "faces.json")
    before = cpu_seconds()
    for path in frames:
        count_faces(path, folder / "faces.json")
    return cpu_seconds() - before


def largest_difference(folder: Path) -> float:
    """Between the values of both ways."""
    found = 0.0
    for path in sorted((folder / "plain").iterdir()):
        with open_h5(folder / f"stage/{path.stem}.h5", format=FORMAT, version=VERSION, stage="keypoints") as file:
            found = max(found, float(np.abs(file["keypoints"][:] - np.load(path)).max()))
    return found


def main() -> None:
    """One way in this process: which, and the folder."""
    way, folder = sys.argv[1], Path(sys.argv[2])
    frames = sorted((folder / "frames").iterdir())
    match way:
        case "plain":
            with without_noise():
                plain_loop(frames, folder / "plain")
        case "stage":
            by_stage(frames, folder / "stage")
        case "plain-start":
            _import(0)
        case "stage-start":
            start_workers()


if __name__ == "__main__":
    main()
