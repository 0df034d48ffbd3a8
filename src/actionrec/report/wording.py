"""The sentences of the report: what was found, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actionrec.report.figures import shorten
from actionrec.report.gather import FUSION, Inputs

Details = dict[str, Any]

SPLIT_METHODS = {
    "group": "by group: every person and scene is whole in one subset",
    "first_groups": "by group: the first groups of every class, by name, train, the rest test",
    "stratified": "stratified by class, ignoring groups",
    "official": "the data set's official lists",
}


VERDICTS = {
    "time": "time tells apart",
    "space": "space, that is one frame, is enough for",
    "frame better": "single frames do better on",
    "neither": "neither model recognises",
    "unclear": "these videos do not decide",
}
"""In the order of the page."""

_MAX_NAMED = 6
_NAMED_OF_MANY = 3
_SMALLEST_CHANGE = 0.005


def percent(confidence: float) -> str:
    """``95 %``."""
    return f"{confidence * 100:g} %"


def signed(value: float) -> str:
    """``+0.028``, with a real minus sign."""
    return f"{value:+.3f}".replace("-", "\u2212")


def p_value(p: float) -> str:
    """``p = 0.031`` on one line; one below 0.001 says only that."""
    return "p\u00a0<\u00a00.001" if p < 0.001 else f"p\u00a0=\u00a0{p:.3f}"


def test_metrics(details: Details) -> dict[str, Any]:
    """The metrics of the test videos."""
    metrics: dict[str, Any] = details["subsets"]["test"]["metrics"]
    return metrics


def best_entry(details: dict[str, Details]) -> str:
    """The entry with the highest test ``video_top1``; of equals the first, so that a model goes before the fusion."""
    return max(details, key=lambda name: test_metrics(details[name])["video_top1"])


def headline(inputs: Inputs) -> str:
    """The result in one sentence."""
    best = best_entry(inputs.details)
    metrics = test_metrics(inputs.details[best])
    videos, top1 = metrics["num_videos"], metrics["video_top1"]
    who = "The fusion of all models" if best == FUSION else best
    kind = "test videos" if inputs.guard.leaking else "unseen videos"
    return f"{who} recognises {round(top1 * videos)} of {videos} {kind}"


def subtitle(inputs: Inputs) -> str:
    """Accuracy, interval and chance behind the headline."""
    best = inputs.details[best_entry(inputs.details)]
    metrics, interval = test_metrics(best), best["interval"]
    groups = interval["num_groups"]["test"]
    confidence = percent(interval["confidence"])
    sentence = f"Video top-1 accuracy {metrics['video_top1']:.3f}"
    if groups == 1:
        sentence += "; all test videos are of one group, so no interval can be given."
    else:
        sentence += (
            f", {confidence} interval {metrics['video_top1_low']:.3f} to {metrics['video_top1_high']:.3f} "
            f"over {groups} test groups."
        )
    return f"{sentence} Guessing would reach {1 / len(best['class_names']):.3f}."


def folds(inputs: Inputs) -> str:
    """What was cross-validated, and what every answer is worth; nothing of a single split."""
    if not inputs.folds:
        return ""
    tested = sum(row.subset == "test" for split in inputs.folds.values() for row in split)
    seen = "the video itself" if inputs.guard.leaking else "its group"
    sentence = (
        f"Cross-validation, {len(inputs.folds)} of {inputs.params.split.folds} folds: every test video was answered "
        f"by a model that had not seen {seen}"
    )
    if untested := len(inputs.split) - tested:
        return f"{sentence}; {untested} of the {len(inputs.split)} kept videos are in no test part that ran."
    return f"{sentence}, and every kept video is a test video."


def comparison(inputs: Inputs) -> list[str]:
    """How the runner-up and the fusion compare with the best single model, a sentence each; the table has the rest."""
    compared = {name: details for name, details in inputs.details.items() if details["gain"] is not None}
    models = {name: details for name, details in compared.items() if name != FUSION}
    chosen = [best_entry(models)] if models else []
    if FUSION in compared and len(inputs.params.enabled) > 1:
        chosen.append(FUSION)
    return [_comparison(name, compared[name]) for name in chosen]


def _comparison(name: str, details: Details) -> str:
    gain, top1 = details["gain"], test_metrics(details)["video_top1"]
    who = "The fusion" if name == FUSION else name
    if gain["only_this_right"] == gain["only_other_right"] == 0:
        return f"{who} reaches {top1:.3f}, right and wrong on the same videos as {gain['over']}."
    verdict = "excludes" if gain["low"] > 0 or gain["high"] < 0 else "includes"
    return (
        f"{who} reaches {top1:.3f}: {signed(gain['value'])} against {gain['over']}, "
        f"interval {signed(gain['low'])} to {signed(gain['high'])}, which {verdict} 0; "
        f"McNemar's test {p_value(gain['mcnemar_p'])}."
    )


def space_time(rows: Sequence[Details]) -> str:
    """Which classes are told apart by space and which by time, in one sentence, from the rows of ``space_time``."""
    phrases = []
    for verdict, phrase in VERDICTS.items():
        names = [shorten(row["class"], limit=40) for row in rows if row["verdict"] == verdict]
        if names:
            phrases.append(f"{phrase} {_some(names)}")
    sentence = "; ".join(phrases)
    return f"{sentence[0].upper()}{sentence[1:]}."


def calibration(found: Mapping[str, Details]) -> str:
    """What the temperatures did to the calibration error on test, from ``calibration`` of every entry's details."""
    if any(item["fitted_on"] is None for item in found.values()):
        return "There are no validation videos to fit on: every temperature is 1 and changes nothing."
    change = {name: item["ece_after"] - item["ece_before"] for name, item in found.items()}
    lower = [name for name, value in change.items() if value <= -_SMALLEST_CHANGE]
    higher = [name for name, value in change.items() if value >= _SMALLEST_CHANGE]
    effects = [
        f"{verb} the error of {_listed(names)}" for verb, names in (("lowers", lower), ("raises", higher)) if names
    ] or [f"changes no error by as much as {_SMALLEST_CHANGE}"]
    reason = ": what fits the validation videos need not fit others" if higher else ""
    return f"On the test videos it {' and '.join(effects)}{reason}."


def _some(names: Sequence[str]) -> str:
    if len(names) <= _MAX_NAMED:
        return _listed(names)
    return f"{len(names)} classes such as {_listed(names[:_NAMED_OF_MANY])}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
