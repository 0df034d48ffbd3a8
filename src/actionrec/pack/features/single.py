"""The vectors of one video, made as :mod:`actionrec.pack.features.extract` makes those of many, but not kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import create_h5, write_json_attr, write_strings
from actionrec.core.times import shown_at
from actionrec.intake.extract.frames import open_frames
from actionrec.pack.features.backbones import Backbone
from actionrec.pack.features.extract import FeatureVideo, Vectors, WindowNetwork
from actionrec.pack.features.reader import FEATURES_FORMAT, FEATURES_VERSION
from actionrec.pack.features.rows import middle_of_rows, window_rows
from actionrec.pack.features.running import Kept
from actionrec.pack.features.section import FeatureParams
from actionrec.pack.section import ViewParams


class VideoFeatures:
    """A frozen network that stays ready from one video to the next."""

    def __init__(
        self,
        params: FeatureParams,
        view: ViewParams | None,
        backbone: Backbone,
        *,
        threads: int,
        kept: Kept | None = None,
    ) -> None:
        """``view`` is the geometry that frames take first; None for none. ``kept`` finds the network in the form that
        runs, where it was made before.
        """
        self._network = WindowNetwork(params, view, backbone, threads, kept)
        self.params = params

    def vectors(self, frames_file: Path) -> Vectors:
        """Vectors float16 (rows, D) of the extracted video ``frames_file``; a batch of windows at a time."""
        with open_frames(frames_file) as frames:
            shown = shown_at(frames.timestamps, fps=self.params.fps)
        return self._network.vectors_of(FeatureVideo("", frames_file, shown, window_rows(len(shown), self.params), ""))


def write_video_features(
    vectors: npt.NDArray[np.floating], path: Path, *, video_id: str, frames_file: Path, params: FeatureParams
) -> None:
    """Write ``vectors`` (rows, D) of one video for :mod:`actionrec.pack.features.reader`.

    Raises :class:`ActionrecError` where they are not one a window of ``params`` in the extracted video ``frames_file``.
    """
    with open_frames(frames_file) as frames:
        shown = shown_at(frames.timestamps, fps=params.fps)
    rows = window_rows(len(shown), params)
    if vectors.ndim != 2 or len(vectors) != len(rows):
        raise ActionrecError(
            f"features {vectors.shape}: expected ({len(rows)}, D), a vector every {params.stride_frames} frames of "
            f"{len(shown)}; leave them out, and they are computed"
        )
    with create_h5(path, format=FEATURES_FORMAT, version=FEATURES_VERSION, fingerprint="") as packed:
        write_json_attr(packed, "params", params.model_dump())
        write_strings(packed, "video_id", [video_id])
        packed["frame_start"] = np.asarray([0, len(rows)], np.int64)
        middle = middle_of_rows(rows, shown)
        packed["frame_index"] = middle.frames
        packed["timestamps"] = middle.seconds
        packed["features"] = np.asarray(vectors, np.float16)
