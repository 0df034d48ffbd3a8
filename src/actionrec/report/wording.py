"""The sentences of the report: what was found, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actionrec.model_sections import FrameResnetParams
from actionrec.params import Params
from actionrec.report.figures import shorten
from actionrec.report.gather import FUSION, Inputs

Details = dict[str, Any]

REASONS = {
    "unreadable": "no program could open it",
    "no_video": "it holds no moving picture",
    "too_short": "too few frames",
    "missing_frames": "frames are missing against what the file declares",
    "timestamp_gap": "a hole in time between frames",
    "decode_errors": "the decoder complained",
    "blank": "most frames show nothing",
}

SPLIT_METHODS = {
    "group": "by group: every person and scene is whole in one subset",
    "stratified": "stratified by class, ignoring groups",
    "official": "the data set's official lists",
}


def percent(confidence: float) -> str:
    """``95 %``."""
    return f"{confidence * 100:g} %"


def signed(value: float) -> str:
    """``+0.028``, with a real minus sign."""
    return f"{value:+.3f}".replace("-", "\u2212")


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


def comparison(inputs: Inputs) -> list[str]:
    """One sentence for every entry that is compared with the best single model."""
    sentences = []
    for name, details in inputs.details.items():
        gain = details["gain"]
        if gain is None or (name == FUSION and len(inputs.params.enabled) == 1):
            continue
        top1 = test_metrics(details)["video_top1"]
        who = "The fusion" if name == FUSION else name
        if gain["low"] == gain["high"] == 0:
            sentences.append(f"{who} reaches {top1:.3f}, right and wrong on the same videos as {gain['over']}.")
            continue
        verdict = "excludes" if gain["low"] > 0 or gain["high"] < 0 else "includes"
        sentences.append(
            f"{who} reaches {top1:.3f}: {signed(gain['value'])} against {gain['over']}, "
            f"interval {signed(gain['low'])} to {signed(gain['high'])}, which {verdict} 0."
        )
    return sentences


def motion_note(params: Params, highlighted: Mapping[str, Sequence[float]]) -> str:
    """Where models of single frames fall behind models that see more; empty where there are not both kinds.

    ``highlighted`` maps the classes with the largest differences to their recalls, models in the order enabled.
    """
    single = [name for name in params.enabled if isinstance(params.models[name], FrameResnetParams)]
    others = [name for name in params.enabled if name not in single]
    if not (single and others):
        return ""
    place = {name: index for index, name in enumerate(params.enabled)}
    behind = [
        shorten(name, limit=40)
        for name, recalls in highlighted.items()
        if max(recalls[place[model]] for model in single) < max(recalls[place[model]] for model in others)
    ]
    found = f"Of the largest differences these are {_listed(behind)}." if behind else "No class here stands out so."
    return (
        f"{_listed(single)} {'sees' if len(single) == 1 else 'see'} one frame at a time, {_listed(others)} "
        f"{'sees' if len(others) == 1 else 'see'} how frames follow one another: classes on which single frames fall "
        f"behind are those that may need motion. {found}"
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
