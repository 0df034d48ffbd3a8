"""``actionrec models``: the models, counted at their published settings."""

from __future__ import annotations

import argparse

from actionrec.cli.output import Commands, add_command, add_json, print_json


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "models",
        "list the models, counted at their published settings",
        examples=["actionrec models", "actionrec models --classes 10 --json"],
    )
    parser.add_argument("--classes", type=_positive, help="count with so many classes (default: as published)")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the table of models."""
    # Imported here: torch takes seconds, and the other commands do not need it.
    from actionrec.models.catalogue import catalogue

    rows = catalogue(num_classes=arguments.classes)
    if arguments.json:
        print_json(rows)
        return
    line = "{:<15} {:<18} {:>6} {:>4} {:>7} {:>11} {:>11}  {}"
    print(line.format("model", "inputs", "frames", "size", "classes", "parameters", "trainable", "published by"))
    for row in rows:
        counts = f"{row.parameters:,}", f"{row.trainable_parameters:,}"
        size = row.image_size or ""
        print(line.format(row.name, row.inputs, row.clip_frames, size, row.num_classes, *counts, row.paper))


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError(text)
    return value
