"""What a video can lie in: one file, a folder of images or of arrays, one frame each; its size, digest and order."""

from __future__ import annotations

import hashlib
import re
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from actionrec.core.files import digest_file

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff"})
"""Of images that make a video when they lie together in a folder."""
ARRAY_SUFFIXES = frozenset({".npy", ".npz"})

_DIGITS = re.compile(r"(\d+)")


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts ``frame2`` before ``frame10``, and is never equal for different texts."""
    parts = _DIGITS.split(text)
    return tuple((int(part or 0), len(part), "") if place % 2 else (-1, 0, part) for place, part in enumerate(parts))


def frame_files(folder: Path) -> list[Path]:
    """The frames of a folder, by their numbers: its images, or where it holds none its ``.npy`` files.

    Hidden files and what is no plain file are not looked at.
    """
    files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    images = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    return sorted(
        images or [path for path in files if path.suffix.lower() == ".npy"], key=lambda path: natural_key(path.name)
    )


def size_of(source: Path) -> int | None:
    """Bytes of a file, or of all frames of a folder; ``None`` where there is neither."""
    if source.is_dir():
        return sum(file.stat().st_size for file in frame_files(source))
    return source.stat().st_size if source.is_file() else None


def digest_source(source: Path) -> str:
    """SHA-256 of a file's content; of a folder that of the names and contents of its frames in their order."""
    if not source.is_dir():
        return digest_file(source)
    sha = hashlib.sha256()
    for file in frame_files(source):
        sha.update(f"{digest_file(file)} {file.name}\0".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def sequences_of(file: Path) -> list[npt.NDArray[Any]]:
    """The sequences (T, values) of all arrays (N, T, values) of an ``.npy`` or ``.npz`` file, by name and place.

    Those of the file read last stay in memory, as a caller wants one after the other. Raises what numpy does for a file
    that is none, or that would have to be unpickled.
    """
    return _sequences(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _sequences(file: Path, _changed_ns: int) -> list[npt.NDArray[Any]]:
    if file.suffix.lower() == ".npy":
        return list(np.load(file, mmap_mode="r", allow_pickle=False))
    with np.load(file, allow_pickle=False) as members:
        arrays = [members[name] for name in sequence_members(file)]
    return [sequence for array in arrays for sequence in array]


def sequence_members(file: Path) -> list[str]:
    """Names of the arrays of three dimensions in an ``.npz`` file, sorted."""
    return sorted(name for name, shape in array_shapes(file).items() if len(shape) == 3)


def array_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of an ``.npz`` by name, or of an ``.npy`` under an empty one; only headers are read.

    Raises :class:`ValueError` or :class:`zipfile.BadZipFile` for what is none.
    """
    if file.suffix.lower() == ".npy":
        with file.open("rb") as stream:
            return {"": _shape(stream)}
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        shapes = {}
        for name in names:
            with archive.open(name) as stream:
                shapes[name.removesuffix(".npy")] = _shape(stream)
        return shapes


def _shape(stream: IO[bytes]) -> tuple[int, ...]:
    form: Any = np.lib.format
    read = form.read_array_header_1_0 if form.read_magic(stream) == (1, 0) else form.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("an array of Python objects, which would have to be unpickled")
    return tuple(map(int, shape))
