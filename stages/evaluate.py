"""Evaluate the enabled models and their late fusion."""

from __future__ import annotations

from actionrec.core import paths
from actionrec.core.answers import write_answers
from actionrec.core.errors import run_main
from actionrec.core.files import atomic_dir
from actionrec.core.tables import SplitRow, read_rows
from actionrec.evaluation.details import summary
from actionrec.evaluation.evaluate import evaluate_folds
from actionrec.evaluation.folds import Fold
from actionrec.evaluation.outputs import answered_videos, write_metrics, write_plot_tables
from actionrec.intake.split.guard import read_guard
from actionrec.params import load_params
from actionrec.prediction.file import read_predictions


def main() -> None:
    """Write ``reports/metrics/``, ``reports/predictions.csv`` and ``reports/plots/evaluation/``."""
    params = load_params()
    folds = [
        Fold(
            number,
            [read_predictions(paths.predictions_path(model, number), model=model) for model in params.enabled],
            read_rows(paths.split_path(number), SplitRow, stage="split"),
        )
        for number in params.split.running
    ]
    evaluation = evaluate_folds(folds, params.evaluate, leaking=read_guard(paths.GUARD).leaking)
    with atomic_dir(paths.METRICS) as metrics, atomic_dir(paths.EVALUATION_PLOTS) as tables:
        write_metrics(evaluation, metrics)
        write_plot_tables(evaluation, tables)
    write_answers(answered_videos(evaluation), paths.ANSWERS)
    for name, scalars in summary(evaluation).items():
        low, high = scalars["video_top1_low"], scalars["video_top1_high"]
        print(
            f"{name}: video_top1 {scalars['video_top1']:.3f} [{low:.3f}, {high:.3f}] of {scalars['num_videos']} videos"
        )


if __name__ == "__main__":
    run_main(main)
