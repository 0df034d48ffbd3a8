"""Curves that arrive in MLflow while a model trains."""

from __future__ import annotations

import time
from functools import cache

import lightning.pytorch as pl

from actionrec.core.itemcache import project_root
from actionrec.tracking.client import (
    Epoch,
    Tracker,
    check_answers,
    is_new,
    open_store,
    sqlite_file,
    tracking_uri,
    warn_only,
)
from actionrec.tracking.patience import within
from actionrec.tracking.section import TrackingParams

BEGINS_SECONDS = 15.0
"""How long a training lasts before its curves go to MLflow, whose import alone takes two seconds. What is over before
is recorded by the ``track`` stage.
"""
CONNECT_SECONDS = 30.0
"""How long a store that says that it is there may take."""
LOG_SECONDS = 15.0


class LiveCurves(pl.Callback):
    """Logs every epoch's metrics to one MLflow run; at the first failure it warns, logs no more, and training goes on.

    The ``track`` stage logs what is missing.
    """

    def __init__(self, params: TrackingParams, model: str, fingerprint: str, *, fold: int | None = None) -> None:
        """``fingerprint`` is the training's; of one that is gone on with the run is found again."""
        self._params, self._training = params, (model, fingerprint, fold)
        self._begins = time.monotonic() + BEGINS_SECONDS
        self._run_id: str | None = None
        self._waiting: list[Epoch] = []
        self._works = params.enabled

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object, **__: object) -> None:
        if self._run_id is None:  # an epoch may take hours, and the run is to be seen before
            self._send(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        if not (self._works and trainer.is_global_zero):
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self._waiting.append(Epoch(trainer.current_epoch + 1, metrics, int(time.time() * 1000)))
        self._send(trainer)

    def _send(self, trainer: pl.Trainer) -> None:
        if trainer.is_global_zero and self._works and time.monotonic() >= self._begins:
            self._works = bool(self._log())
            self._waiting = []

    @warn_only
    def _log(self) -> bool:
        tracker = _tracker(self._params)
        if tracker is None:
            return False
        check_answers(tracking_uri(project_root()))
        run_id = self._run_id or within(LOG_SECONDS, lambda: tracker.run_of_training(*self._training))
        within(LOG_SECONDS, lambda: tracker.log_epochs(run_id, self._waiting))
        self._run_id = run_id
        return True


@cache
def _tracker(params: TrackingParams) -> Tracker | None:
    """One for all folds, so that a store that is away is waited for, and warned of, once."""
    return _connect(params)


@warn_only
def _connect(params: TrackingParams) -> Tracker | None:
    path = sqlite_file(tracking_uri(project_root()))
    if path is not None and is_new(path):
        return open_store(params)  # making it is work, not waiting, and must not be left half done
    return within(CONNECT_SECONDS, lambda: open_store(params))
