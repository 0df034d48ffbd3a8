"""Outputs written aside and renamed, and content digests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_READ_BYTES = 1 << 20


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it into place on success, remove it on failure.

    The body writes a file (or creates a directory) at the yielded path. An existing ``path`` is
    replaced, never written into: it may be a read-only link into DVC's cache.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside_dir = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    aside = aside_dir / path.name
    try:
        yield aside
        if aside.is_dir() and path.is_dir():
            shutil.rmtree(path)
        aside.replace(path)
    finally:
        shutil.rmtree(aside_dir, ignore_errors=True)


@contextmanager
def atomic_dir(path: Path) -> Iterator[Path]:
    """Like :func:`atomic_path` for a directory, which exists, empty, when the body starts."""
    with atomic_path(path) as aside:
        aside.mkdir()
        yield aside


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with atomic_path(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as sorted, indented JSON; refuses NaN, which DVC reports as changed for ever."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def digest_file(path: Path) -> str:
    """SHA-256 of a file's content, in hex; reads a megabyte at a time."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            sha.update(block)
    return sha.hexdigest()


def digest_of(*parts: Any) -> str:
    """SHA-256 of JSON-serialisable ``parts``, independent of dict order."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """Give ``source`` a second name; copies where the file system cannot link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
