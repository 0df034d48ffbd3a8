"""HDF5 files that are either complete or refused, and bit-identical when rebuilt.

Every byte that a reader believes is under a checksum. Large datasets, written by :class:`FlatWriter`, carry one a chunk
(Fletcher-32), which HDF5 checks as the chunk is read. Everything else, structure, attributes and small datasets, is
under a CRC-32 behind the file's end, where HDF5 does not look (:mod:`actionrec.core.seal`), checked before HDF5 opens
the file: in damaged structure it may run for ever.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.files import atomic_path
from actionrec.core.seal import append_seal, seal_holds

_BUFFER_BYTES = 1 << 20
# A read of a few frames takes whole chunks: at a megabyte, three times as long.
_CHUNK_BYTES = 1 << 18
_ERRNO = re.compile(r"errno = (\d+)")


@contextmanager
def create_h5(path: Path, *, format: str, version: int, fingerprint: str) -> Iterator[h5py.File]:
    """Yield a new file that replaces ``path`` when the body ends well; ``complete`` is set last."""
    with atomic_path(path) as aside:
        with _plain_errors(path), h5py.File(aside, "w") as file:
            file.attrs["format"] = format
            file.attrs["version"] = version
            file.attrs["fingerprint"] = fingerprint
            yield file
            file.attrs["complete"] = True
            file.flush()
            checked = _checked_spans(file)
        append_seal(aside, leave_out=checked)


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Turn what HDF5 says of a full disk, in several types and many words, into the ``OSError`` that it is."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        # A file that could not be written cannot be closed either, and HDF5 then complains of that.
        said, below = str(error), error.__context__
        while below is not None:
            said, below = f"{said}\n{below}", below.__context__
        found = _ERRNO.search(said)
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), str(path)) from error


def open_h5(path: Path, *, format: str, version: int, stage: str) -> h5py.File:
    """Open ``path`` for reading.

    Raises :class:`ActionrecError`, naming the ``stage`` that rebuilds it, for a file that is absent,
    cut short, half-written, damaged, or of another format or version. Damage in a large dataset raises it when that
    part is read.
    """
    remedy = f"rebuild it with `dvc repro -f {stage}`"
    # An output is mostly the same file as DVC's copy, which DVC would put back.
    heal = f"run `actionrec cache verify`, which removes damaged copies of it, then `dvc repro -f {stage}`"
    if not path.exists():
        raise ActionrecError(f"{path} does not exist; {remedy}")
    if not seal_holds(path):
        raise ActionrecError(f"{path} is damaged: it does not match its checksum; {heal}")
    try:
        file = _CheckedFile(path, heal=heal)
    except OSError as error:
        raise ActionrecError(f"{path} is not a readable HDF5 file ({error}); {remedy}") from error
    found = (file.attrs.get("format"), file.attrs.get("version"))
    complete = bool(file.attrs.get("complete", False))
    if not complete or found != (format, version):
        file.close()
        what = f"is {found[0]} version {found[1]}, not {format} version {version}" if complete else "was not finished"
        raise ActionrecError(f"{path} {what}; {remedy}")
    return file


def _checked_spans(file: h5py.File) -> list[tuple[int, int]]:
    """Half-open ranges of bytes that HDF5 checks by itself: the chunks of large datasets."""
    spans: list[tuple[int, int]] = []

    def add(_name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and item.fletcher32:
            item.id.chunk_iter(lambda chunk: spans.append((chunk.byte_offset, chunk.byte_offset + chunk.size)))

    file.visititems(add)
    return spans


class _CheckedFile(h5py.File):
    """An open file whose large datasets say what to rebuild where they are damaged."""

    def __init__(self, path: Path, *, heal: str) -> None:
        super().__init__(path, "r")
        self._heal = heal

    def __getitem__(self, name: str) -> Any:
        item = super().__getitem__(name)
        if isinstance(item, h5py.Dataset) and item.fletcher32:
            return _CheckedDataset(item.id, heal=self._heal)
        return item


class _CheckedDataset(h5py.Dataset):
    def __init__(self, bind: h5py.h5d.DatasetID, *, heal: str) -> None:
        super().__init__(bind)
        self._heal = heal

    def __getitem__(self, *selection: Any, **settings: Any) -> Any:
        try:
            return super().__getitem__(*selection, **settings)
        except OSError as error:
            raise ActionrecError(f"{self.file.filename} is damaged in {self.name} ({error}); {self._heal}") from error


class FlatWriter:
    """Appends blocks along the first axis of one dataset, buffering about a megabyte; a checksum a chunk.

    Memory stays flat however much is appended; chunks hold whole rows.
    """

    def __init__(
        self,
        file: h5py.Group,
        name: str,
        *,
        row_shape: tuple[int, ...] = (),
        dtype: npt.DTypeLike,
        chunk_rows: int | None = None,
    ) -> None:
        row_bytes = int(np.prod(row_shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        self._file, self._name, self._row_shape, self._dtype = file, name, row_shape, dtype
        self._chunk_rows = chunk_rows or max(1, _CHUNK_BYTES // row_bytes)
        self._flush_rows = max(1, _BUFFER_BYTES // row_bytes)
        self._dataset: h5py.Dataset | None = None
        self._pending: list[npt.NDArray[Any]] = []
        self._num_pending = 0
        self.num_rows = 0
        """Rows appended so far."""

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Append ``rows``: (n, *row_shape)."""
        self._pending.append(rows)
        self._num_pending += len(rows)
        self.num_rows += len(rows)
        if self._num_pending >= self._flush_rows:
            self._flush()

    def _flush(self, *, at_end: bool = False) -> None:
        if self._dataset is None:
            # Chunks are stored whole: of a dataset that is known to its end one no longer than it spares the rest.
            longest = max(1, self._num_pending) if at_end else self._chunk_rows
            self._dataset = self._create(min(self._chunk_rows, longest))
        if self._num_pending == 0:
            return
        start = self._dataset.shape[0]
        self._dataset.resize(start + self._num_pending, axis=0)
        self._dataset[start:] = np.concatenate(self._pending)
        self._pending, self._num_pending = [], 0

    def _create(self, chunk_rows: int) -> h5py.Dataset:
        return self._file.create_dataset(
            self._name,
            shape=(0, *self._row_shape),
            maxshape=(None, *self._row_shape),
            chunks=(chunk_rows, *self._row_shape),
            dtype=self._dtype,
            fletcher32=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush(at_end=True)


class JpegWriter:
    """JPEG frames as one flat ``uint8`` dataset ``jpeg`` plus ``int64`` ``offsets`` (frames + 1)."""

    def __init__(self, file: h5py.Group) -> None:
        self._file = file
        self._bytes = FlatWriter(file, "jpeg", dtype=np.uint8)
        self._offsets = [0]

    @property
    def num_frames(self) -> int:
        return len(self._offsets) - 1

    def append(self, jpeg: bytes) -> None:
        """Append one encoded frame."""
        self._bytes.append(np.frombuffer(jpeg, np.uint8))
        self._offsets.append(self._offsets[-1] + len(jpeg))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bytes.__exit__(kind, error, trace)
        if kind is None:
            self._file.create_dataset("offsets", data=np.asarray(self._offsets, np.int64))


def read_jpegs(file: h5py.Group, start: int, stop: int) -> list[npt.NDArray[np.uint8]]:
    """Encoded frames ``start..stop-1``, in one read; each a 1-D ``uint8`` array."""
    if stop <= start:
        return []
    offsets = file["offsets"][start : stop + 1]
    block = file["jpeg"][offsets[0] : offsets[-1]]
    return [block[a - offsets[0] : b - offsets[0]] for a, b in pairwise(offsets)]


def write_strings(file: h5py.Group, name: str, values: Sequence[str]) -> None:
    """A dataset of UTF-8 strings."""
    file.create_dataset(name, data=np.asarray(values, dtype=object), dtype=h5py.string_dtype("utf-8"))


def read_strings(file: h5py.Group, name: str) -> list[str]:
    """Strings written by :func:`write_strings`."""
    return [str(value) for value in file[name].asstr()[:]]


def write_json_attr(file: h5py.Group, name: str, value: Any) -> None:
    """An attribute holding sorted JSON."""
    file.attrs[name] = json.dumps(value, sort_keys=True)


def read_json_attr(file: h5py.Group, name: str) -> Any:
    """The value written by :func:`write_json_attr`."""
    return json.loads(file.attrs[name])
