"""Where every stage reads and writes, relative to the root of the project."""

from __future__ import annotations

from pathlib import Path

MANIFEST = Path("data/manifest.csv")
FRAMES = Path("data/frames")
SCREENED = Path("data/screened.csv")
SPLIT = Path("data/splits/split.csv")
GUARD = Path("data/splits/guard.json")
KEYPOINTS = Path("data/keypoints")
PACKED = Path("data/packed")
PACKED_KEYPOINTS = PACKED / "keypoints.h5"
MODELS = Path("data/models")
PREDICTIONS = Path("data/predictions")

METRICS = Path("reports/metrics")
SUMMARY = METRICS / "summary.json"
QUALITY_PLOT = Path("reports/plots/quality.csv")
CURVES_PLOTS = Path("reports/plots/curves")
EVALUATION_PLOTS = Path("reports/plots/evaluation")
FIGURES = Path("reports/figures")
REPORT = Path("reports/index.html")


def frames_path(video_id: str) -> Path:
    """The extracted frames of one video."""
    return FRAMES / f"{video_id}.h5"


def keypoints_path(video_id: str) -> Path:
    """The keypoints of one video."""
    return KEYPOINTS / f"{video_id}.h5"


def packed_path(view: str) -> Path:
    """All frames of all kept videos at the geometry of ``view``."""
    return PACKED / f"{view}.h5"


def model_dir(model: str) -> Path:
    """Checkpoint and description of a trained model."""
    return MODELS / model


def curves_path(model: str) -> Path:
    """Training curves of a model, one row an epoch."""
    return CURVES_PLOTS / f"{model}.csv"


def predictions_path(model: str) -> Path:
    """Log-probabilities of a model."""
    return PREDICTIONS / f"{model}.h5"
