"""Results of expensive per-video work, kept by content so that a killed run goes on where it stopped.

Entries live in ``$DVC_ROOT/.itemcache/<stage>/<key>``: DVC sets ``DVC_ROOT`` to the main checkout also
inside its temporary workspaces, so experiments and queues share what was computed once. The key
hashes the video's content, the parameters and the code of the step: nothing stale can be returned.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from actionrec.core.files import atomic_path, digest_of

CACHE_DIR_NAME = ".itemcache"


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
        return cls(project_root() / CACHE_DIR_NAME / stage)

    def key(self, *parts: object) -> str:
        """Key of an item from JSON-serialisable parts: content digest, parameters, code version."""
        return digest_of(*parts)

    def path(self, key: str) -> Path:
        """Where the entry is or will be; two levels, so that no directory grows without bound."""
        return self.root / key[:2] / key

    def has(self, key: str) -> bool:
        return self.path(key).exists()

    @contextmanager
    def writing(self, key: str) -> Iterator[Path]:
        """Yield a path aside to write the entry at; it appears under ``key`` whole or not at all."""
        with atomic_path(self.path(key)) as aside:
            yield aside
            if aside.is_file():
                aside.chmod(0o444)


@dataclass(frozen=True)
class CacheUsage:
    """What one stage keeps in the item cache."""

    stage: str
    entries: int
    num_bytes: int


def _entries(stage_dir: Path) -> list[Path]:
    return [entry for prefix in sorted(stage_dir.iterdir()) if prefix.is_dir() for entry in sorted(prefix.iterdir())]


def _num_bytes(entry: Path) -> int:
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
        usage.append(CacheUsage(stage_dir.name, len(entries), sum(map(_num_bytes, entries))))
    return usage


def prune_cache(root: Path, *, older_than_days: float, stage: str | None = None) -> CacheUsage:
    """Remove entries not written within ``older_than_days`` (0 removes all); returns what went.

    Outputs are hard links or copies, so removing an entry never removes an output.
    """
    limit = time.time() - older_than_days * 86_400
    removed, freed = 0, 0
    for stage_dir in _stage_dirs(root):
        if stage is not None and stage_dir.name != stage:
            continue
        for entry in _entries(stage_dir):
            if entry.stat().st_mtime > limit:
                continue
            removed, freed = removed + 1, freed + _num_bytes(entry)
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    return CacheUsage(stage or "all", removed, freed)
