"""Vectors of frames on one core: as the stage makes them, against torch's own eager network, one frame at a time."""

from __future__ import annotations

import numpy as np
import torch

from actionrec.pack.features.backbones import build_backbone
from actionrec.pack.features.running import Run, by_onnx, by_torch
from actionrec.pack.features.section import FeatureParams
from benchmarks.pairs import Found, Options, Way, alternate

PARAMS = FeatureParams(image_size=160)
NUM_BATCHES = 2


def measure(_options: Options) -> Found:
    """Needs no data: the time does not depend on what the frames show."""
    torch.set_num_threads(1)
    backbone = build_backbone(PARAMS)
    size, of_stage = PARAMS.image_size, PARAMS.batch_size
    shape = (NUM_BATCHES * of_stage, 1, size, size, 3)
    frames = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    plain, ours = by_torch(backbone), by_onnx(backbone, PARAMS, num_threads=1)
    ways = [
        Way("plain loop, one frame at a time", lambda: in_batches(plain, frames, batch_size=1), aim=2),
        Way("the same in batches", lambda: in_batches(plain, frames, batch_size=of_stage)),
        Way("the stage", lambda: in_batches(ours, frames, batch_size=of_stage)),
    ]
    first = frames[:of_stage]
    return Found(
        what=f"vectors of frames of {size} x {size}, one core",
        unit="frame",
        ways=ways,
        times=alternate(ways, num_items=len(frames)),
        num_items=len(frames),
        facts={"largest_difference": float(np.abs(ours(first) - plain(first)).max())},
    )


def in_batches(run: Run, frames: np.ndarray, *, batch_size: int) -> None:
    """All of ``frames`` (n, 1, S, S, 3)."""
    for place in range(0, len(frames), batch_size):
        run(frames[place : place + batch_size])
