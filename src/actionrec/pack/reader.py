"""Readers of packed files: what they share, and the frames of a view, by ``video_id`` and index, straight from disk.

A reader holds the ids and frame counts, and what of a small file has been read often. Its file is opened on first use
and once per process, so it pickles into the processes that load data.
"""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.arrays import Frames, Indices
from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import open_h5, read_strings
from actionrec.core.jpeg import decode_rgb, read_rgb
from actionrec.core.tables import check_same_ids

VIEW_FORMAT, VIEW_VERSION = "actionrec-packed", 1
SHARDS_FORMAT, SHARDS_VERSION = "actionrec-packed-shards", 1

HELD_BYTES = 1 << 27
"""A dataset up to this size stays in memory once as much was read of it as there is: from the second epoch on."""

# Files of shards that a process keeps open; the limit of many systems is 1024 in all.
_OPEN_SHARDS = 64

# One read of a span that is at most this many times as long as what is wanted beats several reads.
_SPAN_PER_FRAME = 4


class PackedFile:
    """What packed files share: ids, frame counts, a handle per process."""

    def __init__(self, path: Path, *, format: str, version: int, stage: str) -> None:
        self.path = path
        self._stage = stage
        self._kind = (format, version)
        self._handle: h5py.File | None = None
        self._handle_pid = -1
        self._datasets: dict[str, h5py.Dataset] = {}  # of the handle; to look one up takes longer than to read from it
        self._bytes_read: Counter[str] = Counter()
        self._held: dict[str, npt.NDArray[Any]] = {}
        self.fingerprint = str(self._file.attrs["fingerprint"])
        """Of the inputs that the file was made from."""
        self.video_ids = read_strings(self._file, "video_id")
        starts = self._file["frame_start"][:]
        self._index = {video_id: place for place, video_id in enumerate(self.video_ids)}
        self._starts: npt.NDArray[np.int64] = starts

    @property
    def _file(self) -> h5py.File:
        if self._handle is None or self._handle_pid != os.getpid():
            kind, version = self._kind
            self._handle = open_h5(self.path, format=kind, version=version, stage=self._stage)
            self._handle_pid = os.getpid()
            self._datasets = {}
        return self._handle

    def _rows(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """Rows ``start..stop-1`` of a dataset; not to be written to."""
        if name in self._held:
            return self._held[name][start:stop]
        file = self._file
        if name not in self._datasets:
            self._datasets[name] = file[name]
        dataset = self._datasets[name]
        rows: npt.NDArray[Any] = dataset[start:stop]
        self._bytes_read[name] += rows.nbytes
        if self._bytes_read[name] >= dataset.nbytes <= HELD_BYTES:
            self._held[name] = dataset[:]
            self._held[name].flags.writeable = False
        return rows

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_handle": None, "_handle_pid": -1, "_datasets": {}, "_held": {}}

    def num_frames(self, video_id: str) -> int:
        """Frames of one video."""
        place = self._place(video_id)
        return int(self._starts[place + 1] - self._starts[place])

    def source_frames(self, video_id: str, indices: Indices) -> Indices:  # noqa: ARG002 (a video's own, for features)
        """Frames of the video that the ``indices`` of this file are about: themselves, where it holds every frame."""
        return indices

    def timestamps(self, video_id: str) -> npt.NDArray[np.float64]:
        """Seconds at which the frames (rows) of one video are shown: (num_frames,)."""
        if "timestamps" not in self._file:
            raise ActionrecError(f"{self.path} holds no times; rebuild it with `dvc repro -f {self._stage}`")
        place = self._place(video_id)
        return self._rows("timestamps", self._starts[place], self._starts[place + 1])

    def _indexed_frames(self, video_id: str, indices: Indices) -> Indices:
        """Frames of the video that the rows ``indices`` are about, by ``frame_index`` of the file."""
        rows = self._flat(video_id, indices)
        start = self._starts[self._place(video_id)]
        frames: Indices = self._rows("frame_index", start, start + self.num_frames(video_id))[rows - start]
        return frames

    def _rows_at(self, name: str, wanted: Indices) -> npt.NDArray[Any]:
        """The rows ``wanted``, which are sorted and unique, in memory of their own."""
        blocks = [
            self._rows(name, start, stop)[wanted[(wanted >= start) & (wanted < stop)] - start]
            for start, stop in spans(wanted)
        ]
        return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]

    def check_covers(self, video_ids: Sequence[str], *, name: str) -> None:
        """Raise :class:`ActionrecError` unless the file holds all of ``video_ids``, which ``name`` describes.

        It may hold more: a split leaves out what it does not need.
        """
        held = set(self.video_ids).intersection(video_ids)
        check_same_ids(video_ids, held, left_name=name, right_name=str(self.path))

    def close(self) -> None:
        """Close this process's handle; a later read opens it again."""
        if self._handle is not None and self._handle_pid == os.getpid():
            self._handle.close()
        self._handle = None
        self._datasets.clear()
        self._held.clear()

    def _place(self, video_id: str) -> int:
        try:
            return self._index[video_id]
        except KeyError:
            raise ActionrecError(
                f"{self.path} holds no video {video_id!r} (it holds {len(self.video_ids)}); "
                f"rebuild it with `dvc repro {self._stage}`"
            ) from None

    def _flat(self, video_id: str, indices: Indices) -> Indices:
        num_frames = self.num_frames(video_id)
        if len(indices) and not (indices.min() >= 0 and indices.max() < num_frames):
            raise IndexError(
                f"{video_id}: frames {indices.min()}..{indices.max()} asked for, {self.path} holds 0..{num_frames - 1}"
            )
        flat: Indices = np.asarray(indices, np.int64) + self._starts[self._place(video_id)]
        return flat


def _decodes_to(out: Frames, jpeg: npt.NDArray[np.uint8]) -> bool:
    """Whether ``out`` now holds the picture, which was of its size."""
    return decode_rgb(jpeg, out) is out


def spans(wanted: Indices) -> list[tuple[int, int]]:
    """Half-open ranges that cover the sorted, unique ``wanted``: one where that is cheap, else one per run."""
    if len(wanted) == 0:
        return []
    first, last = int(wanted[0]), int(wanted[-1])
    if last - first < _SPAN_PER_FRAME * len(wanted):
        return [(first, last + 1)]
    breaks = np.flatnonzero(np.diff(wanted) > 1)
    starts = [first, *wanted[breaks + 1].tolist()]
    stops = [*(wanted[breaks] + 1).tolist(), last + 1]
    return list(zip(starts, stops, strict=True))


class PackedView(PackedFile):
    """Frames of one view (``data/packed/<view>.h5``)."""

    def __init__(self, path: Path, *, view: str) -> None:
        super().__init__(path, format=VIEW_FORMAT, version=VIEW_VERSION, stage=f"pack@{view}")
        self._is_raw = "frames" in self._file
        self._is_by_time = "frame_index" in self._file

    def source_frames(self, video_id: str, indices: Indices) -> Indices:
        return self._indexed_frames(video_id, indices) if self._is_by_time else indices

    def read(self, video_id: str, indices: Indices) -> Frames:
        """Frames ``indices`` of one video, in that order: uint8 (n, height, width, 3), RGB 0-255."""
        if len(indices) == 0:
            raise ValueError(f"{video_id}: no frames asked for")
        wanted, places = np.unique(self._flat(video_id, indices), return_inverse=True)
        frames = self._rows_at("frames", wanted) if self._is_raw else self._read_jpeg(wanted)
        in_order = len(wanted) == len(places) and bool((np.diff(places) > 0).all())
        return frames if in_order else frames[places]

    def _read_jpeg(self, wanted: Indices) -> Frames:
        frames: Frames | None = None
        for place, (frame, jpeg) in enumerate(zip(wanted.tolist(), self._jpegs(wanted), strict=True)):
            if frames is None and (first := read_rgb(jpeg)) is not None:
                frames = np.empty((len(wanted), *first.shape), np.uint8)
                frames[0] = first
            elif frames is None or not _decodes_to(frames[place], jpeg):
                raise ActionrecError(
                    f"{self.path}: flat frame {frame} is not a JPEG image of its video's size; "
                    f"rebuild it with `dvc repro -f {self._stage}`"
                )
        assert frames is not None
        return frames

    def _jpegs(self, wanted: Indices) -> Iterator[npt.NDArray[np.uint8]]:
        """The encoded frames ``wanted``, which are sorted and unique."""
        first = int(wanted[0])
        ends = self._rows("offsets", first, int(wanted[-1]) + 2)
        for start, stop in spans(wanted):
            origin = ends[start - first]
            block = self._rows("jpeg", origin, ends[stop - first])
            for frame in wanted[(wanted >= start) & (wanted < stop)].tolist():
                yield block[ends[frame - first] - origin : ends[frame - first + 1] - origin]


def shards_folder(path: Path) -> Path:
    """Where the shards of the view ``path`` lie: ``data/packed/rgb`` of ``data/packed/rgb.h5``."""
    return path.with_suffix("")


class ShardedView(PackedFile):
    """Frames of one view that is an index (``data/packed/<view>.h5``) and shards beside it (``data/packed/<view>/``).

    Each shard is the packed file of a part of the videos, named after its fingerprint.
    """

    def __init__(self, path: Path, *, view: str) -> None:
        super().__init__(path, format=SHARDS_FORMAT, version=SHARDS_VERSION, stage=f"pack@{view}")
        self._view = view
        self._shard_names = read_strings(self._file, "shard")
        self._shard_of: npt.NDArray[np.int64] = self._file["video_shard"][:]
        self._open: OrderedDict[int, PackedView] = OrderedDict()

    def read(self, video_id: str, indices: Indices) -> Frames:
        """Frames ``indices`` of one video, in that order: uint8 (n, height, width, 3), RGB 0-255."""
        return self._shard_with(video_id).read(video_id, indices)

    def timestamps(self, video_id: str) -> npt.NDArray[np.float64]:
        return self._shard_with(video_id).timestamps(video_id)

    def source_frames(self, video_id: str, indices: Indices) -> Indices:
        return self._shard_with(video_id).source_frames(video_id, indices)

    def close(self) -> None:
        super().close()
        for shard in self._open.values():
            shard.close()
        self._open.clear()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_open": OrderedDict()}

    def _shard_with(self, video_id: str) -> PackedView:
        return self._shard(int(self._shard_of[self._place(video_id)]))

    def _shard(self, number: int) -> PackedView:
        if number not in self._open:
            path = shards_folder(self.path) / f"{self._shard_names[number]}.h5"
            shard = PackedView(path, view=self._view)
            if shard.fingerprint != self._shard_names[number]:
                raise ActionrecError(
                    f"{path} holds other videos than its name says; rebuild it with `dvc repro -f {self._stage}`"
                )
            self._open[number] = shard
            if len(self._open) > _OPEN_SHARDS:
                _, oldest = self._open.popitem(last=False)
                oldest.close()
        self._open.move_to_end(number)
        return self._open[number]
