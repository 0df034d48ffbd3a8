"""What the page shows about the models: the rows of its tables, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from actionrec.report.figures import (
    COLORS,
    FUSION_COLOR,
    Bar,
    Drawing,
    draw_confusion,
    draw_curves,
    draw_models,
    draw_reliability,
)
from actionrec.report.gather import FUSION, Inputs
from actionrec.report.wording import VERDICTS, test_metrics

_MAX_HIGHLIGHTED = 5
_HIGHLIGHT_SPREAD = 0.2
_RANKED = 10


@dataclass(frozen=True)
class ModelRow:
    """One row of the table of models."""

    name: str
    color: str
    metrics: dict[str, Any]
    val_top1: float | None
    gain: dict[str, Any] | None


@dataclass(frozen=True)
class FoldRow:
    """Every entry in one fold."""

    fold: int
    num_videos: int
    """Tested."""
    top1: tuple[float, ...]
    """Of the test videos, in the order of the entries."""


@dataclass(frozen=True)
class ClassRow:
    """One row of the per-class table."""

    name: str
    support: int
    recalls: tuple[float, ...]
    """In the order of the entries; all 0 where there are no test videos."""
    spread: float
    """Highest minus lowest recall of the single models."""
    highlighted: bool


@dataclass(frozen=True)
class Ranking:
    """The classes that one entry recognises best and worst: rows of ``per_class``."""

    name: str
    color: str
    best: Sequence[dict[str, Any]]
    worst: Sequence[dict[str, Any]]
    """The worst first."""


@dataclass(frozen=True)
class ProtocolRow:
    """One way to predict whole videos by one model."""

    model: str
    color: str
    sampling: str
    reported: bool
    test_top1: float
    val_top1: float | None


@dataclass(frozen=True)
class Calibrated:
    """Calibration of one entry on test."""

    name: str
    color: str
    found: dict[str, Any]
    figure: Drawing
    alt: str


@dataclass(frozen=True)
class Confusion:
    """One confusion matrix and its most confused pairs."""

    name: str
    figure: Drawing
    alt: str
    pairs: Sequence[dict[str, Any]]
    num_errors: int


@dataclass(frozen=True)
class Training:
    """The training curve of one model."""

    name: str
    figure: Drawing
    alt: str
    best_epoch: int
    num_epochs: int


def shown_entries(inputs: Inputs) -> dict[str, dict[str, Any]]:
    """The models and the fusion; with one model the fusion is the same and left out."""
    if len(inputs.params.enabled) > 1:
        return inputs.details
    return {name: details for name, details in inputs.details.items() if name != FUSION}


def colors(inputs: Inputs) -> dict[str, str]:
    """One colour an entry, the same everywhere on the page."""
    models = [name for name in inputs.details if name != FUSION]
    return {name: COLORS[place % len(COLORS)] for place, name in enumerate(models)} | {FUSION: FUSION_COLOR}


def model_rows(inputs: Inputs) -> list[ModelRow]:
    """Every entry in its order, the fusion last."""
    color = colors(inputs)
    rows = []
    for name, details in shown_entries(inputs).items():
        val = details["subsets"].get("val")
        val_top1 = val["metrics"]["video_top1"] if val else None
        rows.append(ModelRow(name, color[name], test_metrics(details), val_top1, details["gain"]))
    return rows


def fold_rows(inputs: Inputs) -> list[FoldRow]:
    """One row a fold that ran; none of a single split."""
    tables = [details["folds"] for details in shown_entries(inputs).values()]
    rows = zip(*tables, strict=True) if inputs.folds else ()
    return [
        FoldRow(cells[0]["fold"], cells[0]["num_test_videos"], tuple(cell["test_top1"] for cell in cells))
        for cells in rows
    ]


def models_figure(inputs: Inputs) -> Drawing:
    """The chart of models."""
    bars = [
        Bar(
            row.name,
            row.metrics["video_top1"],
            row.metrics["video_top1_low"],
            row.metrics["video_top1_high"],
            row.color,
        )
        for row in model_rows(inputs)
    ]
    return draw_models(bars, chance=1 / len(_class_names(inputs)))


def protocol_rows(inputs: Inputs) -> list[ProtocolRow]:
    """Every video-level protocol of the models that have more than one, the reported one first."""
    color = colors(inputs)
    rows = []
    for name in inputs.params.enabled:
        details = inputs.details[name]
        test, val = (details["subsets"].get(subset, {}).get("protocols", {}) for subset in ("test", "val"))
        reported = f"video_top1_{details['sampling']}"
        others = sorted(set(test) - {reported})
        for key in [reported, *others] if others else []:
            sampling = key.removeprefix("video_top1_")
            rows.append(ProtocolRow(name, color[name], sampling, key == reported, test[key], val.get(key)))
    return rows


def class_rows(inputs: Inputs) -> list[ClassRow]:
    """Per-class recall; the classes on which the models differ most come first, then by name.

    With one model there is nothing to compare, and the worst classes come first. Classes without test
    videos come last.
    """
    tables = [details["subsets"]["test"]["per_class"] for details in shown_entries(inputs).values()]
    num_models = len(inputs.params.enabled)
    rows = []
    for cells in zip(*tables, strict=True):
        recalls = tuple(cell["recall"] for cell in cells)
        spread = max(recalls[:num_models]) - min(recalls[:num_models])
        rows.append(ClassRow(cells[0]["class"], cells[0]["support"], recalls, spread, highlighted=False))
    rows.sort(key=lambda row: (not row.support, -row.spread, row.recalls[0] if num_models == 1 else 0, row.name))
    return [
        replace(row, highlighted=place < _MAX_HIGHLIGHTED and row.spread >= _HIGHLIGHT_SPREAD)
        for place, row in enumerate(rows)
    ]


def rankings(inputs: Inputs) -> list[Ranking]:
    """Best and worst classes of every entry, of equals the first by name before; none where the lists would overlap."""
    color = colors(inputs)
    found = []
    for name, details in shown_entries(inputs).items():
        rows = [row for row in details["subsets"]["test"]["per_class"] if row["support"]]
        rows.sort(key=lambda row: (-row["recall"], row["class"]))
        if len(rows) >= 2 * _RANKED:
            found.append(Ranking(name, color[name], rows[:_RANKED], rows[: -_RANKED - 1 : -1]))
    return found


def space_time_rows(inputs: Inputs) -> list[dict[str, Any]]:
    """Rows of ``space_time`` by verdict, the clearest cases first; empty where there are not both kinds of models."""
    found = inputs.details[FUSION]["space_time"]
    order = list(VERDICTS)

    def key(row: dict[str, Any]) -> tuple[int, float, str]:
        apart = abs(row["difference"])
        return order.index(row["verdict"]), apart if row["verdict"] == "space" else -apart, row["class"]

    return sorted(found["classes"] if found else [], key=key)


def calibrations(inputs: Inputs) -> list[Calibrated]:
    """A reliability diagram of every entry, before and after its temperature."""
    color = colors(inputs)
    shown = []
    for name, details in shown_entries(inputs).items():
        found = details["calibration"]
        before = ("as predicted", found["ece_before"], found["bins_before"])
        after = (f"temperature {found['temperature']:.2f}", found["ece_after"], found["bins_after"])
        figure = draw_reliability(name, [before, after], color=color[name])
        alt = (
            f"Reliability of {name}: stated probability against the share that is right, calibration error "
            f"{found['ece_before']:.3f} as predicted and {found['ece_after']:.3f} with its temperature"
        )
        shown.append(Calibrated(name, color[name], found, figure, alt))
    return shown


def confusions(inputs: Inputs, *, subset: str = "test") -> list[Confusion]:
    """A heat map for every entry; none of a subset that was not predicted."""
    names = _class_names(inputs)
    found = []
    for name, details in shown_entries(inputs).items():
        if subset not in details["subsets"]:
            continue
        test = details["subsets"][subset]
        drawn_as = name if subset == "test" else f"{name}_{subset}"
        counts = np.array(test["confusion"], np.int64)
        errors = int(counts.sum() - np.trace(counts))
        alt = f"Confusion matrix of {name}: {int(np.trace(counts))} videos right, {errors} wrong, {len(names)} classes"
        found.append(Confusion(name, draw_confusion(drawn_as, counts, names), alt, test["confused_pairs"], errors))
    return found


def trainings(inputs: Inputs) -> list[Training]:
    """The curves of every model."""
    found = []
    for name, curve in inputs.curves.items():
        best = inputs.details[name]["best_epoch"]
        alt = f"Loss and top-1 accuracy of {name} over {len(curve.epoch)} epochs, training and validation"
        found.append(Training(name, draw_curves(name, curve, best_epoch=best), alt, best, len(curve.epoch)))
    return found


def _class_names(inputs: Inputs) -> list[str]:
    names: list[str] = next(iter(inputs.details.values()))["class_names"]
    return names
