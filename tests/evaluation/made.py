"""Small predictions and splits for the tests of evaluation and report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import log_softmax

from actionrec.core.tables import SplitRow
from actionrec.evaluation.section import EvaluateParams
from actionrec.prediction.file import Predictions

PARAMS = EvaluateParams(aggregation="mean", confidence=0.9)


def make_split(classes: Sequence[str] = ("clap", "squat", "wave"), *, groups: int = 7) -> list[SplitRow]:
    """One video of every class by every group; the first three groups test, the next two validate."""
    subsets = ["test"] * 3 + ["val"] * 2 + ["train"] * groups
    return [
        SplitRow(f"v{c:03d}_g{g}", name, f"g{g}", subsets[g]) for c, name in enumerate(classes) for g in range(groups)
    ]


def predict(
    split: Sequence[SplitRow],
    *,
    model: str = "first",
    wrong: Sequence[str] = (),
    confidence: float = 4.0,
    clip_frames: int = 4,
    subsets: Sequence[str] = ("val", "test"),
) -> Predictions:
    """Two clips a video, both right, except for the video ids in ``wrong``, which get the next class."""
    names = sorted({row.label for row in split})
    rows = sorted((row for row in split if row.subset in subsets), key=lambda row: row.video_id)
    label = np.array([names.index(row.label) for row in rows], np.int64)
    answer = [(place + (row.video_id in wrong)) % len(names) for place, row in zip(label, rows, strict=True)]
    logits = np.zeros((len(rows), len(names)))
    logits[np.arange(len(rows)), answer] = confidence
    log_prob = log_softmax(logits, axis=1).astype(np.float32)
    return Predictions(
        model=model,
        aggregation="mean",
        protocol=f"mean of 2 clips of {clip_frames} frames",
        sampling="strided",
        parameters=1234567,
        trainable_parameters=1234,
        multiply_adds_clip=2_000_000,
        multiply_adds_video=4_000_000,
        best_epoch=2,
        class_names=names,
        video_id=[row.video_id for row in rows],
        subset=[row.subset for row in rows],
        label=label,
        log_prob=log_prob,
        clip_log_prob=np.repeat(log_prob, 2, axis=0),
        clip_video=np.repeat(np.arange(len(rows)), 2),
        clip_frames=np.zeros((2 * len(rows), clip_frames), np.int64),
    )
