"""Whole videos by ``frame_resnet``, every frame of each summed: the product's way, against system E1's loop."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import h5py
import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from actionrec.core.compute import ComputeParams
from actionrec.core.tables import SplitRow
from actionrec.models.cost import count_multiply_adds
from actionrec.models.frame_resnet import FrameResnet, FrameResnetParams
from actionrec.models.table import recipe_of
from actionrec.pack.section import ViewParams
from actionrec.pack.writer import pack_view
from actionrec.prediction.aggregation import aggregate_clips, normalise_log_prob
from actionrec.prediction.inputs import write_frames
from actionrec.prediction.run import predict_clips
from actionrec.training.datasets import ClipSource, FixedClips, open_source
from benchmarks.pairs import Found, Options, Way, alternate
from benchmarks.training import peak_flops

LogProb = npt.NDArray[np.floating]

PARAMS = FrameResnetParams(type="frame_resnet", weights="none")
VIEW = ViewParams(encoding="jpeg", fit="stretch", size=256)
NUM_CLASSES = 101
BATCH_FRAMES = 200
"""Of the baseline, all of one video; the reference's number."""
OUR_BATCH = 100
"""``batch_size`` of the recipe of E1."""
CPU_VIDEOS, GPU_VIDEOS = (2, 40), (32, 180)
"""Number and frames of each; 180 is the mean of UCF101."""
ROUNDS = 3


def measure(
    options: Options,
    *,
    params: FrameResnetParams = PARAMS,
    view: ViewParams = VIEW,
    videos: tuple[int, int] | None = None,
    rounds: int = ROUNDS,
) -> Found:
    """Needs no data: videos of coarse noise. Both ways read the same pixels, the baseline from raw HDF5 arrays."""
    device = options.device
    num_videos, num_frames = videos or (GPU_VIDEOS if device == "cuda" else CPU_VIDEOS)
    ids = [f"v{number:03d}" for number in range(num_videos)]
    torch.manual_seed(0)
    model = FrameResnet(params, num_classes=NUM_CLASSES, load_weights=False).to(device).eval()
    # On a CPU the network has every core.
    num_workers = min(8, os.cpu_count() or 1) if device == "cuda" else 0
    found: dict[str, LogProb] = {}
    with (
        tempfile.TemporaryDirectory(prefix="actionrec-") as there,
        packed(ids, num_frames, params, view, Path(there)) as (
            source,
            arrays,
        ),
    ):

        def plain() -> None:
            found["plain"] = np.stack([of_array(model, arrays[name], params.image_size, device) for name in ids])

        def ours() -> None:
            found["ours"] = of_source(model, source, ids, device=device, num_workers=num_workers)

        ways = [
            Way(
                f"E1's loop, a video at a time, {BATCH_FRAMES} frames a batch",
                plain,
                aim=5 if device == "cuda" else 1.5,
            ),
            Way("the product's prediction", ours),
        ]
        times = alternate(ways, num_items=num_videos * num_frames, rounds=rounds)
    facts = {
        "threads": torch.get_num_threads(),
        "loading_processes": num_workers,
        "largest_difference_of_log_probability": float(np.abs(found["ours"] - found["plain"]).max()),
    }
    note = ""
    if device == "cpu":
        size = params.image_size
        frame = {"frames": torch.zeros(1, 1, size, size, 3, dtype=torch.uint8)}
        operations = 2 * count_multiply_adds(model, frame)
        facts["bound_seconds"] = bound = operations / peak_flops()
        note = (
            f"the convolutions of a frame are {operations / 1e9:.1f} billion operations, {bound:.3f} s of a core at "
            "the speed of a plain product of matrices"
        )
    return Found(
        what=f"frame_resnet-{params.depth} over whole videos of {num_frames} frames",
        unit="frame",
        ways=ways,
        times=times,
        num_items=num_videos * num_frames,
        facts=facts,
        note=note,
    )


@contextmanager
def packed(
    ids: Sequence[str], num_frames: int, params: FrameResnetParams, view: ViewParams, folder: Path
) -> Iterator[tuple[ClipSource, h5py.File]]:
    """Made videos, packed; and the same frames as arrays (frames, height, width, 3) by name."""
    for number, name in enumerate(ids):
        write_frames(noise(num_frames, seed=number), np.arange(num_frames) / 25, folder / f"{name}.frames")
    compute = ComputeParams(backend="local", workers=1)
    path = folder / "view.h5"
    pack_view(ids, path, frames_path=lambda name: folder / f"{name}.frames", view=view, compute=compute, desc=None)
    rows = [SplitRow(name, "", "", "test") for name in ids]
    source = open_source(recipe_of(params), rows, packed_path=lambda _: path, keypoints_path=path)
    assert source.view is not None
    try:
        with h5py.File(folder / "arrays.h5", "w") as arrays:
            for name in ids:
                arrays[name] = source.view.read(name, np.arange(num_frames))
            yield source, arrays
    finally:
        source.view.close()


def noise(num_frames: int, *, seed: int) -> npt.NDArray[np.uint8]:
    """Frames (n, 240, 320, 3) of coarse blocks: noise of single pixels is grey all over once it has been scaled."""
    blocks = np.random.default_rng(seed).integers(0, 256, (num_frames, 12, 16, 3), dtype=np.uint8)
    return blocks.repeat(20, axis=1).repeat(20, axis=2)


def of_array(model: FrameResnet, array: h5py.Dataset, size: int, device: str) -> LogProb:
    """Sum over all frames of the logarithm of softmax, normalised: (classes,)."""
    total = np.zeros(NUM_CLASSES)
    for start in range(0, len(array), BATCH_FRAMES):
        frames = [
            cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)
            for frame in array[start : start + BATCH_FRAMES]
        ]
        images = torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).contiguous().to(device).float() / 255
        images = (images - model.pixels.mean[..., 0]) / model.pixels.std[..., 0]
        with torch.no_grad():
            log_prob = functional.log_softmax(model.net(images), dim=1)
        total += log_prob.double().sum(dim=0).cpu().numpy()
    return normalise_log_prob(total)


def of_source(model: FrameResnet, source: ClipSource, ids: Sequence[str], *, device: str, num_workers: int) -> LogProb:
    """(V, classes), as the stage ``predict`` computes it."""
    clips = FixedClips(
        source,
        video_ids=ids,
        labels=[0] * len(ids),
        clips=[source.recipe.test_clips(source.num_frames(name), source.recipe.samplings[0]) for name in ids],
    )
    of_clips = predict_clips(model, clips, batch_size=OUR_BATCH, device=device, num_workers=num_workers)
    return aggregate_clips(of_clips, clips.clip_video, num_videos=len(ids), method="sum")
