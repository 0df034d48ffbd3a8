"""Trees of empty files, and the section that reads them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from actionrec.intake.ingest.section import DataParams


def make_tree(root: Path, names: Iterable[str]) -> Path:
    """Empty files ``names`` below ``root``."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def data_of(name: str, root: Path, annotations: Path | str = "nothing", **other: Any) -> DataParams:
    return DataParams(name=name, root=str(root), annotations=str(annotations), **other)
