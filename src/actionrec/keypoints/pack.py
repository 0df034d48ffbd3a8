"""All keypoints of all kept videos in one file, for training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from actionrec.core.files import digest_of
from actionrec.core.hdf5 import FlatWriter, create_h5, open_h5, write_json_attr, write_strings
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.detect import FORMAT, VERSION
from actionrec.keypoints.layout import NUM_VALUES, PARTS
from actionrec.keypoints.reader import KEYPOINTS_FORMAT, KEYPOINTS_VERSION
from actionrec.keypoints.section import KeypointParams

_BLOCK_FRAMES = 64


def pack_keypoints(
    video_ids: Sequence[str],
    path: Path,
    *,
    keypoints_path: Callable[[str], Path],
    frames_path: Callable[[str], Path],
    params: KeypointParams,
    faces: Mapping[str, int] | None = None,
) -> None:
    """Pack the keypoints of ``video_ids``, sorted, into one file for training.

    Layout, which :mod:`actionrec.keypoints.reader` reads: ``video_id`` (V,), ``frame_start`` int64
    (V + 1), ``keypoints`` float32 (F, 1662), ``presence`` bool (F, 4), ``aspect`` float32 (V,); ``timestamps`` float64
    (F,) seconds, those of the extracted frames at ``frames_path(video_id)``. ``faces`` int16 (V,), the faces that a
    video shows at once, is for :mod:`actionrec.keypoints.found`, and is there where they were counted.
    """
    ids = sorted(video_ids)
    starts, aspects, sources = [0], [], []
    for file in _each(ids, keypoints_path):
        starts.append(starts[-1] + file["keypoints"].shape[0])
        aspects.append(float(file.attrs["aspect"]))
        sources.append(str(file.attrs["fingerprint"]))
    fingerprint = digest_of(ids, sources, params.model_dump())
    with create_h5(path, format=KEYPOINTS_FORMAT, version=KEYPOINTS_VERSION, fingerprint=fingerprint) as packed:
        write_json_attr(packed, "params", params.model_dump())
        write_strings(packed, "video_id", ids)
        packed.create_dataset("frame_start", data=np.asarray(starts, np.int64))
        packed.create_dataset("aspect", data=np.asarray(aspects, np.float32))
        if faces is not None:
            packed.create_dataset("faces", data=np.asarray([faces[video_id] for video_id in ids], np.int16))
        packed.create_dataset("timestamps", data=np.concatenate([np.zeros(0), *_times(ids, frames_path)]))
        with (
            FlatWriter(packed, "keypoints", row_shape=(NUM_VALUES,), dtype=np.float32, chunk_rows=16) as keypoints,
            FlatWriter(packed, "presence", row_shape=(len(PARTS),), dtype=np.bool_) as presence,
        ):
            for file in _each(ids, keypoints_path):
                for start in range(0, file["keypoints"].shape[0], _BLOCK_FRAMES):
                    keypoints.append(_rows(file, "keypoints", start))
                    presence.append(_rows(file, "presence", start))


def _times(video_ids: Sequence[str], frames_path: Callable[[str], Path]) -> Iterator[npt.NDArray[np.float64]]:
    for video_id in video_ids:
        with open_frames(frames_path(video_id)) as frames:
            yield frames.timestamps


def _rows(file: h5py.File, name: str, start: int) -> npt.NDArray[Any]:
    return np.asarray(file[name][start : start + _BLOCK_FRAMES])


def _each(video_ids: Sequence[str], keypoints_path: Callable[[str], Path]) -> Iterator[h5py.File]:
    for video_id in video_ids:
        with open_h5(keypoints_path(video_id), format=FORMAT, version=VERSION, stage="keypoints") as file:
            yield file
