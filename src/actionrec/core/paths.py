"""Where every stage reads and writes, relative to the root of the project."""

from __future__ import annotations

from pathlib import Path

CHECKED = Path("data/checked.txt")
MANIFEST = Path("data/manifest.csv")
EXTRA = Path("data/extra.csv")
"""What a table of videos says of each beside label, group and subset, by ``video_id``."""
FRAMES = Path("data/frames")
SCREENED = Path("data/screened.csv")
SPLIT = Path("data/splits/split.csv")
GUARD = Path("data/splits/guard.json")
DUPLICATES = Path("data/splits/duplicates.csv")
KEYPOINTS = Path("data/keypoints")
PACKED = Path("data/packed")
PACKED_KEYPOINTS = PACKED / "keypoints.h5"
MODELS = Path("data/models")
PREDICTIONS = Path("data/predictions")

METRICS = Path("reports/metrics")
SUMMARY = METRICS / "summary.json"
QUALITY_PLOT = Path("reports/plots/quality.csv")
CURVES_PLOTS = Path("reports/plots/curves")
ANSWERS = Path("reports/predictions.csv")
EVALUATION_PLOTS = Path("reports/plots/evaluation")
FIGURES = Path("reports/figures")
REPORT = Path("reports/index.html")
PRINTED_REPORT = Path("reports/report.pdf")


def frames_path(video_id: str) -> Path:
    """The extracted frames of one video."""
    return FRAMES / f"{video_id}.h5"


def keypoints_path(video_id: str) -> Path:
    """The keypoints of one video."""
    return KEYPOINTS / f"{video_id}.h5"


def packed_path(view: str) -> Path:
    """All frames of all kept videos at the geometry of ``view``, or the index of the shards that hold them."""
    return PACKED / f"{view}.h5"


def fold_name(fold: int) -> str:
    """What files of one fold of several are named after."""
    return f"fold{fold}"


def training_name(model: str, fold: int | None = None) -> str:
    """A model, and of several folds the fold: one training."""
    return model if fold is None else f"{model}/{fold_name(fold)}"


def split_path(fold: int | None = None) -> Path:
    """Subsets of the videos in ``fold``; without one the single split, or that of the first fold that runs."""
    return SPLIT if fold is None else SPLIT.with_name(f"{fold_name(fold)}.csv")


def model_dir(model: str, fold: int | None = None) -> Path:
    """Checkpoint and description of a trained model; with several folds, of one of them."""
    return MODELS / training_name(model, fold)


def curves_path(model: str, fold: int | None = None) -> Path:
    """Training curves of a model, one row an epoch; without a fold, of several their means."""
    return CURVES_PLOTS / f"{model}.csv" if fold is None else model_dir(model, fold) / "curves.csv"


def predictions_path(model: str, fold: int | None = None) -> Path:
    """Log-probabilities of a model; without a fold, of several those of the videos that they test."""
    return PREDICTIONS / f"{training_name(model, fold)}.h5"


def predicted_folds_path(model: str) -> Path:
    """Which folds answered: a table beside their predictions, which is there with a single split too."""
    return PREDICTIONS / model / "folds.csv"
