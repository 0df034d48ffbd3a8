"""``params.yaml``, parsed once into small frozen types.

Every room keeps its own section and what that rules out; here they are put together, and checked against one
another. Every problem of the file is reported in one message that names key, value and legal range.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from actionrec.clips.section import PictureParams, VectorParams
from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError, did_you_mean, near_or_all
from actionrec.core.itemcache import ItemCache
from actionrec.core.section import ListOf, Section, known_keys
from actionrec.evaluation.section import EvaluateParams
from actionrec.intake.extract.section import ExtractParams
from actionrec.intake.ingest.adapters import ADAPTERS, WITHOUT_PICTURES
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.screen.rules import ScreenParams
from actionrec.intake.split.section import SplitParams
from actionrec.keypoints.section import KeypointParams
from actionrec.models.kind import ModelParams
from actionrec.models.table import MODELS, kind_of, parse_model, recipe_of
from actionrec.pack.features.section import FRAMES, FeatureParams
from actionrec.pack.section import ViewParams
from actionrec.report.section import ReportParams
from actionrec.synthetic.section import SyntheticParams
from actionrec.tracking.section import TrackingParams
from actionrec.training.section import TrainParams

PARAMS_FILE = Path("params.yaml")
MODEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED_VIEW_NAMES = ("keypoints", FRAMES)
"""The first is a file beside the packed views, the second stands for the frames as extracted."""
RESERVED_MODEL_NAMES = ("fusion", "summary")
"""Taken by entries and files beside the models'."""


class Params(Section):
    """The whole of ``params.yaml``."""

    enabled: Annotated[ListOf[str], Field(min_length=1)]
    """Models that are trained, evaluated and fused."""
    data: DataParams
    synthetic: SyntheticParams
    extract: ExtractParams
    screen: ScreenParams
    split: SplitParams
    pack: dict[str, ViewParams]
    features: dict[str, FeatureParams] = Field(default_factory=dict)
    """Views of vectors in place of frames."""
    keypoints: KeypointParams
    compute: ComputeParams
    train: TrainParams
    models: dict[str, dict[str, Any]]
    """As they stand in the file, checked; :meth:`model` gives one typed."""
    evaluate: EvaluateParams
    report: ReportParams
    tracking: TrackingParams

    def model(self, name: str) -> ModelParams:
        """The enabled model ``name``; raises :class:`ActionrecError` for another. Imports torch."""
        if name not in self.enabled:
            raise ActionrecError(f"model {name!r} is not enabled; enabled: {', '.join(self.enabled)}")
        return parse_model(self.models[name])

    def train_of(self, name: str) -> TrainParams:
        """``train`` with the overrides of model ``name``."""
        return TrainParams(**{**self.train.model_dump(), **self.models[name].get("train", {})})


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check ``params.yaml``; raises :class:`ActionrecError` listing every problem.

    The files of the models hold their networks too, and torch takes seconds to import. So that every stage can check
    everything, a file whose models were found right is remembered in the item cache, by its text and the code.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = YAML(typ="safe").load(text)
    except FileNotFoundError:
        raise ActionrecError(f"{path} does not exist; run from the root of the project") from None
    except YAMLError as error:
        raise ActionrecError(f"{path} is not valid YAML: {error}") from error
    cache = ItemCache.of_stage("params")
    key = cache.key(text, _source_digest())
    models_known = cache.has(key)
    params = parse_params(raw, source=str(path), models_known=models_known)
    if not models_known:
        # On a disk that is full or takes no writes nothing is remembered, and the next command checks again.
        with suppress(OSError), cache.writing(key) as aside:
            aside.touch()
    return params


def parse_params(raw: object, *, source: str, models_known: bool = False) -> Params:
    """Check an already parsed mapping; ``source`` names it in messages.

    ``models_known`` says that its models were checked before, and spares them.
    """
    models, problems = ({}, []) if models_known else _typed_models(raw)
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        raise ActionrecError(_message(source, _problems(error, Params) + problems)) from None
    problems = problems or [
        *_impossible_combinations(params),
        *_impossible_models(params, models),
        *_pictureless_problems(params, models),
    ]
    if problems:
        raise ActionrecError(_message(source, problems))
    return params


def _source_digest() -> str:
    files = sorted(Path(__file__).parent.rglob("*.py"))
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _message(source: str, problems: list[str]) -> str:
    return f"{source} has {len(problems)} problem(s):\n" + "\n".join(f"  - {line}" for line in problems)


def _problems(error: ValidationError, section: type[Section], *prefix: str) -> list[str]:
    """A line each; ``section`` is what was parsed, at ``prefix`` in the file."""
    lines = []
    for problem in error.errors(include_url=False):
        where = ".".join([*prefix, *(str(part) for part in problem["loc"])])
        match problem["type"]:
            case "missing":
                lines.append(f"{where}: missing")
            case "extra_forbidden":
                known = known_keys(section, problem["loc"])
                lines.append(f"{where}: unknown key{near_or_all(str(problem['loc'][-1]), known)}")
            case _:
                lines.append(f"{where}: {problem['msg']}, got {problem['input']!r}")
    return lines


def _typed_models(raw: object) -> tuple[dict[str, ModelParams], list[str]]:
    """The models that are what their type asks for, by name, and what is wrong with the others."""
    models: dict[str, ModelParams] = {}
    problems: list[str] = []
    found = raw.get("models") if isinstance(raw, dict) else None
    sections: dict[Any, Any] = found if isinstance(found, dict) else {}
    for name, section in sections.items():
        named = section.get("type") if isinstance(section, dict) else None
        if named not in MODELS:
            near = did_you_mean(str(name), (other for other in sections if other != name)) if named is None else ""
            meant = f" ({near.removeprefix(', ')})" if near else ""
            problems.append(f"models.{name}.type: {named!r} is no type of model; there are {', '.join(MODELS)}{meant}")
            continue
        try:
            models[name] = parse_model(section)
        except ValidationError as error:
            problems += _problems(error, kind_of(named).section, "models", str(name))
    return models, problems


def _impossible_combinations(params: Params) -> list[str]:
    problems = [
        f"enabled: {name!r} is not defined under models; defined: {', '.join(sorted(params.models))}"
        for name in params.enabled
        if name not in params.models
    ]
    if len(set(params.enabled)) != len(params.enabled):
        problems.append(f"enabled: a model is listed twice in {list(params.enabled)}")
    if params.data.name not in ADAPTERS:
        problems.append(f"data.name: {params.data.name!r} is no kind of data set; there are {', '.join(ADAPTERS)}")
    # Not `train`: what counts is what it is for each model, with the model's overrides.
    sections = {name: value for name, value in params if isinstance(value, Section) and name != "train"}
    sections |= {f"pack.{name}": view for name, view in params.pack.items()}
    sections |= {f"features.{name}": view for name, view in params.features.items()}
    problems += [line for name, section in sections.items() for line in section.problems(name)]
    problems += _view_problems(params)
    for name in params.models:
        problems += _name_problems(name) + _train_problems(name, params)
    return problems


def _view_problems(params: Params) -> list[str]:
    """Of the names of views, frames and features together: each is a file in ``data/packed``."""
    problems = [
        f"features.{name}: there is a view pack.{name}; call it otherwise"
        for name in params.features
        if name in params.pack
    ]
    for section, names in (("pack", params.pack), ("features", params.features)):
        problems += [
            f"{section}.{name}: the name is taken; reserved are {', '.join(RESERVED_VIEW_NAMES)}"
            for name in names
            if name in RESERVED_VIEW_NAMES
        ]
        problems += [
            f"{section}.{name}: a name of a view matches {MODEL_NAME.pattern}"
            for name in names
            if not MODEL_NAME.fullmatch(name)
        ]
    problems += [
        f"features.{name}.view: {view.view!r} is not under pack; set one of {', '.join([FRAMES, *params.pack])}"
        for name, view in params.features.items()
        if view.view not in (FRAMES, *params.pack)
    ]
    return problems


def _name_problems(name: str) -> list[str]:
    problems = []
    if not MODEL_NAME.fullmatch(name):
        problems.append(f"models.{name}: a model name matches {MODEL_NAME.pattern}")
    if name in RESERVED_MODEL_NAMES:
        problems.append(f"models.{name}: the name is taken; reserved are {', '.join(RESERVED_MODEL_NAMES)}")
    return problems


def _train_problems(name: str, params: Params) -> list[str]:
    try:
        return params.train_of(name).problems(f"models.{name}")
    except ValidationError as error:
        return _problems(error, TrainParams, "models", name, "train")


def _impossible_models(params: Params, models: dict[str, ModelParams]) -> list[str]:
    problems = []
    for name, model in models.items():
        problems += model.problems(f"models.{name}")
        if isinstance(model, PictureParams):
            problems += _picture_problems(name, model, params)
        reads_vectors = isinstance(model, VectorParams) and name in params.enabled and recipe_of(model).view
        if reads_vectors and reads_vectors not in params.features:
            found = ", ".join(params.features) or "none"
            problems.append(f"models.{name}.view: {reads_vectors!r} is not under features; defined: {found}")
        if name in params.enabled and recipe_of(model).reads_keypoints and not params.keypoints.enabled:
            rest = "features" if isinstance(model, VectorParams) else "frames"
            remedy = f"set inputs: {rest}" if "inputs" in type(model).model_fields else "leave it out"
            if isinstance(model, PictureParams) and model.draws_landmarks:
                remedy += " and frame_overlay: none"
            problems.append(f"models.{name} reads keypoints, but keypoints.enabled is false; enable them or {remedy}")
    return problems


def _pictureless_problems(params: Params, models: dict[str, ModelParams]) -> list[str]:
    """Models that look at pictures, for a data set that has none."""
    if params.data.name not in WITHOUT_PICTURES:
        return []
    return [
        f"enabled: {name} looks at pictures, and data.name: {params.data.name} has none; enable those of keypoints"
        for name in params.enabled
        if name in models and recipe_of(models[name]).view
    ]


def _picture_problems(name: str, model: PictureParams, params: Params) -> list[str]:
    if model.view not in params.pack:
        return [f"models.{name}.view: {model.view!r} is not under pack; defined: {', '.join(params.pack)}"]
    fit = params.pack[model.view].fit
    if model.draws_landmarks and fit in ("crop", "pad"):
        places = f"landmarks are drawn at their places in the whole frame, but pack.{model.view} has fit: {fit}"
        return [f"models.{name}.frame_overlay: {places}; set fit: stretch or keep, or frame_overlay: none"]
    return []
