"""The models and the published systems behind them, counted at the published settings."""

from __future__ import annotations

from dataclasses import dataclass

from actionrec.clips.section import ClipParams, PictureParams, VectorParams
from actionrec.models.kind import Reference, count_parameters
from actionrec.models.table import MODELS, build_model, kind_of, recipe_of


@dataclass(frozen=True)
class CatalogueRow:
    """One row of ``actionrec models``."""

    name: str
    type: str
    """What ``models.<name>.type`` says to get it."""
    inputs: str
    clip_frames: int
    image_size: int | None
    """Side of the square input in pixels; None without frames."""
    num_classes: int
    parameters: int
    trainable_parameters: int
    paper: str


def references() -> list[Reference]:
    """Every model at its published settings, the defaults of its section."""
    return [reference for name in MODELS for reference in kind_of(name).references]


def catalogue(*, num_classes: int | None = None) -> list[CatalogueRow]:
    """All rows; with ``num_classes`` every model is counted with so many instead of the published number."""
    return [_row(reference, num_classes or reference.num_classes) for reference in references()]


def _row(reference: Reference, num_classes: int) -> CatalogueRow:
    import torch

    params = reference.params
    with torch.device("meta"):  # counted, never filled
        model = build_model(params, num_classes=num_classes, load_weights=False)
    recipe = recipe_of(params)
    of_view = "features" if isinstance(params, VectorParams) else "frames"
    inputs = [name for name, read in ((of_view, recipe.view), ("keypoints", recipe.reads_keypoints)) if read]
    return CatalogueRow(
        name=reference.name,
        type=params.type,
        inputs=" + ".join(inputs),
        clip_frames=params.clip_frames if isinstance(params, ClipParams) else 1,
        image_size=params.image_size if isinstance(params, PictureParams) else None,
        num_classes=num_classes,
        parameters=count_parameters(model),
        trainable_parameters=count_parameters(model, only_trainable=True),
        paper=reference.paper,
    )
