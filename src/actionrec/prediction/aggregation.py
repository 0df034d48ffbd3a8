"""From the log-probabilities of clips to those of videos."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


def normalise_log_prob(scores: Array) -> npt.NDArray[np.float64]:
    """Subtract the log of the summed exponentials along the last axis, so that probabilities sum to 1."""
    scores = np.asarray(scores, np.float64)
    top = scores.max(axis=-1, keepdims=True)
    total = top + np.log(np.exp(scores - top).sum(axis=-1, keepdims=True))
    return np.asarray(scores - total, np.float64)


def aggregate_clips(
    clip_log_prob: Array, clip_video: npt.NDArray[np.integer], *, num_videos: int, method: Literal["mean", "sum"]
) -> npt.NDArray[np.float64]:
    """Log-probabilities (num_videos, classes) from clips (clips, classes), ``clip_video`` naming each one's video.

    ``mean`` averages log-probabilities (the geometric mean of probabilities), ``sum`` adds them up as
    independent evidence; both are normalised again. They rank classes alike; ``sum`` is the more
    confident the more clips there are. Raises ``ValueError`` for a video without clips.
    """
    counts = np.bincount(clip_video, minlength=num_videos)
    if len(counts) > num_videos or not counts.all():
        raise ValueError(f"clips of {np.count_nonzero(counts)} videos for {num_videos} videos")
    scores = np.zeros((num_videos, clip_log_prob.shape[1]))
    np.add.at(scores, clip_video, clip_log_prob)
    return normalise_log_prob(scores / counts[:, None] if method == "mean" else scores)
