"""What a trained model is on disk: ``weights.pt``, a pure state dict, and ``model.json``, what it is."""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from actionrec.core.files import write_json

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
    """The epoch that is kept, counted from 1: ``weights.pt`` is from its end."""
    best_val_top1: float
    best_val_loss: float
    fingerprint: str
    """Of code, parameters, split, data and library: what the weights depend on."""

    def said(self) -> str:
        """In a line: what was kept, and what it is worth."""
        return f"epoch {self.best_epoch} kept, val top-1 {self.best_val_top1:.3f}, {self.parameters:,} parameters"


def save_weights(state: dict[str, Tensor], path: Path) -> None:
    """Write a state dict on the CPU; equal weights give equal bytes."""
    plain = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in state.items()}
    content = io.BytesIO()  # torch itself hides why it could not write
    torch.save(plain, content)
    path.write_bytes(content.getbuffer())


def load_whole(path: Path) -> Any:
    """What torch saved at ``path``, on the CPU; runs no code that is in it.

    Raises ``ValueError`` for a damaged file: torch keeps a checksum of every part, but does not look at it. Other
    exceptions, of many types, are torch's, for a file that holds more than tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            damaged = parts.testzip()
    except zipfile.BadZipFile as error:
        raise ValueError(f"it is damaged: {error}") from error
    if damaged is not None:
        raise ValueError(f"it is damaged: {damaged} does not match its checksum")
    return torch.load(path, map_location="cpu", weights_only=True)


def write_card(card: ModelCard, directory: Path) -> None:
    """Write ``model.json``."""
    write_json(directory / CARD_FILE, asdict(card))
