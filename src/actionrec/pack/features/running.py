"""Runs a frozen network over batches of one size: by torch on a GPU, by ONNX Runtime on a CPU.

On a CPU ONNX Runtime folds the norms into the convolutions, which makes EfficientNet-Lite0 more than twice as fast as
torch's own loop, with the same vectors to 1e-5 (``benchmarks/features.py``).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from actionrec.core.arrays import Frames
from actionrec.pack.features.backbones import Backbone
from actionrec.pack.features.section import FeatureParams

Run: TypeAlias = Callable[[Frames], npt.NDArray[np.float32]]
"""From windows uint8 (batch_size, window_frames, S, S, 3) to vectors (batch_size, D)."""

_LOG = logging.getLogger(__name__)


def runner_of(backbone: Backbone, params: FeatureParams, *, num_threads: int) -> Run:
    """How the batches of ``params`` go through ``backbone`` on this machine."""
    if torch.cuda.is_available():
        return by_torch(backbone.to("cuda"))
    return by_torch(backbone) if backbone.of_windows else by_onnx(backbone, params, num_threads=num_threads)


def by_torch(backbone: Backbone) -> Run:
    """Where ``backbone`` is."""
    device = next(backbone.parameters()).device

    def run(windows: Frames) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            vectors: npt.NDArray[np.float32] = backbone(torch.from_numpy(windows).to(device)).float().cpu().numpy()
        return vectors

    return run


def by_onnx(backbone: Backbone, params: FeatureParams, *, num_threads: int) -> Run:
    """On the CPU; a network that has no ONNX form runs by torch, and a line says so."""
    import onnxruntime

    size = params.image_size
    example = torch.zeros(params.batch_size, params.window_frames, size, size, 3, dtype=torch.uint8)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(backbone, (example,), dynamo=True, verbose=False)
    except torch.onnx.OnnxExporterError as error:
        _LOG.info("%s has no ONNX form and runs by torch, more slowly (%s)", params.backbone, error)
        return by_torch(backbone)
    assert program is not None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    # Threads without work sleep, so that stages side by side share the cores; the vectors are the same.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = program.model_proto.SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(windows: Frames) -> npt.NDArray[np.float32]:
        (vectors,) = session.run(None, {name: windows})
        found: npt.NDArray[np.float32] = vectors
        return found

    return run
