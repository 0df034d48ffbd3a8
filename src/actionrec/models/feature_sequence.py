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
from actionrec.models.feature_branch import FeatureBranch, Temporal
from actionrec.models.keypoint_branch import KeypointBranch, KeypointConv, KeypointTemporal
from actionrec.models.kind import ModelKind, ModelParams, Reference


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
    """Standard deviation of noise on every value of a training clip, in standard deviations of that value; the same in
    all vectors of the clip, so that what varies over time stays as it is."""
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
        if self.level_sizes and sum(self.level_sizes) != self.num_features:
            problems.append(f"{name}.level_sizes: they are not {self.num_features} in all, as num_features says")
        if self.keypoint_parts > self.clip_frames:
            frames = f"the {self.clip_frames} frames of a clip"
            problems.append(f"{name}.keypoint_parts: {self.keypoint_parts} exceeds {frames}")
        return problems

    def fitted_to(self, level_sizes: tuple[int, ...] | None) -> Self:
        if level_sizes is None:
            return self
        num_features = sum(level_sizes)
        if self.num_features not in (0, num_features):
            raise ActionrecError(
                f"num_features: {self.num_features}, but the view {self.view} holds vectors of {num_features} values; "
                "set it to that, or to 0"
            )
        if self.level_sizes not in ((), level_sizes):
            raise ActionrecError(
                f"level_sizes: {list(self.level_sizes)}, but the view {self.view} holds vectors of levels of "
                f"{list(level_sizes)} values; set them to that, or to []"
            )
        return self.model_copy(update={"num_features": num_features, "level_sizes": level_sizes})


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
            self.feature_branch = FeatureBranch(
                params.num_features,
                params.level_sizes,
                temporal=params.temporal,
                hidden=params.hidden,
                noise=params.feature_noise,
            )
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
