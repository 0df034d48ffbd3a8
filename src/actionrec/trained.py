"""A trained model on disk: ``weights.pt``, a pure state dict, and ``model.json``, what it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn

from actionrec.errors import ActionrecError
from actionrec.files import write_json
from actionrec.model_sections import AnyModel
from actionrec.models import build_model

WEIGHTS_FILE = "weights.pt"
CARD_FILE = "model.json"


@dataclass(frozen=True)
class ModelCard:
    """``model.json``: everything about a trained model but its weights; free of clocks."""

    name: str
    type: str
    class_names: list[str]
    model: dict[str, Any]
    """Its section of ``params.yaml``."""
    train: dict[str, Any]
    """``train`` with the overrides of this model."""
    parameters: int
    trainable_parameters: int
    best_epoch: int
    """Counted from 1; ``weights.pt`` is from its end."""
    best_val_top1: float
    best_val_loss: float
    fingerprint: str
    """Of code, parameters, split, data and library: what the weights depend on."""

    def model_params(self) -> AnyModel:
        """``model`` as its typed section."""
        params: AnyModel = TypeAdapter(AnyModel).validate_python(self.model)
        return params


def save_weights(state: dict[str, Tensor], path: Path) -> None:
    """Write a state dict on the CPU; equal weights give equal bytes."""
    plain = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in state.items()}
    torch.save(plain, path)


def write_card(card: ModelCard, directory: Path) -> None:
    """Write ``model.json``."""
    write_json(directory / CARD_FILE, asdict(card))


def read_card(directory: Path, *, name: str) -> ModelCard:
    """Read ``model.json``; raises :class:`ActionrecError` where it is absent or of another kind."""
    path = directory / CARD_FILE
    remedy = f"rebuild it with `dvc repro -f train@{name}`"
    try:
        card = ModelCard(**json.loads(path.read_text(encoding="utf-8")))
        card.model_params()
    except FileNotFoundError:
        raise ActionrecError(f"{path} does not exist; {remedy}") from None
    except (json.JSONDecodeError, TypeError, ValidationError) as error:
        raise ActionrecError(f"{path} does not describe a model ({error}); {remedy}") from error
    return card


def load_trained(directory: Path, *, name: str) -> tuple[ModelCard, nn.Module]:
    """The card and the network, in eval mode, on the CPU.

    Raises :class:`ActionrecError` where a file is absent or the weights do not fit.
    """
    card = read_card(directory, name=name)
    model = build_model(card.model_params(), num_classes=len(card.class_names), load_weights=False)
    path = directory / WEIGHTS_FILE
    remedy = f"rebuild it with `dvc repro -f train@{name}`"
    if not path.exists():
        raise ActionrecError(f"{path} does not exist; {remedy}")
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise ActionrecError(f"{path} does not hold the weights of {card.name} ({error}); {remedy}") from error
    return card, model.eval()
