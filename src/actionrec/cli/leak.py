"""``actionrec leak``: what a split across groups adds to the accuracy of the same models."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from actionrec.cli.output import Commands, add_command, add_json, print_json


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "leak",
        "compare the accuracies of an honest and of a leaking split",
        examples=["actionrec leak /tmp/honest /tmp/leaking --out /tmp/leak.json"],
    )
    parser.add_argument("honest", type=Path, help="reports/metrics of a run whose split keeps groups whole")
    parser.add_argument(
        "leaking", type=Path, help="reports/metrics of a run with split.method=stratified and split.allow_leak=true"
    )
    parser.add_argument("--out", type=Path, help="also write it as JSON, which the report shows (report.leak)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print both accuracies of every model, and their difference with its interval."""
    # Imported here: scipy takes seconds, and the other commands do not need it.
    from actionrec.core.files import write_json
    from actionrec.evaluation.leak import measure_leak

    found = measure_leak(arguments.honest, arguments.leaking)
    if arguments.out is not None:
        write_json(arguments.out, asdict(found))
    if arguments.json:
        print_json(found)
        return
    line = "{:<24} {:>22} {:>22} {:>25}"
    print(line.format("video_top1", "honest split", "leaking split", f"the leak adds ({100 * found.confidence:g} %)"))
    for item in found.models:
        shares = (f"{side.value:.3f} [{side.low:.3f}, {side.high:.3f}]" for side in (item.honest, item.leaking))
        added = item.difference
        print(line.format(item.model, *shares, f"{added.value:+.3f} [{added.low:+.3f}, {added.high:+.3f}]"))
