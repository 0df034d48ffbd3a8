"""Packing: geometry, order, layout, bit-identity."""

from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers import flat_frames, write_frames

from actionrec.core.compute import ComputeParams
from actionrec.core.hdf5 import open_h5, read_jpegs, read_json_attr, read_strings
from actionrec.pack.fit import fit_frame
from actionrec.pack.reader import VIEW_FORMAT, VIEW_VERSION, PackedView
from actionrec.pack.section import ViewParams
from actionrec.pack.views import open_view
from actionrec.pack.writer import _Blocks, pack_view, write_view

LOCAL = ComputeParams(backend="local", workers=2)
RAW = ViewParams(encoding="raw", fit="stretch", size=16)
KEEP = ViewParams(encoding="jpeg", fit="keep", size=24)


@pytest.fixture
def frames_dir(tmp_path: Path) -> Path:
    # 130 frames: two blocks of work.
    write_frames(tmp_path / "b/long.h5", flat_frames([(i * 3) % 250 for i in range(130)]))
    write_frames(tmp_path / "a/short.h5", flat_frames([10, 200], height=20, width=30), fps=10)
    return tmp_path


def pack(frames_dir: Path, view: ViewParams, name: str = "out.h5") -> Path:
    path = frames_dir / name
    pack_view(
        ["b/long", "a/short"], path, frames_path=lambda v: frames_dir / f"{v}.h5", view=view, compute=LOCAL, desc="t"
    )
    return path


def opened(path: Path) -> h5py.File:
    return open_h5(path, format=VIEW_FORMAT, version=VIEW_VERSION, stage="pack")


def test_raw_frames_come_in_order_at_the_size_of_the_view(frames_dir: Path) -> None:
    with opened(pack(frames_dir, RAW)) as file:
        assert read_strings(file, "video_id") == ["a/short", "b/long"]
        assert file["frame_start"][:].tolist() == [0, 2, 132]
        assert file["frames"].shape == (132, 16, 16, 3)
        assert file["frames"].dtype == np.uint8
        assert read_json_attr(file, "view") == RAW.content()
        levels = file["frames"][:].reshape(132, -1).mean(axis=1)
        expected = [10, 200, *((i * 3) % 250 for i in range(130))]
        assert np.abs(levels - expected).max() <= 2
        assert file["timestamps"][:4].tolist() == pytest.approx([0.0, 0.1, 0.0, 0.04])


def test_small_jpegs_are_taken_over_and_large_ones_scaled(frames_dir: Path) -> None:
    with opened(pack(frames_dir, KEEP)) as file, h5py.File(frames_dir / "a/short.h5") as source:
        jpegs = read_jpegs(file, 0, 132)
        assert [jpeg.tobytes() for jpeg in jpegs[:2]] == [jpeg.tobytes() for jpeg in read_jpegs(source, 0, 2)]
        assert cv2.imdecode(jpegs[2], cv2.IMREAD_COLOR).shape == (24, 32, 3)
        assert len(jpegs) == 132


@pytest.mark.parametrize("view", [RAW, KEEP], ids=["raw", "jpeg"])
def test_rebuilt_file_is_bit_identical_and_its_fingerprint_follows_the_frames(
    frames_dir: Path, view: ViewParams
) -> None:
    first = pack(frames_dir, view, "1.h5").read_bytes()
    assert pack(frames_dir, view, "2.h5").read_bytes() == first
    write_frames(frames_dir / "a/short.h5", flat_frames([10, 200], height=20, width=30), fps=10, fingerprint="other")
    with opened(pack(frames_dir, view, "3.h5")) as three, h5py.File(frames_dir / "1.h5") as one:
        assert three.attrs["fingerprint"] != one.attrs["fingerprint"]


def gradient(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows, columns, rows * 0], axis=2).astype(np.uint8)


def test_fit_stretch_keep_and_crop() -> None:
    frame = gradient(40, 80)
    assert fit_frame(frame, RAW).shape == (16, 16, 3)
    assert fit_frame(frame, KEEP).shape == (24, 48, 3)
    assert fit_frame(gradient(10, 20), KEEP).shape == (10, 20, 3)  # never enlarged
    crop = ViewParams(encoding="raw", fit="crop", size=20, crop_from=40)
    cropped = fit_frame(frame, crop)
    assert np.array_equal(cropped, frame[10:30, 30:50])  # the centre square, exactly
    assert fit_frame(gradient(20, 30), crop).shape == (20, 20, 3)  # enlarged to crop_from first


@given(height=st.integers(30, 300), width=st.integers(30, 300), crop_from=st.integers(16, 300), share=st.floats(0.1, 1))
@settings(max_examples=60, deadline=None)
def test_a_crop_is_cut_from_the_whole_frame_resized(height: int, width: int, crop_from: int, share: float) -> None:
    view = ViewParams(encoding="raw", fit="crop", size=max(8, round(crop_from * share)), crop_from=crop_from)
    frame = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    short = min(height, width)
    high, wide = round(height * crop_from / short), round(width * crop_from / short)
    how = cv2.INTER_AREA if high <= height and wide <= width else cv2.INTER_LINEAR
    whole = cv2.resize(frame, (wide, high), interpolation=how)
    top, left = (high - view.size) // 2, (wide - view.size) // 2
    assert np.array_equal(fit_frame(frame, view), whole[top : top + view.size, left : left + view.size])


@pytest.mark.parametrize("encoding", ["raw", "jpeg"])
def test_frames_that_are_as_a_view_wants_them_are_all_there(tmp_path: Path, encoding: str) -> None:
    write_frames(tmp_path / "a.h5", flat_frames([10, 100, 200], height=16, width=16))
    view = ViewParams(encoding=encoding, fit="stretch", size=16, jpeg_quality=100)
    pack_view(["a"], tmp_path / "v.h5", frames_path=lambda v: tmp_path / f"{v}.h5", view=view, compute=LOCAL)
    found = PackedView(tmp_path / "v.h5", view="v").read("a", np.arange(3))
    assert found.mean(axis=(1, 2, 3)) == pytest.approx([10, 100, 200], abs=2)


def padded(frame: np.ndarray, size: int) -> np.ndarray:
    return fit_frame(frame, ViewParams(encoding="raw", fit="pad", size=size))


def test_fit_pad_shows_the_whole_frame_between_black_bars() -> None:
    wide = gradient(20, 40) + 1  # no pixel of it is black
    square = padded(wide, 40)
    assert square.shape == (40, 40, 3)
    assert np.array_equal(square[10:30], wide)
    assert not square[:10].any()
    assert not square[30:].any()
    tall = gradient(40, 21) + 1
    square = padded(tall, 40)
    assert np.array_equal(square[:, 9:30], tall)  # 19 columns are left: 9 and 10
    assert not square[:, :9].any()
    assert not square[:, 30:].any()


def test_fit_pad_scales_by_the_long_side() -> None:
    square = padded(np.full((240, 320, 3), 200, np.uint8), 224)  # a frame of UCF101
    rows = np.flatnonzero(square[:, 100].any(axis=1))
    assert (rows[0], rows[-1]) == (28, 195)  # 168 of 224 rows
    assert (square[28:196] == 200).all()
    enlarged = padded(np.full((3, 4, 3), 7, np.uint8), 16)
    assert (enlarged[2:14] == 7).all()
    assert (enlarged[[0, 1, 14, 15]] == 0).all()
    assert padded(np.full((1, 300, 3), 9, np.uint8), 16).sum() == 16 * 3 * 9  # never without a row


@pytest.mark.parametrize("encoding", ["raw", "jpeg"])
def test_padded_views_are_packed(frames_dir: Path, encoding: str) -> None:
    view = ViewParams(encoding=encoding, fit="pad", size=32)
    with opened(pack(frames_dir, view)) as file:
        assert file["frame_start"][-1] == 132
    frame = PackedView(frames_dir / "out.h5", view="out").read("b/long", np.array([70]))[0]  # grey 210, 48 x 64
    assert frame.shape == (32, 32, 3)
    assert np.abs(frame[:4].astype(int)).max() <= (0 if encoding == "raw" else 3)
    assert np.abs(frame[4:28].astype(int) - 210).max() <= (2 if encoding == "raw" else 5)


def test_nothing_to_pack_is_a_complete_empty_file(tmp_path: Path) -> None:
    for view in (RAW, KEEP):
        pack_view([], tmp_path / "e.h5", frames_path=Path, view=view, compute=LOCAL, desc="t")
        with opened(tmp_path / "e.h5") as file:
            assert file["frame_start"][:].tolist() == [0]


@pytest.mark.parametrize("view", [RAW, KEEP], ids=["raw", "jpeg"])
def test_a_view_at_a_rate_holds_what_is_shown_at_each_moment(frames_dir: Path, view: ViewParams) -> None:
    """A video of 25 frames a second and one of 10, whose two frames last 0.2 s, at 5 and at 30 a second."""
    whole = PackedView(pack(frames_dir, view), view="v")
    for fps, short, long in ((5.0, [0], list(range(0, 130, 5))), (30.0, [0, 0, 0, 1, 1, 1], None)):
        path = pack(frames_dir, view.model_copy(update={"fps": fps}), "at.h5")
        packed = PackedView(path, view="v")
        assert packed.num_frames("a/short") == len(short)
        rows = np.arange(packed.num_frames("b/long"))
        frames = packed.source_frames("b/long", rows)
        assert frames.tolist() == (long or [int(row * 25 / 30 + 1e-6) for row in range(156)])
        np.testing.assert_array_equal(packed.read("b/long", rows[::-1]), whole.read("b/long", frames[::-1]))
        np.testing.assert_array_equal(
            packed.read("a/short", np.arange(len(short))), whole.read("a/short", np.asarray(short))
        )
        np.testing.assert_allclose(packed.timestamps("b/long"), rows / fps)
        assert packed.fingerprint != whole.fingerprint
        packed.close()
    assert whole.source_frames("b/long", np.array([7, 3])).tolist() == [7, 3]


def test_shards_at_a_rate_are_alike(frames_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(frames_dir))
    view = RAW.model_copy(update={"fps": 10.0})
    whole = PackedView(pack(frames_dir, view), view="v")
    write_view(
        ["b/long", "a/short"],
        frames_dir / "sharded.h5",
        frames_path=lambda v: frames_dir / f"{v}.h5",
        view=view.model_copy(update={"shard_videos": 1}),
        compute=LOCAL,
    )
    sharded = open_view(frames_dir / "sharded.h5", view="v")
    for video_id in whole.video_ids:
        rows = np.arange(whole.num_frames(video_id))
        assert sharded.num_frames(video_id) == len(rows)
        np.testing.assert_array_equal(sharded.read(video_id, rows), whole.read(video_id, rows))
        np.testing.assert_array_equal(sharded.source_frames(video_id, rows), whole.source_frames(video_id, rows))
        np.testing.assert_array_equal(sharded.timestamps(video_id), whole.timestamps(video_id))


def test_blocks_of_all_videos_are_made_as_they_are_asked_for(tmp_path: Path) -> None:
    blocks = _Blocks(["a", "empty", "b"], tmp_path.joinpath, [np.arange(130), np.arange(0), np.arange(5, 8)])
    expected = [("a", 0, 127), ("a", 128, 129), ("b", 5, 7)]
    assert [(block.path.name, block.frames[0], block.frames[-1]) for block in blocks] == expected
    assert len(blocks) == 3
    assert blocks[-1].path == tmp_path.resolve() / "b"
    with pytest.raises(IndexError):
        blocks[3]
