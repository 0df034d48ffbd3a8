"""A folder of images, or an animated WebP file, as a video.

WebP is read here because ffmpeg learnt its animations late: what a file gives must not depend on the ffmpeg found.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from actionrec.core.hdf5 import JpegWriter, create_h5
from actionrec.core.sources import frame_files
from actionrec.intake.extract.decode import write_attributes
from actionrec.intake.extract.frames import FORMAT, VERSION
from actionrec.intake.extract.messages import DecoderLog
from actionrec.intake.extract.probe import Probe
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.ffmpeg import FfmpegResult

PICTURE_SUFFIXES = frozenset({".webp"})
"""Of files that are read here."""

Picture = npt.NDArray[np.uint8]


def extract_images(source: Path, path: Path, *, params: ExtractParams, fingerprint: str) -> int:
    """Write the frame file ``path``, as :func:`actionrec.intake.extract.decode.extract_video` does, of images.

    Those of a folder come in the order of their numbers, ``params.images_per_second`` of them a second; those of an
    animation have their own times. An image that cannot be read leaves no frame and counts as a decode error. Returns
    the number of frames. When ``params.timeout_seconds`` are over, none are left.
    """
    log = DecoderLog()
    deadline = time.monotonic() + params.timeout_seconds
    times: list[float] = []
    sizes: list[tuple[int, int]] = []
    timed_out = False
    with create_h5(path, format=FORMAT, version=VERSION, fingerprint=fingerprint) as file:
        with JpegWriter(file) as writer:
            for seconds, picture in _pictures(source, params, log):
                timed_out = time.monotonic() > deadline
                if timed_out:
                    break
                sizes.append((picture.shape[1], picture.shape[0]))
                times.append(seconds)
                writer.append(_jpeg(_shrunk(picture, params.short_side), params.jpeg_quality))
        if timed_out:
            log, times = DecoderLog(), []
            for name in ("jpeg", "offsets"):
                del file[name]
            with JpegWriter(file):
                pass
        file["timestamps"] = np.asarray(times, np.float64)
        file.attrs["timestamps_known"] = True
        width, height = sizes[0] if sizes else (0, 0)
        probe = Probe(
            has_video=True,
            num_streams=1,
            container="images",
            codec=_kind(source),
            width=width,
            height=height,
            fps=params.images_per_second if source.is_dir() else 0.0,
        )
        stored = _shrunk_size(width, height, params.short_side) if times else (0, 0)
        log.num_packets = len(times)
        write_attributes(file, FfmpegResult(0, "", timed_out), log, probe, stored)
        return len(times)


def _kind(source: Path) -> str:
    file = next(iter(frame_files(source)), source) if source.is_dir() else source
    return file.suffix.lower().removeprefix(".")


def _pictures(source: Path, params: ExtractParams, log: DecoderLog) -> Iterator[tuple[float, Picture]]:
    """Seconds and BGR (H, W, 3) of each image that can be read; what cannot is told to ``log``."""
    if not source.is_dir():
        yield from _animation(source, params, log)
        return
    for number, file in enumerate(frame_files(source)):
        picture = _decoded(file.read_bytes(), params)
        if picture is None:
            log.read_line(f"[{file.suffix.lower().removeprefix('.')} @ 0x0] [error] image {number} cannot be read")
        else:
            yield number / params.images_per_second, picture


def _decoded(encoded: bytes, params: ExtractParams) -> Picture | None:
    """BGR, turned upright as its EXIF says; ``None`` for what is no image, or has more than ``max_pixels``."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its size: looked at below
            with Image.open(BytesIO(encoded)) as header:
                width, height = header.size
        if width * height > params.max_pixels:
            return None
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, cv2.error):
        return None
    return None if picture is None else np.asarray(picture, np.uint8)


def _animation(source: Path, params: ExtractParams, log: DecoderLog) -> Iterator[tuple[float, Picture]]:
    from PIL import Image

    seconds, number = 0.0, 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(source)
        with image:
            if image.size[0] * image.size[1] > params.max_pixels:
                log.read_line("[webp @ 0x0] [error] its header promises too many pixels")
                return
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                picture = np.asarray(image.convert("RGB"), np.uint8)[..., ::-1]
                yield seconds, np.ascontiguousarray(picture)
                seconds += float(image.info.get("duration", 0)) / 1000
    except (OSError, ValueError, EOFError, SyntaxError, Image.DecompressionBombError):
        log.read_line(f"[webp @ 0x0] [error] image {number} cannot be read")


def _shrunk_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    short = min(width, height)
    if short <= short_side:
        return width, height
    return max(1, round(width * short_side / short)), max(1, round(height * short_side / short))


def _shrunk(picture: Picture, short_side: int) -> Picture:
    size = _shrunk_size(picture.shape[1], picture.shape[0], short_side)
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: Picture, quality: int) -> bytes:
    """Encoded at about what ffmpeg's scale, 2 (best) to 31, stands for."""
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, round(100 - 2.5 * quality)])
    return bytes(encoded.tobytes())
