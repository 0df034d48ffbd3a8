"""What of the time of training is spent waiting for the next batch, as `train` runs it, in Lightning's own loop."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import lightning.pytorch as pl
import torch

from actionrec.core import paths
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import SplitRow, read_rows
from actionrec.models.table import kind_of
from actionrec.params import Params, load_params
from actionrec.training.datasets import open_source
from actionrec.training.loop import train_model
from actionrec.training.run import TrainingRun
from benchmarks.pairs import Found, Options, Times, Way, cpu_seconds

MODEL, LIMIT = "cnn3d", 0.05
EPOCHS = 4
"""The first is the warm-up."""


class Stopwatch(pl.Callback):
    """Sums up, for each epoch, what passes within a step and from one step to the next, first fetch included."""

    def __init__(self) -> None:
        self.waited: list[tuple[float, float]] = []
        """(wall, processor's) seconds of an epoch."""
        self.worked: list[tuple[float, float]] = []
        self._last = (0.0, 0.0)

    def on_train_epoch_start(self, *_: object) -> None:
        self.waited.append((0.0, 0.0))
        self.worked.append((0.0, 0.0))
        self._last = now()

    def on_train_batch_start(self, *_: object) -> None:
        self._add(self.waited)

    def on_train_batch_end(self, *_: object) -> None:
        self._add(self.worked)

    def _add(self, to: list[tuple[float, float]]) -> None:
        last, self._last = self._last, now()
        to[-1] = (to[-1][0] + self._last[0] - last[0], to[-1][1] + self._last[1] - last[1])


def now() -> tuple[float, float]:
    return time.perf_counter(), cpu_seconds()


def measure(options: Options) -> Found:
    """The shipped parameters on the embedded data; the other models that are trained by default are facts."""
    torch.set_num_threads(1)  # as a fold beside others has
    params = load_params()
    shares = {}
    facts: dict[str, Any] = {}
    for name in dict.fromkeys([MODEL, *params.enabled]):
        watch = trained(name, params, accelerator="gpu" if options.device == "cuda" else "cpu")
        epochs = list(zip(watch.waited, watch.worked, strict=True))[1:]
        wall, cpu = ([waited[which] / (waited[which] + worked[which]) for waited, worked in epochs] for which in (0, 1))
        shares[name] = Times(wall, cpu)
        facts[name] = {
            "share": round(median(wall), 4),
            "waited_ms_per_epoch": round(1000 * median(waited[0] for waited, _ in epochs), 1),
            "worked_ms_per_epoch": round(1000 * median(worked[0] for _, worked in epochs), 1),
        }
    return Found(
        what="waiting for data, share of training",
        unit="epoch",
        ways=[Way(MODEL, lambda: None, limit_share=LIMIT)],
        times={MODEL: shares[MODEL]},
        num_items=1,
        facts=facts,
    )


def trained(name: str, params: Params, *, accelerator: str) -> Stopwatch:
    """Train ``name`` as the stage does, for a few epochs and with a cache of its own."""
    model, rows = params.model(name), read_rows(paths.split_path(), SplitRow, stage="split")
    kind = kind_of(model.type)
    source = open_source(kind.recipe(model), rows, packed_path=paths.packed_path, keypoints_path=paths.PACKED_KEYPOINTS)
    train = params.train_of(name).model_copy(update={"epochs": EPOCHS, "accelerator": accelerator})
    run = TrainingRun(name, kind, model.fitted_to(source.level_sizes), train, rows, source)
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="actionrec-") as place:
        folder = Path(place)
        train_model(
            run,
            out_dir=folder / "model",
            curves_path=folder / "curves.csv",
            cache=ItemCache(folder / "cache"),
            callbacks=[watch],
        )
    return watch
