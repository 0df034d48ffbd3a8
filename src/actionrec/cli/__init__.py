"""The command line: ``actionrec <command>`` or ``python -m actionrec <command>``; a file a command."""

from __future__ import annotations

import os
import sys

from actionrec.cli import (
    annotate,
    bundle,
    cache,
    doctor,
    experiments,
    export,
    leak,
    live,
    models,
    opening,
    parameters,
    predict,
    recipe,
    report,
)
from actionrec.cli.output import Parser
from actionrec.core.errors import ActionrecError

COMMANDS = (
    doctor,
    models,
    recipe,
    parameters,
    experiments,
    opening,
    predict,
    annotate,
    live,
    bundle,
    cache,
    export,
    leak,
    report,
)


def make_parser() -> Parser:
    """The parser of all commands."""
    parser = Parser(
        prog="actionrec",
        description="Recognise human actions in video.",
        epilog="`actionrec COMMAND --help` shows a command's options, with examples.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in COMMANDS:
        command.add_to(commands)
    return parser


def main() -> None:
    """Parse the command line and run one command; an error is one message, with ``--debug`` its traceback too."""
    arguments, unknown = make_parser().parse_known_args()
    if unknown:
        arguments.parser.refuse(unknown)
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:  # of a reader that has seen enough, as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if hasattr(arguments, "debug"):
            raise
        print(f"error: {_message(error)}", file=sys.stderr)
        raise SystemExit(1) from None


def _message(error: Exception) -> str:
    if isinstance(error, ActionrecError):
        return str(error)
    return f"{type(error).__name__}: {error} (not foreseen: --debug shows where it arose)"
