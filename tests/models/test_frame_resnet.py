"""The single-frame model of reference system E1."""

from __future__ import annotations

import logging
from urllib.error import URLError

import pytest
import torch
import torchvision

from actionrec.core.errors import ActionrecError
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model


def params(**changes: object) -> FrameResnetParams:
    small = {
        "type": "frame_resnet",
        "view": "rgb",
        "depth": 18,
        "weights": "none",
        "trainable": (),
        "image_size": 32,
        "augment": False,
        "test_frames": 2,
    }
    return FrameResnetParams(**{**small, **changes})


def test_everything_trains_where_nothing_is_named():
    model = build_model(params(), num_classes=3)
    assert count_parameters(model) == count_parameters(model, only_trainable=True)


def test_frozen_batch_normalisation_keeps_still():
    model = build_model(params(trainable=("layer4.1", "fc")), num_classes=3).train()
    assert not model.net.bn1.training
    assert model.net.layer4[1].bn1.training
    before = model.net.bn1.running_mean.clone()
    model({"frames": torch.randint(0, 256, (4, 1, 32, 32, 3), dtype=torch.uint8)})
    assert torch.equal(model.net.bn1.running_mean, before)
    assert model.net.layer4[1].bn1.running_mean.abs().sum() > 0
    assert not model.eval().net.layer4[1].bn1.training


def test_images_are_normalised_as_imagenet():
    model = build_model(params(), num_classes=3).eval()
    seen = []
    model.net.conv1.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    frames = torch.zeros(1, 1, 32, 32, 3, dtype=torch.uint8)
    frames[..., 0] = 255
    model({"frames": frames})
    assert seen[0].shape == (1, 3, 32, 32)
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    assert seen[0][0, :, 5, 5].tolist() == pytest.approx(expected, abs=1e-5)


def test_frames_that_are_predicted_a_few_at_a_time_give_the_same():
    model = build_model(params(), num_classes=3).eval()
    frames = torch.randint(0, 256, (19, 1, 32, 32, 3), dtype=torch.uint8)
    together = model({"frames": frames})
    with torch.inference_mode():
        torch.testing.assert_close(model({"frames": frames}), together, rtol=1e-4, atol=1e-5)


def test_an_unknown_module_is_named():
    with pytest.raises(ActionrecError, match=r"no module layer9; for example: .*layer4\.1.*fc"):
        build_model(params(trainable=("layer9",)), num_classes=3)


@pytest.fixture
def published(monkeypatch):
    """torchvision's enumeration of ResNet-50, which hands out known weights; and a list of what was asked for."""
    state = torchvision.models.resnet50().state_dict()
    asked = []

    def get(self, **kwargs: object) -> dict[str, torch.Tensor]:
        asked.append(self.name)
        return state

    monkeypatch.setattr(torchvision.models.ResNet50_Weights, "get_state_dict", get)
    return asked


@pytest.mark.parametrize(
    ("weights", "version"),
    [("imagenet", "IMAGENET1K_V1"), ("IMAGENET1K_V1", "IMAGENET1K_V1"), ("IMAGENET1K_V2", "IMAGENET1K_V2")],
)
def test_imagenet_weights_have_versions(published, caplog, weights, version):
    with caplog.at_level(logging.INFO, logger="actionrec"):
        build_model(params(depth=50, weights=weights), num_classes=3)
    assert published == [version]
    assert f"{version} of resnet50: loaded https://download.pytorch.org/models/resnet50-" in caplog.text


def test_the_reference_starts_from_the_first_imagenet_weights(published):
    build_model(FrameResnetParams(type="frame_resnet"), num_classes=3)
    assert published == ["IMAGENET1K_V1"]


@pytest.mark.parametrize("weights", ["IMAGENET1K_V2", "kinetics400"])
def test_weights_of_other_networks_are_named(weights):
    with pytest.raises(ActionrecError, match=f"{weights} is not published for resnet18; torchvision has IMAGENET1K_V1"):
        build_model(params(weights=weights), num_classes=3)


class Payload:
    """Would create a file if it were unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (self.path, "w"))


def test_what_torch_kept_of_a_download_runs_no_code(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    name = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    torch.save(Payload(str(tmp_path / "ran")), tmp_path / "hub/checkpoints" / name)
    with pytest.raises(ActionrecError, match=r"resnet18-.*holds more than tensors; remove it from .*/hub/checkpoints"):
        build_model(params(weights="imagenet"), num_classes=3)
    assert not (tmp_path / "ran").exists()


def test_imagenet_weights_offline_name_both_ways(monkeypatch):
    def offline(*args: object, **kwargs: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(torchvision.models.ResNet18_Weights, "get_state_dict", offline)
    with pytest.raises(ActionrecError, match=r"resnet18-.*cannot be downloaded.*network.*set weights to its path"):
        build_model(params(weights="imagenet"), num_classes=3)


def test_pretrained_weights_are_not_read_to_predict():
    build_model(params(weights="imagenet"), num_classes=3, load_weights=False)


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("nested", [False, True])
def test_a_local_file_loads_but_for_its_classifier(tmp_path, prefix, nested):
    state = {prefix + key: value for key, value in torchvision.models.resnet18().state_dict().items()}
    torch.save({"state_dict": state} if nested else state, tmp_path / "r18.pt")
    model = build_model(params(weights=str(tmp_path / "r18.pt")), num_classes=3)
    assert torch.equal(model.net.layer3[0].conv1.weight, state[f"{prefix}layer3.0.conv1.weight"])
    assert model.net.fc.weight.shape == (3, 512)


def test_a_file_of_another_network_lists_its_keys(tmp_path):
    state = torchvision.models.resnet18().state_dict()
    del state["layer1.0.conv1.weight"]
    state["stem.weight"] = torch.zeros(1)
    state["conv1.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "other.pt")
    with pytest.raises(
        ActionrecError,
        match=r"missing layer1\.0\.conv1\.weight; unexpected stem\.weight; another shape of conv1\.weight",
    ):
        build_model(params(weights=str(tmp_path / "other.pt")), num_classes=3)


def test_an_absent_or_broken_file_is_an_error(tmp_path):
    with pytest.raises(ActionrecError, match=r"nowhere\.pt does not exist; legal are none, a name"):
        build_model(params(weights=str(tmp_path / "nowhere.pt")), num_classes=3)
    (tmp_path / "broken.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(ActionrecError, match=r"broken\.pt cannot be read as a state dict"):
        build_model(params(weights=str(tmp_path / "broken.pt")), num_classes=3)
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(ActionrecError, match=r"list\.pt holds no state dict"):
        build_model(params(weights=str(tmp_path / "list.pt")), num_classes=3)
