"""Read everything that the report shows."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actionrec.core import paths
from actionrec.core.answers import AnsweredVideo, read_answers
from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ScreenedRow, SplitRow, read_rows
from actionrec.intake.split.guard import Guard, read_guard
from actionrec.models.kind import ModelParams
from actionrec.models.table import parse_model
from actionrec.params import Params
from actionrec.training.curves import CURVE_COLUMNS

FUSION = "fusion"


@dataclass(frozen=True)
class Curve:
    """Training history of a model, one value an epoch."""

    epoch: tuple[float, ...]
    train_loss: tuple[float, ...]
    train_top1: tuple[float, ...]
    val_loss: tuple[float, ...]
    val_top1: tuple[float, ...]
    lr: tuple[float, ...]


@dataclass(frozen=True)
class Inputs:
    """The tables behind the report."""

    params: Params
    models: dict[str, ModelParams]
    """Of the enabled models in their order."""
    screened: Sequence[ScreenedRow]
    split: Sequence[SplitRow]
    """With several folds, of the first that runs."""
    folds: dict[int, Sequence[SplitRow]]
    """The splits of the folds that run, by number; empty where there is a single split."""
    guard: Guard
    details: dict[str, dict[str, Any]]
    """``reports/metrics/<entry>.json`` of the enabled models in their order, then of the fusion."""
    curves: dict[str, Curve]
    quality: dict[str, tuple[float, ...]]
    """Measurements of the kept videos by name, from ``reports/plots/quality.csv``."""
    motion: dict[str, float]
    """Of the kept videos by id, from there too; empty where it was not measured."""
    answers: Sequence[AnsweredVideo]
    """Every test video, with the answers of every entry."""
    extra: dict[str, str]
    """By video id what other columns a table of the user's holds, ``column: value; ...``; only what is not empty."""
    leak: dict[str, Any] | None
    """What a split across groups would add, from the file that ``report.leak`` names."""


def gather(params: Params) -> Inputs:
    """Read the outputs of the earlier stages; only those of the enabled models."""
    return Inputs(
        params=params,
        models={name: parse_model(params.models[name]) for name in params.enabled},
        screened=read_rows(paths.SCREENED, ScreenedRow, stage="screen"),
        split=read_rows(paths.SPLIT, SplitRow, stage="split"),
        folds={
            fold: read_rows(paths.split_path(fold), SplitRow, stage="split")
            for fold in params.split.running
            if fold is not None
        },
        guard=read_guard(paths.GUARD),
        details={entry: read_details(paths.METRICS / f"{entry}.json") for entry in (*params.enabled, FUSION)},
        curves={model: read_curve(paths.curves_path(model), model) for model in params.enabled},
        quality=read_quality(paths.QUALITY_PLOT),
        motion=read_motion(paths.QUALITY_PLOT),
        answers=read_answers(paths.ANSWERS),
        extra=read_extra(paths.EXTRA),
        leak=read_leak(Path(params.report.leak)) if params.report.leak else None,
    )


def read_details(path: Path) -> dict[str, Any]:
    """One entry's details, as written by :func:`actionrec.evaluation.details.details`."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ActionrecError(f"{path} cannot be read ({error}); rebuild it with `dvc repro -f evaluate`") from error
    return found


def read_extra(path: Path) -> dict[str, str]:
    """``data/extra.csv``, each row in one line of text."""
    (_, *names), records = _read_csv(path, "rebuild it with `dvc repro -f ingest`")
    of_videos = {
        record["video_id"]: "; ".join(f"{name}: {record[name]}" for name in names if record[name]) for record in records
    }
    return {video_id: text for video_id, text in of_videos.items() if text}


def read_leak(path: Path) -> dict[str, Any]:
    """What ``actionrec leak --out`` wrote."""
    remedy = "write it with `actionrec leak HONEST LEAKING --out FILE`, or empty report.leak"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ActionrecError(f"{path} cannot be read ({error}); {remedy}") from error
    if not {"confidence", "models"} <= set(found):
        raise ActionrecError(f"{path} holds {', '.join(sorted(found))} instead of confidence and models; {remedy}")
    return found


def read_curve(path: Path, model: str) -> Curve:
    """The training curve of ``model``; an epoch without validation holds NaN."""
    remedy = f"rebuild it with `dvc repro -f train@{model}`"
    header, records = _read_csv(path, remedy)
    if missing := [name for name in CURVE_COLUMNS if name not in header]:
        raise ActionrecError(f"{path} lacks the column(s) {', '.join(missing)}; {remedy}")
    try:
        columns = [tuple(float(row[name] or "nan") for row in records) for name in CURVE_COLUMNS]
    except ValueError as error:
        raise ActionrecError(f"{path}: {error}; {remedy}") from error
    return Curve(*columns)


def read_quality(path: Path) -> dict[str, tuple[float, ...]]:
    """The columns that hold numbers only, in their order, over the rows whose ``kept`` is 1."""
    remedy = "rebuild it with `dvc repro -f screen`"
    header, records = _read_csv(path, remedy)
    if "kept" not in header:
        raise ActionrecError(f"{path} lacks the column kept; {remedy}")
    kept = [row for row in records if row["kept"] == "1"]
    columns: dict[str, tuple[float, ...]] = {}
    for name in header:
        try:
            values = tuple(float(row[name]) for row in kept if name != "kept")
        except ValueError:
            continue
        if values:
            columns[name] = values
    return columns


def read_motion(path: Path) -> dict[str, float]:
    """The column ``motion`` by video id, of the rows whose ``kept`` is 1; nothing where there is none."""
    header, records = _read_csv(path, "rebuild it with `dvc repro -f screen`")
    if not {"video_id", "motion"} <= set(header):
        return {}
    return {row["video_id"]: float(row["motion"]) for row in records if row["kept"] == "1"}


def _read_csv(path: Path, remedy: str) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            return list(reader.fieldnames or ()), list(reader)
    except OSError as error:
        raise ActionrecError(f"{path} cannot be read ({error}); {remedy}") from error
