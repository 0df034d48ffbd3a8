"""Damage in DVC's cache, whose files are named after the MD5 of their content and are not looked at again."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from actionrec.core.errors import ActionrecError
from actionrec.core.itemcache import OUTPUT_DIRS


def remove_damaged(root: Path) -> list[Path]:
    """Remove files of DVC's cache that are not what their name says, and outputs that are links to them.

    Reads the whole cache. Returns what was removed, sorted. Outputs that are links would otherwise be put back by DVC,
    damaged as they are. Raises :class:`ActionrecError` where DVC does not say where its cache is.
    """
    damaged = [path for path in _objects(_cache_dir(root)) if _md5(path) != path.parent.name + path.stem]
    inodes = {(path.stat().st_dev, path.stat().st_ino) for path in damaged}
    links = [path for path in _outputs(root) if (path.stat().st_dev, path.stat().st_ino) in inodes] if inodes else []
    for path in [*damaged, *links]:
        path.unlink()
    return sorted([*damaged, *links])


def _cache_dir(root: Path) -> Path:
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ActionrecError(
            f"`dvc cache dir` failed in {root}: {done.stderr.strip()}; run from the root of the project"
        )
    return root / done.stdout.strip()


def _objects(cache_dir: Path) -> Iterator[Path]:
    for path in (cache_dir / "files/md5").glob("??/*"):
        if path.is_file() and len(path.stem) == 30 and path.suffix in ("", ".dir"):
            yield path


def _outputs(root: Path) -> Iterator[Path]:
    for top in OUTPUT_DIRS:
        yield from (path for path in (root / top).rglob("*") if path.is_file())


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
