"""Temporal models over frozen features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.packed_data import NUM_FEATURES, PackedData, make_packed_data, write_packed
from torch import nn

from actionrec.clips.sampling import NO_FRAME, generator_for
from actionrec.core.errors import ActionrecError
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.models.examples import example_inputs
from actionrec.models.feature_branch import FeatureBranch, Temporal
from actionrec.models.feature_sequence import FeatureRecipe, FeatureSequenceParams
from actionrec.models.keypoint_branch import KeypointConv
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model, recipe_of
from actionrec.training.datasets import open_source


def params(**changes: object) -> FeatureSequenceParams:
    return FeatureSequenceParams(**{"type": "feature_sequence", "num_features": 8, **changes})


def branch(temporal: Temporal) -> FeatureBranch:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FeatureBranch(8, temporal=temporal, hidden=5).eval()


VECTORS = torch.randn(3, 6, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("temporal", "classifier_inputs", "inner"),
    [
        ("mean", 8, 2 * 8),
        ("mean_std", 16, 2 * 8 + 2 * 8),
        ("lstm", 5, 2 * 8 + 4 * 5 * (8 + 5 + 2)),
        ("attention", 5, 2 * 8 + 5 * 9 + 5 * 6 + 6),
    ],
)
def test_every_kind_has_the_parameters_that_its_shape_gives(temporal: str, classifier_inputs: int, inner: int) -> None:
    model = build_model(params(temporal=temporal, hidden=5), num_classes=3)
    assert count_parameters(model) == inner + (classifier_inputs + 1) * 3


def test_mean_and_deviation_are_those_of_numpy() -> None:
    """With the norms at their start, which leave values as they are but for their epsilon."""
    found = branch("mean_std")(VECTORS).detach().numpy()
    values = VECTORS.numpy()
    assert found[:, :8] == pytest.approx(values.mean(axis=1), abs=1e-4)
    assert found[:, 8:] == pytest.approx(values.std(axis=1), abs=1e-4)


def test_a_clip_that_stands_still_trains() -> None:
    still = VECTORS[:, :1].repeat(1, 6, 1)
    model = branch("mean_std").train()
    model(still).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters() if parameter.grad is not None)


@pytest.mark.parametrize(
    ("temporal", "sees_order"), [("mean", False), ("mean_std", False), ("lstm", True), ("attention", True)]
)
def test_which_kinds_see_the_order(temporal: str, sees_order: bool) -> None:
    model = branch(temporal)
    with torch.inference_mode():
        same = torch.allclose(model(VECTORS), model(VECTORS.flip(1)), atol=1e-5)
    assert same is not sees_order


@pytest.mark.parametrize("temporal", ["mean", "mean_std"])
def test_a_value_that_did_not_vary_in_training_cannot_decide_alone(temporal: str) -> None:
    made = branch(temporal)
    training = 1e-4 * torch.randn(32, 5, 8, generator=torch.Generator().manual_seed(0))
    for _ in range(100):
        made.train()(training)
    elsewhere = torch.zeros(1, 5, 8)
    elsewhere[:, ::2, 3] = 100.0
    found = made.eval()(elsewhere).detach()
    assert found.abs().max() <= 4
    assert found[0, 3] == pytest.approx(0.6 * 4, abs=0.1)  # of three vectors in five


def test_a_clip_may_be_one_vector() -> None:
    one = params(clip_frames=1, temporal="mean")
    model = build_model(one, num_classes=4).eval()
    with torch.inference_mode():
        assert model(example_inputs(one, num_clips=2)).shape == (2, 4)


def test_frame_dropout_repeats_the_vector_before() -> None:
    recipe = FeatureRecipe(params(frame_dropout=0.5))
    vectors = np.arange(40, dtype=np.float32)[:, None].repeat(8, axis=1)
    found = recipe.prepare(vectors, None, generator=generator_for(0))["features"][:, 0]
    kept = found == np.arange(40)
    assert kept[0]
    assert 8 < kept.sum() < 32
    assert (found[~kept] == found[np.flatnonzero(~kept) - 1]).all()
    assert np.array_equal(recipe.prepare(vectors, None, generator=None)["features"], vectors)


def test_noise_is_of_training_alone() -> None:
    model = FeatureBranch(8, temporal="mean", hidden=5, noise=0.5)
    assert not torch.equal(model.train()(VECTORS), model(VECTORS))
    assert torch.equal(model.eval()(VECTORS), model(VECTORS))


def test_noise_leaves_what_varies_over_time() -> None:
    """Else a deviation would be larger in training than afterwards, and the norm behind it wrong."""
    model = FeatureBranch(8, temporal="mean_std", hidden=5, noise=5.0).train()
    model.temporal = nn.Identity()
    noisy = model(VECTORS)
    model.noise = 0.0
    plain = model(VECTORS)
    assert torch.allclose(noisy.std(dim=1), plain.std(dim=1), atol=1e-4)
    assert (noisy.mean(dim=1) - plain.mean(dim=1)).abs().mean() > 1


@pytest.mark.parametrize(("temporal", "frames"), [("mean", 1), ("mean_std", 3)])
def test_each_level_counts_alike(temporal: Temporal, frames: int) -> None:
    """However many values it has, their squares come to 128: of the means, and of the deviations."""
    vectors = torch.randn(64, frames, 202, generator=torch.Generator().manual_seed(0))
    found = FeatureBranch(202, [200, 2], temporal=temporal, hidden=5).train()(vectors)
    for level in found[:, -202:].split([200, 2], dim=1):
        assert level.square().sum(dim=1).mean().item() == pytest.approx(128, rel=0.01)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), groups=2)


def test_keypoints_are_of_the_frames_that_the_vectors_are_of(data: PackedData) -> None:
    both = params(inputs="both", clip_frames=3, keypoint_features="raw")
    source = open_source(recipe_of(both), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    video_id = data.rows[0].video_id
    assert source.num_frames(video_id) == -(-len(data.frames[video_id]) // 2)
    found = source.load(video_id, np.array([0, 4, 9]), generator=None)
    assert found["features"].shape == (3, NUM_FEATURES)
    assert np.array_equal(found["keypoints"], data.keypoints[video_id][[0, 8, 18]])


@pytest.mark.parametrize(
    ("inputs", "view", "keypoints"),
    [("features", "imagenet", False), ("keypoints", None, True), ("both", "imagenet", True)],
)
def test_ablations_read_what_they_say(inputs: str, view: str | None, keypoints: bool) -> None:
    recipe = recipe_of(params(inputs=inputs))
    assert (recipe.view, recipe.reads_keypoints) == (view, keypoints)


def test_the_width_of_the_vectors_is_found_or_stated() -> None:
    open_width = params(num_features=0)
    fitted = open_width.fitted_to((1280, 40))
    assert (fitted.num_features, fitted.level_sizes) == (1320, (1280, 40))
    assert fitted.fitted_to((1280, 40)) == fitted
    assert open_width.fitted_to(None) == open_width
    with pytest.raises(ActionrecError, match="num_features: 0 is found from the feature view by training"):
        build_model(open_width, num_classes=2)


def test_a_stated_width_that_is_not_the_views_is_refused(data: PackedData) -> None:
    wrong = params(num_features=NUM_FEATURES + 1)
    source = open_source(recipe_of(wrong), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    assert source.level_sizes == (NUM_FEATURES,)
    with pytest.raises(ActionrecError, match=r"num_features: 13, but the view imagenet holds vectors of 12 values"):
        wrong.fitted_to(source.level_sizes)
    others = params(num_features=NUM_FEATURES, level_sizes=[8, 4])
    with pytest.raises(ActionrecError, match=r"level_sizes: \[8, 4\], but the view imagenet .* of \[12\] values"):
        others.fitted_to(source.level_sizes)
    assert params(level_sizes=[8, 4]).problems("m") == ["m.level_sizes: they are not 8 in all, as num_features says"]


def test_clips_of_hands_are_of_frames_that_show_one(data: PackedData) -> None:
    hands = params(inputs="keypoints", keypoint_features="raw", keypoint_frames="hands", clip_frames=4)
    source = open_source(recipe_of(hands), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    video_id = data.rows[0].video_id
    seen = np.flatnonzero(data.presence[video_id][:, 2:].any(axis=1))
    assert 0 < source.num_frames(video_id) == len(seen) < len(data.frames[video_id])
    found = source.load(video_id, np.arange(len(seen)), generator=None)
    assert np.array_equal(found["keypoints"], data.keypoints[video_id][seen])
    assert source.source_frames(video_id, np.array([0, 3, NO_FRAME])).tolist() == [seen[0], seen[3], NO_FRAME]


def test_a_video_without_hands_shows_all_its_frames(tmp_path: Path) -> None:
    data = make_packed_data(tmp_path, groups=1)
    video_id = data.rows[0].video_id
    data.presence[video_id][:, 2:] = False
    write_packed(data)
    assert PackedKeypoints(data.keypoints_path).frames_with_hands(video_id).tolist() == list(
        range(len(data.frames[video_id]))
    )


def test_features_are_of_all_frames() -> None:
    assert params(inputs="both", keypoint_frames="hands").problems("models.x") == [
        "models.x.keypoint_frames: hands needs inputs: keypoints; features are of all frames"
    ]


def test_convolutions_over_keypoints_have_the_parameters_that_their_shape_gives() -> None:
    model = build_model(
        params(
            inputs="keypoints",
            keypoint_features="hands",
            keypoint_temporal="conv",
            keypoint_motion=False,
            keypoint_hidden=5,
        ),
        num_classes=3,
    )
    assert count_parameters(model) == 2 * 76 + 5 * 77 + 2 * (5 * (3 * 5 + 1) + 2 * 5) + 3 * 6


def test_convolutions_see_a_frame_and_its_neighbours() -> None:
    """Of two convolutions of three frames each, a frame is felt two frames away and no further, before the mean."""
    torch.manual_seed(0)
    branch = KeypointConv(values=4, hidden=6, dropout=0, motion=False, norm=False).eval()
    states = []
    branch.convolutions[-1].register_forward_hook(lambda _module, _inputs, output: states.append(output))
    with torch.inference_mode():
        values = torch.randn(1, 9, 4)
        branch(values)
        values[0, 4] += 1
        mean = branch(values)
    changed = (states[1] - states[0]).abs().amax(dim=(0, 1)) > 1e-6
    assert changed.tolist() == [False, False, True, True, True, True, True, False, False]
    assert mean.shape == (1, 6)


def test_each_part_of_a_clip_has_its_own_mean() -> None:
    torch.manual_seed(0)
    whole, thirds = (
        KeypointConv(values=4, hidden=6, dropout=0, motion=False, norm=False, parts=parts).eval() for parts in (1, 3)
    )
    thirds.load_state_dict(whole.state_dict())
    states = []
    thirds.convolutions[-1].register_forward_hook(lambda _module, inputs, output: states.append(inputs[0] + output))
    with torch.inference_mode():
        values = torch.randn(2, 16, 4)
        mean, means = whole(values), thirds(values)
    parts = [states[0][:, :, part].mean(dim=2) for part in (slice(0, 5), slice(5, 10), slice(10, 16))]
    assert means.shape == (2, thirds.num_features) == (2, 18)
    assert torch.allclose(means, torch.cat(parts, dim=1), atol=1e-6)
    assert torch.allclose((5 * parts[0] + 5 * parts[1] + 6 * parts[2]) / 16, mean, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"keypoint_parts": 3}, "models.x.keypoint_parts: 3 needs keypoint_temporal: conv"),
        (
            {"keypoint_parts": 17, "keypoint_temporal": "conv"},
            "models.x.keypoint_parts: 17 exceeds the 16 frames of a clip",
        ),
    ],
)
def test_parts_that_cannot_be_are_refused(changes: dict[str, object], problem: str) -> None:
    assert params(inputs="keypoints", **changes).problems("models.x") == [problem]
