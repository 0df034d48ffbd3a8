"""What a training run is, what it depends on, and what must hold before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from actionrec.errors import ActionrecError, first_few
from actionrec.files import digest_file, digest_of
from actionrec.itemcache import code_version
from actionrec.model_sections import AnyModel, PretrainedParams
from actionrec.sections import TrainParams
from actionrec.tables import SplitRow, class_names
from actionrec.training.datasets import ClipSource
from actionrec.training.devices import resolve_accelerator

CODE = (
    "actionrec.clips",
    "actionrec.features",
    "actionrec.images",
    "actionrec.keypoints.layout",
    "actionrec.keypoints.skeleton",
    "actionrec.model_sections",
    "actionrec.models",
    "actionrec.models.pixels",
    "actionrec.models.weights",
    "actionrec.packed",
    "actionrec.sampling",
    "actionrec.trained",
    "actionrec.training.callbacks",
    "actionrec.training.datasets",
    "actionrec.training.devices",
    "actionrec.training.loop",
    "actionrec.training.mixup",
    "actionrec.training.module",
    "actionrec.training.run",
    "actionrec.training.schedule",
)
"""Modules that trained weights depend on, beside the model's own."""

MODEL_CODE: dict[str, tuple[str, ...]] = {
    "clip_resnet3d": ("actionrec.models.clip_resnet3d",),
    "cnn3d": ("actionrec.models.cnn3d",),
    "cnn_lstm": ("actionrec.models.cnn_lstm",),
    "frame_resnet": ("actionrec.models.frame_resnet",),
    "fused_convlstm": ("actionrec.models.convlstm", "actionrec.models.fused_convlstm"),
    "res2plus1d": ("actionrec.models.res2plus1d",),
    "stgcn": ("actionrec.models.stgcn",),
    "torchvision_video": ("actionrec.models.torchvision_video",),
}
"""A model's own modules, by type: a change in one model leaves the trained others alone."""

# These change how a trained model is used or how fast it trains, never its weights.
_USE_ONLY = {"also_test", "test_clips", "test_crops", "test_frames", "train", "window_step"}
_SPEED_ONLY = {"num_workers"}


@dataclass(frozen=True)
class TrainingRun:
    """One model, how it trains, and on what."""

    name: str
    model: AnyModel
    train: TrainParams
    rows: Sequence[SplitRow]
    source: ClipSource

    def class_names(self) -> list[str]:
        return class_names(self.rows)

    def labelled(self, subset: str) -> tuple[list[str], list[int]]:
        """Video ids of ``subset`` and their class indices."""
        place = {name: index for index, name in enumerate(self.class_names())}
        rows = [row for row in self.rows if row.subset == subset]
        return [row.video_id for row in rows], [place[row.label] for row in rows]

    def fingerprint(self) -> str:
        """Digest of all that the weights depend on: code, parameters, split, data, torch."""
        weights_file = Path(self.model.weights) if isinstance(self.model, PretrainedParams) else None
        packed = (self.source.view, self.source.keypoints)
        return digest_of(
            code_version(*CODE, *MODEL_CODE[self.model.type]),
            self.model.model_dump(exclude=_USE_ONLY),
            digest_file(weights_file) if weights_file is not None and weights_file.is_file() else None,
            self.train.model_dump(exclude=_SPEED_ONLY),
            resolve_accelerator(self.train),
            [asdict(row) for row in sorted(self.rows, key=lambda row: row.video_id)],
            [file.fingerprint if file is not None else None for file in packed],
            torch.__version__,
        )

    def check(self) -> None:
        """Raise :class:`ActionrecError` for a split on which nothing can be trained and validated."""
        trained = {row.label for row in self.rows if row.subset == "train"}
        for subset in ("train", "val"):
            if not any(row.subset == subset for row in self.rows):
                raise ActionrecError(f"the split holds no {subset} video; set split.{subset}_fraction or add videos")
        if untrained := sorted(set(self.class_names()) - trained):
            raise ActionrecError(
                f"{len(untrained)} classes have no training video: {first_few(untrained)}; "
                "add videos of them, leave them out with data.classes, or split otherwise (split.method, split.seed)"
            )
