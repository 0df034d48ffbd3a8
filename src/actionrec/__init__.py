"""actionrec: from a folder of action videos to trained, compared models and a report."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actionrec.prediction.predictor import load_bundle

__all__ = ["load_bundle"]

# Stages inherit the environment of whatever shell (or queue worker) started them, so silence is
# asked for here, before any of these libraries can be imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
# A server that stops to answer costs seconds; as MLflow has it, it tries again for minutes, at every epoch.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("DVC_NO_ANALYTICS", "1")
# Threads of torch that wait for each other sleep instead of spinning, so that stages side by side share the cores. How
# many there are is left alone: it decides on the last digits of sums, and so on the weights.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# OpenBLAS wakes a thread a core for products of a few numbers, and they spin: half of what a stage computed was that. A
# notebook that imports this package keeps its own.
if "DVC_STAGE" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> Any:
    """``load_bundle`` when it is asked for: torch takes seconds to import, and most commands do without."""
    if name in __all__:
        return getattr(import_module("actionrec.prediction.predictor"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
