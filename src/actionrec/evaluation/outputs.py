"""Write an evaluation: the summary that DVC compares, details as JSON, tables as CSV."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from actionrec.core.answers import Answer, AnsweredVideo
from actionrec.core.files import write_json
from actionrec.core.tables import write_table
from actionrec.evaluation.details import class_verdict, confused_pairs, details, per_class, summary
from actionrec.evaluation.results import Evaluation, SubsetResult


def write_metrics(evaluation: Evaluation, folder: Path) -> None:
    """Write ``summary.json`` and ``<entry>.json`` into the existing ``folder``."""
    write_json(folder / "summary.json", summary(evaluation))
    for entry in evaluation.entries:
        write_json(folder / f"{entry.name}.json", details(evaluation, entry))


def write_plot_tables(evaluation: Evaluation, folder: Path) -> None:
    """Write the CSV tables of the test videos into the existing ``folder``."""
    tests = {entry.name: entry.subsets["test"] for entry in evaluation.entries}
    metrics = summary(evaluation)
    columns = sorted({name for scalars in metrics.values() for name in scalars})
    write_table(
        folder / "models.csv",
        ["model", *columns],
        ([model, *(scalars.get(name, "") for name in columns)] for model, scalars in metrics.items()),
    )
    write_table(
        folder / "per_class.csv",
        ["model", "class", "precision", "recall", "f1", "support"],
        ([model, *row.values()] for model, test in tests.items() for row in per_class(evaluation, test)),
    )
    write_table(
        folder / "confused_pairs.csv",
        ["model", "actual", "predicted", "videos", "share"],
        ([model, *pair.values()] for model, test in tests.items() for pair in confused_pairs(evaluation, test)),
    )
    if evaluation.space_time is not None:
        rows = [class_verdict(item) for item in evaluation.space_time.classes]
        write_table(folder / "space_time.csv", list(rows[0]), ([*row.values()] for row in rows))
    for model, test in tests.items():
        _write_confusion(evaluation, test, folder / "confusion" / f"{model}.csv")


def answered_videos(evaluation: Evaluation) -> list[AnsweredVideo]:
    """Every test video with the answers of every entry, sorted by id."""
    where = {
        row.video_id: (row, fold.number or 0) for fold in evaluation.folds for row in fold.split if row.subset == "test"
    }
    answers = {entry.name: _answers(evaluation, entry.subsets["test"]) for entry in evaluation.entries}
    videos = next(iter(evaluation.entries)).subsets["test"].video_id
    found = []
    for place, video_id in enumerate(videos):
        row, fold = where[video_id]
        own = {name: of_entry[place] for name, of_entry in answers.items()}
        found.append(AnsweredVideo(video_id, row.group, fold, row.label, own))
    return found


def _answers(evaluation: Evaluation, test: SubsetResult) -> list[Answer]:
    probability = np.exp(test.log_prob.astype(np.float64))
    rows = np.arange(len(test.label))
    columns = (probability[rows, test.predicted], probability[rows, test.label], test.correct)
    return [
        Answer(evaluation.class_names[answer], first, actual, right)
        for answer, first, actual, right in zip(
            test.predicted.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def _write_confusion(evaluation: Evaluation, test: SubsetResult, path: Path) -> None:
    names = evaluation.class_names
    rows = zip(test.video_id, test.label.tolist(), test.predicted.tolist(), strict=True)
    write_table(
        path,
        ["video_id", "actual", "predicted"],
        ([video_id, names[actual], names[predicted]] for video_id, actual, predicted in rows),
    )
