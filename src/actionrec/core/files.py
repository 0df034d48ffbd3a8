"""Outputs written aside and renamed, and content digests."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from actionrec.core.locks import means_no_locks, try_lock

_READ_BYTES = 1 << 20
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.[a-z0-9_]{8}\.tmp")
_OWNER = ".owner"
"""Locked by the process that writes there."""
_REPLACED = ".replaced"
"""The output of before, on its way out."""
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def atomic_path(path: Path, *, scratch: Path | None = None) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it into place on success, remove it on failure.

    The body writes a file (or creates a directory) at the yielded path. An existing ``path`` is
    replaced, never written into: it may be a read-only link into DVC's cache. What killed processes left beside
    ``path`` goes first. ``scratch``, a folder of the same file system, takes the temporary path instead; it is not
    swept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if scratch is None:
        sweep(path.parent)
    aside_dir, owner = _make_owned(scratch or path.parent, path.name)
    aside = aside_dir / path.name
    try:
        yield aside
        if aside.is_dir() and path.is_dir():
            path.replace(aside_dir / _REPLACED)
        aside.replace(path)
    finally:
        shutil.rmtree(aside_dir, ignore_errors=True)
        if owner is not None:
            os.close(owner)


def _make_owned(folder: Path, name: str) -> tuple[Path, int | None]:
    """A new temporary folder, and the lock that says that its owner lives; None where there are no locks."""
    while True:
        aside_dir = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=".tmp", dir=folder))
        try:
            owner = try_lock(aside_dir / _OWNER)
        except OSError as error:
            if means_no_locks(error):
                return aside_dir, None
            shutil.rmtree(aside_dir, ignore_errors=True)
            raise
        if owner is not None:
            return aside_dir, owner
        # Another process swept it between its making and its locking.


def leftovers(folder: Path) -> list[Path]:
    """Temporary folders of :func:`atomic_path` directly in ``folder`` that no living process owns, sorted."""
    found = []
    for path in _temporary(folder):
        owner = _take_over(path)
        if owner is not None:
            os.close(owner)
            found.append(path)
    return found


def sweep(folder: Path) -> int:
    """Remove :func:`leftovers`; returns how many there were."""
    swept = 0
    for path in _temporary(folder):
        owner = _take_over(path)
        if owner is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(owner)
            swept += 1
    return swept


def _temporary(folder: Path) -> list[Path]:
    """What is named, and holds nothing but what :func:`atomic_path` puts there."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _TEMPORARY.fullmatch(path.name)
        if match is None or path.is_symlink() or not path.is_dir():
            continue
        with suppress(FileNotFoundError):  # its owner has just ended
            if all(_is_ours(inside.name, match["name"]) for inside in path.iterdir()):
                found.append(path)
    return sorted(found)


def _is_ours(name: str, target: str) -> bool:
    """Whether ``name`` is what lies in a temporary folder for ``target``; what writes there may do so aside too."""
    nested = _TEMPORARY.fullmatch(name)
    return name in (target, _OWNER, _REPLACED) or (nested is not None and nested["name"] == target)


def _take_over(path: Path) -> int | None:
    """The lock of the temporary folder ``path``; None where a living process owns it, or nobody can tell."""
    try:
        return try_lock(path / _OWNER)
    except OSError as error:
        if means_no_locks(error) or error.errno in _NOT_OURS:
            return None
        raise


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


def checksum_file(path: Path) -> str:
    """CRC-32 and length of a file: five times as fast as a digest, against damage and not against intent."""
    crc, num_bytes = 0, 0
    with path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            crc, num_bytes = zlib.crc32(block, crc), num_bytes + len(block)
    return f"{crc:08x} {num_bytes}"


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
