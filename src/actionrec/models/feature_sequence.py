"""A temporal model over frozen features, alone or beside a small network over keypoints.

The modern form of systems A and D, and what B announces: a trained 2D network makes one vector of every frame
(:mod:`actionrec.pack.features`), a small model reads the vectors. Initialised as torch does by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from torch import Tensor, nn

from actionrec.clips.images import FLIP_PROBABILITY
from actionrec.clips.keypoints import KeypointKind, keypoint_features, num_values
from actionrec.clips.landmarks import flip_keypoints
from actionrec.clips.recipes import Arrays, ClipRecipe
from actionrec.clips.section import ClipParams, Probability, Sampling, TestSampling, VectorParams
from actionrec.core.errors import ActionrecError
from actionrec.core.section import PositiveInt
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.models.keypoint_branch import KeypointBranch, KeypointConv, KeypointTemporal
from actionrec.models.kind import ModelKind, ModelParams, Reference

Temporal = Literal["mean", "mean_std", "lstm", "attention"]


class FeatureSequenceParams(ModelParams, ClipParams, VectorParams):
    """A temporal model over frozen features, alone or beside a small network over keypoints."""

    type: Literal["feature_sequence"]
    inputs: Literal["features", "keypoints", "both"] = "features"
    """Ablations."""
    temporal: Temporal = "mean_std"
    """What becomes of the vectors of a clip: their ``mean``; mean and standard deviation; the last state of an
    ``lstm``; or a weighted mean, the weights by ``attention`` to vector and place."""
    clip_frames: PositiveInt = 16
    """Vectors of a clip; 1 makes it a model of single frames."""
    sampling: Sampling = "segments"
    test_sampling: TestSampling = "strided"
    hidden: PositiveInt = 128
    """Width of ``lstm`` and ``attention``."""
    dropout: Probability = 0.5
    """Before the classifier."""
    frame_dropout: Probability = 0.0
    """Chance that the place of a vector of a training clip is taken by the one before it."""
    feature_noise: Annotated[float, Field(ge=0)] = 0.0
    """Standard deviation of noise on every value of a training clip, in standard deviations of that value."""
    keypoint_features: KeypointKind = "body"
    """As in ``fused_convlstm``, like ``keypoint_motion`` and ``keypoint_norm``."""
    keypoint_motion: bool = True
    """Each value's change since the previous frame too."""
    keypoint_norm: bool = True
    """Batch-normalise what the network over keypoints reads."""
    keypoint_frames: Literal["all", "hands"] = "all"
    """``hands``: clips are of the frames in which a hand was found, where there are any: a sign begins and ends with
    hands at rest, out of the picture."""
    keypoint_temporal: KeypointTemporal = "lstm"
    """The last state of an ``lstm`` of two layers over the keypoints, or the mean of ``conv``olutions over time."""
    keypoint_parts: PositiveInt = 1
    """``conv``: equal parts of a clip, of each of which there is a mean, so that their order is seen; signs have one,
    and an action that repeats itself has none."""
    keypoint_hidden: PositiveInt = 128
    """Width of either."""
    keypoint_dropout: Probability = 0.3
    """Between the layers of the LSTM, or before the convolutions."""
    augment: bool = False
    """Scale, shift and jitter of the keypoints."""
    flip: bool = False
    """Mirror the keypoints of half the training clips, left and right exchanged; wrong for mirrored classes."""

    def problems(self, name: str) -> list[str]:
        problems = super().problems(name)
        if self.keypoint_frames == "hands" and self.inputs != "keypoints":
            problems.append(f"{name}.keypoint_frames: hands needs inputs: keypoints; features are of all frames")
        if self.keypoint_parts > 1 and self.keypoint_temporal != "conv":
            problems.append(f"{name}.keypoint_parts: {self.keypoint_parts} needs keypoint_temporal: conv")
        if self.keypoint_parts > self.clip_frames:
            frames = f"the {self.clip_frames} frames of a clip"
            problems.append(f"{name}.keypoint_parts: {self.keypoint_parts} exceeds {frames}")
        return problems

    def fitted_to(self, num_features: int | None) -> Self:
        if num_features is None:
            return self
        if self.num_features not in (0, num_features):
            raise ActionrecError(
                f"num_features: {self.num_features}, but the view {self.view} holds vectors of {num_features} values; "
                "set it to that, or to 0"
            )
        return self.model_copy(update={"num_features": num_features})


@dataclass(frozen=True)
class FeatureRecipe(ClipRecipe):
    """Clips of vectors and keypoints."""

    params: FeatureSequenceParams

    @property
    def view(self) -> str | None:
        return None if self.params.inputs == "keypoints" else self.params.view

    @property
    def reads_keypoints(self) -> bool:
        return self.params.inputs != "features"

    @property
    def only_hands(self) -> bool:
        return self.params.keypoint_frames == "hands"

    def prepare(
        self,
        frames: npt.NDArray[Any] | None,
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,  # noqa: ARG002 (the recipe's signature)
    ) -> Arrays:
        inputs: Arrays = {}
        if self.view:
            assert frames is not None
            inputs["features"] = self._features(frames, generator)
        if self.reads_keypoints:
            assert keypoints is not None
            inputs["keypoints"] = self._keypoints(keypoints, generator)
        return inputs

    def _features(self, vectors: npt.NDArray[Any], generator: np.random.Generator | None) -> npt.NDArray[Any]:
        if generator is None or self.params.frame_dropout == 0:
            return vectors
        dropped = generator.random(len(vectors)) < self.params.frame_dropout
        dropped[0] = False
        kept = np.maximum.accumulate(np.where(dropped, 0, np.arange(len(vectors))))
        filled: npt.NDArray[Any] = vectors[kept]
        return filled

    def _keypoints(self, found: ClipKeypoints, generator: np.random.Generator | None) -> npt.NDArray[np.float32]:
        if generator is not None and self.params.flip and generator.random() < FLIP_PROBABILITY:
            found = flip_keypoints(found)
        augmenting = generator if self.params.augment else None
        return keypoint_features(found, kind=self.params.keypoint_features, generator=augmenting)


class FeatureBranch(nn.Module):
    """Vectors (B, T, D) to one vector (B, ``num_features``), each value at unit variance first, within limits."""

    def __init__(self, params: FeatureSequenceParams) -> None:
        super().__init__()
        size, hidden = params.num_features, params.hidden
        self.noise = params.feature_noise
        self.norm = nn.BatchNorm1d(size)
        self.temporal: nn.Module
        match params.temporal:
            case "mean":
                self.temporal, self.num_features = _Mean(), size
            case "mean_std":
                self.temporal, self.num_features = _MeanAndDeviation(size), 2 * size
            case "lstm":
                self.temporal, self.num_features = _LastState(size, hidden), hidden
            case "attention":
                self.temporal, self.num_features = _Attention(size, hidden), hidden

    def forward(self, features: Tensor) -> Tensor:
        normed = _limited(self.norm(features.float().transpose(1, 2)).transpose(1, 2))  # (B, T, D)
        if self.training and self.noise:
            normed = normed + self.noise * torch.randn_like(normed)
        pooled: Tensor = self.temporal(normed)
        return pooled


class _Mean(nn.Module):
    def forward(self, vectors: Tensor) -> Tensor:
        return vectors.mean(dim=1)


class _MeanAndDeviation(nn.Module):
    """Mean and standard deviation over time (B, 2 D); the deviation is brought to the scale of the mean."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size)

    def forward(self, vectors: Tensor) -> Tensor:
        mean = vectors.mean(dim=1)
        variance = (vectors - mean[:, None]).square().mean(dim=1)
        # The root has no gradient at 0, where a clip stands still.
        return torch.cat([mean, _limited(self.norm((variance + _SMALLEST_VARIANCE).sqrt()))], dim=1)


_SMALLEST_VARIANCE = 1e-6
_FARTHEST = 4.0  # standard deviations


def _limited(normed: Tensor) -> Tensor:
    """A value that hardly varies in the training videos may be hundreds of deviations away in others, and decide."""
    return normed.clamp(-_FARTHEST, _FARTHEST)


class _LastState(nn.Module):
    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(size, hidden, batch_first=True)

    def forward(self, vectors: Tensor) -> Tensor:
        states, _ = self.lstm(vectors)  # (B, T, hidden)
        last: Tensor = states[:, -1]
        return last


class _Attention(nn.Module):
    """Weighted mean over time of projected vectors, to which their place is added (Vaswani et al. 2017)."""

    def __init__(self, size: int, hidden: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        placed = torch.tanh(self.project(vectors) + self._places(vectors))  # (B, T, hidden)
        weights = self.score(placed).softmax(dim=1)  # (B, T, 1)
        pooled: Tensor = (weights * self.value(placed)).sum(dim=1)
        return pooled

    def _places(self, vectors: Tensor) -> Tensor:
        """Sines of the place in the clip, from 0 to 1 whatever its length: (T, hidden)."""
        hidden, length = self.project.out_features, vectors.shape[1]
        place = torch.arange(length, device=vectors.device, dtype=torch.float32) / max(length - 1, 1)
        turns = torch.arange(1, hidden + 1, device=vectors.device, dtype=torch.float32) * (torch.pi / 2)
        return torch.sin(place[:, None] * turns)


class FeatureSequence(nn.Module):
    """Logits (B, classes) from ``{"features": float (B, T, D), "keypoints": float (B, T, values)}``.

    ``inputs`` other than ``both`` leaves the other out.
    """

    def __init__(self, params: FeatureSequenceParams, *, num_classes: int) -> None:
        super().__init__()
        self.feature_branch: FeatureBranch | None = None
        self.keypoint_branch: KeypointBranch | KeypointConv | None = None
        size = 0
        if params.inputs != "keypoints":
            if params.num_features == 0:
                raise ActionrecError(
                    "num_features: 0 is found from the feature view by training; set it to build alone"
                )
            self.feature_branch = FeatureBranch(params)
            size += self.feature_branch.num_features
        if params.inputs != "features":
            self.keypoint_branch = _keypoint_branch(params)
            size += self.keypoint_branch.num_features
        self.dropout = nn.Dropout(params.dropout)
        self.classifier = nn.Linear(size, num_classes)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        found = []
        if self.feature_branch is not None:
            found.append(self.feature_branch(inputs["features"]))
        if self.keypoint_branch is not None:
            found.append(self.keypoint_branch(inputs["keypoints"]))
        logits: Tensor = self.classifier(self.dropout(torch.cat(found, dim=1)))
        return logits


def _keypoint_branch(params: FeatureSequenceParams) -> KeypointBranch | KeypointConv:
    values, hidden, dropout = num_values(params.keypoint_features), params.keypoint_hidden, params.keypoint_dropout
    motion, norm = params.keypoint_motion, params.keypoint_norm
    if params.keypoint_temporal == "lstm":
        return KeypointBranch(values=values, hidden=hidden, dropout=dropout, motion=motion, norm=norm)
    return KeypointConv(
        values=values, hidden=hidden, dropout=dropout, motion=motion, norm=norm, parts=params.keypoint_parts
    )


_OF_LITE0 = 1280

MODEL = ModelKind(
    section=FeatureSequenceParams,
    recipe=FeatureRecipe,
    network=FeatureSequence,
    references=(
        Reference(
            "feature_sequence",
            FeatureSequenceParams(type="feature_sequence", num_features=_OF_LITE0),
            101,
            263_781,
            263_781,
            "ours: mean and deviation over vectors of EfficientNet-Lite0",
        ),
    ),
)
