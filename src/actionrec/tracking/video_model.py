"""The code of the MLflow model: MLflow runs this file when it loads the model, and nothing of it is pickled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from actionrec.tracking.model import class_column


class VideoModel(PythonModel):
    """From paths of videos to classes; ``model_config`` takes ``model``, ``fold`` and ``device`` of a predictor."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the networks of the bundle that lies beside the model."""
        from actionrec.prediction.predictor import load_bundle

        self._predictor = load_bundle(context.artifacts["bundle"], **(context.model_config or {}))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """A row a path, in their order: ``label``, ``probability``, ``reason`` and one column a class.

        ``model_input`` is a data frame with the column ``path``; MLflow makes one of a list of ``{"path": ...}``. A
        rejected video has a reason, an empty label and no probability.
        """
        rows = []
        for path in model_input["path"]:
            found = self._predictor.of_video(path)
            label, probability = (found.top(1) or [("", np.nan)])[0]
            row = {"label": label, "probability": probability, "reason": found.reason}
            rows.append(row | dict(zip(map(class_column, found.class_names), found.probability, strict=True)))
        return pd.DataFrame(rows)


set_model(VideoModel())
