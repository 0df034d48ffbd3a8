"""An evaluation as JSON values: what DVC compares, and everything that the report shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from actionrec.evaluation.calibration import Reliability
from actionrec.evaluation.folds import FUSION
from actionrec.evaluation.fusion import SMOOTHING
from actionrec.evaluation.intervals import METHOD, Interval
from actionrec.evaluation.paired import PAIRED_METHOD
from actionrec.evaluation.results import EntryResult, Evaluation, SubsetResult
from actionrec.evaluation.scalars import DETAILS, SUMMARY, rounded, scalars_of
from actionrec.evaluation.space_time import LITTLE, NEAR_CHANCE, RECOGNISED, ClassVerdict, recall_at

LISTED = 10
"""Best and worst classes, most confused pairs."""


def summary(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """``{entry: at most ten scalars}`` of the test videos, rounded."""
    return {entry.name: scalars_of(entry.subsets["test"], SUMMARY) for entry in evaluation.entries}


def details(evaluation: Evaluation, entry: EntryResult) -> dict[str, Any]:
    """Everything about one entry that the report and a reader may want, as JSON values."""
    params = evaluation.params
    common = {
        "name": entry.name,
        "class_names": list(evaluation.class_names),
        "leaking": evaluation.leaking,
        "best_model": evaluation.best_model,
        "chosen_on": "val" if "val" in entry.subsets else None,
        "interval": {
            "method": METHOD,
            "paired_method": PAIRED_METHOD,
            "confidence": params.confidence,
            "num_groups": {name: subset.num_groups for name, subset in entry.subsets.items()},
        },
        "subsets": {name: _subset(evaluation, subset) for name, subset in entry.subsets.items()},
        "gain": _gain(evaluation, entry),
        "calibration": _calibration(entry),
        "folds": _folds(evaluation, entry),
    }
    return common | (_fusion(evaluation) if entry.name == FUSION else _model(evaluation, entry))


def _model(evaluation: Evaluation, entry: EntryResult) -> dict[str, Any]:
    prediction = evaluation.predictions[entry.name]
    return {
        "protocol": prediction.protocol,
        "sampling": prediction.sampling,
        "aggregation": prediction.aggregation,
        "num_clips": len(prediction.clip_video),
        "parameters": int(prediction.parameters),
        "trainable_parameters": int(prediction.trainable_parameters),
        "multiply_adds_clip": int(prediction.multiply_adds_clip),
        "multiply_adds_video": int(prediction.multiply_adds_video),
        "best_epoch": int(prediction.best_epoch),
    }


def _folds(evaluation: Evaluation, entry: EntryResult) -> list[dict[str, Any]]:
    """One row a fold, one in all of a single split."""
    rows = []
    for place, (fold, found) in enumerate(zip(evaluation.folds, entry.folds, strict=True)):
        row: dict[str, Any] = {
            "fold": fold.number or 0,
            "num_test_videos": found.num_test_videos,
            "test_top1": rounded(found.test_top1),
            "val_top1": None if found.val_top1 is None else rounded(found.val_top1),
            "temperature": rounded(found.temperature),
        }
        if entry.name == FUSION:
            weights = evaluation.fusion.fold_weights[place]
            row["weights"] = {name: rounded(weight) for name, weight in weights.items()}
        else:
            row["best_epoch"] = next(p.best_epoch for p in fold.predictions if p.model == entry.name)
        rows.append(row)
    return rows


def _fusion(evaluation: Evaluation) -> dict[str, Any]:
    fusion = evaluation.fusion
    return {
        "protocol": "log-linear late fusion of video log-probabilities, weights fitted on val",
        "fusion": {
            "smoothing": SMOOTHING,
            "fitted": {
                "weights": {name: rounded(weight) for name, weight in fusion.fitted_weights.items()},
                "subsets": {name: scalars_of(subset, SUMMARY) for name, subset in fusion.fitted.subsets.items()},
                "gain": _gain(evaluation, fusion.fitted),
            },
            "equal": {
                "weights": {name: rounded(weight) for name, weight in fusion.equal_weights.items()},
                "subsets": {name: scalars_of(subset, SUMMARY) for name, subset in fusion.equal.subsets.items()},
                "gain": _gain(evaluation, fusion.equal),
            },
        },
        "space_time": _space_time(evaluation),
    }


def _space_time(evaluation: Evaluation) -> dict[str, Any] | None:
    found = evaluation.space_time
    if found is None:
        return None
    num_classes = len(evaluation.class_names)
    return {
        "frame_model": found.frame_model,
        "clip_model": found.clip_model,
        "recognised_from": rounded(recall_at(RECOGNISED, num_classes)),
        "near_chance_to": rounded(recall_at(NEAR_CHANCE, num_classes)),
        "little": LITTLE,
        "classes": [class_verdict(item) for item in found.classes],
        "pairs": [asdict(pair) for pair in found.pairs],
    }


def class_verdict(found: ClassVerdict) -> dict[str, Any]:
    """One row of the table of space and time; ``difference`` is clip minus frame recall, with its interval."""
    interval = _interval(found.difference)
    return {
        "class": found.name,
        "videos": found.num_videos,
        "groups": found.num_groups,
        "frame_recall": rounded(found.frame_recall),
        "clip_recall": rounded(found.clip_recall),
        "difference": interval["value"],
        "low": interval["low"],
        "high": interval["high"],
        "p": _p_value(found.exchange.p),
        "smallest_p": _p_value(found.exchange.smallest_p),
        "verdict": found.verdict,
    }


def _calibration(entry: EntryResult) -> dict[str, Any]:
    """Of the test videos, as predicted and at the temperature fitted on val."""
    before, after = entry.subsets["test"].as_predicted, entry.subsets["test"].calibrated
    return {
        "temperature": rounded(entry.temperature),
        "fitted_on": "val" if "val" in entry.subsets else None,
        "nll_before": rounded(before.nll),
        "nll_after": rounded(after.nll),
        "ece_before": rounded(before.ece),
        "ece_after": rounded(after.ece),
        "bins_before": _bins(before.reliability),
        "bins_after": _bins(after.reliability),
    }


def _bins(found: Reliability) -> list[dict[str, Any]]:
    """One row a bin of confidence, from the lowest; None where no video lies."""
    rows = zip(found.confidence.tolist(), found.accuracy.tolist(), found.count.tolist(), strict=True)
    return [
        {
            "confidence": rounded(confidence) if count else None,
            "accuracy": rounded(accuracy) if count else None,
            "count": count,
        }
        for confidence, accuracy, count in rows
    ]


def _gain(evaluation: Evaluation, entry: EntryResult) -> dict[str, Any] | None:
    if entry.gain is None:
        return None
    test = entry.gain.mcnemar
    return {
        "over": evaluation.best_model,
        **_interval(entry.gain.interval),
        "p": _p_value(entry.gain.exchange.p),
        "smallest_p": _p_value(entry.gain.exchange.smallest_p),
        "mcnemar_p": _p_value(test.p),
        "only_this_right": test.only_this_right,
        "only_other_right": test.only_other_right,
    }


def _p_value(p: float) -> float:
    return float(f"{p:.4g}")  # decimal places would turn the smallest into 0


def _interval(interval: Interval) -> dict[str, float]:
    return {"value": rounded(interval.value), "low": rounded(interval.low), "high": rounded(interval.high)}


def _subset(evaluation: Evaluation, subset: SubsetResult) -> dict[str, Any]:
    names = evaluation.class_names
    by_recall = sorted(np.flatnonzero(subset.scores.support), key=lambda c: (-subset.scores.recall[c], names[c]))
    protocols = {f"video_top1_{sampling}": rounded(top1) for sampling, top1 in subset.protocols.items()}
    return {
        "protocols": protocols,
        "metrics": scalars_of(subset, SUMMARY | DETAILS),
        "per_class": per_class(evaluation, subset),
        "confusion": subset.confusion.tolist(),
        "best_classes": [names[c] for c in by_recall[:LISTED]],
        "worst_classes": [names[c] for c in by_recall[::-1][:LISTED]],
        "confused_pairs": confused_pairs(evaluation, subset),
    }


def per_class(evaluation: Evaluation, subset: SubsetResult) -> list[dict[str, Any]]:
    """Scores of every class, in the order of the class names."""
    scores = subset.scores
    return [
        {
            "class": name,
            "precision": rounded(scores.precision[c]),
            "recall": rounded(scores.recall[c]),
            "f1": rounded(scores.f1[c]),
            "support": int(scores.support[c]),
        }
        for c, name in enumerate(evaluation.class_names)
    ]


def confused_pairs(evaluation: Evaluation, subset: SubsetResult) -> list[dict[str, Any]]:
    """The pairs with the most errors; ``share`` is of the videos of the actual class."""
    names = evaluation.class_names
    errors = subset.confusion - np.diag(np.diag(subset.confusion))
    pairs = sorted(zip(*np.nonzero(errors), strict=True), key=lambda p: (-errors[p], names[p[0]], names[p[1]]))
    return [
        {
            "actual": names[actual],
            "predicted": names[predicted],
            "videos": int(errors[actual, predicted]),
            "share": rounded(errors[actual, predicted] / subset.scores.support[actual]),
        }
        for actual, predicted in pairs[:LISTED]
    ]
