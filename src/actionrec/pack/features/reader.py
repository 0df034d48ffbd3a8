"""The packed features: the vectors of any rows of a video, straight from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.core.arrays import Indices
from actionrec.core.hdf5 import read_json_attr
from actionrec.pack.reader import PackedFile

FEATURES_FORMAT, FEATURES_VERSION = "actionrec-packed-features", 2


class PackedFeatures(PackedFile):
    """Vectors of one feature view (``data/packed/<name>.h5``); a video's rows are ``stride_frames`` frames apart."""

    def __init__(self, path: Path, *, view: str) -> None:
        super().__init__(path, format=FEATURES_FORMAT, version=FEATURES_VERSION, stage=f"features@{view}")
        self.level_sizes = self._level_sizes()
        """Values of each level of the network in a vector, the end first."""

    @property
    def multiply_adds(self) -> int:
        """What the network computes for one vector."""
        return int(self._file.attrs["multiply_adds"])

    def read(self, video_id: str, indices: Indices) -> npt.NDArray[np.float32]:
        """Vectors of the rows ``indices`` of one video, in that order: (n, D)."""
        wanted, places = np.unique(self._flat(video_id, indices), return_inverse=True)
        vectors: npt.NDArray[np.float32] = self._rows_at("features", wanted)[places].astype(np.float32)
        return vectors

    def _level_sizes(self) -> tuple[int, ...]:
        if "level_sizes" not in self._file.attrs:  # of a file from before there were levels
            return (int(self._file["features"].shape[1]),)
        return tuple(read_json_attr(self._file, "level_sizes"))

    def source_frames(self, video_id: str, indices: Indices) -> Indices:
        return self._indexed_frames(video_id, indices)
