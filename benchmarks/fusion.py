"""How well the fusion answers validation videos of groups that it was not fitted on: the table of ``docs/fusion.md``.

Run from the root of a project in which `dvc repro evaluate` has run: `python benchmarks/fusion.py`. Of every fold each
group of the validation part is left out in turn; weights and temperature are fitted on the others and answer it. That
is done with every set of at least two of the enabled models. No test video is read.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from actionrec.core import paths
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.tables import SplitRow, class_names, read_rows
from actionrec.evaluation.calibration import fit_temperature, scale
from actionrec.evaluation.fusion import fit_weights, fuse
from actionrec.evaluation.metrics import negative_log_likelihood
from actionrec.params import Params, load_params
from actionrec.prediction.file import read_predictions

SMOOTHINGS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.05, 0.1)


@dataclass(frozen=True)
class Validation:
    """What all models say of the validation videos of one fold."""

    log_probs: npt.NDArray[np.floating]
    """(M, N, C)"""
    label: npt.NDArray[np.int64]
    """(N,)"""
    group: npt.NDArray[np.str_]
    """(N,)"""

    def of(self, models: Sequence[int]) -> Validation:
        """The same, of some models."""
        return Validation(self.log_probs[list(models)], self.label, self.group)


def validations(params: Params) -> Iterator[Validation]:
    """One a fold that ran."""
    for fold in params.split.running:
        rows = read_rows(paths.split_path(fold), SplitRow, stage="split")
        names, row_of = class_names(rows), {row.video_id: row for row in rows}
        found = [read_predictions(paths.predictions_path(model, fold), model=model) for model in params.enabled]
        own = [row_of[video_id] for video_id in found[0].video_id]
        in_val = np.array([row.subset == "val" for row in own])
        yield Validation(
            np.stack([of_model.log_prob for of_model in found])[:, in_val],
            np.array([names.index(row.label) for row in own], np.int64)[in_val],
            np.array([row.group for row in own])[in_val],
        )


def held_out(folds: Iterable[Validation], *, smoothing: float) -> tuple[float, float]:
    """Accuracy and mean negative log-likelihood (nats) of answers to groups that nothing was fitted on."""
    answers, labels = [], []
    for fold in folds:
        for group in np.unique(fold.group):
            left_out = fold.group == group
            if left_out.all():
                continue
            seen, label = fold.log_probs[:, ~left_out], fold.label[~left_out]
            weights = fit_weights(seen, label, smoothing=smoothing)
            temperature = fit_temperature(fuse(seen, weights, smoothing=smoothing), label)
            answers.append(scale(fuse(fold.log_probs[:, left_out], weights, smoothing=smoothing), temperature))
            labels.append(fold.label[left_out])
    if not answers:
        raise ActionrecError("no fold has two groups of validation videos to leave one out; raise split.val_fraction")
    log_prob, label = np.concatenate(answers), np.concatenate(labels)
    return float(np.mean(log_prob.argmax(axis=1) == label)), negative_log_likelihood(log_prob, label)


def table(folds: Sequence[Validation], *, smoothings: Sequence[float]) -> list[str]:
    """Markdown: a row a smoothing, means over all sets of models, and how many sets it serves better than the first."""
    num_models = len(folds[0].log_probs)
    sets = [chosen for size in range(2, num_models + 1) for chosen in combinations(range(num_models), size)]
    lines = ["| smoothing | accuracy | nats | sets better, worse in accuracy | in nats |", "|---" * 5 + "|"]
    first = None
    for smoothing in smoothings:
        found = np.array([held_out([fold.of(chosen) for fold in folds], smoothing=smoothing) for chosen in sets])
        first = found if first is None else first
        accuracy, nats = (found - first).T
        lines.append(
            f"| {smoothing:g} | {found[:, 0].mean():.3f} | {found[:, 1].mean():.3f} "
            f"| {(accuracy > 0).sum()}, {(accuracy < 0).sum()} | {(nats < 0).sum()}, {(nats > 0).sum()} |"
        )
    return lines


def main() -> None:
    """Print the table of this project."""
    parser = argparse.ArgumentParser(description="How well the fusion answers groups that it was not fitted on.")
    parser.add_argument(
        "--smoothing", type=float, nargs="+", default=SMOOTHINGS, help="values to compare (%(default)s)"
    )
    arguments = parser.parse_args()
    print("\n".join(table(list(validations(load_params())), smoothings=arguments.smoothing)))


if __name__ == "__main__":
    run_main(main)
