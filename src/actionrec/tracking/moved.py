"""A checkout that was moved: MLflow keeps absolute places of artifacts, and would make the old folder again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

# Tables and columns of MLflow's store that hold places; earlier versions lack the last.
_PLACES = (("experiments", "artifact_location"), ("runs", "artifact_uri"), ("logged_models", "artifact_location"))


def move_places(database: Path, *, old: str, new: str) -> None:
    """Let everything in the sqlite store ``database`` that lies at or below the URI ``old`` lie at ``new``."""
    with closing(sqlite3.connect(database)) as store, store:
        tables = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table, column in _PLACES:
            if table in tables:
                store.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 (names from above)
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                )
