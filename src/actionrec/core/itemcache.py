"""Results of expensive per-video work, kept by content so that a killed run goes on where it stopped.

Entries live in ``$DVC_ROOT/.itemcache/<stage>/<key>``: DVC sets ``DVC_ROOT`` to the main checkout also
inside its temporary workspaces, so experiments and queues share what was computed once. The key
hashes the video's content, the parameters and the code of the step: nothing stale can be returned.
Beside each entry stands its checksum, so that a damaged one is made again.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from actionrec.core.files import atomic_path, checksum_file, digest_of, leftovers, sweep, write_json
from actionrec.core.locks import means_no_locks, try_lock, wait_lock

CACHE_DIR_NAME = ".itemcache"
OUTPUT_DIRS = ("data", "reports")

_CHECKSUM_SUFFIX = ".crc32"
_WHOLE: dict[Path, tuple[int, int, int]] = {}
"""Entries that this process has found whole: which file, how long, when it was written."""
_SEAL_FILE = "checksums.json"
_OWNER = ".owner"
"""Locked by the process that works in an entry's folder."""


def project_root() -> Path:
    """The main checkout: ``DVC_ROOT`` inside a stage, else the working directory."""
    return Path(os.environ.get("DVC_ROOT") or Path.cwd()).resolve()


@dataclass(frozen=True)
class ItemCache:
    """The finished items of one stage, as read-only files named by key."""

    root: Path
    """Directory of this stage's entries."""

    @classmethod
    def of_stage(cls, stage: str) -> ItemCache:
        """The cache of ``stage``; what killed processes left in it half-written is removed."""
        root = project_root() / CACHE_DIR_NAME / stage
        sweep(root)
        return cls(root)

    def key(self, *parts: object) -> str:
        """Key of an item from JSON-serialisable parts: content digest, parameters, code version."""
        return digest_of(*parts)

    def path(self, key: str) -> Path:
        """Where the entry is or will be; two levels, so that no directory grows without bound."""
        return self.root / key[:2] / key

    def has(self, key: str) -> bool:
        """Whether the entry is there and whole; a damaged one is removed, with a line, so that it is made again.

        Reads the entry, at the speed of the disk; once a process, as long as nobody writes there.
        """
        path = self.path(key)
        try:
            status = path.stat()
            seen = (status.st_ino, status.st_size, status.st_mtime_ns)
            if _WHOLE.get(path) == seen:
                return True
            if _checksum_path(path).read_text(encoding="utf-8") == checksum_file(path):
                _WHOLE[path] = seen
                return True
        except (FileNotFoundError, UnicodeDecodeError):
            pass
        if path.exists():
            print(f"note: {path} is damaged and is made again", file=sys.stderr)
            path.unlink()
        return False

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """Yield a path aside to write the entry, a file, at; it appears under ``key`` whole or not at all."""
        path = self.path(key)
        self.root.mkdir(parents=True, exist_ok=True)
        with atomic_path(path, scratch=self.root) as aside:
            yield aside
            aside.chmod(0o444)
            # First, so that whoever sees the entry sees its checksum.
            _checksum_path(path).write_text(checksum_file(aside), encoding="utf-8")

    @contextmanager
    def alone(self, key: str, *, what: str) -> Iterator[Path]:
        """Yield the entry's folder, which no other process has meanwhile; waits, and says so, for one that has it.

        ``what`` names the work for that line. A process that ends, however it ends, has it no more. On a file system
        without locks the body runs unprotected.
        """
        folder = self.path(key)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            owner = try_lock(folder / _OWNER)
            if owner is None:
                print(f"{what} is being made by another process; waiting for it", file=sys.stderr, flush=True)
                owner = wait_lock(folder / _OWNER)
        except OSError as error:
            if not means_no_locks(error):
                raise
            owner = None
        try:
            yield folder
        finally:
            if owner is not None:
                os.close(owner)


def _checksum_path(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}{_CHECKSUM_SUFFIX}")


def seal(folder: Path) -> None:
    """Write the checksums of the files of ``folder`` beside them, for :func:`is_sealed`."""
    write_json(folder / _SEAL_FILE, _checksums(folder))


def is_sealed(folder: Path) -> bool:
    """Whether ``folder`` is there and holds exactly what it held when it was sealed."""
    try:
        return bool(json.loads((folder / _SEAL_FILE).read_text(encoding="utf-8")) == _checksums(folder))
    except (FileNotFoundError, ValueError):
        return False


def _checksums(folder: Path) -> dict[str, str]:
    return {path.name: checksum_file(path) for path in sorted(folder.iterdir()) if path.name != _SEAL_FILE}


@dataclass(frozen=True)
class CacheUsage:
    """What one stage keeps in the item cache."""

    stage: str
    entries: int
    num_bytes: int
    leftovers: int = 0
    """What killed processes left half-written; the stage's next run removes it."""


def _entries(stage_dir: Path) -> list[Path]:
    return [
        entry
        for prefix in sorted(stage_dir.iterdir())
        if prefix.is_dir() and not prefix.name.startswith(".")
        for entry in sorted(prefix.iterdir())
        if not entry.name.startswith(".") and not entry.name.endswith(_CHECKSUM_SUFFIX)
    ]


def _folders_of_leftovers(stage_dir: Path) -> list[Path]:
    """Where temporary folders are, and where those of earlier versions were."""
    return [stage_dir, *sorted(path for path in stage_dir.iterdir() if path.is_dir())]


def num_bytes(entry: Path) -> int:
    """Of a file, or of all files below a folder."""
    files = entry.rglob("*") if entry.is_dir() else [entry]
    return sum(file.stat().st_size for file in files if file.is_file())


def _stage_dirs(root: Path) -> list[Path]:
    cache = root / CACHE_DIR_NAME
    return sorted(path for path in cache.iterdir() if path.is_dir()) if cache.is_dir() else []


def cache_usage(root: Path) -> list[CacheUsage]:
    """Entries and bytes of every stage's cache below the checkout ``root``."""
    usage = []
    for stage_dir in _stage_dirs(root):
        entries = _entries(stage_dir)
        left = sum(len(leftovers(folder)) for folder in _folders_of_leftovers(stage_dir))
        usage.append(CacheUsage(stage_dir.name, len(entries), sum(map(num_bytes, entries)), left))
    return usage


def output_leftovers(root: Path) -> list[Path]:
    """What killed processes left half-written beside the outputs of the checkout ``root``, below data/ and reports/."""
    folders = [
        folder
        for top in OUTPUT_DIRS
        for folder in [root / top, *(root / top).rglob("*")]
        if folder.is_dir() and not folder.name.endswith(".tmp")
    ]
    return [path for folder in folders for path in leftovers(folder)]


def prune_cache(root: Path, *, older_than_days: float, stage: str | None = None) -> CacheUsage:
    """Remove entries not written within ``older_than_days`` (0 removes all), and leftovers; returns what went.

    Outputs are hard links or copies, so removing an entry never removes an output. What a living process works on
    stays.
    """
    limit = time.time() - older_than_days * 86_400
    removed, freed, swept = 0, 0, 0
    for stage_dir in _stage_dirs(root):
        if stage is not None and stage_dir.name != stage:
            continue
        swept += sum(map(sweep, _folders_of_leftovers(stage_dir)))
        for entry in _entries(stage_dir):
            if older_than_days > 0 and entry.stat().st_mtime > limit:
                continue
            size = num_bytes(entry)
            if _remove(entry):
                removed, freed = removed + 1, freed + size
    return CacheUsage(stage or "all", removed, freed, swept)


def verify_cache(root: Path) -> list[Path]:
    """Remove every damaged entry below the checkout ``root``; returns which. Reads all of them."""
    return [
        entry
        for stage_dir in _stage_dirs(root)
        for entry in _entries(stage_dir)
        if entry.is_file() and not ItemCache(stage_dir).has(entry.name)
    ]


def _remove(entry: Path) -> bool:
    """Remove ``entry`` and its checksum; False where a living process is at work in it."""
    if not entry.is_dir():
        entry.unlink()
        _checksum_path(entry).unlink(missing_ok=True)
        return True
    try:
        owner = try_lock(entry / _OWNER)
    except OSError as error:
        if not means_no_locks(error):
            raise
        owner = None
    else:
        if owner is None:
            return False
    shutil.rmtree(entry)
    if owner is not None:
        os.close(owner)
    return True
