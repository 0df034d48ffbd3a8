"""``actionrec open``: where the report of this checkout lies, or of an experiment that ran elsewhere."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.cli.saved import commit_of, read_saved
from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.core.files import atomic_path
from actionrec.core.itemcache import project_root

FOLDER = Path("reports/experiments")
"""Reports fetched from DVC's cache, a folder an experiment; git ignores it."""


@dataclass(frozen=True)
class OpenedReport:
    """A report that a browser can open."""

    experiment: str | None
    """None for this checkout's."""
    path: str


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "open",
        "print where a report lies, after fetching that of an experiment from DVC's cache",
        examples=["actionrec open", "actionrec open slow-lr", 'xdg-open "$(actionrec open slow-lr)"'],
    )
    parser.add_argument(
        "experiment", nargs="?", help="its name, as `dvc exp show` lists it, or a git revision (default: this checkout)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the path of the report."""
    root = project_root()
    path = root / paths.REPORT if arguments.experiment is None else fetch_report(root, arguments.experiment)
    if not path.exists():
        raise ActionrecError(f"{path} does not exist yet; run `dvc repro`, or name an experiment (dvc exp show)")
    if arguments.json:
        print_json(OpenedReport(arguments.experiment, str(path)))
    else:
        print(path)


def fetch_report(root: Path, experiment: str) -> Path:
    """Write the report of ``experiment`` below :data:`FOLDER` of the checkout ``root``; returns where."""
    page = read_saved(root, commit_of(root, experiment), paths.REPORT)
    # No part of a name may lead out of the folder.
    path = root / FOLDER / experiment.replace("/", "_").lstrip(".") / paths.REPORT.name
    with atomic_path(path) as aside:
        aside.write_bytes(page)
    return path
