"""The types of models by name. To add one: a file beside this one, and a line here.

Only the file of a type that is asked for is imported, and torch with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from actionrec.models.kind import ModelKind, ModelParams

if TYPE_CHECKING:
    from torch import nn

    from actionrec.clips.recipes import Recipe

MODELS = {
    "fused_convlstm": "actionrec.models.fused_convlstm",
    "cnn3d": "actionrec.models.cnn3d",
    "res2plus1d": "actionrec.models.res2plus1d",
    "cnn_lstm": "actionrec.models.cnn_lstm",
    "frame_resnet": "actionrec.models.frame_resnet",
    "clip_resnet3d": "actionrec.models.clip_resnet3d",
    "stgcn": "actionrec.models.stgcn",
    "feature_sequence": "actionrec.models.feature_sequence",
    "torchvision_video": "actionrec.models.torchvision_video",
}


def kind_of(type: str) -> ModelKind:
    """The type of model ``type``; raises ``KeyError`` for one that is not in the table."""
    kind: ModelKind = import_module(MODELS[type]).MODEL
    return kind


def parse_model(raw: dict[str, Any]) -> ModelParams:
    """A model's section, typed; raises ``pydantic.ValidationError``, and ``KeyError`` for an unknown type."""
    return kind_of(raw["type"]).section.model_validate(raw)


def recipe_of(params: ModelParams) -> Recipe:
    """The clips of the model that ``params`` describes."""
    return kind_of(params.type).recipe(params)


def build_model(params: ModelParams, *, num_classes: int, load_weights: bool = True) -> nn.Module:
    """The network that ``params`` describes, as :meth:`ModelKind.build` says."""
    return kind_of(params.type).build(params, num_classes=num_classes, load_weights=load_weights)
