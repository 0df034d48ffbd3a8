"""Predict the videos of ``evaluate.subsets`` by one model, once a fold: ``python stages/predict.py <model>``."""

from __future__ import annotations

import sys
from functools import partial

from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.files import digest_file, digest_of
from actionrec.core.tables import SplitRow, read_rows
from actionrec.params import Params, load_params
from actionrec.prediction.file import Predictions, write_predictions
from actionrec.prediction.pooled import write_pooled
from actionrec.training.folds import of_each_fold


def main() -> None:
    if len(sys.argv) != 2:
        raise ActionrecError("usage: python stages/predict.py <model>")
    name, params = sys.argv[1], load_params()
    found = of_each_fold(partial(_predict, name, params), params, name=name, imports="actionrec.prediction.run")
    write_pooled(found, to=paths.predictions_path(name), table=paths.predicted_folds_path(name))


def _predict(name: str, params: Params, fold: int | None) -> Predictions:
    params.model(name)
    train, rows = params.train_of(name), read_rows(paths.split_path(fold), SplitRow, stage="split")
    from actionrec.models.table import recipe_of
    from actionrec.prediction.run import predict_videos
    from actionrec.training.card import WEIGHTS_FILE
    from actionrec.training.datasets import open_source
    from actionrec.training.devices import resolve_accelerator
    from actionrec.training.trained import load_trained, section_of

    card, model = load_trained(directory := paths.model_dir(name, fold), name=name)
    source = open_source(
        recipe_of(section_of(card)), rows, packed_path=paths.packed_path, keypoints_path=paths.PACKED_KEYPOINTS
    )
    predictions = predict_videos(
        card,
        model,
        source=source,
        rows=rows,
        aggregation=params.evaluate.aggregation,
        batch_size=train.batch_size,
        device="cuda" if resolve_accelerator(train) == "gpu" else "cpu",
        num_workers=train.num_workers,
        subsets=params.evaluate.subsets,
    )
    predictions.check_covers(rows)
    fingerprint = digest_of(card.fingerprint, digest_file(directory / WEIGHTS_FILE), params.evaluate.aggregation)
    write_predictions(predictions, paths.predictions_path(name, fold), fingerprint=fingerprint)
    print(f"{paths.training_name(name, fold)}: {len(predictions.video_id)} videos, {predictions.protocol}")
    return predictions


if __name__ == "__main__":
    run_main(main)
