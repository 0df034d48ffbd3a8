"""The sections of ``params.yaml`` as small frozen types; :mod:`actionrec.params` reads them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")
# YAML has lists only; a frozen type wants tuples. Items stay strictly typed.
ListOf = Annotated[tuple[Item, ...], Field(strict=False)]
PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A section of ``params.yaml``: frozen, strictly typed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class DataParams(Section):
    name: Literal["synthetic", "folder", "ucf101"]
    """Adapter that reads the raw videos."""
    root: Annotated[str, Field(min_length=1)]
    """Folder of the videos; a ``video_id`` is a path below it without suffix. Absolute outside the repository."""
    annotations: Annotated[str, Field(min_length=1)]
    """``ucf101``: folder of the official lists. Else a CSV ``path,label,group,official_subset``, or a header only."""
    classes: ListOf[str] = ()
    """Classes to keep; all of them where empty."""
    group_pattern: str = ""
    """``folder``: regular expression searched in the path below ``root``; ``(?P<group>...)`` names the group."""
    fold: Annotated[int, Field(ge=1, le=3)] = 1
    """Which of the official folds (``ucf101``)."""


class SyntheticParams(Section):
    classes: Annotated[ListOf[str], Field(min_length=2)]
    """Actions to render."""
    groups: Annotated[int, Field(ge=3)]
    """Actors; each is one group: a body, clothes, a room, a camera and a light."""
    clips_per_group: PositiveInt
    """Clips of each class by each actor."""
    fps: Annotated[int, Field(ge=5, le=60)]
    """Frames a second."""
    min_frames: Annotated[int, Field(ge=8)]
    max_frames: Annotated[int, Field(ge=8)]
    """Clip lengths are drawn from ``min_frames..max_frames``, both included."""
    seed: Annotated[int, Field(ge=0)]
    defects: bool
    """Plant a handful of bad files for the screening stage to find."""


class ExtractParams(Section):
    short_side: Annotated[int, Field(ge=32, le=4096)]
    """Larger frames are scaled down to this short side (pixels); smaller ones stay as they are."""
    jpeg_quality: Annotated[int, Field(ge=2, le=31)]
    """ffmpeg's ``-q:v``: 2 is best, 31 worst."""
    timeout_seconds: Annotated[float, Field(gt=0)]
    """A video whose decoding takes longer is stopped, and kept as unreadable."""


class ScreenParams(Section):
    min_frames: PositiveInt
    """Fewer decoded frames reject as ``too_short``."""
    max_missing_frames: Annotated[int, Field(ge=0)]
    """More frames missing against what the container declares reject as ``missing_frames``."""
    max_gap_steps: Annotated[float, Field(gt=1)]
    """A step between timestamps longer than this many median steps rejects as ``timestamp_gap``."""
    max_decode_errors: Annotated[int, Field(ge=0)]
    """More complaints of the decoder reject as ``decode_errors``."""
    blank_contrast: Annotated[float, Field(ge=0, le=128)]
    """A frame is blank if its grey levels (0-255) have at most this standard deviation."""
    max_blank_fraction: Annotated[float, Field(ge=0, le=1)]
    """A larger share of blank frames rejects as ``blank``."""


class SplitParams(Section):
    method: Literal["group", "stratified", "official"]
    """``group`` keeps every group whole; ``official`` uses the lists' subsets; ``stratified`` ignores groups."""
    val_fraction: Fraction
    test_fraction: Fraction
    """Share of the videos; ignored for subsets that official lists give."""
    seed: Annotated[int, Field(ge=0)]
    near_duplicate_distance: Annotated[float, Field(ge=0, le=1)]
    """Videos of two subsets whose signatures differ visibly in at most this share of cells are near-duplicates."""
    allow_leak: bool = False
    """Let groups or near-duplicates cross subsets; all that follows is stamped as leaking."""


class ViewParams(Section):
    encoding: Literal["raw", "jpeg"]
    """``raw`` uint8 for small frames, ``jpeg`` for large ones."""
    fit: Literal["stretch", "crop", "keep"]
    """``stretch`` to a square; resize to ``crop_from`` and ``crop`` the centre square; ``keep`` the aspect."""
    size: Annotated[int, Field(ge=8, le=2048)]
    """Side of the square in pixels; with ``keep``, the short side (never enlarged)."""
    crop_from: Annotated[int, Field(ge=0)] = 0
    """With ``crop``: short side to resize to before cropping."""
    jpeg_quality: Annotated[int, Field(ge=1, le=100)] = 95
    """OpenCV's JPEG quality, 100 is best."""


class KeypointParams(Section):
    enabled: bool
    """False spares MediaPipe's cost when no model uses keypoints."""
    min_detection_confidence: Annotated[float, Field(ge=0, le=1)]
    min_tracking_confidence: Annotated[float, Field(ge=0, le=1)]


class ComputeParams(Section):
    backend: Literal["local", "dask"]
    workers: Annotated[int, Field(ge=0)]
    """Processes of the local pool; 0 takes every core."""
    scheduler: str | None = None
    """Address of an existing Dask scheduler."""


class TrainParams(Section):
    lr: Annotated[float, Field(gt=0)]
    epochs: PositiveInt
    batch_size: PositiveInt
    optimizer: Literal["adam", "adamw", "sgd"]
    weight_decay: Annotated[float, Field(ge=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD."""
    schedule: Literal["constant", "multistep", "cosine"] = "constant"
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs in which the learning rate rises evenly to ``lr``, before the schedule begins."""
    milestones: ListOf[PositiveInt] = ()
    """``multistep``: epochs at which the learning rate is multiplied by ``gamma``."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    gradient_clip: Annotated[float, Field(ge=0)] = 0.0
    """Largest norm of the gradient; 0 does not clip."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training target that is spread over all classes (Szegedy et al. 2016)."""
    mixup: Annotated[float, Field(ge=0)] = 0.0
    """Alpha of the Beta distribution by which pairs of training clips are mixed (Zhang et al. 2018); 0 mixes none."""
    early_stopping: Annotated[int, Field(ge=0)] = 0
    """Epochs without a better validation result after which training ends; 0 never ends early."""
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"
    """``auto``: bf16 or fp16 mixed on a GPU, 32 bits on a CPU."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: PositiveInt = 1
    num_nodes: PositiveInt = 1
    strategy: str = "auto"
    """Lightning's strategy."""
    num_workers: Annotated[int, Field(ge=0)] = 0
    """Processes that load data."""
    seed: Annotated[int, Field(ge=0)] = 0


class EvaluateParams(Section):
    aggregation: Literal["mean", "sum"]
    """How the clips' log-probabilities become the video's."""
    bootstrap_samples: Annotated[int, Field(ge=100)]
    confidence: Fraction
    """Of the intervals."""
    seed: Annotated[int, Field(ge=0)]


class ReportParams(Section):
    title: str
    skeleton_frames: Annotated[int, Field(ge=0, le=48)]
    """Frames shown with their keypoints drawn in."""


class TrackingParams(Section):
    enabled: bool
    experiment: Annotated[str, Field(min_length=1)]
    """Name of the MLflow experiment."""
