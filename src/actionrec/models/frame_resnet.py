"""Single frames through a 2D residual network (reference system E1)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from actionrec.errors import ActionrecError, first_few
from actionrec.sections import FrameResnetParams

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_HEAD = "fc"
_PREFIX = "module."

_LOG = logging.getLogger(__name__)


class FrameResnet(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, 1, S, S, 3)}``.

    Only the modules named by ``trainable`` train (all where none is named). Batch normalisation in
    frozen modules stays in eval mode: it must not drift under weights that cannot follow.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, params: FrameResnetParams, *, num_classes: int, load_weights: bool) -> None:
        super().__init__()
        self.net = _backbone(params, load_weights=load_weights)
        self.net.fc = nn.Linear(self.net.fc.in_features, num_classes)
        self._trainable = params.trainable
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)
        freeze_all_but(self.net, params.trainable)
        self.train()  # Lightning takes the modes as it finds them

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        images = inputs["frames"].squeeze(1).permute(0, 3, 1, 2).float() / 255  # (B, 3, S, S)
        logits: Tensor = self.net((images - self.mean) / self.std)
        return logits

    def train(self, mode: bool = True) -> FrameResnet:  # noqa: FBT001, FBT002 (torch's own signature)
        super().train(mode)
        for module in self.net.modules():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.train(mode=False)
        return self


def freeze_all_but(net: nn.Module, names: tuple[str, ...]) -> None:
    """Leave only the modules ``names`` of ``net`` trainable; all of them where ``names`` is empty.

    Raises :class:`ActionrecError` for a name that ``net`` does not have.
    """
    if not names:
        return
    known = dict(net.named_modules())
    if unknown := [name for name in names if not name or name not in known]:
        shown = [name for name in known if name and name.count(".") < 2]
        raise ActionrecError(f"trainable: no module {first_few(unknown)}; for example: {', '.join(shown)}")
    net.requires_grad_(requires_grad=False)
    for name in names:
        known[name].requires_grad_(requires_grad=True)


def _backbone(params: FrameResnetParams, *, load_weights: bool) -> Any:
    build = getattr(torchvision.models, f"resnet{params.depth}")
    net = build(weights=None)
    if load_weights and params.weights == "imagenet":
        net.load_state_dict(_imagenet_weights(params.depth))
    elif load_weights and params.weights != "none":
        load_backbone(net, Path(params.weights))
    return net


def _imagenet_weights(depth: int) -> dict[str, Tensor]:
    weights = torchvision.models.get_model_weights(f"resnet{depth}").DEFAULT
    try:
        state: dict[str, Tensor] = weights.get_state_dict(progress=False, check_hash=True)
    except OSError as error:
        raise ActionrecError(
            f"weights: imagenet: {weights.url} cannot be downloaded ({error}); connect to the network, or fetch the "
            f"file elsewhere and set weights to its path, or set weights: none"
        ) from error
    return state


def load_backbone(net: nn.Module, path: Path) -> None:
    """Load a local state-dict file into ``net``; its classifier is left alone.

    Accepts a bare state dict or one under ``state_dict``, with or without the ``module.`` prefix of data
    parallel training. Raises :class:`ActionrecError` that lists missing and unexpected keys.
    """
    state = {key.removeprefix(_PREFIX): value for key, value in _read_state(path).items()}
    head = sorted(key for key in state if key.startswith(f"{_HEAD}."))
    expected = net.state_dict()
    kept = {key: value for key, value in state.items() if key not in head}
    wanted = {key for key in expected if not key.startswith(f"{_HEAD}.")}
    problems = []
    if missing := sorted(wanted - set(kept)):
        problems.append(f"missing {first_few(missing)}")
    if unexpected := sorted(set(kept) - wanted):
        problems.append(f"unexpected {first_few(unexpected)}")
    if other := sorted(key for key in wanted & set(kept) if kept[key].shape != expected[key].shape):
        problems.append(f"another shape of {first_few(other)}")
    if problems:
        raise ActionrecError(f"{path} does not fit the network: {'; '.join(problems)}; check weights and depth")
    net.load_state_dict(kept, strict=False)
    _LOG.info("%s: loaded %d tensors; the classifier (%s) is new", path, len(kept), ", ".join(head) or "none in it")


def _read_state(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ActionrecError(f"weights: {path} does not exist; legal are none, imagenet or a state-dict file")
    try:
        # weights_only: a pickle could run code.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ActionrecError(f"weights: {path} cannot be read as a state dict ({error})") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ActionrecError(f"weights: {path} holds no state dict of tensors")
    return state
