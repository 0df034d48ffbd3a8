"""Cuts ffmpeg's ``mpjpeg`` stream, a MIME multipart, into its JPEG images."""

from __future__ import annotations

import re
from collections.abc import Callable

_HEADER_END = b"\r\n\r\n"
_LONGEST_HEADER_BYTES = 4096
_CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)[ \t]*$", re.IGNORECASE | re.MULTILINE)


class MpjpegParser:
    """Takes the stream in blocks of any length and hands each finished image to ``on_image``.

    Images are cut by the length their header gives, never by looking for a boundary inside them. At
    most one image is held. An image cut off by the end of the stream is dropped.
    """

    def __init__(self, on_image: Callable[[bytes], None]) -> None:
        self._on_image = on_image
        self._pending = bytearray()
        self._image_bytes: int | None = None
        """Length of the image being read; None while reading a header."""

    def add(self, block: bytes) -> None:
        """Take the next block; raises ValueError for what is not ``mpjpeg``."""
        self._pending += block
        while self._take_header() if self._image_bytes is None else self._take_image(self._image_bytes):
            pass

    def _take_header(self) -> bool:
        end = self._pending.find(_HEADER_END)
        if end < 0:
            if len(self._pending) > _LONGEST_HEADER_BYTES:
                raise ValueError(f"no header end within {_LONGEST_HEADER_BYTES} bytes of a multipart stream")
            return False
        header = bytes(self._pending[:end]).replace(b"\r\n", b"\n")
        length = _CONTENT_LENGTH.search(header)
        if length is None:
            raise ValueError(f"a part of a multipart stream has no Content-length: {header!r}")
        del self._pending[: end + len(_HEADER_END)]
        self._image_bytes = int(length[1])
        return True

    def _take_image(self, image_bytes: int) -> bool:
        if len(self._pending) < image_bytes:
            return False
        image = bytes(self._pending[:image_bytes])
        del self._pending[:image_bytes]
        self._image_bytes = None
        self._on_image(image)
        return True
