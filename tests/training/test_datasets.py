"""Which clips make up a batch."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.packed_data import PackedData, make_packed_data, small_fused
from torch.utils.data import DataLoader

from actionrec.clips.images import resize_square
from actionrec.clips.sampling import NO_FRAME
from actionrec.models.feature_sequence import FeatureSequenceParams
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.res2plus1d import Res2Plus1DParams
from actionrec.models.table import recipe_of
from actionrec.training.datasets import (
    AheadLoader,
    EpochBatches,
    FixedClips,
    TrainClips,
    fixed_loader,
    open_source,
    train_loader,
)

FUSED = small_fused()
FRAME = FrameResnetParams(
    type="frame_resnet",
    view="rgb",
    depth=18,
    weights="none",
    trainable=(),
    image_size=32,
    augment=True,
    train_frames=2,
    test_frames=3,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), groups=1, size=16)


def sources(data: PackedData, model):
    return open_source(recipe_of(model), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)


@given(
    num_clips=st.integers(1, 300),
    batch_size=st.integers(1, 40),
    world_size=st.integers(1, 4),
    epoch=st.integers(0, 5),
)
def test_every_clip_is_seen_once_and_batches_are_even(num_clips, batch_size, world_size, epoch):
    seen, counts = [], []
    for rank in range(world_size):
        batches = EpochBatches(num_clips, batch_size=batch_size, seed=1, rank=rank, world_size=world_size)
        batches.set_epoch(epoch)
        found = list(batches)
        sizes = [len(places) for _, places in found]
        assert {number for number, _ in found} == {epoch}
        assert max(sizes) <= batch_size
        assert max(sizes) - min(sizes) <= 1
        assert min(sizes) == batches.smallest
        counts.append(len(found))
        assert len(found) == len(batches)
        seen += [place for _, places in found for place in places]
    assert set(seen) == set(range(num_clips))
    assert len(seen) - num_clips < world_size  # filled up to one length
    assert len(set(counts)) == 1


def test_the_order_depends_on_seed_and_epoch():
    def order(seed: int, epoch: int) -> list[tuple[int, list[int]]]:
        batches = EpochBatches(30, batch_size=7, seed=seed)
        batches.set_epoch(epoch)
        return [places for _, places in batches]

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_a_clip_depends_on_seed_epoch_and_video_alone(data):
    ids = [row.video_id for row in data.rows]
    clips = TrainClips(sources(data, FUSED), video_ids=ids, labels=[0, 1, 2, 3], seed=0)
    inputs, labels = clips[3, [2, 0]]
    assert labels.tolist() == [2, 0]
    assert inputs["frames"].shape == (2, 4, 8, 8, 3)
    assert inputs["frames"].dtype == torch.uint8
    assert inputs["keypoints"].shape == (2, 4, 261)
    alone, _ = clips[3, [0]]
    assert all(torch.equal(alone[name][0], inputs[name][1]) for name in inputs)
    later, _ = clips[4, [0]]
    assert not torch.equal(later["keypoints"], alone["keypoints"])


def test_several_frames_of_a_video_an_epoch(data):
    ids = [row.video_id for row in data.rows]
    clips = TrainClips(sources(data, FRAME), video_ids=ids, labels=[5, 6, 7, 8], seed=0)
    assert clips.num_clips == 8
    inputs, labels = clips[0, list(range(8))]
    assert labels.tolist() == [5, 5, 6, 6, 7, 7, 8, 8]
    assert inputs["frames"].shape == (8, 1, 32, 32, 3)
    assert not torch.equal(inputs["frames"][0], inputs["frames"][1])


def test_fixed_clips_come_in_order_with_the_last_batch(data):
    source = sources(data, FRAME)
    ids = [row.video_id for row in data.rows]
    chosen = [source.recipe.test_clips(source.num_frames(video_id), "even_frames") for video_id in ids]
    clips = FixedClips(source, video_ids=ids, labels=[4, 5, 6, 7], clips=chosen)
    batches = list(fixed_loader(clips, batch_size=5, num_workers=0))
    assert [len(labels) for _, labels, _ in batches] == [5, 5, 2]
    assert torch.cat([labels for _, labels, _ in batches]).tolist() == [4] * 3 + [5] * 3 + [6] * 3 + [7] * 3
    assert torch.cat([weights for _, _, weights in batches]).tolist() == [1] * 12
    assert clips.clip_video.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert clips.clip_frames.shape == (12, 1)


@given(num_clips=st.integers(1, 40), world_size=st.integers(1, 5))
def test_processes_share_out_every_fixed_clip_once(data, num_clips, world_size):
    source = sources(data, FRAME)
    clips = [np.zeros((num_clips, 1), np.int64)]
    shares = [
        FixedClips(source, video_ids=["v"], labels=[0], clips=clips, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]
    assert len({len(share) for share in shares}) == 1
    seen = [int(place) for share in shares for place in share._places]
    assert sorted(place for place in seen if place < num_clips) == list(range(num_clips))
    assert len(seen) - num_clips < world_size


def test_what_fills_up_a_share_weighs_nothing(data):
    source = sources(data, FRAME)
    video_id = data.rows[0].video_id
    share = FixedClips(
        source, video_ids=[video_id], labels=[3], clips=[np.array([[1], [4], [6]])], rank=1, world_size=2
    )
    assert [share[place][2] for place in range(2)] == [1.0, 0.0]


def test_frames_that_are_not_there_are_black_and_show_nobody(data):
    source = sources(data, small_fused(image_size=16, keypoint_features="raw", augment=False))
    video_id = data.rows[0].video_id
    inputs = source.load(video_id, np.array([2, -1, 0, -1]), generator=None)
    for place, frame in ((0, 2), (2, 0)):
        assert np.array_equal(inputs["frames"][place], data.frames[video_id][frame])
        assert np.array_equal(inputs["keypoints"][place], data.keypoints[video_id][frame])
    assert not inputs["frames"][[1, 3]].any()
    assert not inputs["keypoints"][[1, 3]].any()
    assert inputs["frames"].shape == (4, 16, 16, 3)


def test_nobody_is_present_in_a_black_frame(data):
    source = sources(data, small_fused(augment=False))  # body features end with the presence of pose and hands
    found = source.load(data.rows[0].video_id, np.array([0, -1, 1]), generator=None)["keypoints"]
    assert found[:, -3].tolist() == [1, 0, 1]
    assert not found[1].any()


def test_a_video_shorter_than_its_window_ends_in_black(data):
    model = Res2Plus1DParams(type="res2plus1d", view="rgb64", clip_frames=4, stride_frames=20, image_size=16)
    source = sources(data, model)
    video_id = data.rows[0].video_id
    assert 36 <= source.num_frames(video_id) <= 50  # the packed data's: one or two frames of the window are black
    [indices] = source.recipe.test_clips(source.num_frames(video_id), "centre")
    clips = FixedClips(source, video_ids=[video_id], labels=[0], clips=[indices[None]])
    frames = clips[0][0]["frames"]
    assert [bool(frame.any()) for frame in frames] == (indices >= 0).tolist()
    assert clips.clip_frames.tolist() == [indices.tolist()]
    assert indices[-1] == -1


def test_crops_of_a_clip(data):
    model = FRAME.model_copy(update={"test_crops": 3})
    source = sources(data, model)
    video_id = data.rows[0].video_id
    clips = FixedClips(source, video_ids=[video_id], labels=[3], clips=[np.array([[1], [4]])], num_crops=3)
    assert clips.clip_frames.tolist() == [[1], [1], [1], [4], [4], [4]]
    centre, left, right = (clips[place][0]["frames"] for place in range(3))
    wide = source.view.read(video_id, np.array([1]))
    height, width = wide.shape[1:3]
    assert width > height
    for found, start in ((centre, (width - height) // 2), (left, 0), (right, width - height)):
        assert np.array_equal(found, resize_square(wide[:, :, start : start + height], size=32))


def test_clips_of_different_lengths_come_one_by_one(data):
    source = sources(data, FUSED)
    ids = [row.video_id for row in data.rows][:2]
    clips = FixedClips(source, video_ids=ids, labels=[0, 1], clips=[np.array([[0, 1, 2]]), np.array([[0, 1, 2, 3, 4]])])
    batches = list(fixed_loader(clips, batch_size=8, num_workers=0))
    assert [inputs["frames"].shape[:2] for inputs, _, _ in batches] == [(1, 3), (1, 5)]
    assert clips.clip_frames.tolist() == [[0, 1, 2, -1, -1], [0, 1, 2, 3, 4]]


def _levels(data: PackedData, video_id: str, frames: list[int]) -> np.ndarray:
    return data.frames[video_id][frames]


def test_clips_at_a_rate_take_what_is_shown_at_each_moment(data):
    """The videos have 20 frames a second."""
    video_id = data.rows[0].video_id
    window = {"type": "res2plus1d", "view": "rgb64", "stride_frames": 1, "clip_frames": 4, "image_size": 16}
    at = {fps: sources(data, Res2Plus1DParams(**window, fps=fps)) for fps in (None, 5.0, 20.0, 40.0)}
    num_frames = len(data.frames[video_id])
    assert at[None].num_frames(video_id) == at[20.0].num_frames(video_id) == num_frames
    assert at[40.0].num_frames(video_id) == 2 * num_frames
    assert at[5.0].num_frames(video_id) == -(-num_frames // 4)
    clip = np.array([1, 2, 2, 5])
    for fps, frames in ((None, [1, 2, 2, 5]), (5.0, [4, 8, 8, 20]), (20.0, [1, 2, 2, 5]), (40.0, [0, 1, 1, 2])):
        assert at[fps].source_frames(video_id, clip).tolist() == frames
        shown = at[fps].load(video_id, clip, generator=None)["frames"]
        np.testing.assert_array_equal(shown, _levels(data, video_id, frames))
    assert at[5.0].source_frames(video_id, np.array([NO_FRAME, 1])).tolist() == [NO_FRAME, 4]
    assert "at 5 frames a second" in at[5.0].recipe.protocol("windows")


def test_keypoints_follow_the_frames_at_a_rate(data):
    video_id = data.rows[0].video_id
    clip = np.array([0, 1, 2, 3])
    both = sources(data, small_fused(fps=10.0)).load(video_id, clip, generator=None)
    alone = sources(data, small_fused(fps=10.0, inputs="keypoints"))
    assert alone.source_frames(video_id, clip).tolist() == [0, 2, 4, 6]
    np.testing.assert_array_equal(alone.load(video_id, clip, generator=None)["keypoints"], both["keypoints"])
    every = sources(data, small_fused(inputs="keypoints")).load(video_id, 2 * clip, generator=None)
    np.testing.assert_array_equal(every["keypoints"], both["keypoints"])


def test_hands_are_looked_for_at_the_moments_of_a_rate(data):
    params = {"type": "feature_sequence", "inputs": "keypoints", "keypoint_features": "hands", "clip_frames": 4}
    source = sources(data, FeatureSequenceParams(**params, keypoint_frames="hands", fps=10.0))
    for row in data.rows:
        shown = np.arange(0, len(data.frames[row.video_id]), 2)
        hands = shown[data.presence[row.video_id][shown][:, 2:].any(axis=1)]
        counted = np.arange(source.num_frames(row.video_id))
        assert source.source_frames(row.video_id, counted).tolist() == (hands if len(hands) else shown).tolist()


def test_rows_of_features_have_times_too(data):
    video_id = data.rows[0].video_id
    source = sources(data, FeatureSequenceParams(type="feature_sequence", view="imagenet", clip_frames=4, fps=5.0))
    counted = np.arange(source.num_frames(video_id))
    assert source.source_frames(video_id, counted)[:4].tolist() == [0, 4, 8, 12]  # there is a row every second frame


@pytest.mark.slow
def test_loading_processes_change_nothing(data):
    ids = [row.video_id for row in data.rows]
    clips = TrainClips(sources(data, FUSED), video_ids=ids, labels=[0, 1, 2, 3], seed=0)
    batches = EpochBatches(clips.num_clips, batch_size=2, seed=0)
    here = list(train_loader(clips, batches, num_workers=0))
    there = list(train_loader(clips, batches, num_workers=1))
    for (left, left_labels), (right, right_labels) in zip(here, there, strict=True):
        assert left_labels.tolist() == right_labels.tolist()
        assert all(np.array_equal(left[name], right[name]) for name in left)


def test_batches_made_ahead_are_the_same_batches(data):
    clips = clips_of(data)
    batches = EpochBatches(clips.num_clips, batch_size=1, seed=0)
    plain = DataLoader(clips, sampler=batches, batch_size=None)
    ahead = train_loader(clips, batches, num_workers=0)
    assert isinstance(ahead, AheadLoader)
    for epoch in range(2):
        batches.set_epoch(epoch)
        pairs = list(zip(plain, ahead, strict=True))
        assert len(pairs) == len(ahead) == clips.num_clips
        for (inputs, labels), (same, same_labels) in pairs:
            assert all(torch.equal(inputs[name], same[name]) for name in inputs)
            assert torch.equal(labels, same_labels)


def test_an_error_in_a_batch_made_ahead_reaches_whoever_asks(data, monkeypatch):
    clips = clips_of(data)
    loader = iter(train_loader(clips, EpochBatches(clips.num_clips, batch_size=1, seed=0), num_workers=0))
    next(loader)
    monkeypatch.setattr(TrainClips, "__getitem__", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(loader)


def test_no_thread_is_left_of_an_epoch_that_ends_early(data):
    before = threading.active_count()
    clips = clips_of(data)
    batches = iter(train_loader(clips, EpochBatches(clips.num_clips, batch_size=1, seed=0), num_workers=0))
    next(batches)
    batches.close()
    assert threading.active_count() == before


def clips_of(data: PackedData) -> TrainClips:
    ids = [row.video_id for row in data.rows]
    return TrainClips(sources(data, FUSED), video_ids=ids, labels=range(len(ids)), seed=3)
