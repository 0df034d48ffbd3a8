"""``actionrec report``: this run beside that of another revision."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from actionrec.cli.output import Commands, add_command, add_json, print_json
from actionrec.core import paths
from actionrec.core.errors import ActionrecError

if TYPE_CHECKING:
    from actionrec.report.against import Change, Comparison

_LISTED = 20


def add_to(commands: Commands) -> None:
    parser = add_command(
        commands,
        "report",
        "compare this run with that of a git revision or an experiment",
        examples=["actionrec report --against HEAD~1", "actionrec report --against main --out /tmp/against.html"],
    )
    parser.add_argument(
        "--against",
        metavar="REV",
        required=True,
        help="a commit, branch, tag or DVC experiment whose run is in the cache",
    )
    parser.add_argument("--out", type=Path, help="also write it as a page, with every video whose answer changed")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print what differs in parameters, metrics, classes and videos."""
    from actionrec.core.files import write_text
    from actionrec.report.against import compare, read_run, render_comparison

    with tempfile.TemporaryDirectory() as name:
        _fetch(arguments.against, Path(name))
        found = compare(read_run(Path(name)), read_run(Path()), revision=arguments.against)
    if arguments.out is not None:
        write_text(arguments.out, render_comparison(found))
    if arguments.json:
        print_json(found)
    else:
        _print(found)


def _fetch(revision: str, folder: Path) -> None:
    """Copy what is compared of ``revision`` below ``folder``, from git or from DVC's cache."""
    from dvc.api import DVCFileSystem

    remedy = (
        "name a commit or an experiment (`dvc exp show`) whose outputs are in the cache (`dvc fetch --all-commits`)"
    )
    try:
        files = DVCFileSystem(".", rev=revision)
        (folder / paths.METRICS.parent).mkdir(parents=True)
        files.get_file("params.yaml", str(folder / "params.yaml"))
        files.get(str(paths.METRICS), str(folder / paths.METRICS), recursive=True)
        # Runs of before there was such a file have none.
        with suppress(FileNotFoundError):
            files.get_file(str(paths.ANSWERS), str(folder / paths.ANSWERS))
    except Exception as error:  # DVC raises those of its many packages
        raise ActionrecError(f"the run of {revision} cannot be read ({error}); {remedy}") from error


def _print(found: Comparison) -> None:
    line = "  {:<28} {:<22} {:>12} {:>12} {:>10}"
    print(f"parameters ({len(found.params)} differ)")
    for change in found.params:
        print(f"  {change.of}: {_shown(change.before)} -> {_shown(change.after)}")
    print("\n" + line.format("model", "metric", found.revision[:12], "now", "change").strip())
    for change in found.metrics:
        print(line.format(change.of, change.name, _shown(change.before), _shown(change.after), _difference(change)))
    print(f"\nrecall of classes ({len(found.classes)} changed)")
    for change in found.classes[:_LISTED]:
        print(line.format(change.of, change.name, _shown(change.before), _shown(change.after), _difference(change)))
    print(f"\nanswers ({len(found.videos)} changed)")
    for video in found.videos[:_LISTED]:
        print(f"  {video.entry}: {video.video_id} ({video.label}): {video.before} -> {video.after}, {video.now}")
    if max(len(found.classes), len(found.videos)) > _LISTED:
        print(f"  the first {_LISTED} of each are shown; --out FILE writes all as a page, --json prints all")
    if found.not_compared:
        print(f"not compared: {found.not_compared}")


def _shown(value: float | str | None) -> str:
    return "-" if value is None else value if isinstance(value, str) else f"{value:.5g}"


def _difference(change: Change) -> str:
    if isinstance(change.before, str | None) or isinstance(change.after, str | None):
        return ""
    return f"{change.after - change.before:+.5g}"
