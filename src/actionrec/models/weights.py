"""Trained weights from files, and which layers go on training."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from actionrec.core.errors import ActionrecError, first_few

_PREFIX = "module."
_SAFETENSORS = ".safetensors"

Found = TypeVar("Found")

_LOG = logging.getLogger(__name__)


def load_weights_file(
    net: nn.Module, path: Path, *, head: str = "fc", may_drop: Callable[[str], bool] = lambda _: False
) -> None:
    """Load a local state-dict file into ``net``; its classifier ``head`` is left alone.

    Accepts a bare state dict or one under ``state_dict``, with or without the ``module.`` prefix of data
    parallel training. ``may_drop`` names keys of the file that ``net`` may lack. Raises
    :class:`ActionrecError` that lists missing and unexpected keys.
    """
    state = {key.removeprefix(_PREFIX): value for key, value in read_state(path).items()}
    in_head = sorted(key for key in state if key.startswith(f"{head}."))
    expected = net.state_dict()
    wanted = {key for key in expected if not key.startswith(f"{head}.")}
    dropped = sorted(key for key in state if key not in wanted and key not in in_head and may_drop(key))
    kept = {key: value for key, value in state.items() if key not in in_head and key not in dropped}
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
    _LOG.info(
        "%s: loaded %d tensors; the classifier (%s) is new%s",
        path,
        len(kept),
        ", ".join(in_head) or "none in it",
        f"; left out {first_few(dropped)}" if dropped else "",
    )


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


def download(name: str, get: Callable[[], Found], *, url: str) -> Found:
    """Published weights by ``get``; raises :class:`ActionrecError` that names both ways where there is no network."""
    try:
        return get()
    except OSError as error:
        raise ActionrecError(
            f"weights: {name}: {url} cannot be downloaded ({error}); connect to the network, or fetch the file "
            f"elsewhere and set weights to its path, or set weights: none"
        ) from error
