"""Reads a trained model back from disk."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError
from torch import nn

from actionrec.core.errors import ActionrecError
from actionrec.models.kind import ModelParams
from actionrec.models.table import build_model, parse_model
from actionrec.training.card import CARD_FILE, WEIGHTS_FILE, ModelCard, load_whole


def section_of(card: ModelCard) -> ModelParams:
    """The section of ``params.yaml`` that the model was trained with, typed."""
    return parse_model(card.model)


def read_card(directory: Path, *, name: str) -> ModelCard:
    """Read ``model.json``; raises :class:`ActionrecError` where it is absent or of another kind."""
    path = directory / CARD_FILE
    remedy = f"rebuild it with `dvc repro -f train@{name}`"
    try:
        card = ModelCard(**json.loads(path.read_text(encoding="utf-8")))
        section_of(card)
    except FileNotFoundError:
        raise ActionrecError(f"{path} does not exist; {remedy}") from None
    except (json.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
        raise ActionrecError(f"{path} does not describe a model ({error}); {remedy}") from error
    return card


def find_trained(directory: Path, *, fold: int | None = None) -> Path:
    """Where the model of ``directory`` lies: there, or of several folds in that of ``fold``, or of the first.

    Raises :class:`ActionrecError` for a fold that was not trained.
    """
    folds = {int(path.name.removeprefix("fold")): path for path in directory.glob("fold[0-9]*")}
    if fold is None:
        return folds[min(folds)] if folds else directory
    if fold not in folds:
        there = f"there are {', '.join(map(str, sorted(folds)))}" if folds else "it was trained by a single split"
        raise ActionrecError(f"{directory} holds no model of fold {fold}; {there}")
    return folds[fold]


def load_trained(directory: Path, *, name: str) -> tuple[ModelCard, nn.Module]:
    """The card and the network, in eval mode, on the CPU.

    Raises :class:`ActionrecError` where a file is absent or the weights do not fit.
    """
    card = read_card(directory, name=name)
    model = build_model(section_of(card), num_classes=len(card.class_names), load_weights=False)
    path = directory / WEIGHTS_FILE
    remedy = f"rebuild it with `dvc repro -f train@{name}`"
    if not path.exists():
        raise ActionrecError(f"{path} does not exist; {remedy}")
    try:
        model.load_state_dict(load_whole(path))
    except Exception as error:
        raise ActionrecError(f"{path} does not hold the weights of {card.name} ({error}); {remedy}") from error
    return card, model.eval()
