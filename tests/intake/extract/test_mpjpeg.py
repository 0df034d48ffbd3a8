from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionrec.intake.extract.mpjpeg import MpjpegParser


def _stream(images: list[bytes]) -> bytes:
    parts = (b"Content-type: image/jpeg\r\nContent-length: %d\r\n\r\n%b\r\n--ffmpeg\r\n" % (len(i), i) for i in images)
    return b"--ffmpeg\r\n" + b"".join(parts)


def _parse(blocks: list[bytes]) -> list[bytes]:
    images: list[bytes] = []
    parser = MpjpegParser(images.append)
    for block in blocks:
        parser.add(block)
    return images


# Images that hold what the stream's own structure is made of.
_images = st.lists(
    st.one_of(
        st.binary(max_size=40), st.sampled_from([b"\r\n--ffmpeg\r\n", b"\r\n\r\n", b"Content-length: 3\r\n\r\n"])
    ),
    max_size=8,
)


@given(_images, st.lists(st.integers(min_value=1, max_value=30), min_size=1, max_size=40))
def test_images_survive_any_block_boundaries(images: list[bytes], sizes: list[int]) -> None:
    stream, blocks, place = _stream(images), [], 0
    while place < len(stream):
        size = sizes[len(blocks) % len(sizes)]
        blocks.append(stream[place : place + size])
        place += size
    assert _parse(blocks) == images


@given(_images, st.integers(min_value=0, max_value=500))
def test_a_cut_stream_gives_the_whole_images_before_the_cut(images: list[bytes], cut: int) -> None:
    found = _parse([_stream(images)[:cut]])
    assert found == images[: len(found)]


def test_a_part_without_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no Content-length"):
        _parse([b"--ffmpeg\r\nContent-type: image/jpeg\r\n\r\n"])


def test_anything_else_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(ValueError, match="no header end"):
        _parse([bytes(5000)])
