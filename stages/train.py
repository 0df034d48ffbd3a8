"""Train one model: ``python stages/train.py <model>``."""

from __future__ import annotations

import logging
import sys

from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import SplitRow, read_rows
from actionrec.params import load_params


def main() -> None:
    if len(sys.argv) != 2:
        raise ActionrecError("usage: python stages/train.py <model>")
    name = sys.argv[1]
    # What was loaded from a file of weights, and what is new, is worth a line.
    logging.basicConfig(format="%(message)s")
    logging.getLogger("actionrec").setLevel(logging.INFO)
    params = load_params()
    model = params.model(name)
    rows = read_rows(paths.SPLIT, SplitRow, stage="split")

    from actionrec.models.table import kind_of
    from actionrec.tracking.live import live_curves
    from actionrec.training.datasets import open_source
    from actionrec.training.loop import train_model
    from actionrec.training.run import TrainingRun

    kind = kind_of(model.type)
    source = open_source(kind.recipe(model), rows, packed_path=paths.packed_path, keypoints_path=paths.PACKED_KEYPOINTS)
    run = TrainingRun(name, kind, model.fitted_to(source.num_features), params.train_of(name), rows, source)
    card = train_model(
        run,
        out_dir=paths.model_dir(name),
        curves_path=paths.curves_path(name),
        cache=ItemCache.of_stage("train"),
        callbacks=live_curves(params.tracking, name, run.fingerprint()),
    )
    print(f"{name}: best epoch {card.best_epoch}, val top-1 {card.best_val_top1:.3f}, {card.parameters:,} parameters")


if __name__ == "__main__":
    run_main(main)
