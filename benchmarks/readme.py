"""What was measured, as the README shows it: ``make bench-readme`` fills that with the committed results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import first_run, growth
from benchmarks.table import RESULTS, results, table

README = Path("README.md")


def blocks() -> dict[str, str]:
    """Markdown by the name that its marks have in the README; of what was measured."""
    found = {"benchmarks": table(results())}
    if runs := _committed("first_run"):
        found["first run"] = "\n".join(first_run.table(runs["runs"]))
    if points := _committed("growth"):
        found["growth"] = "\n".join(growth.table_of_series(growth.read_points(points)))
    return found


def _committed(name: str) -> Any:
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def with_block(text: str, name: str, block: str) -> str:
    """``text`` with ``block`` between the two marks of ``name``."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{block}\n\n{end}{tail}"


def with_blocks(text: str) -> str:
    """``text`` as the committed results have it."""
    for name, block in blocks().items():
        text = with_block(text, name, block)
    return text


if __name__ == "__main__":
    README.write_text(with_blocks(README.read_text()))
