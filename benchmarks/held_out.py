"""How well models answer people that they were not trained on, without a test video: choose parameters by it.

Run from the root of a project in which `dvc repro` has packed the data: `python benchmarks/held_out.py` for all enabled
models, or with their names. Of every fold the training and validation videos are dealt out anew by group into parts;
each part in turn is answered by a model that the others trained, after its last epoch and by one clip a video. A
validation part of a few dozen videos cannot tell two settings apart that this does.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from actionrec.core import paths
from actionrec.core.compute import map_items
from actionrec.core.errors import ActionrecError, run_main
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import SplitRow, read_rows
from actionrec.params import load_params

PARTS = 6


@dataclass(frozen=True)
class Question:
    """Part ``part`` of ``parts`` of one fold, to a model that the others train."""

    model: str
    fold: int | None
    part: int
    parts: int


@dataclass(frozen=True)
class Answer:
    num_videos: int
    top1: float
    nats: float
    train_top1: float


def dealt(rows: Sequence[SplitRow], *, part: int, parts: int) -> list[SplitRow]:
    """``rows`` whose training and validation videos are dealt anew, whole groups: ``part`` validates, the rest trains.

    Classes are balanced over the ``parts`` as far as groups allow. Raises :class:`ActionrecError` for more parts than
    groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    pool = [row for row in rows if row.subset != "test"]
    groups, labels = [row.group for row in pool], [row.label for row in pool]
    if len(set(groups)) < parts:
        raise ActionrecError(f"{len(set(groups))} groups cannot be dealt into {parts} parts; lower --parts")
    splits = list(StratifiedGroupKFold(parts, shuffle=True, random_state=0).split(groups, labels, groups))
    validating = {pool[place].video_id for place in splits[part][1]}
    return [
        row if row.subset == "test" else replace(row, subset="val" if row.video_id in validating else "train")
        for row in rows
    ]


def answer(question: Question) -> Answer:
    """Train and ask; what the training shows is not shown."""
    from actionrec.models.table import kind_of
    from actionrec.training.datasets import open_source
    from actionrec.training.loop import train_model
    from actionrec.training.run import TrainingRun

    params = load_params()
    model = params.model(question.model)
    rows = read_rows(paths.split_path(question.fold), SplitRow, stage="split")
    rows = dealt(rows, part=question.part, parts=question.parts)
    kind = kind_of(model.type)
    source = open_source(kind.recipe(model), rows, packed_path=paths.packed_path, keypoints_path=paths.PACKED_KEYPOINTS)
    train = params.train_of(question.model).model_copy(update={"keep": "last", "early_stopping": 0})
    run = TrainingRun(question.model, kind, model.fitted_to(source.level_sizes), train, rows, source)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        out = Path(folder)
        train_model(run, out_dir=out / "model", curves_path=out / "curves.csv", cache=ItemCache(out / "cache"))
        last = pd.read_csv(out / "curves.csv").iloc[-1]
    num_videos = sum(row.subset == "val" for row in rows)
    return Answer(num_videos, float(last["val_top1"]), float(last["val_loss"]), float(last["train_top1"]))


def table(answers: Sequence[tuple[Question, Answer]]) -> list[str]:
    """Markdown: a row a model, means over the videos of all folds and parts."""
    found = pd.DataFrame([{"model": question.model, **vars(answer)} for question, answer in answers])
    lines = ["| model | videos asked | top-1 | nats | top-1 in training |", "|---" * 5 + "|"]
    for model, of_model in found.groupby("model", sort=False):
        weights = of_model["num_videos"]
        top1, nats, seen = (
            (of_model[column] * weights).sum() / weights.sum() for column in ("top1", "nats", "train_top1")
        )
        lines.append(f"| `{model}` | {weights.sum()} | {top1:.3f} | {nats:.3f} | {seen:.3f} |")
    return lines


def main() -> None:
    """Print the table of this project."""
    parser = argparse.ArgumentParser(description="How well models answer groups that they were not trained on.")
    parser.add_argument("models", nargs="*", help="(all enabled)")
    parser.add_argument("--parts", type=int, default=PARTS, help="of the groups, each asked in turn (%(default)s)")
    arguments = parser.parse_args()
    params = load_params()
    names = arguments.models or list(params.enabled)
    questions = [
        Question(name, fold, part, arguments.parts)
        for name in names
        for fold in params.split.running
        for part in range(arguments.parts)
    ]
    os.environ.setdefault(
        "OMP_NUM_THREADS", "1"
    )  # before torch is imported, here or in the workers: one training a core
    answers = list(map_items(answer, questions, compute=params.compute, desc="held out", unit="training"))
    answers.sort(key=lambda pair: names.index(pair[0].model))
    print("\n".join(table(answers)))


if __name__ == "__main__":
    run_main(main)
