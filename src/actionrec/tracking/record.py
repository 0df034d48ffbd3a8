"""The MLflow record of an experiment: begun when a model trains, completed by the ``track`` stage.

DVC restores a training that it has seen before without running any code, so the stage that
completes the record also makes the runs that no training made.
"""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

from actionrec.core import paths
from actionrec.params import Params
from actionrec.tracking.client import Epoch, Tracker, connect, revision_tags, warn_only

FUSION = "fusion"


@warn_only
def complete_record(params: Params) -> None:
    """Log what the finished pipeline knows: final metrics, figures, checkpoints, the report."""
    tracker = connect(params.tracking)
    if tracker is None:
        return
    summary = json.loads(paths.SUMMARY.read_text(encoding="utf-8"))
    parent = _record_experiment(tracker, params, summary)
    for model in params.enabled:
        for fold in params.split.running:
            metrics = summary[model] if fold is None else _metrics_of(model, fold)
            _record_training(tracker, params, model, fold, metrics, parent=parent)
    print(f"MLflow: experiment {params.tracking.experiment!r}, run {tracker.dvc_experiment!r} ({parent})")


def experiment_run(tracker: Tracker) -> str:
    """Id of the run of the whole experiment, which those of its trainings lie below."""
    # The digest of dvc.lock tells the states of one workspace apart.
    lock = {key: value for key, value in revision_tags().items() if key == "dvc.lock.md5"}
    return tracker.run_of(tracker.dvc_experiment, {"kind": "experiment", **lock})


def _record_experiment(tracker: Tracker, params: Params, summary: dict[str, dict[str, float]]) -> str:
    run = experiment_run(tracker)
    tracker.log_params(
        run,
        {
            **params.model_dump(include={"data", "split", "train", "evaluate"}),
            "enabled": list(params.enabled),
            "models": {name: params.models[name] for name in params.enabled},
        },
    )
    tracker.log_metrics(
        run, {f"{model}.{name}": value for model, row in summary.items() for name, value in row.items()}
    )
    fusion = json.loads((paths.METRICS / f"{FUSION}.json").read_text(encoding="utf-8"))
    chosen = {"best_model": fusion["best_model"], "best_model_chosen_on": fusion["chosen_on"] or "order"}
    tracker.tag(run, {**chosen, **_data_tags(params), "mlflow.note.content": _results_table(summary)})
    tracker.log_files(run, [paths.SUMMARY, paths.METRICS / f"{FUSION}.json"])
    tracker.log_files(run, [paths.REPORT, paths.PRINTED_REPORT, paths.ANSWERS])
    tracker.log_files(run, _figures("models", f"confusion_{FUSION}"), folder="figures")
    tracker.finish(run)
    return run


def _data_tags(params: Params) -> dict[str, str]:
    """What a list of runs shows of the videos and of how they were divided."""
    split = params.split
    folds = f", {split.folds} folds" if split.folds > 1 else ""
    return {
        "data": params.data.name,
        "data.root": params.data.root,
        "split": f"{split.method}{folds}, seed {split.seed}",
    }


def _results_table(summary: dict[str, dict[str, float]]) -> str:
    """The description of the experiment's run, as MLflow shows it: Markdown."""
    rows = [
        f"| {model} | {row['video_top1']:.3f} | {row['video_top1_low']:.3f} to {row['video_top1_high']:.3f} |"
        for model, row in sorted(summary.items(), key=lambda item: (item[0] != FUSION, item[0]))
    ]
    return "\n".join(["| model | video_top1 | interval |", "|---|---|---|", *rows])


def _metrics_of(model: str, fold: int) -> dict[str, float]:
    """What is known of one fold of several; the figures of all together are those of the experiment."""
    details: dict[str, Any] = json.loads((paths.METRICS / f"{model}.json").read_text(encoding="utf-8"))
    found = next(row for row in details["folds"] if row["fold"] == fold)
    metrics = {
        "num_videos": found["num_test_videos"],
        "temperature": found["temperature"],
        "video_top1": found["test_top1"],
        "video_top1_val": found["val_top1"],
    }
    return {name: value for name, value in metrics.items() if value is not None}


def _record_training(
    tracker: Tracker, params: Params, model: str, fold: int | None, metrics: dict[str, float], *, parent: str
) -> None:
    directory = paths.model_dir(model, fold)
    card: dict[str, Any] = json.loads((directory / "model.json").read_text(encoding="utf-8"))
    run = tracker.run_of_training(model, card["fingerprint"], fold)
    tracker.tag(run, {**revision_tags(), **_data_tags(params), "mlflow.parentRunId": parent})
    tracker.log_params(
        run,
        {
            "model": card["model"],
            "train": card["train"],
            "parameters": card["parameters"],
            "trainable_parameters": card["trainable_parameters"],
            **({} if fold is None else {"fold": fold}),
            **params.model_dump(include={"data", "split"}),
        },
    )
    _log_curves(tracker, run, paths.curves_path(model, fold))
    tracker.log_metrics(run, {**metrics, "best_epoch": card["best_epoch"]})
    tracker.log_files(run, sorted(directory.iterdir()), folder="model")
    tracker.log_files(run, [paths.METRICS / f"{model}.json"])
    tracker.log_files(run, _figures(f"curves_{model}", f"confusion_{model}"), folder="figures")
    tracker.finish(run)


def _log_curves(tracker: Tracker, run: str, path: Path) -> None:
    """The epochs that did not arrive while the model trained."""
    known, now_ms = tracker.steps_of(run, "val_top1"), int(time.time() * 1000)
    with path.open(encoding="utf-8", newline="") as file:
        rows = {int(row.pop("epoch")): row for row in csv.DictReader(file)}
    tracker.log_epochs(
        run,
        (
            Epoch(step, {name: float(value) for name, value in row.items() if value}, now_ms)
            for step, row in rows.items()
            if step not in known
        ),
    )


def _figures(*names: str) -> list[Path]:
    return sorted(path for path in paths.FIGURES.iterdir() if path.stem in names)
