"""``actionrec experiments``: what was tried and what came of it, a row an experiment."""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.core.itemcache import project_root

FUSION = "fusion"
_LEGEND = (
    "video_top1 of the test videos [interval]; val_top1 is that of the fusion on the videos its weights were fitted on "
    "(of each model: --json, --csv)"
)
_DIGITS = len("workspace")
"""Of a commit without a name."""
_PARAMS = "params.yaml"
_LIMITS = ("video_top1", "video_top1_low", "video_top1_high")


@dataclass(frozen=True)
class Result:
    """Accuracies of one model or of the fusion, 0 to 1."""

    video_top1: float
    video_top1_low: float
    video_top1_high: float
    val_top1: float | None
    """None where DVC's cache lacks the details."""


@dataclass(frozen=True)
class Experiment:
    """One row."""

    name: str
    state: str
    """``done``, or what DVC says of one that is not: ``queued``, ``running``, ``failed``; such have no results yet."""
    commit: str
    changed: dict[str, Any]
    """Parameters that differ from those of the commit it started from; None where it has one no more."""
    results: dict[str, Result]
    """The fusion's first, then the models' by name."""


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "experiments",
        "list experiments: what each changed, and the accuracies with intervals",
        examples=["actionrec experiments", "actionrec experiments --all", "actionrec experiments --csv > tried.csv"],
    )
    parser.add_argument("--all", action="store_true", help="also those that started from other commits than HEAD")
    parser.add_argument("--csv", action="store_true", help="print CSV, with every figure of every model")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the experiments of this checkout."""
    root = project_root()
    experiments = list(read_experiments(show(root, everything=arguments.all), Details(root)))
    if arguments.json:
        print_json(experiments)
    elif arguments.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows(csv_rows(experiments))
    else:
        print("\n".join(table(experiments, width=shutil.get_terminal_size((10_000, 0)).columns)))


def show(root: Path, *, everything: bool) -> list[dict[str, Any]]:
    """What ``dvc exp show --json`` says of the checkout ``root``."""
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json", *(["--all-commits"] if everything else [])]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ActionrecError(f"`dvc exp show` failed in {root}: {done.stderr.strip()}")
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown


class Details:
    """The files of ``reports/metrics`` of any experiment, straight from DVC's cache."""

    def __init__(self, root: Path) -> None:
        from dvc.repo import Repo

        self._cache = Repo(str(root)).cache.local

    def val_top1(self, folder: str | None, model: str) -> float | None:
        """``video_top1`` on validation; ``folder`` is DVC's hash of ``reports/metrics``."""
        try:
            listed = {file["relpath"]: file["md5"] for file in self._read(folder or "")}
            found: float = self._read(listed[f"{model}.json"])["subsets"]["val"]["metrics"]["video_top1"]
        except (OSError, KeyError):
            return None
        return found

    def _read(self, digest: str) -> Any:
        return json.loads(Path(self._cache.oid_to_path(digest)).read_text(encoding="utf-8"))


def read_experiments(shown: Sequence[Mapping[str, Any]], details: Details) -> Iterator[Experiment]:
    """The workspace, then every commit with the experiments that started from it."""
    for commit in shown:
        before = _params(commit.get("data"))
        name = commit.get("name") or commit["rev"][:_DIGITS]
        yield _experiment(name, commit, before, details, state="done")
        for ran in commit.get("experiments") or []:
            executor = ran.get("executor") or {}
            for revision in ran["revs"]:
                state = str(executor.get("state") or "done").lower()
                named = ran.get("name") or revision["rev"][:_DIGITS]
                state = "done" if state == "success" else state
                yield _experiment(named, revision, before, details, state=state)


def _experiment(
    name: str, shown: Mapping[str, Any], before: Mapping[str, Any], details: Details, *, state: str
) -> Experiment:
    data = shown.get("data")
    after = _params(data)
    changed = {key: after.get(key) for key in sorted({**before, **after}) if before.get(key) != after.get(key)}
    if not data:
        return Experiment(name, "failed" if shown.get("error") else state, shown["rev"], {}, {})
    if state != "done":  # what DVC shows are the figures of the commit it starts from
        return Experiment(name, state, shown["rev"], changed, {})
    summary = data["metrics"].get(paths.SUMMARY.as_posix(), {}).get("data") or {}
    folder = data["outs"].get(paths.METRICS.as_posix(), {}).get("hash")
    results = {
        model: Result(**{name: summary[model][name] for name in _LIMITS}, val_top1=details.val_top1(folder, model))
        for model in sorted(summary, key=lambda model: (model != FUSION, model))
    }
    return Experiment(name, state, shown["rev"], changed, results)


def _params(data: Mapping[str, Any] | None) -> dict[str, Any]:
    found = data["params"].get(_PARAMS, {}).get("data") if data else None
    return dict(_leaves(found or {}))


def _leaves(section: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def csv_rows(experiments: Sequence[Experiment]) -> list[list[str]]:
    """A header and a row an experiment: every figure of every model that any of them has."""
    models = _models(experiments)
    names = [*_LIMITS, "val_top1"]
    rows = [["experiment", "state", "commit", "changed", *(f"{model}.{name}" for model in models for name in names)]]
    for row in experiments:
        figures = [getattr(row.results.get(model), name, None) for model in models for name in names]
        written = ["" if figure is None else str(figure) for figure in figures]
        rows.append([row.name, row.state, row.commit, _changes(row), *written])
    return rows


def table(experiments: Sequence[Experiment], *, width: int) -> list[str]:
    """Lines of text; where ``width`` is too narrow for the intervals of the models, only the fusion has one."""
    lines = _lines(experiments, intervals=True)
    if max(map(len, lines)) > width:
        lines = _lines(experiments, intervals=False)
    return [*lines, "", _LEGEND]


def _lines(experiments: Sequence[Experiment], *, intervals: bool) -> list[str]:
    models = _models(experiments)
    rows = [["experiment", "val_top1", *models, "changed"]]
    for row in experiments:
        fusion = row.results.get(FUSION)
        val = "" if fusion is None or fusion.val_top1 is None else f"{fusion.val_top1:.3f}"
        cells = [_cell(row.results.get(model), interval=intervals or model == FUSION) for model in models]
        name = row.name if row.state == "done" else f"{row.name} ({row.state})"
        rows.append([name, val, *cells, _changes(row) or "-"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    return ["  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in rows]


def _models(experiments: Sequence[Experiment]) -> list[str]:
    """Every entry that any experiment has, in the order of first mention."""
    return list(dict.fromkeys(model for row in experiments for model in row.results))


def _cell(result: Result | None, *, interval: bool) -> str:
    if result is None:
        return "-"
    shown = f"{result.video_top1:.3f}"
    return f"{shown} [{result.video_top1_low:.3f}, {result.video_top1_high:.3f}]" if interval else shown


def _changes(row: Experiment) -> str:
    return " ".join(f"{key}={_value(value)}" for key, value in row.changed.items())


def _value(value: Any) -> str:
    """As ``-S`` takes it."""
    return f"[{','.join(map(_value, value))}]" if isinstance(value, list) else str(value)
