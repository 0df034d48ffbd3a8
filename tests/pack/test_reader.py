"""Readers of packed files."""

from __future__ import annotations

import pickle

import cv2
import h5py
import numpy as np
import pytest
from tests.packed_data import PackedData, make_packed_data

from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import read_jpegs
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.pack.features.reader import PackedFeatures
from actionrec.pack.reader import PackedView, spans

VIDEO = "circle_cw/g01_c0"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), groups=2, size=16)


@pytest.mark.parametrize("indices", [[0], [3, 4, 5], [30, 2, 2, 17], [0, 35], [5, 4, 3]])
def test_raw_frames_come_as_asked(data, indices):
    view = PackedView(data.packed_path("rgb64"), view="rgb64")
    frames = view.read(VIDEO, np.array(indices))
    assert frames.dtype == np.uint8
    assert np.array_equal(frames, data.frames[VIDEO][indices])


def test_jpeg_frames_come_as_rgb(data):
    view = PackedView(data.packed_path("rgb"), view="rgb")
    frames = view.read(VIDEO, np.array([30, 2, 2]))
    assert frames.shape == (3, 16, 21, 3)
    assert np.array_equal(frames[1], frames[2])
    background = data.frames[VIDEO][30, 0].mean(axis=0)
    assert frames[0, 0].mean(axis=0) == pytest.approx(background, abs=12)


@pytest.mark.parametrize("indices", [[0, 1, 2], [3, 35], [9, 4, 4, 30], [35]])
def test_every_pixel_of_a_jpeg_frame_is_that_of_opencv(data, indices):
    view = PackedView(data.packed_path("rgb"), view="rgb")
    place = view.video_ids.index(VIDEO)
    with h5py.File(data.packed_path("rgb")) as file:
        jpegs = read_jpegs(file, file["frame_start"][place], file["frame_start"][place + 1])
    plain = [cv2.imdecode(jpegs[index], cv2.IMREAD_COLOR)[..., ::-1] for index in indices]
    assert np.array_equal(view.read(VIDEO, np.array(indices)), plain)


@pytest.mark.parametrize("held_bytes", [0, 1 << 27])
def test_what_is_read_often_stays_in_memory_and_is_the_same(data, monkeypatch, held_bytes):
    monkeypatch.setattr("actionrec.pack.reader.HELD_BYTES", held_bytes)
    files = [PackedView(data.packed_path(name), view=name) for name in ("rgb64", "rgb")]
    files += [PackedFeatures(data.packed_path("imagenet"), view="imagenet"), PackedKeypoints(data.keypoints_path)]
    indices = np.array([9, 2, 2, *range(16)])
    for file in files:
        first = [file.read(video_id, indices) for video_id in file.video_ids]
        for _ in range(5):
            again = [file.read(video_id, indices) for video_id in file.video_ids]
            assert pickle.dumps(again) == pickle.dumps(first)
        assert bool(file._held) == bool(held_bytes)
        times = file.timestamps(VIDEO)
        assert np.array_equal(times, [file.timestamps(VIDEO) for _ in range(100)][-1])
        assert pickle.loads(pickle.dumps(file))._held == {}
        file.close()
        assert pickle.dumps(file.read(file.video_ids[0], indices)) == pickle.dumps(first[0])


def test_what_was_read_may_be_written_to(data):
    view = PackedView(data.packed_path("rgb64"), view="rgb64")
    for _ in range(100):
        view.read(VIDEO, np.arange(10))[:] = 0
    assert np.array_equal(view.read(VIDEO, np.arange(10)), data.frames[VIDEO][:10])


def test_keypoints_come_with_presence_and_aspect(data):
    clip = PackedKeypoints(data.keypoints_path).read(VIDEO, np.array([7, 1, 35]))
    assert np.array_equal(clip.keypoints, data.keypoints[VIDEO][[7, 1, 35]])
    assert np.array_equal(clip.presence, data.presence[VIDEO][[7, 1, 35]])
    assert clip.aspect == pytest.approx(4 / 3)


def test_frames_of_other_videos_are_out_of_reach(data):
    view = PackedView(data.packed_path("rgb64"), view="rgb64")
    num_frames = view.num_frames(VIDEO)
    assert num_frames == len(data.frames[VIDEO])
    for index in (-1, num_frames):
        with pytest.raises(IndexError, match=f"frames {index}..{index} asked for"):
            view.read(VIDEO, np.array([index]))
    with pytest.raises(ActionrecError, match="holds no video 'nobody'"):
        view.num_frames("nobody")


def test_a_reader_pickles_with_its_file_open(data):
    view = PackedView(data.packed_path("rgb64"), view="rgb64")
    view.read(VIDEO, np.array([0]))
    copy = pickle.loads(pickle.dumps(view))
    assert np.array_equal(copy.read(VIDEO, np.array([4])), data.frames[VIDEO][[4]])
    view.close()
    assert np.array_equal(view.read(VIDEO, np.array([4])), data.frames[VIDEO][[4]])


def test_a_file_holds_all_that_is_asked_for_and_may_hold_more(data):
    view = PackedView(data.packed_path("rgb64"), view="rgb64")
    view.check_covers(view.video_ids, name="the split")
    view.check_covers(view.video_ids[1:], name="the split")
    with pytest.raises(ActionrecError, match=r"1 in the split but not in .*rgb64\.h5: new; run `dvc repro`"):
        view.check_covers(["new", *view.video_ids[1:]], name="the split")


def test_an_unfinished_file_is_refused(tmp_path):
    data = make_packed_data(tmp_path, groups=1, size=8)
    with h5py.File(data.packed_path("rgb64"), "a") as file:
        del file.attrs["complete"]
    with pytest.raises(ActionrecError, match=r"rgb64\.h5 was not finished; rebuild it with `dvc repro -f pack@rgb64`"):
        PackedView(data.packed_path("rgb64"), view="rgb64")


def test_keypoints_of_another_layout_are_refused(tmp_path):
    data = make_packed_data(tmp_path, groups=1, size=8)
    with h5py.File(data.keypoints_path, "a") as file:
        del file["keypoints"]
        file["keypoints"] = np.zeros((10, 1692), np.float32)
    with pytest.raises(ActionrecError, match="1692 values a frame, expected 1662"):
        PackedKeypoints(data.keypoints_path)


def test_an_image_that_does_not_decode_is_an_error(tmp_path):
    data = make_packed_data(tmp_path, groups=1, size=8)
    with h5py.File(data.packed_path("rgb"), "a") as file:
        file["jpeg"][:] = 0
    with pytest.raises(ActionrecError, match="flat frame 0 is not a JPEG image"):
        PackedView(data.packed_path("rgb"), view="rgb").read("circle_ccw/g00_c0", np.array([0]))


def testspans():
    assert spans(np.array([], np.int64)) == []
    assert spans(np.array([3, 4, 9])) == [(3, 10)]
    assert spans(np.array([3, 4, 90])) == [(3, 5), (90, 91)]
