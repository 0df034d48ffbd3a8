"""Recipes: which frames a model sees, and as what."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.clips.landmarks import flip_keypoints
from actionrec.clips.sampling import generator_for
from actionrec.keypoints import layout
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.models.cnn3d import CNN3DParams
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.fused_convlstm import FusedConvLSTMParams
from actionrec.models.res2plus1d import Res2Plus1DParams
from actionrec.models.stgcn import STGCNParams
from actionrec.models.table import recipe_of


def frame_recipe(**changes: object):
    basis = {
        "type": "frame_resnet",
        "view": "rgb",
        "depth": 18,
        "weights": "none",
        "trainable": (),
        "image_size": 32,
        "augment": True,
    }
    return recipe_of(FrameResnetParams(**{**basis, "test_frames": 4, **changes}))


def fused_recipe(**changes: object):
    basis = {
        "type": "fused_convlstm",
        "view": "rgb64",
        "clip_frames": 4,
        "image_size": 16,
        "channels": 2,
        "lstm_hidden": 4,
        "keypoint_features": "raw",
        "sampling": "random",
        "test_sampling": "strided",
        "test_clips": 2,
    }
    return recipe_of(FusedConvLSTMParams(**{**basis, **changes}))


@pytest.fixture
def frames() -> np.ndarray:
    return generator_for("frames").integers(0, 256, (4, 40, 60, 3), dtype=np.uint8)


@pytest.fixture
def keypoints() -> ClipKeypoints:
    values = generator_for("keypoints").uniform(0.2, 0.8, (4, layout.NUM_VALUES)).astype(np.float32)
    return ClipKeypoints(values, np.ones((4, 4), bool), 1.5)


def test_frames_of_a_video():
    recipe = frame_recipe()
    assert recipe.samplings == ("even_frames",)
    assert recipe.test_clips(20, "even_frames").tolist() == [[2], [7], [12], [17]]
    assert recipe.val_clips(20).tolist() == [[3], [10], [16]]
    assert recipe.train_clip(20, generator=generator_for(0)).shape == (1,)
    assert recipe.protocol("even_frames") == "4 evenly spaced frames"
    every = frame_recipe(test_frames=0, test_crops=3)
    assert every.samplings == ("all_frames",)
    assert every.test_clips(5, "all_frames").tolist() == [[0], [1], [2], [3], [4]]
    assert every.protocol("all_frames") == "every frame, 3 crops each"


def test_clips_of_a_video():
    recipe = fused_recipe(also_test=("windows", "strided", "even"), stride_frames=2, window_step=3)
    assert recipe.samplings == ("strided", "windows", "even")
    expected = {
        "strided": ([[1, 5, 9, 13], [3, 7, 11, 15]], "2 strided clips of 4 frames"),
        "even": ([[0, 4, 8, 12]], "one clip of 4 evenly spaced frames"),
        "centre": ([[4, 6, 8, 10]], "the centre window of 4 frames, 2 apart"),
        "windows": ([[0, 2, 4, 6], [8, 10, 12, 14], [9, 11, 13, 15]], "all windows in a row of 4 frames, 2 apart"),
        "overlapping": (
            [[0, 2, 4, 6], [3, 5, 7, 9], [6, 8, 10, 12], [9, 11, 13, 15]],
            "windows of 4 frames, 2 apart, 3 from start to start",
        ),
        "whole": ([[0, 2, 4, 6, 8, 10, 12, 14]], "the whole video in one pass"),
    }
    for sampling, (clips, words) in expected.items():
        assert recipe.test_clips(16, sampling).tolist() == clips
        assert recipe.protocol(sampling) == words
    assert recipe.val_clips(16).tolist() == [[2, 6, 10, 14]]


def test_validation_sees_one_clip_of_each_kind():
    assert fused_recipe(test_sampling="even").val_clips(17).tolist() == [[0, 4, 8, 12]]
    for sampling in ("centre", "windows", "overlapping", "whole"):
        assert fused_recipe(test_sampling=sampling).val_clips(6).tolist() == [[1, 2, 3, 4]]


def test_sampling_by_name():
    segments = fused_recipe(sampling="segments").train_clip(4, generator=generator_for(0))
    assert segments.tolist() == [0, 1, 2, 3]
    drawn = [fused_recipe().train_clip(40, generator=generator_for(seed)) for seed in range(50)]
    assert any(clip[1] < 10 for clip in drawn)  # two frames of one quarter
    window = fused_recipe(sampling="window", stride_frames=3).train_clip(60, generator=generator_for(0))
    assert np.diff(window).tolist() == [3, 3, 3]
    assert fused_recipe(sampling="even").train_clip(9, generator=generator_for(0)).tolist() == [0, 2, 4, 6]


def image_recipe(**changes: object):
    basis = {"type": "cnn3d", "clip_frames": 4, "image_size": 32, "centre_share": 1.0}
    return recipe_of(CNN3DParams(**{**basis, **changes}))


@pytest.mark.parametrize("sampling", ["centre", "windows", "overlapping", "whole"])
def test_windows_of_all_kinds_end_as_the_section_says(sampling):
    basis = {"type": "stgcn", "clip_frames": 6, "sampling": "window", "test_sampling": sampling}
    endings = {"repeat_last": [3, 3], "loop": [0, 1], "black": [-1, -1]}
    for policy, ending in endings.items():
        recipe = recipe_of(STGCNParams(**basis, short_videos=policy))
        assert recipe.test_clips(4, sampling).tolist() == [[0, 1, 2, 3, *ending]]
        assert recipe.train_clip(4, generator=generator_for(0)).tolist() == [0, 1, 2, 3, *ending]


def test_every_frame_of_a_clip_is_augmented_alike(frames):
    still = np.repeat(frames[:1], 4, axis=0)
    recipe = image_recipe(augment=True, flip=True, rotate_degrees=20.0)
    clips = [recipe.prepare(still, None, generator=generator_for(seed))["frames"] for seed in range(8)]
    assert all(np.array_equal(frame, clip[0]) for clip in clips for frame in clip)
    assert len({clip.tobytes() for clip in clips}) == 8


def test_the_share_of_the_centre_that_is_seen(frames):
    seen = image_recipe(centre_share=0.8).prepare(frames, None, generator=None)["frames"]
    assert np.array_equal(seen, frames[:, 4:36, 14:46])


def test_crops_lie_along_the_longer_side(frames):
    recipe = image_recipe(image_size=40, test_crops=3)
    starts = (10, 0, 20)
    for crop, start in enumerate(starts):
        seen = recipe.prepare(frames, None, generator=None, crop=crop)["frames"]
        assert np.array_equal(seen, frames[:, :, start : start + 40])


def test_flipping_takes_frames_and_keypoints_together(frames, keypoints):
    recipe = fused_recipe(flip=True, image_size=16)
    plain = fused_recipe(image_size=16).prepare(frames, keypoints, generator=None)
    mirrored = flip_keypoints(keypoints).keypoints
    seen = set()
    for seed in range(12):
        inputs = recipe.prepare(frames, keypoints, generator=generator_for(seed))
        flipped = np.array_equal(inputs["frames"], plain["frames"][:, :, ::-1])
        assert flipped or np.array_equal(inputs["frames"], plain["frames"])
        assert np.array_equal(inputs["keypoints"], mirrored if flipped else keypoints.keypoints)
        seen.add(flipped)
    assert seen == {True, False}
    assert np.array_equal(recipe.prepare(frames, keypoints, generator=None)["keypoints"], keypoints.keypoints)


def test_joints_of_a_skeleton(keypoints):
    recipe = recipe_of(STGCNParams(type="stgcn", clip_frames=4))
    assert (recipe.view, recipe.reads_keypoints) == (None, True)
    joints = recipe.prepare(None, keypoints, generator=None)["keypoints"]
    assert joints.shape == (4, 75, 3)
    assert joints.dtype == np.float32


def test_a_test_frame_is_the_centre_square(frames):
    inputs = frame_recipe(image_size=40).prepare(frames, None, generator=None)
    assert list(inputs) == ["frames"]
    assert np.array_equal(inputs["frames"], frames[:, :, 10:50])


def test_frames_are_augmented_in_training_only(frames):
    plain = frame_recipe().prepare(frames, None, generator=None)["frames"]
    changed = frame_recipe().prepare(frames, None, generator=generator_for(1))["frames"]
    assert changed.shape == plain.shape == (4, 32, 32, 3)
    assert not np.array_equal(changed, plain)
    unaugmented = frame_recipe(augment=False).prepare(frames, None, generator=generator_for(1))["frames"]
    assert np.array_equal(unaugmented, plain)


def test_flips_only_when_asked(frames):
    plain = frame_recipe().prepare(frames, None, generator=None)["frames"]
    clips = [
        frame_recipe(augment=False, flip=True).prepare(frames, None, generator=generator_for(seed))["frames"]
        for seed in range(10)
    ]
    assert any(np.array_equal(clip, plain[:, :, ::-1]) for clip in clips)


def test_fused_inputs(frames, keypoints):
    inputs = fused_recipe().prepare(frames, keypoints, generator=generator_for(0))
    assert inputs["frames"].shape == (4, 16, 16, 3)
    assert np.array_equal(inputs["keypoints"], keypoints.keypoints)
    assert fused_recipe(keypoint_features="body").prepare(frames, keypoints, generator=None)["keypoints"].shape == (
        4,
        261,
    )


@pytest.mark.parametrize(("inputs", "reads"), [("frames", (True, False)), ("keypoints", (False, True))])
def test_ablations_read_what_they_use(frames, keypoints, inputs, reads):
    recipe = fused_recipe(inputs=inputs)
    assert (recipe.view is not None, recipe.reads_keypoints) == reads
    assert list(recipe.prepare(frames, keypoints, generator=None)) == [inputs]


def test_fused_augmentation(frames, keypoints):
    plain = fused_recipe().prepare(frames, keypoints, generator=None)
    changed = fused_recipe(augment=True).prepare(frames, keypoints, generator=generator_for(2))
    assert not np.array_equal(changed["keypoints"], plain["keypoints"])
    assert not np.array_equal(changed["frames"], plain["frames"])


def test_a_rate_and_a_stride_contradict_each_other() -> None:
    params = Res2Plus1DParams(type="res2plus1d", fps=12.5)
    assert params.problems("models.m") == [
        "models.m.stride_frames: 15, but fps: 12.5 says how far apart frames are; set stride_frames: 1, or fps: null"
    ]
    assert Res2Plus1DParams(type="res2plus1d", fps=12.5, stride_frames=1).problems("models.m") == []
