"""Small made-up inputs that several tests need."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.intake.extract.frames import FORMAT, VERSION


def encode_jpeg(frame: npt.NDArray[np.uint8]) -> bytes:
    """A frame, uint8 (H, W, 3) RGB, as the best JPEG that OpenCV makes."""
    _, encoded = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])
    return bytes(encoded.tobytes())


def write_frames(path: Path, frames: npt.NDArray[np.uint8], *, fps: float = 25.0, fingerprint: str = "") -> None:
    """An extracted video, (T, H, W, 3) uint8 RGB, as the ``extract`` stage leaves it."""
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint or path.stem) as file:
        file.attrs["height"], file.attrs["width"] = frames.shape[1:3]
        file.create_dataset("timestamps", data=np.arange(len(frames)) / fps)
        with JpegWriter(file) as writer:
            for frame in frames:
                writer.append(encode_jpeg(frame))


def flat_frames(levels: list[int], *, height: int = 48, width: int = 64) -> npt.NDArray[np.uint8]:
    """One uniform grey frame a level; JPEG keeps them within a level or two."""
    return np.stack([np.full((height, width, 3), level, np.uint8) for level in levels])


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV, by column."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
