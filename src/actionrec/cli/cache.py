"""``actionrec cache``: what is kept to resume from, and pruning it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.core.dvccache import remove_damaged
from actionrec.core.files import sweep
from actionrec.core.itemcache import (
    CacheUsage,
    cache_usage,
    num_bytes,
    output_leftovers,
    project_root,
    prune_cache,
    verify_cache,
)


def add_to(commands: Commands) -> None:
    cache = add_command(
        commands,
        "cache",
        "show, prune or verify the item cache, from which stopped runs go on",
        examples=["actionrec cache show", "actionrec cache prune --older-than-days 7 --stage extract"],
    )
    actions = cache.add_subparsers(required=True, metavar="action")
    parser = add_command(actions, "show", "entries and bytes of every stage", examples=["actionrec cache show --json"])
    add_json(parser)
    parser.set_defaults(run=show)
    parser = add_command(
        actions,
        "prune",
        "remove entries; outputs are never touched",
        examples=[
            "actionrec cache prune --older-than-days 7",
            "actionrec cache prune --older-than-days 0 --stage train",
        ],
    )
    parser.add_argument(
        "--older-than-days", type=float, default=30.0, help="keep younger entries (default 30; 0: none)"
    )
    parser.add_argument("--stage", help="only this stage's entries, for example extract")
    add_json(parser)
    parser.set_defaults(run=prune)
    parser = add_command(
        actions,
        "verify",
        "read everything that is kept, here and in DVC's cache, and remove what is damaged; `dvc repro` makes it again",
        examples=["actionrec cache verify"],
    )
    add_json(parser)
    parser.set_defaults(run=verify)


def show(arguments: argparse.Namespace) -> None:
    """Print entries, bytes and leftovers of every stage; beside the outputs there are leftovers only."""
    root = project_root()
    usage = cache_usage(root)
    if beside := output_leftovers(root):
        usage.append(CacheUsage("outputs", 0, sum(map(num_bytes, beside)), len(beside)))
    if arguments.json:
        print_json(usage)
        return
    for stage in usage:
        print(f"{stage.stage:<12} {stage.entries:>8} entries {stage.num_bytes / 1e6:>10.1f} MB{_left(stage.leftovers)}")
    if not usage:
        print("the item cache is empty")


def _left(count: int) -> str:
    return f", {count} left half-written by killed runs" if count else ""


def prune(arguments: argparse.Namespace) -> None:
    """Remove old entries and what killed runs left, and print how much went."""
    root = project_root()
    removed = prune_cache(root, older_than_days=arguments.older_than_days, stage=arguments.stage)
    if arguments.stage is None:
        beside = sum(sweep(folder) for folder in {path.parent for path in output_leftovers(root)})
        removed = replace(removed, leftovers=removed.leftovers + beside)
    if arguments.json:
        print_json(removed)
    else:
        print(f"removed {removed.entries} entries, {removed.num_bytes / 1e6:.1f} MB{_left(removed.leftovers)}")


@dataclass(frozen=True)
class Damaged:
    """A file that was damaged, and is gone."""

    path: str


def verify(arguments: argparse.Namespace) -> None:
    """Remove damaged entries of the item cache and of DVC's cache, with the outputs that are the same files."""
    root = project_root()
    gone = [Damaged(str(path)) for path in [*verify_cache(root), *remove_damaged(root)]]
    if arguments.json:
        print_json(gone)
        return
    for damaged in gone:
        print(f"damaged, removed: {damaged.path}")
    print("run `dvc repro` to make them again" if gone else "nothing is damaged")
