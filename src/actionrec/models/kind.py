"""What every model's file says of its type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from actionrec.core.section import ListOf, Section

if TYPE_CHECKING:
    from torch import nn

    from actionrec.clips.recipes import Recipe


class ModelParams(Section):
    """What the sections of all models have in common.

    A section that names nothing but its type is the published system: the defaults are its settings.
    """

    type: str
    """Which file of ``models/`` it is."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Overrides of ``train`` for this model."""

    def fitted_to(self, level_sizes: tuple[int, ...] | None) -> Self:  # noqa: ARG002 (for models of features)
        """These parameters, with what the data says: how many values of a vector are of each level, None without.

        Raises :class:`ActionrecError` where they say otherwise.
        """
        return self


class PretrainedParams(Section):
    """What models have in common that can start from trained weights."""

    weights: str
    """``none``, the name of published weights (torchvision downloads them), or a local state-dict file."""
    trainable: ListOf[str] = ()
    """Modules that train, for example ``layer4.2`` and ``fc``; all where empty."""

    def files(self) -> list[Path]:
        """The local files that the first weights come from: the state dict, and the card beside it."""
        return [path for path in (Path(self.weights), card_path(Path(self.weights))) if path.is_file()]


def card_path(weights: Path) -> Path:
    """Where the mean and standard deviation that belong to a file of weights may stand: ``<file>.json``."""
    return Path(f"{weights}.json")


@dataclass(frozen=True)
class Reference:
    """A published system: its settings, its size, and where to read of it."""

    name: str
    params: ModelParams
    num_classes: int
    parameters: int
    trainable_parameters: int
    paper: str


RESIDUAL_LAYERS = ("net.layer4", "net.layer3", "net.layer2", "net.layer1")
"""Of the residual networks, as ``ModelKind.maps`` wants them."""


def no_maps(params: ModelParams) -> tuple[str, ...]:  # noqa: ARG001 (the signature of ``ModelKind.maps``)
    """Of a model that sees no frames, or keeps nothing of where in them a thing is."""
    return ()


@dataclass(frozen=True)
class ModelKind:
    """One type of model."""

    section: type[ModelParams]
    recipe: Callable[[Any], Recipe]
    """The clips of a model with such a section."""
    network: Callable[..., nn.Module]
    """From the section and ``num_classes``; of a section of :class:`PretrainedParams` ``load_weights`` too."""
    references: tuple[Reference, ...]
    maps: Callable[[Any], tuple[str, ...]] = no_maps
    """From the section: modules of the network, the last first, that give maps over the places of the frames, for
    pictures of where an answer comes from: (B, C, T', H', W'), or (B T, C, H', W') of single frames."""

    def build(self, params: ModelParams, *, num_classes: int, load_weights: bool = True) -> nn.Module:
        """The network that ``params`` describes, its random weights drawn from torch's global generator.

        Without ``load_weights`` no pre-trained file is read: the caller loads a whole state dict.
        """
        if isinstance(params, PretrainedParams):
            return self.network(params, num_classes=num_classes, load_weights=load_weights)
        return self.network(params, num_classes=num_classes)


def count_parameters(model: nn.Module, *, only_trainable: bool = False) -> int:
    """Number of parameters, or of those that train."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not only_trainable)
