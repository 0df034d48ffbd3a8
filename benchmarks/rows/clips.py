"""Augmented clips of 16 x 224 x 224 in normalised batches, on one core: frames spread over random videos.

All ways but one load the same clips by the class that training loads with: only where the frames come from differs. The
other is how people load: PyAV, and augmentation of the same kinds by torchvision.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from actionrec.clips.recipes import ImageClipRecipe
from actionrec.clips.section import ImageClipParams, Sampling
from actionrec.core.compute import ComputeParams
from actionrec.core.memory import keep_freed_memory
from actionrec.intake.extract.videos import extract_videos
from actionrec.models.pixels import KINETICS, Pixels
from actionrec.pack import reader
from actionrec.pack.reader import PackedView
from actionrec.pack.section import ViewParams
from actionrec.pack.writer import pack_view
from actionrec.params import load_params
from actionrec.training.datasets import ClipSource, TrainClips
from benchmarks.decoders import OtherView, lend_libraries, optional_decoders, read_by_pyav, read_raw
from benchmarks.pairs import Found, Options, Way, alternate, cpu_seconds
from benchmarks.rows.tensors import manifest_row
from benchmarks.videos import chosen_videos

NUM_VIDEOS, MAX_FRAMES, BATCH, EPOCHS = 24, 4000, 8, 2
VIEW = ViewParams(encoding="jpeg", fit="keep", size=256)
"""Frames of the videos' own size, as the other ways see them."""
USUAL, PYAV, E, OURS = (
    "PyAV, torchvision's transforms",
    "PyAV, our augmentation",
    "raw frames in HDF5 (E)",
    "the packed view",
)


def measure(options: Options, *, sampling: Sampling = "segments", cold: bool = False) -> Found:
    """``cold`` takes those ways alone that keep files of their own, and drops these from the file cache before."""
    videos = chosen_videos(options, at_most=NUM_VIDEOS, max_frames=MAX_FRAMES)
    lend_libraries(videos[0])
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    keep_freed_memory()  # as training does
    reader.HELD_BYTES = 0  # as with files that are too large to be held in memory
    with tempfile.TemporaryDirectory(prefix="actionrec-") as place:
        made = make_files(videos, Path(place))
        views, missing = made.views(only_files=cold)
        params = ImageClipParams(
            type="clips",
            view="rgb",
            image_size=224,
            clip_frames=16,
            sampling=sampling,
            test_sampling="centre",
            augment=True,
            flip=True,
        )
        recipe = ImageClipRecipe(params)
        loaders = {name: Loader(made.ids, view, recipe) for name, view in views.items()}
        same = {name: loader.frames() for name, loader in loaders.items()}
        if not cold:
            loaders = {USUAL: UsualLoader(made.ids, views[PYAV], recipe), **loaders}
        aims = {USUAL: 8.0, PYAV: 8.0, "torchcodec": 3.0, E: 1.0}
        ways = [
            Way(
                name,
                loader.run,
                made.num_bytes[name],
                aim=aims.get(name),
                bytes_aim=10 if name == E else None,
                before=made.forget if cold else None,
            )
            for name, loader in loaders.items()
        ]
        facts = {
            "num_videos": len(made.ids),
            "mean_frames": round(float(np.mean(list(made.num_frames.values())))),
            "not_run": missing,
            "mean_difference_levels": differences(same),
        }
        times = alternate(ways, num_items=len(made.ids) * EPOCHS)
        spent = parts(loaders[OURS])
        reading = {
            name: round(1000 * seconds(loader.read_only) / len(made.ids), 2)
            for name, loader in loaders.items()
            if name != USUAL
        }
    how = "16 frames in a row" if sampling == "window" else "16 frames spread over a video"
    return Found(
        what=f"augmented clips of 16 x 224 x 224, {how}{', cold file cache' if cold else ''}, one core",
        unit="clip",
        ways=ways,
        times=times,
        num_items=len(made.ids) * EPOCHS,
        facts={**facts, "cpu_ms_of_ours": spent, "cpu_ms_to_read": reading},
        note="" if cold else note(spent, reading),
    )


@dataclass(frozen=True)
class Files:
    """The same videos as they are, as raw frames and packed."""

    videos: Mapping[str, Path]
    raw: Mapping[str, Path]
    packed: Path
    num_frames: Mapping[str, int]

    @property
    def ids(self) -> list[str]:
        return list(self.videos)

    @property
    def num_bytes(self) -> dict[str, int]:
        """What each way reads, by its name."""
        videos, raw = (sum(file.stat().st_size for file in of.values()) for of in (self.videos, self.raw))
        return {
            USUAL: videos,
            PYAV: videos,
            "torchcodec": videos,
            "decord": videos,
            E: raw,
            OURS: self.packed.stat().st_size,
        }

    def views(self, *, only_files: bool) -> tuple[dict[str, Any], dict[str, str]]:
        """Ours at the end; and why a decoder is not among them."""
        found, missing = optional_decoders(next(iter(self.videos.values())))
        reads = {} if only_files else {PYAV: read_by_pyav, **found}
        others: dict[str, Any] = {name: OtherView(self.videos, self.num_frames, read) for name, read in reads.items()}
        raw = OtherView(self.raw, self.num_frames, read_raw)
        return {**others, E: raw, OURS: PackedView(self.packed, view="rgb")}, missing

    def forget(self) -> None:
        """Drop the files from the cache of this machine; what lies below it may hold them still."""
        for file in (*self.raw.values(), self.packed):
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def make_files(videos: Sequence[Path], folder: Path) -> Files:
    """Extract and pack ``videos``, and write their frames as reference E has them."""
    compute = ComputeParams(backend="local", workers=1)
    os.environ["DVC_ROOT"] = str(folder)  # of the item cache
    rows = [manifest_row(video) for video in videos]
    frames_dir, packed = folder / "frames", folder / "rgb.h5"
    extract_videos(rows, root=Path("/"), out_dir=frames_dir, params=load_params().extract, compute=compute)
    ids = [row.video_id for row in rows]
    pack_view(ids, packed, frames_path=lambda of: frames_dir / f"{of}.h5", view=VIEW, compute=compute, desc=None)
    view = PackedView(packed, view="rgb")
    raw = {video_id: folder / f"{video_id}.raw.h5" for video_id in ids}
    for video_id, video in zip(ids, videos, strict=True):
        height, width = view.read(video_id, np.zeros(1, np.int64)).shape[1:3]
        frames = read_by_pyav(video, np.arange(view.num_frames(video_id)))
        if frames.shape[1:3] != (height, width):  # E's videos were as small
            frames = np.stack([cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA) for frame in frames])
        with h5py.File(raw[video_id], "w") as file:
            file["frames"] = frames
    num_frames = {video_id: view.num_frames(video_id) for video_id in ids}
    return Files(dict(zip(ids, videos, strict=True)), raw, packed, num_frames)


class Loader:
    """Batches of one way."""

    def __init__(self, ids: Sequence[str], view: Any, recipe: ImageClipRecipe) -> None:
        self._source, self._recipe, self._view = ClipSource(recipe, view, None), recipe, view
        self._ids = ids
        self._clips = TrainClips(self._source, video_ids=ids, labels=[0] * len(ids), seed=0)
        self._pixels = Pixels(statistics=KINETICS)
        order = np.random.default_rng(0).permutation(len(ids))
        self._batches = [order[start : start + BATCH].tolist() for start in range(0, len(ids), BATCH)]

    def run(self) -> None:
        """``EPOCHS`` of batches, each float32 (8, 3, 16, 224, 224)."""
        for epoch in range(EPOCHS):
            for places in self._batches:
                self.normalised(self.augmented(epoch, places))

    def augmented(self, epoch: int, places: list[int]) -> Tensor:
        """uint8 (8, 16, 224, 224, 3)."""
        inputs, _ = self._clips[epoch, places]
        return inputs["frames"]

    @property
    def num_clips(self) -> int:
        return len(self._ids)

    def read_only(self) -> None:
        """The frames of one epoch's clips as they are kept, one clip after another."""
        for video_id in self._ids:
            num_frames = self._source.num_frames(video_id)
            self._view.read(video_id, self._recipe.train_clip(num_frames, generator=np.random.default_rng(0)))

    def normalised(self, batch: Tensor) -> Tensor:
        """float32 (8, 3, 16, 224, 224)."""
        images: Tensor = self._pixels(batch)
        return images

    def frames(self) -> list[Tensor]:
        """One epoch, before it is normalised."""
        return [self.augmented(0, places) for places in self._batches]


class UsualLoader(Loader):
    """Of frames by PyAV, transformed by torchvision clip by clip, then stacked."""

    def run(self) -> None:
        mean, std = KINETICS
        transforms = v2.Compose(
            [
                v2.RandomResizedCrop(224, scale=(0.49, 1.0), antialias=True),
                v2.ColorJitter(brightness=15 / 255),
                v2.RandomHorizontalFlip(),
                v2.ToDtype(torch.float32, scale=True),
                v2.Normalize(list(mean), list(std)),
            ]
        )
        for epoch in range(EPOCHS):
            for places in self._batches:
                torch.stack([transforms(self._clip(epoch, place)) for place in places]).transpose(1, 2)

    def _clip(self, epoch: int, place: int) -> Tensor:
        """uint8 (16, 3, height, width)."""
        video_id = self._ids[place]
        generator = np.random.default_rng((epoch, place))
        indices = self._recipe.train_clip(self._source.num_frames(video_id), generator=generator)
        return torch.from_numpy(self._view.read(video_id, indices)).permute(0, 3, 1, 2)


def differences(clips: Mapping[str, Sequence[Tensor]]) -> dict[str, float]:
    """Mean grey levels by which the clips of the other ways differ from ours: JPEG, and conversions of colour."""
    found = {}
    for name, batches in clips.items():
        pairs = zip(batches, clips[OURS], strict=True)
        found[name] = round(float(np.mean([(a.float() - b.float()).abs().mean().item() for a, b in pairs])), 2)
    return found


def parts(ours: Loader) -> dict[str, float]:
    """Milliseconds of the processor a clip: to read and decode, to augment and stack, to normalise."""
    reading = seconds(ours.read_only)
    batches: list[Tensor] = []
    augmented = seconds(lambda: batches.extend(ours.frames()))
    normalising = seconds(lambda: [ours.normalised(batch) for batch in batches])
    spent = {"read": reading, "augment": augmented - reading, "normalise": normalising}
    return {name: round(1000 * used / ours.num_clips, 2) for name, used in spent.items()}


def seconds(work: Callable[[], object]) -> float:
    before = cpu_seconds()
    work()
    return cpu_seconds() - before


def note(spent: Mapping[str, float], reading: Mapping[str, float]) -> str:
    """What bounds the ratios."""
    alone = ", ".join(f"{name} {of:g} ms" for name, of in reading.items() if name != OURS)
    return (
        f"of the processor's time a clip of ours takes {spent['read']:g} ms to read and decode ({alone}), "
        f"{spent['augment']:g} ms to crop, resize, shift, flip and stack, and {spent['normalise']:g} ms to normalise; "
        "the last two are the same work in every way but the first."
    )
