"""Trained weights from files, and which layers go on training."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from actionrec.core.errors import ActionrecError, first_few
from actionrec.models.kind import card_path
from actionrec.models.pixels import Statistics

_PREFIX = "module."
_SAFETENSORS = ".safetensors"
_BATCH_COUNT = "num_batches_tracked"
"""Of batch normalisation since torch 0.4.1; files from before it have none, and nothing is computed from it."""

ALIASES = {"imagenet": "IMAGENET1K_V1", "kinetics400": "KINETICS400_V1"}
"""What ``weights`` may say for torchvision's first weights, those of the publications."""

_CARD_FORM = 'expected {"mean": [r, g, b], "std": [r, g, b]} of pixels in [0, 1], std above 0'
_ENUM_NAME = re.compile(r"[A-Z0-9_]+_V\d+")

_LOG = logging.getLogger(__name__)


def load_weights_file(
    net: nn.Module, path: Path, *, head: str = "fc", may_drop: Callable[[str], bool] = lambda _: False
) -> None:
    """Load a local state-dict file into ``net``; its classifier ``head`` is left alone.

    Accepts a bare state dict or one under ``state_dict``, with or without the ``module.`` prefix of data
    parallel training, in either of torch's formats, and of any age: the batch counts of batch normalisation may be
    missing. ``may_drop`` names keys of the file that ``net`` may lack. Raises
    :class:`ActionrecError` that lists missing and unexpected keys.
    """
    state = {key.removeprefix(_PREFIX): value for key, value in read_state(path).items()}
    in_head = sorted(key for key in state if key.startswith(f"{head}."))
    expected = net.state_dict()
    wanted = {key for key in expected if not key.startswith(f"{head}.")}
    dropped = sorted(key for key in state if key not in wanted and key not in in_head and may_drop(key))
    kept = {key: value for key, value in state.items() if key not in in_head and key not in dropped}
    problems = []
    if missing := sorted(key for key in wanted - set(kept) if not key.endswith(f".{_BATCH_COUNT}")):
        problems.append(f"missing {first_few(missing)}")
    if unexpected := sorted(set(kept) - wanted):
        problems.append(f"unexpected {first_few(unexpected)}")
    if other := sorted(key for key in wanted & set(kept) if kept[key].shape != expected[key].shape):
        problems.append(f"another shape of {first_few(other)}")
    if problems:
        raise ActionrecError(f"{path} does not fit the network: {'; '.join(problems)}; check weights and depth")
    net.load_state_dict(kept, strict=False)
    _LOG.info(
        "%s: loaded %d tensors; the classifier (%s) is new%s",
        path,
        len(kept),
        ", ".join(in_head) or "none in it",
        f"; left out {first_few(dropped)}" if dropped else "",
    )


def read_card(weights: Path) -> Statistics | None:
    """Mean and standard deviation from the card beside a file of weights; None where there is no card.

    Raises :class:`ActionrecError` for a card that does not hold three numbers of each, the deviations above 0.
    """
    path = card_path(weights)
    if not path.is_file():
        return None
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        mean, std = (tuple(float(value) for value in card[key]) for key in ("mean", "std"))
    except (ValueError, TypeError, KeyError) as error:
        raise ActionrecError(f"{path} is no card of weights ({error!r}); {_CARD_FORM}") from error
    if not (
        len(mean) == len(std) == 3 and all(0 <= value <= 1 for value in mean) and all(0 < value <= 1 for value in std)
    ):
        raise ActionrecError(f"{path}: mean {list(mean)}, std {list(std)}; {_CARD_FORM}")
    return mean, std


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a local state-dict or safetensors file; runs no code that is in it.

    Raises :class:`ActionrecError` for a file that is absent or holds something else.
    """
    if not path.is_file():
        raise ActionrecError(
            f"weights: {path} does not exist; legal are none, a name of published weights, or a state-dict file"
        )
    try:
        if path.suffix == _SAFETENSORS:
            return load_file(path)
        # weights_only: a pickle could run code.
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ActionrecError(f"weights: {path} cannot be read as a state dict ({error})") from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ActionrecError(f"weights: {path} holds no state dict of tensors")
    return state


class PartlyTrained(nn.Module):
    """``net``, of which only the modules named by ``trainable`` train; all where none is named.

    Frozen modules stay in eval mode: batch statistics must not drift under weights that cannot follow.
    """

    def __init__(self, net: nn.Module, *, trainable: tuple[str, ...]) -> None:
        super().__init__()
        self.net = net
        freeze_all_but(net, trainable)
        self.train()  # Lightning takes the modes as it finds them

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 (torch's own signature)
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


def load_torchvision_weights(net: nn.Module, *, backbone: str, weights: str) -> bool:
    """Load the weights that torchvision publishes for ``backbone`` as ``weights``; False where that is no such name.

    Names are those of torchvision's enumerations (``IMAGENET1K_V2``) and :data:`ALIASES`. Raises
    :class:`ActionrecError` for a name that torchvision has for other networks only, and where there is no network.
    """
    import torchvision  # takes seconds

    published = torchvision.models.get_model_weights(backbone)
    name = ALIASES.get(weights, weights)
    if name not in published.__members__:
        if _ENUM_NAME.fullmatch(name):
            legal = ", ".join(published.__members__)
            raise ActionrecError(f"weights: {weights} is not published for {backbone}; torchvision has {legal}")
        return False
    entry = published[name]
    net.load_state_dict(_download(weights, entry))
    _LOG.info("%s of %s: loaded %s; the classifier is new", name, backbone, entry.url)
    return True


def _download(name: str, entry: Any) -> dict[str, Tensor]:
    try:
        # weights_only: the hash is of what was downloaded, and what torch kept of an earlier day could run code.
        state: dict[str, Tensor] = entry.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except OSError as error:
        raise ActionrecError(not_downloaded(name, entry.url, error)) from error
    except UnpicklingError as error:
        raise ActionrecError(
            f"weights: {name}: what torch keeps of {entry.url} holds more than tensors; remove it from "
            f"{torch.hub.get_dir()}/checkpoints, and it is downloaded anew"
        ) from error
    return state


def not_downloaded(name: str, url: str, error: Exception) -> str:
    """What to say where there is no network: it names both ways to the weights."""
    return (
        f"weights: {name}: {url} cannot be downloaded ({error}); connect to the network, or fetch the file elsewhere "
        "and set weights to its path, or set weights: none"
    )
