"""What commands have in common."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from actionrec.core.errors import did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (it has no public name)
"""To which a command adds itself."""

_WRONG_CHOICE = re.compile(r"invalid choice: '(?P<word>[^']*)' \(choose from (?P<known>.*)\)")


class Parser(argparse.ArgumentParser):
    """A parser that keeps the lines of its examples, takes ``--debug`` anywhere, and suggests what was meant."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)
        self.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show where in the code an error arose"
        )
        self.set_defaults(parser=self)

    def error(self, message: str) -> NoReturn:
        if wrong := _WRONG_CHOICE.search(message):
            message += did_you_mean(wrong["word"], re.findall(r"[\w-]+", wrong["known"]))
        super().error(message)

    def refuse(self, words: Sequence[str]) -> NoReturn:
        """End with what is wrong about arguments that nothing takes."""
        word = next((word for word in words if word.startswith("-")), words[0])
        known = sorted(set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", self.format_help())))
        self.error(f"unrecognized arguments: {' '.join(words)}{did_you_mean(word.split('=')[0], known)}")


def add_command(commands: Commands, name: str, about: str, *, examples: Sequence[str] = ()) -> argparse.ArgumentParser:
    """A command with what its help says: one line on what it does, and whole lines to copy."""
    epilog = "examples:\n" + "\n".join(f"  {line}" for line in examples) if examples else None
    return commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=epilog)


def positive_number(text: str) -> float:
    """Of an argument; argparse names what is wrong where this raises."""
    if not (value := float(text)) > 0:
        raise ValueError(text)
    return value


def add_json(parser: argparse._ActionsContainer) -> None:
    """Give a command that prints facts its ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def print_json(facts: DataclassInstance | Sequence[DataclassInstance]) -> None:
    """Print one dataclass, or a list of them."""
    plain: Any = [asdict(fact) for fact in facts] if isinstance(facts, Sequence) else asdict(facts)
    print(json.dumps(plain, indent=2))
