"""What a training run is, what it depends on, and what must hold before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from actionrec.core.code import code_digest
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import digest_file, digest_of
from actionrec.core.tables import SplitRow, class_names
from actionrec.models.kind import ModelKind, ModelParams, PretrainedParams
from actionrec.training.datasets import ClipSource
from actionrec.training.devices import resolve_accelerator
from actionrec.training.section import TrainParams

# These change how a trained model is used or how fast it trains, never its weights.
_USE_ONLY = {"also_test", "test_clips", "test_crops", "test_frames", "train", "window_step"}
_SPEED_ONLY = {"num_workers"}


@dataclass(frozen=True)
class TrainingRun:
    """One model, how it trains, and on what."""

    name: str
    kind: ModelKind
    model: ModelParams
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
        """Digest of all that the weights depend on: code, parameters, split, data, torch.

        Of the models' files only this model's: a change in one leaves the trained others alone.
        """
        first_weights = self.model.files() if isinstance(self.model, PretrainedParams) else []
        packed = (self.source.view, self.source.keypoints)
        return digest_of(
            code_digest("actionrec.training.loop", self.kind.section.__module__),
            self.model.model_dump(exclude=_USE_ONLY),
            [digest_file(path) for path in first_weights],
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
