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
from actionrec.core.code import code_digest
from actionrec.core.itemcache import ItemCache
from actionrec.pack.features.backbones import Backbone, example_windows
from actionrec.pack.features.section import FeatureParams

Run: TypeAlias = Callable[[Frames], npt.NDArray[np.float32]]
"""From windows uint8 (batch_size, window_frames, S, S, 3) to vectors (batch_size, D)."""

_LOG = logging.getLogger(__name__)


def runner_of(backbone: Backbone, params: FeatureParams, *, num_threads: int, programs: ItemCache | None = None) -> Run:
    """How the batches of ``params`` go through ``backbone`` on this machine; ``programs`` as :func:`keep_program` has
    left them.
    """
    if torch.cuda.is_available():
        return by_torch(backbone.to("cuda"))
    if backbone.of_windows:
        return by_torch(backbone)
    return by_onnx(backbone, params, num_threads=num_threads, programs=programs)


def keep_program(backbone: Backbone, params: FeatureParams, programs: ItemCache) -> None:
    """Keep the ONNX form of ``backbone`` where it will be used: to make it takes longer than to see a video by it.

    Of a network that has none, nothing is kept under its key, and it is not tried again.
    """
    if torch.cuda.is_available() or backbone.of_windows:
        return
    key = _program_key(backbone, params, programs)
    if not programs.has(key):
        with programs.writing(key) as aside:
            aside.write_bytes(_exported(backbone, params))


def by_torch(backbone: Backbone) -> Run:
    """Where ``backbone`` is."""
    device = next(backbone.parameters()).device

    def run(windows: Frames) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            vectors: npt.NDArray[np.float32] = backbone(torch.from_numpy(windows).to(device)).float().cpu().numpy()
        return vectors

    return run


def by_onnx(backbone: Backbone, params: FeatureParams, *, num_threads: int, programs: ItemCache | None = None) -> Run:
    """On the CPU; a network that has no ONNX form runs by torch, and a line says so."""
    import onnxruntime

    program = _kept(backbone, params, programs)
    if program is None:
        program = _exported(backbone, params)
    if not program:
        _LOG.info("%s has no ONNX form and runs by torch, more slowly", params.backbone)
        return by_torch(backbone)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    # Threads without work sleep, so that stages side by side share the cores; the vectors are the same.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(program, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(windows: Frames) -> npt.NDArray[np.float32]:
        (vectors,) = session.run(None, {name: windows})
        found: npt.NDArray[np.float32] = vectors
        return found

    return run


def _exported(backbone: Backbone, params: FeatureParams) -> bytes:
    """As ONNX, for batches of ``params``; nothing, and a line that says why, for a network that has no such form."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(backbone, (example_windows(params, params.batch_size),), dynamo=True, verbose=False)
    except torch.onnx.OnnxExporterError as error:
        _LOG.info("%s cannot be written as ONNX: %s", params.backbone, error)
        return b""
    assert program is not None
    model: bytes = program.model_proto.SerializeToString()
    return model


def _kept(backbone: Backbone, params: FeatureParams, programs: ItemCache | None) -> bytes | None:
    if programs is None or not programs.has(key := _program_key(backbone, params, programs)):
        return None
    return programs.path(key).read_bytes()


def _program_key(backbone: Backbone, params: FeatureParams, programs: ItemCache) -> str:
    shape = params.batch_size, params.window_frames, params.image_size
    code = code_digest("actionrec.pack.features.running")
    return programs.key("onnx", params.backbone, backbone.digest(), shape, torch.__version__, code)
