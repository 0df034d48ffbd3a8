"""``params.yaml``, parsed once into small frozen types.

Every problem of the file is reported in one message that names key, value and legal range.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from actionrec.errors import ActionrecError
from actionrec.model_sections import (
    AnyModel,
    ClipParams,
    ClipResnet3DParams,
    CNN3DParams,
    FusedConvLSTMParams,
    Res2Plus1DParams,
    STGCNParams,
    TorchvisionVideoParams,
    cnn3d_length,
)
from actionrec.sections import (
    ComputeParams,
    DataParams,
    EvaluateParams,
    ExtractParams,
    KeypointParams,
    ListOf,
    ReportParams,
    ScreenParams,
    Section,
    SplitParams,
    SyntheticParams,
    TrackingParams,
    TrainParams,
    ViewParams,
)

PARAMS_FILE = Path("params.yaml")
MODEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
RESERVED_MODEL_NAMES = ("fusion", "summary")
"""Taken by entries and files beside the models'."""
MVIT_CLIP = (16, 224)
"""Frames and pixels that torchvision's mvit_v2_s is built for."""


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
    keypoints: KeypointParams
    compute: ComputeParams
    train: TrainParams
    models: dict[str, AnyModel]
    evaluate: EvaluateParams
    report: ReportParams
    tracking: TrackingParams

    def model(self, name: str) -> AnyModel:
        """The enabled model ``name``; raises :class:`ActionrecError` for another."""
        if name not in self.enabled:
            raise ActionrecError(f"model {name!r} is not enabled; enabled: {', '.join(self.enabled)}")
        return self.models[name]

    def train_of(self, name: str) -> TrainParams:
        """``train`` with the overrides of model ``name``."""
        return TrainParams(**{**self.train.model_dump(), **self.models[name].train})


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check ``params.yaml``; raises :class:`ActionrecError` listing every problem."""
    try:
        raw = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ActionrecError(f"{path} does not exist; run from the root of the project") from None
    except YAMLError as error:
        raise ActionrecError(f"{path} is not valid YAML: {error}") from error
    return parse_params(raw, source=str(path))


def parse_params(raw: object, *, source: str) -> Params:
    """Check an already parsed mapping; ``source`` names it in messages."""
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        raise ActionrecError(_message(source, _problems(error))) from None
    problems = _impossible_combinations(params)
    if problems:
        raise ActionrecError(_message(source, problems))
    return params


def _message(source: str, problems: list[str]) -> str:
    return f"{source} has {len(problems)} problem(s):\n" + "\n".join(f"  - {line}" for line in problems)


def _problems(error: ValidationError, prefix: tuple[str, ...] = ()) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        where = ".".join([*prefix, *(str(part) for part in problem["loc"])])
        match problem["type"]:
            case "missing":
                lines.append(f"{where}: missing")
            case "extra_forbidden":
                lines.append(f"{where}: unknown key (value {problem['input']!r})")
            case _:
                lines.append(f"{where}: {problem['msg']}, got {problem['input']!r}")
    return lines


def _impossible_combinations(params: Params) -> list[str]:
    problems = [
        f"enabled: {name!r} is not defined under models; defined: {', '.join(sorted(params.models))}"
        for name in params.enabled
        if name not in params.models
    ]
    if len(set(params.enabled)) != len(params.enabled):
        problems.append(f"enabled: a model is listed twice in {list(params.enabled)}")
    if params.synthetic.max_frames < params.synthetic.min_frames:
        problems.append(
            f"synthetic.max_frames: {params.synthetic.max_frames} is below min_frames {params.synthetic.min_frames}"
        )
    if params.split.val_fraction + params.split.test_fraction >= 1:
        problems.append("split: val_fraction + test_fraction must stay below 1, nothing is left to train on")
    if params.compute.backend == "dask" and not params.compute.scheduler:
        problems.append("compute.scheduler: needed with compute.backend: dask, for example tcp://127.0.0.1:8786")
    problems += _group_pattern_problems(params.data)
    problems += [line for name, view in params.pack.items() for line in _view_problems(name, view)]
    for name, model in params.models.items():
        problems += _model_problems(name, model, params)
    return problems


def _group_pattern_problems(data: DataParams) -> list[str]:
    if not data.group_pattern:
        return []
    try:
        pattern = re.compile(data.group_pattern)
    except re.error as error:
        return [f"data.group_pattern: {data.group_pattern!r} is not a regular expression ({error})"]
    if "group" not in pattern.groupindex:
        return [f"data.group_pattern: {data.group_pattern!r} has no named group (?P<group>...)"]
    return []


def _view_problems(name: str, view: ViewParams) -> list[str]:
    if view.encoding == "raw" and view.fit == "keep":
        return [f"pack.{name}: encoding raw needs frames of one size; set fit: stretch or crop"]
    if view.fit == "crop" and view.crop_from < view.size:
        return [f"pack.{name}.crop_from: {view.crop_from} is below size {view.size}"]
    return []


def _model_problems(name: str, model: AnyModel, params: Params) -> list[str]:
    problems = []
    if not MODEL_NAME.fullmatch(name):
        problems.append(f"models.{name}: a model name matches {MODEL_NAME.pattern}")
    if name in RESERVED_MODEL_NAMES:
        problems.append(f"models.{name}: the name is taken; reserved are {', '.join(RESERVED_MODEL_NAMES)}")
    problems += _train_problems(name, params)
    if not isinstance(model, STGCNParams) and model.view not in params.pack:
        problems.append(f"models.{name}.view: {model.view!r} is not under pack; defined: {', '.join(params.pack)}")
    if isinstance(model, ClipParams):
        problems += [f"models.{name}.{problem}" for problem in _clip_problems(model)]
    if name in params.enabled and _reads_keypoints(model) and not params.keypoints.enabled:
        remedy = " or set inputs: frames" if isinstance(model, FusedConvLSTMParams) else ""
        problems.append(
            f"models.{name} reads keypoints, but keypoints.enabled is false; enable them{remedy or ' or leave it out'}"
        )
    return problems


def _reads_keypoints(model: AnyModel) -> bool:
    return isinstance(model, STGCNParams) or (isinstance(model, FusedConvLSTMParams) and model.inputs != "frames")


def _train_problems(name: str, params: Params) -> list[str]:
    try:
        train = params.train_of(name)
    except ValidationError as error:
        return _problems(error, ("models", name, "train"))
    if train.warmup_epochs >= train.epochs:
        return [f"models.{name}: train.warmup_epochs {train.warmup_epochs} must be below train.epochs {train.epochs}"]
    return []


def _clip_problems(model: ClipParams) -> list[str]:
    """What a model's own parameters rule out together, beginning with the key below ``models.<name>``."""
    problems = []
    samplings = (model.test_sampling, *model.also_test)
    if "whole" in samplings and not _takes_any_length(model):
        problems.append(f"test_sampling: whole, but {model.type} takes clips of {model.clip_frames} frames only")
    match model:
        case FusedConvLSTMParams() if model.frame_pool and model.image_size % model.frame_pool:
            problems.append(
                f"frame_pool: {model.frame_pool} does not divide image_size {model.image_size}; set a divisor, or 0"
            )
        case CNN3DParams() if not (cnn3d_length(model.clip_frames) and cnn3d_length(model.image_size)):
            problems.append(
                f"clip_frames: {model.clip_frames} frames of image_size {model.image_size} leave nothing after the "
                f"poolings; raise them"
            )
        case STGCNParams() if model.temporal_kernel % 2 == 0:
            problems.append(f"temporal_kernel: {model.temporal_kernel} must be odd")
        case TorchvisionVideoParams(backbone="mvit_v2_s") if (model.clip_frames, model.image_size) != MVIT_CLIP:
            problems.append(
                "clip_frames: mvit_v2_s takes clips of {} frames of image_size {} only, not {} of {}".format(
                    *MVIT_CLIP, model.clip_frames, model.image_size
                )
            )
        case TorchvisionVideoParams(backbone="s3d") if model.clip_frames < 8 or model.image_size < 32:
            problems.append(
                f"clip_frames: {model.clip_frames} and image_size {model.image_size} must be at least 8 and 32 for s3d"
            )
        case _:
            pass
    return problems


def _takes_any_length(model: ClipParams) -> bool:
    any_length = isinstance(model, ClipResnet3DParams | Res2Plus1DParams | STGCNParams)
    return any_length or (isinstance(model, TorchvisionVideoParams) and model.backbone != "mvit_v2_s")
