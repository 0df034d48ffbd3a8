"""Recipes: which frames a model sees, and as what."""

from __future__ import annotations

import numpy as np
import pytest

from actionrec.clips import recipe_of
from actionrec.keypoints import layout
from actionrec.model_sections import FrameResnetParams, FusedConvLSTMParams
from actionrec.packed import ClipKeypoints
from actionrec.sampling import generator_for


def frame_recipe(**changes: object):
    basis = {"type": "frame_resnet", "view": "rgb", "depth": 18, "weights": "none", "image_size": 32, "augment": True}
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
    assert recipe.test_clips(20).tolist() == [[2], [7], [12], [17]]
    assert recipe.val_clips(20).tolist() == [[3], [10], [16]]
    assert recipe.train_clip(20, generator=generator_for(0)).shape == (1,)
    assert (recipe.protocol, recipe.sampling) == ("4 evenly spaced frames", "frames")
    assert frame_recipe(test_frames=0).test_clips(5).tolist() == [[0], [1], [2], [3], [4]]
    assert frame_recipe(test_frames=0).protocol == "every frame"


def test_clips_of_a_video():
    recipe = fused_recipe()
    assert recipe.test_clips(16).tolist() == [[1, 5, 9, 13], [3, 7, 11, 15]]
    assert recipe.val_clips(16).tolist() == [[2, 6, 10, 14]]
    assert (recipe.protocol, recipe.sampling) == ("2 strided clips of 4 frames", "strided")


def test_windows_of_a_video():
    recipe = fused_recipe(sampling="window", test_sampling="windows")
    assert (recipe.protocol, recipe.sampling) == ("all windows of 4 consecutive frames", "windows")
    assert recipe.test_clips(6).tolist() == [[0, 1, 2, 3], [2, 3, 4, 5]]
    assert recipe.val_clips(6).tolist() == [[1, 2, 3, 4]]
    assert np.diff(recipe.train_clip(60, generator=generator_for(0))).tolist() == [1, 1, 1]


def test_sampling_by_name():
    segments = fused_recipe(sampling="segments").train_clip(4, generator=generator_for(0))
    assert segments.tolist() == [0, 1, 2, 3]
    drawn = [fused_recipe().train_clip(40, generator=generator_for(seed)) for seed in range(50)]
    assert any(clip[1] < 10 for clip in drawn)  # two frames of one quarter


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
    assert (recipe.reads_frames, recipe.reads_keypoints) == reads
    assert list(recipe.prepare(frames, keypoints, generator=None)) == [inputs]


def test_fused_augmentation(frames, keypoints):
    plain = fused_recipe().prepare(frames, keypoints, generator=None)
    changed = fused_recipe(augment=True).prepare(frames, keypoints, generator=generator_for(2))
    assert not np.array_equal(changed["keypoints"], plain["keypoints"])
    assert not np.array_equal(changed["frames"], plain["frames"])
