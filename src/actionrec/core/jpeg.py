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


def decode_rgb(jpeg: Jpeg, out: Pixels) -> bool:
    """Write the picture to ``out``, (height, width, 3) RGB 0-255; False where it is no JPEG, or one of another size."""
    return _decode(jpeg, "RGB", out)


def decode_gray(jpeg: Jpeg, out: Pixels) -> bool:
    """Write the luma of the picture to ``out``, (height, width) 0-255; False as above."""
    return _decode(jpeg, "GRAY", out[..., np.newaxis])


def _decode(jpeg: Jpeg, colours: str, out: Pixels) -> bool:
    try:
        if simplejpeg.decode_jpeg_header(jpeg)[:2] == out.shape[:2]:
            simplejpeg.decode_jpeg(jpeg, colours, buffer=out)
            return True
    except ValueError:
        pass
    picture = _by_opencv(jpeg, cv2.IMREAD_GRAYSCALE if colours == "GRAY" else cv2.IMREAD_COLOR_RGB)
    if picture is None or picture.shape[:2] != out.shape[:2]:
        return False
    out[...] = picture.reshape(out.shape)
    return True


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
