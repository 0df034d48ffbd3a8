"""Curves that arrive in MLflow while a model trains."""

from __future__ import annotations

from functools import cache

import lightning.pytorch as pl

from actionrec.core.itemcache import project_root
from actionrec.tracking.client import Tracker, check_answers, is_new, open_store, sqlite_file, tracking_uri, warn_only
from actionrec.tracking.patience import within
from actionrec.tracking.section import TrackingParams

CONNECT_SECONDS = 30.0
"""How long a store that says that it is there may take."""
LOG_SECONDS = 15.0


class LiveCurves(pl.Callback):
    """Logs every epoch's metrics to one MLflow run; at the first failure it warns, logs no more, and training goes on.

    The ``track`` stage logs what is missing.
    """

    def __init__(self, tracker: Tracker, run_id: str) -> None:
        self._tracker = tracker
        self._run_id = run_id
        self._works = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        if trainer.is_global_zero and self._works:
            self._works = bool(self._log(trainer))

    @warn_only
    def _log(self, trainer: pl.Trainer) -> bool:
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        step = trainer.current_epoch + 1
        check_answers(tracking_uri(project_root()))
        within(LOG_SECONDS, lambda: self._tracker.log_metrics(self._run_id, metrics, step=step))
        return True


def live_curves(params: TrackingParams, model: str, fingerprint: str, *, fold: int | None = None) -> list[pl.Callback]:
    """The callback for the run of this training, begun or found again; none where tracking is off or fails."""
    tracker = _tracker(params)
    run_id = _begin(tracker, model, fingerprint, fold) if tracker else None
    return [LiveCurves(tracker, run_id)] if tracker and run_id else []


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


@warn_only
def _begin(tracker: Tracker, model: str, fingerprint: str, fold: int | None) -> str:
    return within(LOG_SECONDS, lambda: tracker.run_of_training(model, fingerprint, fold))
