"""The extracted frames of one video: what the file holds, and the reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import cv2
import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import open_h5, read_jpegs
from actionrec.core.jpeg import decode_gray, decode_rgb

FORMAT = "actionrec-frames"
VERSION = 1

# One read of a span that is at most this many times as long as what is wanted beats several reads.
_SPAN_PER_FRAME = 4

BLANK_SIZE = (240, 320)
"""Height and width of what stands for a picture where there is none."""

Pixels: TypeAlias = npt.NDArray[np.uint8]
_Decode: TypeAlias = Callable[[Pixels, Pixels], Pixels | None]


class FrameFile:
    """Reads one file of ``data/frames``; usable as a context manager.

    The file is opened at the first access, so an object that was not read yet can be pickled.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: h5py.File | None = None

    @property
    def _h5(self) -> h5py.File:
        if self._file is None:
            self._file = open_h5(self.path, format=FORMAT, version=VERSION, stage="extract")
        return self._file

    @cached_property
    def num_frames(self) -> int:
        return int(self._h5["timestamps"].shape[0])

    @cached_property
    def timestamps(self) -> npt.NDArray[np.float64]:
        """Seconds since the start of the container, (num_frames,).

        Where ``timestamps_known`` is False they are made up from the declared rate.
        """
        return np.asarray(self._h5["timestamps"][:], np.float64)

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """All attributes; :func:`actionrec.intake.extract.decode.extract_video` says what they are."""
        return {name: value.item() if hasattr(value, "item") else value for name, value in self._h5.attrs.items()}

    @property
    def fingerprint(self) -> str:
        """Identity of the content: of the video, the parameters and the code that decoded it."""
        return str(self._h5.attrs["fingerprint"])

    @cached_property
    def width(self) -> int:
        return int(self._h5.attrs["width"])

    @cached_property
    def height(self) -> int:
        return int(self._h5.attrs["height"])

    @property
    def has_pictures(self) -> bool:
        """Whether it has frames to look at; keypoints that came as arrays have none."""
        return self.width > 0

    @property
    def keypoints(self) -> npt.NDArray[np.float32] | None:
        """What stands in the place of pictures: (num_frames, values); ``None`` for a video."""
        return np.asarray(self._h5["keypoints"][:], np.float32) if "keypoints" in self._h5 else None

    def jpegs(self, start: int, stop: int) -> list[Pixels]:
        """Encoded frames ``start..stop-1``; each a 1-D ``uint8`` array. One read."""
        self._check(start, stop - 1)
        return read_jpegs(self._h5, start, stop)

    def decode(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Pixels:
        """Frames at ``indices``, in their order: uint8 (n, height, width, 3), RGB 0-255.

        Where there are no pictures they are black ones of ``BLANK_SIZE``, so that keypoints can be drawn on them.
        """
        if not self.has_pictures:
            return np.zeros((len(indices), *BLANK_SIZE, 3), np.uint8)
        return self._decode_all(indices, np.empty((len(indices), self.height, self.width, 3), np.uint8), decode_rgb)

    def decode_each(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Iterator[Pixels]:
        """As :meth:`decode`, one (height, width, 3) at a time, in memory that the next one takes."""
        if not self.has_pictures:
            for _ in indices:
                yield np.zeros((*BLANK_SIZE, 3), np.uint8)
            return
        frame = np.empty((self.height, self.width, 3), np.uint8)
        for index, jpeg in self._jpegs_at(indices):
            self._decode_to(frame, index, jpeg, decode_rgb)
            yield frame

    def decode_gray(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Pixels:
        """Luma of the frames at ``indices``: uint8 (n, height, width), 0-255."""
        return self._decode_all(indices, np.empty((len(indices), self.height, self.width), np.uint8), decode_gray)

    def _decode_all(self, indices: Sequence[int] | npt.NDArray[np.int64], out: Pixels, decode: _Decode) -> Pixels:
        for frame, (index, jpeg) in zip(out, self._jpegs_at(indices), strict=True):
            self._decode_to(frame, index, jpeg, decode)
        return out

    def _jpegs_at(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Iterator[tuple[int, Pixels]]:
        """Each index with its encoded frame, by one read where the indices lie close to one another."""
        wanted = [int(index) for index in indices]
        if not wanted:
            return
        first, last = min(wanted), max(wanted)
        self._check(first, last)
        close = last - first < _SPAN_PER_FRAME * len(wanted)
        block = self._jpeg[self._offsets[first] : self._offsets[last + 1]] if close else None
        for index in wanted:
            start, stop = self._offsets[index], self._offsets[index + 1]
            if block is None:
                yield index, self._jpeg[start:stop]
            else:
                yield index, block[start - self._offsets[first] : stop - self._offsets[first]]

    def _decode_to(self, out: Pixels, index: int, jpeg: Pixels, decode: _Decode) -> None:
        picture = decode(jpeg, out)
        if picture is None:
            raise ActionrecError(f"{self.path}: frame {index} is not a JPEG; rebuild it with `dvc repro -f extract`")
        if picture is not out:
            # A stream may change its resolution on the way; every frame takes the first one's.
            out[...] = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_AREA)

    # Looked up once: for a small frame that takes longer than to decode it.
    @cached_property
    def _jpeg(self) -> h5py.Dataset:
        return self._h5["jpeg"]

    @cached_property
    def _offsets(self) -> list[int]:
        offsets: list[int] = self._h5["offsets"][:].tolist()
        return offsets

    def _check(self, first: int, last: int) -> None:
        if first < 0 or last >= self.num_frames:
            raise IndexError(f"frames {first}..{last} of {self.path}, which has {self.num_frames}")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self.__dict__.pop("_jpeg", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None}


def open_frames(path: Path) -> FrameFile:
    """A reader of ``path``; nothing is read yet.

    Reading raises :class:`ActionrecError` for a file that is absent, incomplete or of another format.
    """
    return FrameFile(path)
