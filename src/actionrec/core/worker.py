"""What a worker of a cluster has to have in common with the process that gives it work.

Its results are kept as ours, so it has to run the same code of this package and the same versions of what decodes and
computes, and to see the same files at the same paths.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from actionrec.core.code import PACKAGE, SOURCE, syntax_digest
from actionrec.core.itemcache import CACHE_DIR_NAME, project_root

# What decides on decoded frames, landmarks and vectors, beside our code. Not installed is an answer too.
_DISTRIBUTIONS = ("av", "h5py", "imageio-ffmpeg", "mediapipe", "numpy", "onnxruntime", "opencv-contrib-python", "torch")


@dataclass(frozen=True)
class Facts:
    """What a worker has to have in common with the process that gives it work."""

    code: str
    versions: dict[str, str]


@dataclass(frozen=True)
class SharedFiles:
    """Files that a worker has to see as this process sees them."""

    token: Path
    """In the item cache, where workers leave what they made."""
    content: str
    sizes: dict[str, int]
    """Bytes of the files that the first item names."""


def facts() -> Facts:
    """Of this process. Code is taken as it was when first asked for: a process goes on with what it has loaded."""
    files = sorted((SOURCE / PACKAGE).rglob("*.py"))
    sha = hashlib.sha256()
    for file in files:
        sha.update(f"{file.relative_to(SOURCE).as_posix()}\0{syntax_digest(file)}\0".encode())
    versions = {name: _version_of(name) for name in _DISTRIBUTIONS}
    return Facts(
        sha.hexdigest(),
        {"Python": ".".join(platform.python_version_tuple()[:2]), "ffmpeg on PATH": _ffmpeg(), **versions},
    )


def differences(here: Facts, files: SharedFiles) -> list[str]:
    """What keeps this process from working for one with the facts ``here``, which sees ``files``; a phrase each."""
    own = facts()
    found = [] if own.code == here.code else [f"runs another version of {PACKAGE}"]
    found += [
        f"has {name} {own.versions[name]}, not {version}"
        for name, version in here.versions.items()
        if own.versions[name] != version
    ]
    if not files.token.is_file() or files.token.read_text(encoding="utf-8") != files.content:
        found.append(f"does not see {files.token.parent}")
    return found + [f"does not see {path}" for path, size in files.sizes.items() if _size(Path(path)) != size]


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _ffmpeg() -> str:
    program = shutil.which("ffmpeg")
    if program is None:
        return "none"
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False).stdout
    return said.partition("\n")[0].removeprefix("ffmpeg version ").partition(" Copyright")[0]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


@contextmanager
def shared_files(item: Any) -> Iterator[SharedFiles]:
    """A token in the item cache, removed at the end, and the files that ``item`` names."""
    folder = project_root() / CACHE_DIR_NAME
    folder.mkdir(parents=True, exist_ok=True)
    content = uuid.uuid4().hex
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".shared-", suffix=".tmp", encoding="utf-8") as token:
        token.write(content)
        token.flush()
        yield SharedFiles(Path(token.name), content, _sizes_of(item))


def _sizes_of(item: Any) -> dict[str, int]:
    """Bytes of the files that ``item`` is, or names in its fields and theirs."""
    return {str(path): path.stat().st_size for path in _paths_in(item) if path.is_absolute() and path.is_file()}


def _paths_in(value: Any) -> Iterator[Path]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _paths_in(getattr(value, field.name))
    elif isinstance(value, Path | str):
        yield Path(value)
