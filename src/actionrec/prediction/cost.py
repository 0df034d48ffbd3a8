"""What a prediction costs: the multiply-adds of a clip and of a video, counted, not timed.

Counted are convolutions, matrix products and attention, as :mod:`torch.utils.flop_counter` does, so the figure is the
same on every machine. MediaPipe, which finds the keypoints, runs outside of torch and is not counted.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from actionrec.models.examples import Inputs, example_inputs
from actionrec.models.kind import ModelParams
from actionrec.pack.features.section import FeatureParams


@dataclass(frozen=True)
class Cost:
    """Multiply-adds, those of a frozen network that makes features included."""

    clip: int
    video: int
    """Of a video of mean length."""


def measure_cost(
    model: nn.Module,
    params: ModelParams,
    *,
    clip_frames: int,
    clips_per_video: float,
    rows_per_video: float,
    features: FeatureParams | None,
) -> Cost:
    """The cost of ``model`` for clips of ``clip_frames``.

    Where it reads ``features``, a clip needs as many vectors as it has frames, a video every one of its rows once.
    """
    inputs = example_inputs(params, num_clips=1, num_frames=clip_frames)
    own = count_multiply_adds(model, inputs)
    vector = 0 if features is None else _of_a_vector(features)
    return Cost(own + clip_frames * vector, round(clips_per_video * own + rows_per_video * vector))


def count_multiply_adds(model: nn.Module, inputs: Inputs | Tensor) -> int:
    """Those of one call of ``model``, which is left as it is.

    Counted over shapes alone, without computing anything, where every layer of ``model`` knows how.
    """
    try:
        shapes = inputs.to("meta") if isinstance(inputs, Tensor) else {k: v.to("meta") for k, v in inputs.items()}
        return _counted(copy.deepcopy(model).to("meta"), shapes)
    except (NotImplementedError, RuntimeError):
        return _counted(copy.deepcopy(model).to("cpu"), inputs)


def _counted(model: nn.Module, inputs: Inputs | Tensor) -> int:
    counter = FlopCounterMode(display=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="TF32 acceleration on top of oneDNN")  # which is not asked for
        # oneDNN runs a whole LSTM as one operation that the counter does not know.
        with torch.inference_mode(), torch.backends.mkldnn.flags(enabled=False), counter:
            model(inputs)
    return int(counter.get_total_flops()) // 2


@cache
def _of_a_vector(features: FeatureParams) -> int:
    from actionrec.pack.features.backbones import build_backbone

    # The weights do not change the count, and may have to be downloaded.
    untrained = features.model_copy(update={"weights": "none"})
    size = features.image_size
    frames = torch.zeros(1, features.window_frames, size, size, 3, dtype=torch.uint8)
    return count_multiply_adds(build_backbone(untrained), frames)
