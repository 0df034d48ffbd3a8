"""JPEG pictures as arrays, decoded straight to where they are wanted.

The values are those of OpenCV, which has the same library inside and takes up to four times as long: it decodes to a
picture of its own, in the opposite order of colours.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

Pixels = npt.NDArray[np.uint8]
Jpeg = npt.NDArray[np.uint8]
"""Encoded: (num_bytes,)."""


def decode_rgb(jpeg: Jpeg, out: Pixels) -> Pixels | None:
    """Write the picture to ``out``, (height, width, 3) RGB 0-255, and return that.

    A picture of another size is returned in memory of its own, and ``None`` where there is none.
    """
    return _decode(jpeg, "RGB", out)


def decode_gray(jpeg: Jpeg, out: Pixels) -> Pixels | None:
    """As :func:`decode_rgb`, the luma of the picture: (height, width) 0-255."""
    return _decode(jpeg, "GRAY", out)


def _decode(jpeg: Jpeg, colours: str, out: Pixels) -> Pixels | None:
    is_gray = colours == "GRAY"
    try:
        if simplejpeg.decode_jpeg_header(jpeg)[:2] == out.shape[:2]:
            simplejpeg.decode_jpeg(jpeg, colours, buffer=out[..., np.newaxis] if is_gray else out)
            return out
    except ValueError:
        pass
    picture = _by_opencv(jpeg, cv2.IMREAD_GRAYSCALE if is_gray else cv2.IMREAD_COLOR_RGB)
    if picture is None or picture.shape != out.shape:
        return picture
    out[...] = picture
    return out


def read_rgb(jpeg: Jpeg) -> Pixels | None:
    """The picture, whatever its size: (height, width, 3), RGB 0-255; ``None`` where it is no JPEG."""
    try:
        picture: Pixels = simplejpeg.decode_jpeg(jpeg, "RGB")
    except ValueError:
        return _by_opencv(jpeg, cv2.IMREAD_COLOR_RGB)
    return picture


def _by_opencv(jpeg: Jpeg, flags: int) -> Pixels | None:
    """What there is of a damaged picture; ``None`` where there is nothing."""
    picture: Pixels | None = cv2.imdecode(jpeg, flags) if len(jpeg) else None
    return picture
