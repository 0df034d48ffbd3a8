"""Train one model, once a fold: ``python stages/train.py <model> [<fold>]``."""

from __future__ import annotations

import logging
import subprocess
import sys
from functools import partial

from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import SplitRow, read_rows
from actionrec.params import Params, load_params
from actionrec.training.curves import write_mean_curves
from actionrec.training.folds import of_each_fold


def main() -> None:
    if len(sys.argv) not in (2, 3):
        raise ActionrecError("usage: python stages/train.py <model> [<fold>]")
    (name, *only), params = sys.argv[1:], load_params()
    train, folds = params.train_of(name), params.split.running
    if only:
        _train(name, params, int(only[0]))
    elif len(folds) == 1 or train.devices * train.num_nodes == 1:
        of_each_fold(partial(_train, name, params), params, name=name, imports="actionrec.training.loop")
    else:  # processes that train together run this script again, and would begin with the first fold
        for fold in folds:
            if code := subprocess.call([sys.executable, *sys.argv, str(fold)]):
                sys.exit(code)
    if params.split.folds > 1 and not only:
        write_mean_curves(*(paths.curves_path(name, fold) for fold in folds), to=paths.curves_path(name))


def _train(name: str, params: Params, fold: int | None) -> None:
    logging.basicConfig(format="%(message)s")
    logging.getLogger("actionrec").setLevel(logging.INFO)  # what was loaded from a file of weights, and what is new
    model, rows = params.model(name), read_rows(paths.split_path(fold), SplitRow, stage="split")
    from actionrec.models.table import kind_of
    from actionrec.tracking.live import LiveCurves
    from actionrec.training.datasets import open_source
    from actionrec.training.loop import train_model
    from actionrec.training.run import TrainingRun

    kind = kind_of(model.type)
    source = open_source(kind.recipe(model), rows, packed_path=paths.packed_path, keypoints_path=paths.PACKED_KEYPOINTS)
    run = TrainingRun(name, kind, model.fitted_to(source.level_sizes), params.train_of(name), rows, source)
    card = train_model(
        run,
        out_dir=paths.model_dir(name, fold),
        curves_path=paths.curves_path(name, fold),
        cache=ItemCache.of_stage("train"),
        callbacks=[LiveCurves(params.tracking, name, run.fingerprint(), fold=fold)],
    )
    print(f"{paths.training_name(name, fold)}: {card.said()}")


if __name__ == "__main__":
    run_main(main)
