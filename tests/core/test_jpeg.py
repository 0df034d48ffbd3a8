"""Fast decoding of JPEG gives what OpenCV gives."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from actionrec.core.jpeg import decode_gray, decode_rgb, read_rgb

SUBSAMPLING = {
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
}


def encoded(
    height: int, width: int, *, quality: int = 90, subsampling: str = "420", is_gray: bool = False
) -> np.ndarray:
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 1 if is_gray else 3), dtype=np.uint8)
    picture = cv2.blur(picture, (3, 3))
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SUBSAMPLING[subsampling]]
    return cv2.imencode(".jpg", picture, settings)[1].ravel()


@pytest.mark.parametrize("subsampling", SUBSAMPLING)
@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (17, 33), (64, 48)])
@pytest.mark.parametrize("is_gray", [False, True])
def test_every_pixel_is_that_of_opencv(
    height: int, width: int, quality: int, subsampling: str, *, is_gray: bool
) -> None:
    jpeg = encoded(height, width, quality=quality, subsampling=subsampling, is_gray=is_gray)
    colours, gray = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    assert decode_rgb(jpeg, colours) is colours
    assert decode_gray(jpeg, gray) is gray
    assert np.array_equal(colours, cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1])
    assert np.array_equal(gray, cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE))
    assert np.array_equal(read_rgb(jpeg), colours)


def test_another_size_is_left_to_the_caller() -> None:
    out = np.full((16, 24, 3), 7, np.uint8)
    for height, width in ((16, 16), (32, 24)):
        jpeg = encoded(height, width)
        assert np.array_equal(decode_rgb(jpeg, out), read_rgb(jpeg))
        assert np.array_equal(decode_gray(jpeg, out[..., 0]), cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE))
    assert (out == 7).all()


@pytest.mark.parametrize("content", [b"", b"no picture", bytes(100)])
def test_what_is_no_jpeg_is_told(content: bytes) -> None:
    jpeg = np.frombuffer(content, np.uint8)
    assert decode_rgb(jpeg, np.zeros((8, 8, 3), np.uint8)) is None
    assert decode_gray(jpeg, np.zeros((8, 8), np.uint8)) is None
    assert read_rgb(jpeg) is None


@pytest.mark.parametrize("damage", [lambda jpeg: jpeg[: len(jpeg) // 2], lambda jpeg: np.insert(jpeg, -2, [0] * 9)])
def test_of_a_damaged_picture_is_shown_what_opencv_shows(damage: Callable[[np.ndarray], np.ndarray]) -> None:
    jpeg = damage(encoded(64, 64))
    shown = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    out = np.zeros((64, 64, 3), np.uint8)
    assert (decode_rgb(jpeg, out) is out) == (shown is not None)
    assert (read_rgb(jpeg) is None) == (shown is None)
    if shown is not None:
        assert np.array_equal(out, shown[..., ::-1])
        assert np.array_equal(read_rgb(jpeg), out)
