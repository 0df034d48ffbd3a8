"""From videos to tensors of 224 x 224 that training reads, on one core, every frame of every video.

Reference B writes every frame as a JPEG file, then one float32 tensor a video; reference E keeps raw frames of the
videos' own size in HDF5. Ours are the stages' own functions: hash, extract, screen, pack. No way waits for the disk.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import h5py
import numpy as np
import torch
from PIL import Image
from torchvision import transforms

from actionrec.core.compute import ComputeParams
from actionrec.core.tables import ManifestRow
from actionrec.intake.extract.videos import extract_videos
from actionrec.intake.ffmpeg import ffmpeg_program
from actionrec.intake.ingest.manifest import measure_source
from actionrec.intake.screen.videos import screen_videos
from actionrec.pack.reader import PackedView
from actionrec.pack.section import ViewParams
from actionrec.pack.writer import write_view
from actionrec.params import load_params
from benchmarks.pairs import Found, Options, Way, alternate, cpu_seconds
from benchmarks.videos import chosen_videos, count_frames

NUM_VIDEOS, MAX_FRAMES, ROUNDS = 16, 700, 3
SIZE, RESIZED = 224, 256
VIEW = ViewParams(encoding="jpeg", fit="crop", size=SIZE, crop_from=RESIZED)
JPEG_QUALITY = "2"
"""ffmpeg's, in both ways that write JPEG by it."""


def measure(options: Options) -> Found:
    """Of the same videos; the values of B's tensors and of ours are compared."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    videos = chosen_videos(options, at_most=NUM_VIDEOS, max_frames=MAX_FRAMES)
    num_frames = sum(map(count_frames, videos))
    with tempfile.TemporaryDirectory(prefix="actionrec-") as place:
        folders = {name: Path(place) / name for name in ("b", "e", "ours")}
        stages = Stages(videos, folders["ours"])
        works: dict[str, Callable[[Path], None]] = {
            "b": lambda folder: each_frame_a_file(videos, folder),
            "e": lambda folder: raw_frames(videos, folder),
            "ours": stages.run,
        }
        sizes: dict[str, int] = {}
        for name, work in works.items():  # which is the warm-up too
            clear(folders[name])
            work(folders[name])
            sizes[name] = bytes_in(folders[name])
        facts = {
            "num_videos": len(videos),
            "bytes_per_frame": {name: round(size / num_frames) for name, size in sizes.items()},
            "packed_bytes_per_frame": round(bytes_in(folders["ours"] / "data/packed") / num_frames),
            **differences(folders["b"], folders["ours"]),
        }
        stages.spent.clear()
        ways = [
            Way("a JPEG file a frame, then float32 tensors (B)", lambda: works["b"](folders["b"]), sizes["b"], 20, 40),
            Way("raw frames in HDF5 (E)", lambda: works["e"](folders["e"]), sizes["e"], 1, 10),
            Way("the stages", lambda: works["ours"](folders["ours"]), sizes["ours"]),
        ]
        ways = [
            Way(way.name, way.run, way.num_bytes, way.aim, way.bytes_aim, before=lambda at=folders[name]: clear(at))
            for name, way in zip(folders, ways, strict=True)
        ]
        times = alternate(ways, num_items=num_frames, rounds=ROUNDS, warm_up=False)
        spent = {f"{name}_ms": round(1000 * median(of) / num_frames, 3) for name, of in stages.spent.items()}
        facts["cpu_per_frame"] = {**spent, **decoding(videos, num_frames)}
    os.sched_setaffinity(0, cores)
    return Found(
        what="videos to tensors of 224 x 224, one core",
        unit="frame",
        ways=ways,
        times=times,
        num_items=num_frames,
        facts=facts,
        note=note(facts),
    )


def clear(folder: Path) -> None:
    """Make it anew, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def bytes_in(folder: Path) -> int:
    """Of all files; one that has two names counts once."""
    return sum(
        {(status := file.stat()).st_ino: status.st_size for file in folder.rglob("*") if file.is_file()}.values()
    )


def each_frame_a_file(videos: Sequence[Path], folder: Path) -> None:
    """Reference B: JPEG files, then a tensor (3, T, 224, 224) in [0, 1] a video, grown frame by frame."""
    prepare = transforms.Compose([transforms.Resize(RESIZED), transforms.CenterCrop(SIZE), transforms.ToTensor()])
    for video in videos:
        frames = folder / "frames" / video.stem
        frames.mkdir(parents=True)
        decode = [ffmpeg_program(), "-loglevel", "error", "-nostdin", "-i", str(video), "-q:v", JPEG_QUALITY]
        subprocess.run([*decode, str(frames / "frame_%04d.jpg")], check=True)
        files = sorted(frames.iterdir())
        numbers = [int(found[0]) for file in files if (found := re.search(r"\d+", file.stem))]
        if numbers != list(range(1, len(files) + 1)):
            continue  # a video that lost frames
        tensor: torch.Tensor | None = None
        for file in files:
            with Image.open(file) as image:
                frame = prepare(image).unsqueeze(1)
            tensor = frame if tensor is None else torch.cat((tensor, frame), dim=1)
        torch.save(tensor, folder / f"{video.stem}.pt")


def raw_frames(videos: Sequence[Path], folder: Path) -> None:
    """Reference E: uint8 (T, height, width, 3) a video in HDF5, each frame written as it is decoded."""
    for video in videos:
        capture = cv2.VideoCapture(str(video), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        with h5py.File(folder / f"{video.stem}.h5", "w") as file:
            shape = [int(capture.get(which)) for which in (cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FRAME_WIDTH)]
            frames = file.create_dataset(
                "frames", (0, *shape, 3), np.uint8, maxshape=(None, *shape, 3), chunks=(1, *shape, 3)
            )
            found, frame = capture.read()
            count = 0
            while found:
                frames.resize(count + 1, axis=0)
                frames[count] = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
                count += 1
                found, frame = capture.read()
        capture.release()


class Stages:
    """The stages' own functions, in a project of their own, and the processor's seconds that each took."""

    def __init__(self, videos: Sequence[Path], folder: Path) -> None:
        self._videos = videos
        self._params = load_params()
        self.spent: dict[str, list[float]] = defaultdict(list)
        os.environ["DVC_ROOT"] = str(folder)  # of the item cache

    def run(self, folder: Path) -> None:
        """Leave ``data/frames`` and ``data/packed`` in ``folder``."""
        compute = ComputeParams(backend="local", workers=1)
        frames_dir = folder / "data/frames"
        rows = self._timed("hash", lambda: [manifest_row(video) for video in self._videos])
        self._timed(
            "extract",
            lambda: extract_videos(
                rows, root=Path("/"), out_dir=frames_dir, params=self._params.extract, compute=compute
            ),
        )
        screened, _ = self._timed(
            "screen",
            lambda: screen_videos(rows, frames_dir=frames_dir, params=self._params.screen, compute=compute),
        )
        self._timed(
            "pack",
            lambda: write_view(
                [row.video_id for row in screened if row.kept],
                folder / "data/packed/rgb224.h5",
                frames_path=lambda video_id: frames_dir / f"{video_id}.h5",
                view=VIEW,
                compute=compute,
            ),
        )

    def _timed(self, stage: str, work: Callable[[], Any]) -> Any:
        before = cpu_seconds()
        result = work()
        self.spent[stage].append(cpu_seconds() - before)
        return result


def manifest_row(video: Path) -> ManifestRow:
    """As the stage ingest makes it."""
    num_bytes, digest = measure_source(str(video))
    return ManifestRow(video.stem, str(video), video.parent.name, video.stem, "", num_bytes, digest)


def differences(of_b: Path, ours: Path) -> dict[str, Any]:
    """Grey levels by which the tensors differ, which two scalings of JPEG pictures cause."""
    view = PackedView(ours / "data/packed/rgb224.h5", view="rgb224")
    means, most = [], 0.0
    for video_id in view.video_ids:
        tensor = torch.load(of_b / f"{video_id}.pt")  # (3, T, 224, 224)
        frames = torch.from_numpy(view.read(video_id, np.arange(tensor.shape[1]))).permute(3, 0, 1, 2)
        difference = (tensor * 255 - frames).abs()
        means.append(float(difference.mean()))
        most = max(most, float(difference.max()))
    num_kept = {"num_kept": len(view.video_ids)}
    return {**num_kept, "mean_difference_levels": round(median(means), 2), "largest_difference_levels": round(most)}


def decoding(videos: Sequence[Path], num_frames: int) -> dict[str, float]:
    """What no way can do without: ffmpeg that decodes and keeps nothing."""
    before = cpu_seconds()
    for video in videos:
        quiet = [ffmpeg_program(), "-loglevel", "error", "-nostdin", "-threads", "1"]
        subprocess.run([*quiet, "-i", str(video), "-an", "-f", "null", "-"], check=True)
    return {"decode_alone_ms": round(1000 * (cpu_seconds() - before) / num_frames, 3)}


def note(facts: dict[str, Any]) -> str:
    """What bounds the two aims that a JPEG picture a frame cannot reach."""
    spent, sizes = facts["cpu_per_frame"], facts["bytes_per_frame"]
    packed = facts["packed_bytes_per_frame"]
    return (
        f"of the processor's time a frame costs {spent['extract_ms']:g} ms to extract (to decode alone "
        f"{spent['decode_alone_ms']:g} ms), {spent['screen_ms']:g} ms to screen and {spent['pack_ms']:g} ms to pack. "
        f"It is kept twice, as extracted in {sizes['ours'] - packed} bytes and packed at JPEG quality "
        f"{VIEW.jpeg_quality} in {packed}; B's tensor alone takes {4 * 3 * SIZE * SIZE}, E's raw frame "
        f"{sizes['e']}, which is neither screened nor of 224 x 224."
    )
