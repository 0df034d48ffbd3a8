"""The small 3D CNN (B), the (2+1)D network (C), CNN + LSTM (D), the graph network, torchvision's backbones."""

from __future__ import annotations

from urllib.error import URLError

import pytest
import torch
import torchvision
from tests.models.small import small_models
from torch.nn import functional

from actionrec.core.errors import ActionrecError
from actionrec.keypoints import skeleton
from actionrec.models.cnn3d import CNN3DParams, length_left
from actionrec.models.res2plus1d import ChannelNorm, Conv2Plus1D, Res2Plus1DParams, ResidualBlock
from actionrec.models.stgcn import GraphBlock, STGCNParams
from actionrec.models.table import build_model
from actionrec.models.torchvision_video import TorchvisionVideoParams


def test_what_the_small_cnn_leaves_of_a_clip() -> None:
    assert length_left(224) == 13
    assert [length_left(length) for length in (1, 31, 32, 47, 48)] == [0, 0, 1, 1, 2]
    features = build_model(CNN3DParams(type="cnn3d", image_size=52), num_classes=5).features
    assert features(torch.zeros(1, 3, 32, 52, 52)).shape == (1, 32, 1, 2, 2)


def test_a_2plus1d_convolution_is_spatial_then_temporal() -> None:
    conv = Conv2Plus1D(3, 6, frames=3, side=7)
    assert [tuple(part.weight.shape) for part in conv] == [(6, 3, 1, 7, 7), (6, 6, 3, 1, 1)]
    assert all(part.bias is not None for part in conv)
    assert conv(torch.zeros(2, 3, 5, 9, 8)).shape == (2, 6, 5, 9, 8)


def test_layer_normalisation_is_over_channels() -> None:
    images = torch.randn(2, 6, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    expected = functional.layer_norm(images.permute(0, 2, 3, 4, 1), (6,)).permute(0, 4, 1, 2, 3)
    assert torch.allclose(ChannelNorm(6)(images), expected, atol=1e-6)


def test_the_normalisations_of_c_are_those_of_keras() -> None:
    """Channels at +-0.01 have a variance of 1e-4, to which Keras adds 1e-3; a batch moves a running mean by 1 %."""
    model = build_model(Res2Plus1DParams(type="res2plus1d", image_size=16, clip_frames=4), num_classes=3)
    block = model.blocks[0]
    images = torch.tensor([0.01, -0.01] * 8).view(1, 16, 1, 1, 1)
    for norm in (block.main[1], block.main[4], model.blocks[1].skip[1]):
        assert norm.eps == 1e-3
    assert block.main[1](images).abs().flatten().tolist() == pytest.approx([0.01 / (1e-4 + 1e-3) ** 0.5] * 16)
    batch_norm = model.stem[1]
    offsets = torch.arange(16.0).view(1, 16, 1, 1, 1)
    found = batch_norm.train()(offsets + torch.tensor([1.0, -1.0]).view(1, 1, 2, 1, 1))
    assert batch_norm.running_mean.tolist() == pytest.approx([0.01 * channel for channel in range(16)])
    assert found.abs().flatten().tolist() == pytest.approx([1 / (1 + 1e-3) ** 0.5] * 32, rel=1e-5)


def test_the_first_weights_of_c_are_those_of_keras() -> None:
    torch.manual_seed(0)
    model = build_model(Res2Plus1DParams(type="res2plus1d"), num_classes=10)
    for layer, inputs, outputs, places in (
        (model.stem[0][0], 3, 16, 7 * 7),
        (model.stem[0][1], 16, 16, 3),
        (model.blocks[3].main[0][0], 64, 128, 3 * 3),
        (model.blocks[3].skip[0], 64, 128, 1),
        (model.classifier, 128, 10, 1),
    ):
        limit = (6 / ((inputs + outputs) * places)) ** 0.5  # Glorot and Bengio 2010, uniform
        assert 0.97 * limit < layer.weight.abs().max().item() <= limit
        assert layer.weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.07)
        assert not layer.bias.any()


def test_pytorchs_constants_are_one_parameter_each() -> None:
    section = Res2Plus1DParams(type="res2plus1d", norm_epsilon=1e-5, norm_momentum=0.1)
    model = build_model(section, num_classes=3)
    assert (model.stem[1].eps, model.stem[1].momentum, model.blocks[0].main[1].eps) == (1e-5, 0.1, 1e-5)


def test_a_block_is_the_plain_sum() -> None:
    """No ReLU after the sum, and a projection only where the channels change."""
    block = ResidualBlock(4, 4, epsilon=1e-3)
    torch.nn.init.zeros_(block.main[4].weight)
    images = torch.randn(1, 4, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(block(images), images)
    assert ResidualBlock(4, 8, epsilon=1e-3)(images).shape == (1, 8, 3, 6, 6)


def test_frames_halve_before_every_block() -> None:
    model = build_model(Res2Plus1DParams(type="res2plus1d", image_size=32, clip_frames=4), num_classes=3)
    sides = []
    for block in model.blocks:
        block.register_forward_hook(lambda _module, _inputs, found: sides.append(tuple(found.shape[2:])))
    model({"frames": torch.zeros(1, 4, 32, 32, 3, dtype=torch.uint8)})
    assert sides == [(4, 16, 16), (4, 8, 8), (4, 4, 4), (4, 2, 2)]


@pytest.mark.parametrize("name", ["cnn_lstm", "cnn3d", "res2plus1d", "clip_resnet3d", "torchvision_video"])
def test_motion_sees_no_still_background(name) -> None:
    params = small_models()[name].model_copy(update={"frame_content": "motion"})
    model = build_model(params, num_classes=3).eval()
    still = torch.full((1, params.clip_frames, params.image_size, params.image_size, 3), 90, dtype=torch.uint8)
    assert torch.allclose(model({"frames": still}), model({"frames": still * 2}), atol=1e-5)


def test_the_skeleton_is_one_piece() -> None:
    hops = skeleton.hops_from_centre()
    assert skeleton.NUM_JOINTS == 75
    assert hops.min() == 0
    assert (hops[11], hops[13], hops[15], hops[skeleton.LEFT_HAND_START], hops[skeleton.LEFT_HAND_START + 8]) == (
        0,
        1,
        2,
        3,
        7,
    )
    assert len({frozenset(edge) for edge in skeleton.EDGES}) == len(skeleton.EDGES)


def test_the_partition_is_the_normalised_graph() -> None:
    parts = skeleton.spatial_partition()
    assert parts.shape == (3, 75, 75)
    assert parts.sum(axis=(0, 1)) == pytest.approx(1)
    nearer, farther = parts[1], parts[2]
    # Into the elbow (13): from the shoulder (11), which is nearer to the centre, and from the wrist (15), farther away.
    assert [int(joint) for joint in nearer[:, 13].nonzero()[0]] == [11]
    assert [int(joint) for joint in farther[:, 13].nonzero()[0]] == [15]
    assert nearer[11, 13] == pytest.approx(1 / 3)


def test_a_graph_block_sums_neighbours() -> None:
    block = GraphBlock(1, 1, temporal_kernel=1, stride=1, dropout=0.0, residual=False).eval()
    torch.nn.init.ones_(block.mix.weight)
    torch.nn.init.zeros_(block.mix.bias)
    block.temporal = torch.nn.Identity()
    joints = torch.zeros(1, 1, 1, 75)
    joints[0, 0, 0, 15] = 6  # the left wrist, one of three that are summed into the elbow
    found = block(joints)[0, 0, 0]
    assert found[13].item() == pytest.approx(2)
    assert found[12].item() == 0


def test_no_dropout_in_the_first_graph_block() -> None:
    model = build_model(STGCNParams(type="stgcn", channels=(4, 4, 8)), num_classes=3)
    assert [block.temporal[-1].p for block in model.blocks] == [0.0, 0.5, 0.5]


def test_the_first_weights_of_the_graph_network_are_the_authors() -> None:
    torch.manual_seed(0)
    model = build_model(STGCNParams(type="stgcn"), num_classes=400)
    centres = {torch.nn.Conv2d: 0, torch.nn.Linear: 0, torch.nn.BatchNorm1d: 1, torch.nn.BatchNorm2d: 1}
    found = [module for module in model.modules() if type(module) in centres]
    # In the order of the network: the norm of the inputs; a graph convolution, a norm, a convolution over time and
    # a norm in each of 10 blocks; a convolution and a norm in 2 skips; the classifier.
    assert len(found) == 1 + 10 * 4 + 2 * 2 + 1
    for module in found:
        assert not module.bias.any()
        # Of n draws the mean is off by 0.02 / sqrt(n), the deviation by a share of 1 / sqrt(2 n): five times that.
        n = module.weight.numel()
        assert module.weight.mean().item() == pytest.approx(centres[type(module)], abs=5 * 0.02 / n**0.5)
        assert module.weight.std().item() == pytest.approx(0.02, rel=5 / (2 * n) ** 0.5)
    assert all((block.importance == 1).all() for block in model.blocks)


def test_time_is_halved_where_channels_grow() -> None:
    model = build_model(STGCNParams(type="stgcn", channels=(4, 4, 8, 8, 16)), num_classes=3).eval()
    lengths = []
    for block in model.blocks:
        block.register_forward_hook(lambda _module, _inputs, found: lengths.append(found.shape[2]))
    model({"keypoints": torch.zeros(1, 12, 75, 3)})
    assert lengths == [12, 12, 6, 6, 3]


@pytest.mark.parametrize(
    ("backbone", "head"),
    [("r3d_18", "fc"), pytest.param("s3d", "classifier.1", marks=pytest.mark.slow), ("swin3d_t", "head")],
)
def test_a_local_file_of_a_backbone_loads_but_for_its_head(tmp_path, backbone, head) -> None:
    state = getattr(torchvision.models.video, backbone)(weights=None).state_dict()
    torch.save(state, tmp_path / "net.pt")
    params = TorchvisionVideoParams(
        type="torchvision_video", backbone=backbone, weights=str(tmp_path / "net.pt"), image_size=32, clip_frames=8
    )
    loaded = build_model(params, num_classes=3).net.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items() if not key.startswith(f"{head}."))
    assert loaded[f"{head}.bias"].shape == (3,)


def test_published_weights_offline_name_both_ways(monkeypatch) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torchvision.models.video.R3D_18_Weights, "get_state_dict", offline)
    for weights in ("kinetics400", "KINETICS400_V1"):
        params = TorchvisionVideoParams(type="torchvision_video", backbone="r3d_18", weights=weights)
        with pytest.raises(ActionrecError, match=rf"{weights}: .*r3d_18.*cannot be downloaded.*set weights to its"):
            build_model(params, num_classes=3)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["mc3_18", "r2plus1d_18", "s3d", "mvit_v2_s"])
def test_every_backbone_classifies(backbone) -> None:
    size = 224 if backbone == "mvit_v2_s" else 32
    params = TorchvisionVideoParams(type="torchvision_video", backbone=backbone, image_size=size, clip_frames=16)
    model = build_model(params, num_classes=3).eval()
    with torch.inference_mode():
        logits = model({"frames": torch.zeros(1, 16, size, size, 3, dtype=torch.uint8)})
    assert logits.shape == (1, 3)
    assert torch.isfinite(logits).all()
