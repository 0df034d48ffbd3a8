"""A run beside another: what differs in metrics, classes, videos and parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from actionrec.core import paths
from actionrec.core.answers import AnsweredVideo, read_answers
from actionrec.core.errors import ActionrecError
from actionrec.params import PARAMS_FILE

_METRICS = ("video_top1", "clip_top1", "mean_class_accuracy", "macro_f1", "ece", "num_videos")


@dataclass(frozen=True)
class Change:
    """One value of both runs; None where a run does not have it."""

    of: str
    """An entry, or a key of ``params.yaml``."""
    name: str
    """A metric or a class; empty for parameters."""
    before: float | str | None
    after: float | str | None


@dataclass(frozen=True)
class VideoChange:
    """A video that an entry answers otherwise."""

    video_id: str
    label: str
    entry: str
    before: str
    after: str
    now: str
    """``right``, ``wrong``, or ``wrong still``."""


@dataclass(frozen=True)
class Comparison:
    """What differs; everything else is the same."""

    revision: str
    metrics: tuple[Change, ...]
    """Every metric of every entry, also those that are the same."""
    classes: tuple[Change, ...]
    """Recall of the classes where it changed."""
    videos: tuple[VideoChange, ...]
    not_compared: str
    """Why videos are not compared, or which are not; empty where all are."""
    params: tuple[Change, ...]


@dataclass(frozen=True)
class Run:
    """What is compared of one run."""

    summary: Mapping[str, Mapping[str, float]]
    recalls: Mapping[str, Mapping[str, float]]
    """By entry, then by class."""
    answers: Mapping[str, AnsweredVideo] | None
    """By video; None of a run that wrote none."""
    params: Mapping[str, str]


def read_run(root: Path) -> Run:
    """The run whose reports and ``params.yaml`` lie below ``root``; raises :class:`ActionrecError` without metrics."""
    try:
        summary = json.loads((root / paths.SUMMARY).read_text(encoding="utf-8"))
        details = {
            entry: json.loads((root / paths.METRICS / f"{entry}.json").read_text(encoding="utf-8")) for entry in summary
        }
        raw = YAML(typ="safe").load((root / PARAMS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, YAMLError) as error:
        raise ActionrecError(f"{root} does not hold a whole run ({error}); make it with `dvc repro`") from error
    answers = root / paths.ANSWERS
    return Run(
        summary,
        {name: {row["class"]: row["recall"] for row in _per_class(found)} for name, found in details.items()},
        {video.video_id: video for video in read_answers(answers)} if answers.exists() else None,
        _flat(raw),
    )


def _per_class(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = details["subsets"]["test"]["per_class"]
    return [row for row in rows if row["support"]]


def _flat(raw: Any, prefix: str = "") -> dict[str, str]:
    if not isinstance(raw, dict) or not raw:
        return {prefix: json.dumps(raw, default=str)}
    return {key: value for name in raw for key, value in _flat(raw[name], f"{prefix}.{name}".lstrip(".")).items()}


def compare(before: Run, after: Run, *, revision: str) -> Comparison:
    """``after`` beside ``before``, which is ``revision``; entries in the order of ``after``."""
    entries = [*after.summary, *(name for name in before.summary if name not in after.summary)]
    videos, not_compared = _videos(before, after)
    return Comparison(
        revision,
        tuple(
            Change(entry, name, before.summary.get(entry, {}).get(name), after.summary.get(entry, {}).get(name))
            for entry in entries
            for name in _METRICS
            if name in {**before.summary.get(entry, {}), **after.summary.get(entry, {})}
        ),
        tuple(change for entry in entries for change in _changes(entry, before.recalls, after.recalls)),
        videos,
        not_compared,
        tuple(
            Change(key, "", before.params.get(key), after.params.get(key))
            for key in sorted({*before.params, *after.params})
            if before.params.get(key) != after.params.get(key)
        ),
    )


def _changes(
    entry: str, before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]
) -> list[Change]:
    """Of the classes that both runs test, the largest change first."""
    old, new = before.get(entry, {}), after.get(entry, {})
    found = [Change(entry, name, old[name], new[name]) for name in new if name in old and old[name] != new[name]]
    return sorted(found, key=lambda change: (-abs(new[change.name] - old[change.name]), change.name))


def _videos(before: Run, after: Run) -> tuple[tuple[VideoChange, ...], str]:
    if before.answers is None or after.answers is None:
        which = "the other run" if before.answers is None else "this run"
        return (), f"{which} has no {paths.ANSWERS}"
    both = sorted(set(before.answers) & set(after.answers))
    found = []
    for video_id in both:
        old, new = before.answers[video_id], after.answers[video_id]
        for entry in new.answers:
            if entry not in old.answers or old.answers[entry].label == new.answers[entry].label:
                continue
            was, now = old.answers[entry], new.answers[entry]
            state = "right" if now.right else "wrong" if was.right else "wrong still"
            found.append(VideoChange(video_id, new.label, entry, was.label, now.label, state))
    order = {"wrong": 0, "right": 1, "wrong still": 2}
    found.sort(key=lambda change: (change.entry != "fusion", change.entry, order[change.now], change.video_id))
    alone = len(set(before.answers) ^ set(after.answers))
    return tuple(found), f"{alone} test videos of one run only" if alone else ""


def render_comparison(found: Comparison) -> str:
    """The comparison as a page that needs no network."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("actionrec.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    trusted = Markup(css)  # noqa: S704 (a file of this package)
    return environment.get_template("against.html").render(found=found, css=trusted)
