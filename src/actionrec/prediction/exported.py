"""What an exported model says of itself, and how to read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import nn

from actionrec.core.errors import ActionrecError
from actionrec.models.examples import example_inputs
from actionrec.models.table import recipe_of
from actionrec.pack.section import ViewParams
from actionrec.training.card import ModelCard
from actionrec.training.trained import section_of

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
"""Of the file, by format."""
METADATA_KEY = "actionrec"
METADATA_FILE = "actionrec.json"

_MEANINGS = {
    "frames": "RGB 0-255 (T, S, S, 3), landmarks drawn in as `model` says; scaled and normalised inside the graph",
    "features": "vectors of the feature view that `model` names (T, D)",
    "keypoints": "MediaPipe Holistic keypoints of each frame, as actionrec.clips.recipes prepares them for `model`",
}


@dataclass(frozen=True)
class InputFacts:
    """One input of the graph."""

    name: str
    dtype: str
    shape: list[int]
    """Without the batch axis."""
    meaning: str


@dataclass(frozen=True)
class ModelFacts:
    """What an exported file says of itself; free of clocks."""

    name: str
    type: str
    class_names: list[str]
    """Of the columns of ``logits``."""
    clip_frames: int
    image_size: int | None
    """Side of the square frames in pixels; none where the model reads keypoints alone."""
    inputs: list[InputFacts]
    view: dict[str, Any] | None
    """Geometry (``pack``) that whole frames take before the centre square is cut; none where it was not known."""
    normalisation: dict[str, Any]
    """``frames``: where it is done; ``mean`` and ``std`` of RGB 0-1, where the network has them."""
    model: dict[str, Any]
    """Its section of ``params.yaml``."""
    fingerprint: str
    """Of what the weights depend on, as in ``model.json``."""


def read_facts(path: Path) -> ModelFacts:
    """What an exported file says of itself; raises :class:`ActionrecError` where it says nothing."""
    if not path.is_file():
        raise ActionrecError(f"{path} does not exist; write it with `actionrec export`")
    try:
        text = _onnx_metadata(path) if path.suffix == SUFFIXES["onnx"] else _torch_metadata(path)
        facts: ModelFacts = TypeAdapter(ModelFacts).validate_json(text)
    except Exception as error:
        raise ActionrecError(f"{path} was not written by `actionrec export` ({error}); write it again") from error
    return facts


def facts_of(card: ModelCard, network: nn.Module, views: Mapping[str, ViewParams]) -> ModelFacts:
    """What the export of ``network`` says of itself; ``views`` are those of ``pack``."""
    view = views.get(recipe_of(section_of(card)).view or "")
    clip = {key: values[0] for key, values in example_inputs(section_of(card), num_clips=1).items()}
    frames = clip.get("frames")
    buffers = {name.rpartition(".")[2]: buffer for name, buffer in network.named_buffers()}
    normalisation: dict[str, Any] = {"frames": "inside the graph"} if frames is not None else {}
    for key in ("mean", "std"):
        if key in buffers:
            normalisation[key] = [round(value, 6) for value in buffers[key].flatten().tolist()]
    return ModelFacts(
        name=card.name,
        type=card.type,
        class_names=card.class_names,
        clip_frames=len(next(iter(clip.values()))),
        image_size=None if frames is None else frames.shape[1],
        inputs=[
            InputFacts(key, str(values.dtype).removeprefix("torch."), list(values.shape), _MEANINGS[key])
            for key, values in clip.items()
        ],
        view=None if view is None else view.model_dump(),
        normalisation=normalisation,
        model=card.model,
        fingerprint=card.fingerprint,
    )


def _onnx_metadata(path: Path) -> str:
    import onnx

    entries: dict[str, str] = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return entries[METADATA_KEY]


def _torch_metadata(path: Path) -> str:
    files = {METADATA_FILE: ""}
    torch.export.load(path, extra_files=files)
    return files[METADATA_FILE]


def to_json(facts: ModelFacts) -> str:
    """``facts`` as an exported file carries them."""
    return json.dumps(asdict(facts), indent=2, allow_nan=False)
