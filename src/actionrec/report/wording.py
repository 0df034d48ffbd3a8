"""The sentences of the report: what was found, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actionrec.report.figures import shorten
from actionrec.report.gather import FUSION, Inputs

Details = dict[str, Any]

SPLIT_METHODS = {
    "group": "by group: every person and scene is whole in one subset",
    "first_groups": "by group: the first groups of every class, as a person counts, train, the rest test",
    "leave_one_group_out": "by group: every fold tests one group, and the others train and validate",
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


def headline_entry(details: Mapping[str, Details]) -> str:
    """The entry of the headline: the fusion, or the only model. No result chooses it.

    The fusion's weights are fitted on the validation videos, which flatters it there; to choose between it and the
    single models by validation would be to choose it nearly always, and by the test videos would be to look first.
    """
    models = [name for name in details if name != FUSION]
    return FUSION if len(models) > 1 else models[0]


def best_model(details: Mapping[str, Details]) -> str:
    """The single model that was chosen on validation."""
    name: str = next(iter(details.values()))["best_model"]
    return name


def headline(inputs: Inputs) -> str:
    """The result in one sentence."""
    name = headline_entry(inputs.details)
    metrics = test_metrics(inputs.details[name])
    videos, top1 = metrics["num_videos"], metrics["video_top1"]
    who = "The fusion of all models" if name == FUSION else name
    kind = "test videos" if inputs.guard.leaking else "unseen videos"
    return f"{who} recognises {round(top1 * videos)} of {videos} {kind}"


def subtitle(inputs: Inputs) -> str:
    """Accuracy, interval and chance behind the headline, and that no test video chose it."""
    details = inputs.details[headline_entry(inputs.details)]
    metrics, interval = test_metrics(details), details["interval"]
    groups = interval["num_groups"]["test"]
    over = "one test group, so it says almost nothing" if groups == 1 else f"{groups} test groups"
    return (
        f"Video top-1 accuracy {metrics['video_top1']:.3f}, {percent(interval['confidence'])} interval "
        f"{metrics['video_top1_low']:.3f} to {metrics['video_top1_high']:.3f} over {over}. "
        f"Guessing would reach {1 / len(details['class_names']):.3f}. {_choice(inputs)}"
    )


def _choice(inputs: Inputs) -> str:
    if len(inputs.params.enabled) == 1:
        return "It is the only model that is enabled."
    best = best_model(inputs.details)
    if inputs.details[best]["chosen_on"] is None:
        return (
            f"Without validation videos its weights are equal, and it is compared with {best}, which is enabled first."
        )
    return f"Its weights were fitted, and {best} as the best single model was chosen, on validation."


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
    """How the second-best model on validation and the fusion compare with the best, a sentence each."""
    compared = {name: details for name, details in inputs.details.items() if details["gain"] is not None}
    models = [name for name in compared if name != FUSION]
    chosen = [max(models, key=lambda name: _val_standing(compared[name]))] if models else []
    if FUSION in compared and len(inputs.params.enabled) > 1:
        chosen.append(FUSION)
    return [_comparison(name, compared[name]) for name in chosen]


def _val_standing(details: Details) -> tuple[float, float]:
    """As the evaluation chooses the best model: higher is better, of equals the first stays."""
    val = details["subsets"].get("val")
    return (val["metrics"]["video_top1"], -val["metrics"]["nll"]) if val else (0.0, 0.0)


def _comparison(name: str, details: Details) -> str:
    gain, top1 = details["gain"], test_metrics(details)["video_top1"]
    who = "The fusion" if name == FUSION else name
    interval = f"interval {signed(gain['low'])} to {signed(gain['high'])}"
    if gain["only_this_right"] == gain["only_other_right"] == 0:
        return f"{who} reaches {top1:.3f}, right and wrong on the same videos as {gain['over']} ({interval})."
    verdict = "excludes" if gain["low"] > 0 or gain["high"] < 0 else "includes"
    return (
        f"{who} reaches {top1:.3f}: {signed(gain['value'])} against {gain['over']}, "
        f"{interval}, which {verdict} 0; exchange of whole groups {_exchange_p(gain)}."
    )


def _exchange_p(gain: Details) -> str:
    """The p-value of the exchange of groups; where so few groups cannot reach 0.05, what they can."""
    few = f" (at least {gain['smallest_p']:.3g} over so few)" if gain["smallest_p"] > 0.05 else ""
    return p_value(gain["p"]) + few


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
    """What the temperatures did on test, from ``calibration`` of every entry's details.

    Both measures are compared, and what got worse stands with its numbers: the negative log-likelihood, which the
    temperature was fitted to lower, punishes a wrong answer that was nearly certain, which the calibration error
    hardly notices.
    """
    if any(item["fitted_on"] is None for item in found.values()):
        return "There are no validation videos to fit on: every temperature is 1 and changes nothing."
    effects: dict[tuple[int, int], list[str]] = {}
    for name, item in found.items():
        change = _change(item, "nll"), _change(item, "ece")
        worse = [
            f"{measure.upper()} {item[f'{measure}_before']:.3f} to {item[f'{measure}_after']:.3f}"
            for measure, sign in zip(("nll", "ece"), change, strict=True)
            if sign > 0
        ]
        effects.setdefault(change, []).append(f"{name} ({', '.join(worse)})" if worse else name)
    phrases = [f"{_effect(*change)} {listed(effects[change])}" for change in sorted(effects) if any(change)]
    if not phrases:
        return f"On the test videos it changes neither NLL nor ECE by as much as {_SMALLEST_CHANGE}."
    got_worse = any(sign > 0 for change in effects for sign in change)
    reason = ": what fits the validation videos need not fit others" if got_worse else ""
    return f"On the test videos it {listed(phrases)}{reason}."


def _change(item: Details, measure: str) -> int:
    """-1 where ``measure`` got better, 1 where it got worse, 0 where it is about the same."""
    change = item[f"{measure}_after"] - item[f"{measure}_before"]
    return 0 if abs(change) < _SMALLEST_CHANGE else 1 if change > 0 else -1


def _effect(nll: int, ece: int) -> str:
    """``lowers the ECE but raises the NLL of``."""
    signs = {"NLL": nll, "ECE": ece}
    lower, higher = ([name for name, sign in signs.items() if sign == wanted] for wanted in (-1, 1))
    changes = [
        f"{verb} the {' and the '.join(names)}" for verb, names in (("lowers", lower), ("raises", higher)) if names
    ]
    return f"{' but '.join(changes)} of"


def leak(found: Details) -> str:
    """What a split across groups would add to the fusion, or where there is none the last model, in one sentence."""
    worth = found["models"][-1]
    who = "the fusion" if worth["model"] == FUSION else worth["model"]
    added = worth["difference"]
    return (
        f"A split across groups would have shown {worth['leaking']['value']:.3f} instead of "
        f"{worth['honest']['value']:.3f} for {who}: {signed(added['value'])}, "
        f"{percent(found['confidence'])} interval {signed(added['low'])} to {signed(added['high'])}."
    )


def _some(names: Sequence[str]) -> str:
    if len(names) <= _MAX_NAMED:
        return listed(names)
    return f"{len(names)} classes such as {listed(names[:_NAMED_OF_MANY])}"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
