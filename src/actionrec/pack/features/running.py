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
from actionrec.core.files import digest_of
from actionrec.core.itemcache import ItemCache
from actionrec.pack.features.backbones import Backbone, example_windows
from actionrec.pack.features.section import FeatureParams

Run: TypeAlias = Callable[[Frames], npt.NDArray[np.float32]]
"""From windows uint8 (batch_size, window_frames, S, S, 3) to vectors (batch_size, D)."""

Kept: TypeAlias = Callable[[str], bytes | None]
"""The ONNX form by its :func:`program_key`, nothing for a network that has none; None where it was not kept."""

_LOG = logging.getLogger(__name__)


def kept_in(cache: ItemCache) -> Kept:
    """What :func:`keep_program` has left in ``cache``."""

    def find(key: str) -> bytes | None:
        entry = _entry(key, cache)
        return cache.path(entry).read_bytes() if cache.has(entry) else None

    return find


def keep_program(backbone: Backbone, params: FeatureParams, cache: ItemCache) -> None:
    """Keep the ONNX form of ``backbone`` where it will be used: to make it takes longer than to see a video by it.

    Of a network that has none, nothing is kept under its key, and it is not tried again.
    """
    if torch.cuda.is_available():
        return
    entry = _entry(program_key(backbone, params), cache)
    if not cache.has(entry):
        with cache.writing(entry) as aside:
            aside.write_bytes(onnx_form(backbone, params))


def program_key(backbone: Backbone, params: FeatureParams) -> str:
    """What an ONNX form depends on: the network, its weights, and what goes in."""
    shape = params.batch_size, params.window_frames, params.image_size
    return digest_of("onnx", params.backbone, backbone.digest(), backbone.level_sizes, shape)


def _entry(key: str, cache: ItemCache) -> str:
    """Under which an ONNX form is kept: it is made anew by another torch."""
    return cache.key(key, torch.__version__, code_digest("actionrec.pack.features.running"))


def runner_of(backbone: Backbone, params: FeatureParams, *, num_threads: int, kept: Kept | None = None) -> Run:
    """How the batches of ``params`` go through ``backbone`` on this machine."""
    if torch.cuda.is_available():
        return by_torch(backbone.to("cuda"))
    return by_onnx(backbone, params, num_threads=num_threads, kept=kept)


def by_torch(backbone: Backbone) -> Run:
    """Where ``backbone`` is."""
    device = next(backbone.parameters()).device

    def run(windows: Frames) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            vectors: npt.NDArray[np.float32] = backbone(torch.from_numpy(windows).to(device)).float().cpu().numpy()
        return vectors

    return run


def by_onnx(backbone: Backbone, params: FeatureParams, *, num_threads: int, kept: Kept | None = None) -> Run:
    """On the CPU; a network that has no ONNX form runs by torch, and a line says so."""
    import onnxruntime

    program = kept(program_key(backbone, params)) if kept else None
    if program is None:
        program = onnx_form(backbone, params)
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


def onnx_form(backbone: Backbone, params: FeatureParams) -> bytes:
    """As ONNX, for batches of ``params``; nothing, and a line that says why, for a network that has no such form.

    Networks of windows keep torch's, whatever could be exported: nobody has compared their vectors.
    """
    if backbone.of_windows:
        return b""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                backbone, (example_windows(params, params.batch_size),), dynamo=True, verbose=False
            )
    except torch.onnx.OnnxExporterError as error:
        _LOG.info("%s cannot be written as ONNX: %s", params.backbone, error)
        return b""
    assert program is not None
    model: bytes = program.model_proto.SerializeToString()
    return model
