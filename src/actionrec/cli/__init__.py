"""The command line: ``actionrec <command>`` or ``python -m actionrec <command>``; a file a command."""

from __future__ import annotations

import argparse

from actionrec.cli import annotate, bundle, cache, doctor, export, leak, live, models, predict, recipe
from actionrec.core.errors import run_main

COMMANDS = (doctor, models, recipe, predict, annotate, live, bundle, cache, export, leak)


def main() -> None:
    """Parse the command line and run one command."""
    parser = argparse.ArgumentParser(prog="actionrec", description="Recognise human actions in video.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        command.add_to(commands)
    arguments = parser.parse_args()
    run_main(lambda: arguments.run(arguments))
