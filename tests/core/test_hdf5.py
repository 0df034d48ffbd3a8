"""HDF5 files are complete or refused, bit-identical when rebuilt, and flat."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import (
    FlatWriter,
    JpegWriter,
    create_h5,
    open_h5,
    read_jpegs,
    read_json_attr,
    read_strings,
    write_json_attr,
    write_strings,
)


def write(path: Path, jpegs: list[bytes], *, version: int = 1) -> None:
    with create_h5(path, format="test", version=version, fingerprint="f") as file:
        write_strings(file, "video_id", ["a/b", "ü"])
        write_json_attr(file, "view", {"size": 3})
        with JpegWriter(file) as writer:
            for jpeg in jpegs:
                writer.append(jpeg)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write(path, [b"one", b"", b"three"])
    with open_h5(path, format="test", version=1, stage="pack") as file:
        assert [jpeg.tobytes() for jpeg in read_jpegs(file, 0, 3)] == [b"one", b"", b"three"]
        assert [jpeg.tobytes() for jpeg in read_jpegs(file, 2, 3)] == [b"three"]
        assert read_jpegs(file, 1, 1) == []
        assert file["jpeg"].dtype == np.uint8
        assert file["offsets"][:].tolist() == [0, 3, 3, 8]
        assert file["offsets"].dtype == np.int64
        assert read_strings(file, "video_id") == ["a/b", "ü"]
        assert read_json_attr(file, "view") == {"size": 3}


def test_rebuilt_file_is_bit_identical(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", [b"x" * 10] * 100)
    write(tmp_path / "b.h5", [b"x" * 10] * 100)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(0, 700), max_size=12))
def test_flat_writer_is_the_concatenation_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    # Rows of 4 kB: the megabyte buffer is flushed several times.
    blocks = [np.full((size, 512), number, np.float64) for number, size in enumerate(sizes)]
    path = tmp_path_factory.mktemp("flat") / "a.h5"
    with h5py.File(path, "w") as file:
        with FlatWriter(file, "rows", row_shape=(512,), dtype=np.float64, chunk_rows=3) as writer:
            for block in blocks:
                writer.append(block)
        expected = np.concatenate(blocks) if blocks else np.zeros((0, 512))
        assert np.array_equal(file["rows"][:], expected)
        assert writer.num_rows == len(expected)


@pytest.mark.parametrize("num_bytes", [1_000, 40_000, 600_000, 3_000_000])
def test_a_file_is_hardly_larger_than_what_it_holds(tmp_path: Path, num_bytes: int) -> None:
    write(tmp_path / "a.h5", [b"x" * 1000] * (num_bytes // 1000))
    spare = (tmp_path / "a.h5").stat().st_size - num_bytes
    assert 0 < spare < 20_000 + (1 << 18 if num_bytes > 1 << 18 else 0)


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    def fail() -> None:
        with create_h5(tmp_path / "a.h5", format="test", version=1, fingerprint="f"):
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_incomplete_file_is_refused_and_says_how_to_rebuild(tmp_path: Path) -> None:
    path = tmp_path / "half.h5"
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["version"] = "test", 1
    with pytest.raises(ActionrecError, match=r"half\.h5 was not finished; rebuild it with `dvc repro -f pack@rgb`"):
        open_h5(path, format="test", version=1, stage="pack@rgb")


def test_truncated_absent_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write(path, [b"x" * 1000])
    with pytest.raises(ActionrecError, match="is test version 1, not test version 2"):
        open_h5(path, format="test", version=2, stage="pack")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ActionrecError, match="is not a readable HDF5 file"):
        open_h5(path, format="test", version=1, stage="pack")
    with pytest.raises(ActionrecError, match=r"none\.h5 does not exist"):
        open_h5(tmp_path / "none.h5", format="test", version=1, stage="pack")


def write_every_kind(path: Path) -> None:
    """Attributes, strings, a small dataset, a large one, a group."""
    with create_h5(path, format="test", version=1, fingerprint="f") as file:
        file.attrs["note"] = "a text of some length, which HDF5 puts elsewhere"
        file.attrs["aspect"] = np.float32(1.5)
        write_strings(file, "video_id", [f"wave/{number}" for number in range(20)])
        file.create_dataset("frame_start", data=np.arange(21))
        file.create_group("protocols").create_dataset("whole", data=np.linspace(0, 1, 30))
        with FlatWriter(file, "frames", row_shape=(16,), dtype=np.uint8, chunk_rows=4) as frames:
            frames.append(np.random.default_rng(0).integers(0, 256, (50, 16), np.uint8))


def read_every_kind(path: Path) -> list[object]:
    with open_h5(path, format="test", version=1, stage="pack@rgb") as file:
        return [
            {name: file.attrs[name] for name in ("note", "aspect", "fingerprint")},
            read_strings(file, "video_id"),
            file["frame_start"][:].tolist(),
            file["protocols/whole"][:].tolist(),
            file["frames"][5:45].tolist() + file["frames"][[0, 48]].tolist(),
        ]


def test_no_flipped_byte_is_read_as_data(tmp_path: Path) -> None:
    """Wherever it is: it is named, with what to rebuild, or it is where nothing is read."""
    path, damaged = tmp_path / "a.h5", tmp_path / "b.h5"
    write_every_kind(path)
    content, expected = path.read_bytes(), read_every_kind(path)
    places = np.random.default_rng(1).choice(len(content), 400, replace=False)
    noticed = 0
    for place in [*range(64), *places.tolist()]:
        for bits in (0x01, 0xFF):
            flipped = bytearray(content)
            flipped[place] ^= bits
            damaged.write_bytes(flipped)
            try:
                assert read_every_kind(damaged) == expected, place
            except ActionrecError:
                noticed += 1
    assert noticed > 400


def test_files_of_before_checksums_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs.update({"format": "test", "version": 1, "fingerprint": "f", "complete": True})
        file["frames"] = np.arange(5)
    with open_h5(tmp_path / "old.h5", format="test", version=1, stage="pack") as file:
        assert file["frames"][:].tolist() == [0, 1, 2, 3, 4]


def test_damage_in_a_large_dataset_is_named_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_every_kind(path)
    with h5py.File(path) as file:
        place = file["frames"].id.get_chunk_info(3).byte_offset
    content = bytearray(path.read_bytes())
    content[place + 7] ^= 8
    path.write_bytes(content)
    with open_h5(path, format="test", version=1, stage="pack@rgb") as file:
        assert file["frames"][:8].shape == (8, 16)
        with pytest.raises(ActionrecError, match=r"a\.h5 is damaged in /frames .*then `dvc repro -f pack@rgb`"):
            file["frames"][8:]
