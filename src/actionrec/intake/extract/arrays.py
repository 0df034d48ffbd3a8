"""Keypoints that come as numpy arrays, without a video: a frame file that holds them in the place of pictures.

Arrays are never unpickled: one of Python objects is refused by numpy.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.core.sources import frame_files, sequences_of
from actionrec.intake.extract.decode import write_attributes
from actionrec.intake.extract.frames import FORMAT, VERSION
from actionrec.intake.extract.messages import DecoderLog
from actionrec.intake.extract.probe import Probe
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.ffmpeg import FfmpegResult

Values = npt.NDArray[np.float32]


def extract_arrays(source: Path, index: int, path: Path, *, params: ExtractParams, fingerprint: str) -> int:
    """Write the frame file ``path`` of one sequence; returns its number of frames.

    ``source`` is a folder of one ``.npy`` a frame, an array (T, values), or with ``index`` the sequence of that number
    of the arrays (N, T, values) that a file holds. ``params.images_per_second`` frames make a second. What cannot be
    read, and frames with values that are no numbers, count as decode errors.
    """
    log = DecoderLog()
    try:
        values = read_sequence(source, index)
    except (OSError, ValueError, EOFError, IndexError, KeyError, zipfile.BadZipFile) as error:
        values = np.zeros((0, 0), np.float32)
        log.read_line(f"[numpy @ 0x0] [error] {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    for frame in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        log.read_line(f"[numpy @ 0x0] [error] frame {frame} holds values that are no numbers")
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        with JpegWriter(file):
            pass
        file["timestamps"] = np.arange(len(values)) / params.images_per_second
        file["keypoints"] = values
        file.attrs["timestamps_known"] = True
        log.num_packets = len(values)
        probe = Probe(has_video=True, num_streams=1, container="arrays", codec="numpy", fps=params.images_per_second)
        write_attributes(file, FfmpegResult(0, "", timed_out=False), log, probe, (0, 0))
    return len(values)


def read_sequence(source: Path, index: int) -> Values:
    """float32 (T, values) of one sequence; raises what numpy does, or :class:`ValueError`, where it is none."""
    if source.is_dir():
        values = np.stack([np.load(file, allow_pickle=False) for file in frame_files(source)])
    elif index < 0:
        values = np.load(source, allow_pickle=False)
    else:
        values = sequences_of(source)[index]
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ValueError(f"expected numbers (frames, values), got {values.dtype} {values.shape}")
    return np.asarray(values, np.float32)
