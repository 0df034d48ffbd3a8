"""What happens at the end of every epoch: curves and best weights are kept, the run is saved."""

from __future__ import annotations

import math
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import TQDMProgressBar
from torch import Tensor

from actionrec.core.errors import ActionrecError
from actionrec.core.progress import Progress
from actionrec.training.curves import CURVE_COLUMNS
from actionrec.training.module import ClipClassifier


class History(pl.Callback):
    """Curves, one row an epoch, and the weights of the epoch that is kept: the best, or with ``keeps_last`` the last.

    The best epoch has the highest ``val_top1``; among equals the lowest ``val_loss``, then the earliest.
    Saved in the checkpoint, so a resumed run remembers both. ``patience`` epochs without a better one end
    the training; 0 never does.
    """

    def __init__(self, *, patience: int = 0, keeps_last: bool = False) -> None:
        self._patience = patience
        self._keeps_last = keeps_last
        self.rows: list[dict[str, float]] = []
        """By ``CURVE_COLUMNS``; epochs counted from 1."""
        self.best_epoch = 0
        self.best_weights: dict[str, Tensor] = {}

    @property
    def best(self) -> dict[str, float]:
        """The row of the epoch that is kept."""
        return self.rows[self.best_epoch - 1]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        # A run that was killed after it had ended early has nothing left to do.
        trainer.should_stop = self._has_waited()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        metrics = {name: float(trainer.callback_metrics[name]) for name in CURVE_COLUMNS if name != "epoch"}
        if not all(map(math.isfinite, metrics.values())):
            raise ActionrecError(
                f"training diverged in epoch {trainer.current_epoch + 1}: {metrics}; set a lower train.lr, "
                "or train.gradient_clip"
            )
        self.rows.append({"epoch": trainer.current_epoch + 1, **metrics})
        if self.best_epoch == 0 or self._keeps_last or _rank(self.rows[-1]) > _rank(self.best):
            assert isinstance(pl_module, ClipClassifier)
            self.best_epoch = trainer.current_epoch + 1
            self.best_weights = {
                name: value.detach().cpu().clone() for name, value in pl_module.model.state_dict().items()
            }
        if self._has_waited():
            trainer.should_stop = True

    def _has_waited(self) -> bool:
        return 0 < self._patience <= len(self.rows) - self.best_epoch

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "best_epoch": self.best_epoch, "best_weights": self.best_weights}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = state_dict["rows"]
        self.best_epoch = state_dict["best_epoch"]
        self.best_weights = state_dict["best_weights"]


def _rank(row: dict[str, float]) -> tuple[float, float]:
    return row["val_top1"], -row["val_loss"]


class LastCheckpoint(pl.Callback):
    """Saves the run after every epoch, whole or not at all; listed after the callbacks whose state it saves."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        # Every process takes part in gathering the state; only the first writes.
        part = self._path.with_suffix(".part")
        trainer.save_checkpoint(part)
        if trainer.is_global_zero:
            part.replace(self._path)


class EpochLines(pl.Callback):
    """One line an epoch, and every ten seconds how far it has come, where a progress bar would fill a log."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._open = ExitStack()

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        if trainer.is_global_zero and not trainer.should_stop:
            per_epoch, epochs = int(trainer.num_training_batches), trainer.max_epochs or 0
            already = trainer.current_epoch * per_epoch
            steps = Progress(epochs * per_epoch, desc="train", unit="step", already=already)
            self._progress = self._open.enter_context(steps)

    def on_train_batch_end(self, *_: object, **__: object) -> None:
        if self._progress is not None:
            self._progress.update()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        if trainer.is_global_zero:
            values = (f"{name} {float(trainer.callback_metrics[name]):.4g}" for name in CURVE_COLUMNS[1:])
            print(f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}: {', '.join(values)}", file=sys.stderr)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        self._open.close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:  # noqa: ARG002
        self._open.close()


def progress_callback() -> pl.Callback:
    """A progress bar on a terminal, a line an epoch elsewhere."""
    return TQDMProgressBar(leave=False) if sys.stderr.isatty() else EpochLines()
