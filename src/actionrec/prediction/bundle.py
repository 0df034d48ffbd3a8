"""All that turns a video into probabilities: of the project, or as one folder that stands alone.

A bundle's folder holds ``bundle.json`` (:class:`BundleFacts`), ``models/<name>[/fold<k>]/`` with ``model.json`` and
``weights.safetensors`` of each, ``backbones/<view>.safetensors`` of the feature views whose network is not installed
with the project, and ``programs/<key>.onnx``, the networks of features as ONNX Runtime runs them. Nothing in it is
code: reading it runs none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError
from torch import Tensor, nn

from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.core.files import atomic_dir, write_json
from actionrec.core.section import ListOf, Section
from actionrec.evaluation.folds import FUSION
from actionrec.evaluation.fusion import SMOOTHING
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.screen.rules import ScreenParams
from actionrec.keypoints.section import KeypointParams
from actionrec.models.table import build_model, recipe_of
from actionrec.pack.features.backbones import Backbone, build_backbone
from actionrec.pack.features.extract import features_cache
from actionrec.pack.features.running import Kept, kept_in, onnx_form, program_key
from actionrec.pack.features.section import PACKAGED, FeatureParams
from actionrec.pack.section import ViewParams
from actionrec.params import MODEL_NAME, Params
from actionrec.training.card import ModelCard, write_card
from actionrec.training.trained import load_trained, read_card, section_of

BUNDLE_FILE = "bundle.json"
_WEIGHTS_FILE = "weights.safetensors"

_Name = Annotated[str, Field(pattern=f"^{MODEL_NAME.pattern}$")]
Network = TypeVar("Network", bound=nn.Module)
_Temperature = Annotated[float, Field(gt=0)]


class FoldFacts(Section):
    """What was fitted on the validation videos of one fold."""

    fold: int | None
    """None of a single split."""
    temperatures: dict[_Name, _Temperature]
    """By model, and of the fusion of them all."""
    weights: dict[_Name, float]
    """Of the models in the fusion."""


class BundleFacts(Section):
    """``bundle.json``: everything but weights and what the models' cards say."""

    format: Literal["actionrec-bundle"] = "actionrec-bundle"
    version: Literal[1] = 1
    class_names: ListOf[str]
    models: ListOf[_Name]
    folds: ListOf[FoldFacts]
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0
    """Of the fusion; bundles of before it was there have none."""
    aggregation: Literal["mean", "sum"]
    extract: ExtractParams
    screen: ScreenParams
    keypoints: KeypointParams
    pack: dict[_Name, ViewParams]
    """The views that the models read, or their features are made of."""
    features: dict[_Name, FeatureParams]

    @property
    def choices(self) -> list[str]:
        """What can answer; the first does where nothing is said: the fusion of several models."""
        return [FUSION, *self.models] if len(self.models) > 1 else list(self.models)


@dataclass(frozen=True)
class Bundle:
    """Facts, and how to get the networks, which are read when they are needed."""

    facts: BundleFacts
    network: Callable[[str, int | None], tuple[ModelCard, nn.Module]]
    """Of a model and a fold, in eval mode, on the CPU."""
    backbone: Callable[[str], Backbone]
    """Of a feature view."""
    kept: Kept
    """Networks of features in the form that runs on a CPU, which takes seconds to make."""


def project_bundle(params: Params) -> Bundle:
    """What the pipeline trained here.

    Raises :class:`ActionrecError` where a model was not trained or evaluated.
    """
    metrics = {name: _read_folds(name) for name in (*params.enabled, FUSION)}
    cards = [read_card(paths.model_dir(name, params.split.running[0]), name=name) for name in params.enabled]
    read = sorted({view for card in cards if (view := recipe_of(section_of(card)).view)})
    features = {name: params.features[name] for name in read if name in params.features}
    pictures = {*read, *(view.view for view in features.values())}
    facts = BundleFacts(
        class_names=tuple(cards[0].class_names),
        models=params.enabled,
        folds=tuple(_fold_facts(fold, params.enabled, metrics) for fold in params.split.running),
        smoothing=SMOOTHING,
        aggregation=params.evaluate.aggregation,
        extract=params.extract,
        screen=params.screen,
        keypoints=params.keypoints,
        pack={name: view for name, view in params.pack.items() if name in pictures},
        features=features,
    )
    return Bundle(
        facts,
        network=lambda name, fold: load_trained(paths.model_dir(name, fold), name=name),
        backbone=lambda view: build_backbone(params.features[view]),
        kept=kept_in(features_cache()),
    )


def write_bundle(bundle: Bundle, out: Path) -> None:
    """Write ``bundle`` as the folder ``out``, in place of an older bundle.

    Raises :class:`ActionrecError` where ``out`` holds anything else.
    """
    if out.exists() and not (out / BUNDLE_FILE).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise ActionrecError(f"{out} exists and is no bundle, so it is not replaced; name a new folder")
    facts = bundle.facts
    with atomic_dir(out) as folder:
        write_json(folder / BUNDLE_FILE, facts.model_dump(mode="json"))
        for name in facts.models:
            for fold in facts.folds:
                card, network = bundle.network(name, fold.fold)
                directory = _model_dir(folder, name, fold.fold)
                _save(network.state_dict(), directory / _WEIGHTS_FILE)
                write_card(card, directory)
        for view, params in facts.features.items():
            backbone = bundle.backbone(view)
            if params.weights != PACKAGED:
                _save(backbone.state_dict(), _backbone_path(folder, view))
            _write_program(backbone, params, bundle.kept, folder)


def read_bundle(folder: Path) -> Bundle:
    """The bundle in ``folder``; raises :class:`ActionrecError` where it is none, or of another version."""
    path = folder / BUNDLE_FILE
    remedy = "write one with `actionrec bundle`"
    try:
        facts = BundleFacts.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ActionrecError(f"{folder} holds no bundle ({error}); {remedy}") from error
    except ValidationError as error:
        raise ActionrecError(
            f"{path} does not describe a bundle that this version reads ({error}); {remedy}"
        ) from error

    def network(name: str, fold: int | None) -> tuple[ModelCard, nn.Module]:
        directory = _model_dir(folder, name, fold)
        card = read_card(directory, name=name)
        model = build_model(section_of(card), num_classes=len(card.class_names), load_weights=False)
        return card, _loaded(model, directory / _WEIGHTS_FILE)

    def backbone(view: str) -> Backbone:
        params = facts.features[view]
        if params.weights == PACKAGED:
            return build_backbone(params)
        return _loaded(build_backbone(params.model_copy(update={"weights": "none"})), _backbone_path(folder, view))

    def kept(key: str) -> bytes | None:
        program = _program_path(folder, key)
        return program.read_bytes() if program.is_file() else None

    return Bundle(facts, network, backbone, kept)


def choose_folds(facts: BundleFacts, fold: int | None) -> Sequence[FoldFacts]:
    """All folds, or the one that is asked for; raises :class:`ActionrecError` where it is not there."""
    if fold is None:
        return facts.folds
    found = [facts_of for facts_of in facts.folds if facts_of.fold == fold]
    if not found:
        numbers = ", ".join(str(one.fold) for one in facts.folds if one.fold is not None)
        there = f"there are {numbers}" if numbers else "there is a single split; leave it out"
        raise ActionrecError(f"--fold {fold}: {there}")
    return found


def _fold_facts(fold: int | None, models: Iterable[str], metrics: dict[str, dict[int, Any]]) -> FoldFacts:
    place = fold or 0
    rows = {name: of_folds.get(place) for name, of_folds in metrics.items()}
    if missing := [name for name, row in rows.items() if row is None]:
        raise ActionrecError(f"fold {place} of {', '.join(missing)} is not evaluated; run `dvc repro evaluate`")
    fused = metrics[FUSION][place]["weights"]
    if set(fused) != set(models):
        raise ActionrecError(f"the fusion in {paths.METRICS} is of {', '.join(fused)}; run `dvc repro evaluate`")
    return FoldFacts(
        fold=fold,
        temperatures={name: row["temperature"] for name, row in rows.items() if row is not None},
        weights=fused,
    )


def _read_folds(name: str) -> dict[int, Any]:
    """What ``reports/metrics/<name>.json`` says of each fold."""
    path = paths.METRICS / f"{name}.json"
    try:
        return {row["fold"]: row for row in json.loads(path.read_text(encoding="utf-8"))["folds"]}
    except (OSError, ValueError, KeyError) as error:
        raise ActionrecError(f"{path} cannot be read ({error}); make it with `dvc repro evaluate`") from error


def _model_dir(folder: Path, name: str, fold: int | None) -> Path:
    return folder / "models" / paths.training_name(name, fold)


def _backbone_path(folder: Path, view: str) -> Path:
    return folder / "backbones" / f"{view}.safetensors"


def _program_path(folder: Path, key: str) -> Path:
    return folder / "programs" / f"{key}.onnx"


def _write_program(backbone: Backbone, params: FeatureParams, kept: Kept, folder: Path) -> None:
    key = program_key(backbone, params)
    path = _program_path(folder, key)
    if path.is_file():  # of another view by the same network
        return
    program = kept(key)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(onnx_form(backbone, params) if program is None else program)


def _save(state: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    # Clones: the format refuses tensors that share memory.
    save_file({name: value.detach().cpu().contiguous().clone() for name, value in state.items()}, path)


def _loaded(network: Network, path: Path) -> Network:
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(path))
    except Exception as error:
        raise ActionrecError(f"{path} does not hold the weights of this bundle ({error}); write it anew") from error
    return network.eval()
