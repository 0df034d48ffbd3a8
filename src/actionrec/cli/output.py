"""What commands have in common."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (it has no public name)
"""To which a command adds itself."""


def add_json(parser: argparse._ActionsContainer) -> None:
    """Give a command that prints facts its ``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def print_json(facts: DataclassInstance | Sequence[DataclassInstance]) -> None:
    """Print one dataclass, or a list of them."""
    plain: Any = [asdict(fact) for fact in facts] if isinstance(facts, Sequence) else asdict(facts)
    print(json.dumps(plain, indent=2))
