"""What a prediction costs: the multiply-adds of a clip and of a video.

MediaPipe, which finds the keypoints, runs outside of torch and is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from actionrec.models.cost import count_multiply_adds
from actionrec.models.examples import example_inputs
from actionrec.models.kind import ModelParams


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
    vector: int,
) -> Cost:
    """The cost of ``model`` for clips of ``clip_frames``.

    Where it reads features, one of which costs ``vector``, a clip needs as many as it has frames, a video every one of
    its rows once.
    """
    own = count_multiply_adds(model, example_inputs(params, num_clips=1, num_frames=clip_frames))
    return Cost(own + clip_frames * vector, round(clips_per_video * own + rows_per_video * vector))
