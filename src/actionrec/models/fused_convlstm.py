"""ConvLSTM over frames beside an LSTM over keypoints (reference system A).

At the reference setting (64 x 64 pixels, 1662 keypoint values, 16 channels, 512 hidden, no dropout) it
has 7,174,718 parameters with 11 classes. Constants and what is not said here are PyTorch's, as in the author's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from actionrec.clips.images import FLIP_PROBABILITY, flip, resize_square, shift_brightness
from actionrec.clips.keypoints import KeypointKind, keypoint_features, num_values
from actionrec.clips.landmarks import flip_keypoints
from actionrec.clips.overlay import draw_landmarks
from actionrec.clips.recipes import Arrays, ClipRecipe
from actionrec.clips.section import ClipParams, PictureParams, Probability, Sampling, TestSampling
from actionrec.core.arrays import Frames
from actionrec.core.section import PositiveInt
from actionrec.keypoints.layout import ClipKeypoints
from actionrec.models.convlstm import ConvLSTM
from actionrec.models.keypoint_branch import KeypointBranch
from actionrec.models.kind import ModelKind, ModelParams, Reference


class FusedConvLSTMParams(ModelParams, ClipParams, PictureParams):
    """ConvLSTM over frames beside an LSTM over keypoints (reference system A)."""

    type: Literal["fused_convlstm"]
    view: str = "rgb64"
    """Packed view (``pack``) that it reads."""
    inputs: Literal["both", "frames", "keypoints"] = "both"
    """Ablations."""
    clip_frames: Annotated[int, Field(ge=2)] = 20
    """Frames of a clip; the reference takes 30 of ASL and 20 of UCF11."""
    image_size: Annotated[int, Field(ge=8, le=256)] = 64
    """Side of the square input in pixels."""
    channels: PositiveInt = 16
    """Channels of each ConvLSTM layer."""
    lstm_hidden: PositiveInt = 512
    """Width of the LSTM over keypoints."""
    keypoint_features: KeypointKind = "raw"
    """``raw``: all 1662 values. ``body``: pose and hands, centred and scaled by the body. ``hands``: shape and place of
    the hands, the leading one first, for signs."""
    keypoint_motion: bool = False
    """Give the LSTM each value's change since the previous frame too; the reference does not."""
    keypoint_norm: bool = False
    """Batch-normalise the LSTM's inputs; the reference does not, and needs far more steps."""
    frame_content: Literal["rgb", "motion"] = "rgb"
    """``motion`` subtracts the mean of the clip's frames, and with it a still background; the reference is ``rgb``."""
    frame_overlay: Literal["none", "landmarks"] = "none"
    """``landmarks`` draws what was found (lines and rings) into the frames, as the author's own preparation does and
    the recipes of system A do. Ours were found at full size, and not, as there, in the small frame."""
    frame_pool: Annotated[int, Field(ge=0)] = 0
    """Average the last frame map to ``frame_pool x frame_pool`` before the classifier; 0 (the reference) does not."""
    frame_dropout: Probability = 0.0
    """Chance that a training clip is shown without its frame features; the reference has none."""
    sampling: Sampling = "even"
    """As in every model of clips. The text of the reference says ``random`` frames in time order; its own preparation
    takes the same evenly spaced ones for training and test."""
    test_sampling: TestSampling = "even"
    dropout: Probability = 0.0
    """Between the LSTM's layers and before the classifier; the reference has none."""
    augment: bool = False
    """Scale, shift and jitter of the keypoints, brightness of the frames."""
    flip: bool = False
    """Mirror frames and keypoints, left and right exchanged, of half the training clips; wrong for signs."""

    @property
    def draws_landmarks(self) -> bool:
        return self.frame_overlay == "landmarks" and self.inputs != "keypoints"

    def problems(self, name: str) -> list[str]:
        problems = super().problems(name)
        if self.frame_pool and self.image_size % self.frame_pool:
            problems.append(
                f"{name}.frame_pool: {self.frame_pool} does not divide image_size {self.image_size}; "
                "set a divisor, or 0"
            )
        return problems


@dataclass(frozen=True)
class FusedRecipe(ClipRecipe):
    """Clips of frames and keypoints, mirrored and brightened alike."""

    params: FusedConvLSTMParams

    @property
    def view(self) -> str | None:
        return None if self.params.inputs == "keypoints" else self.params.view

    @property
    def reads_keypoints(self) -> bool:
        return self.params.inputs != "frames" or self.params.draws_landmarks

    def prepare(
        self,
        frames: Frames | None,
        keypoints: ClipKeypoints | None,
        *,
        generator: np.random.Generator | None,
        crop: int = 0,  # noqa: ARG002 (the recipe's signature)
    ) -> Arrays:
        inputs: Arrays = {}
        augmenting = generator if self.params.augment else None
        flips = generator is not None and self.params.flip and generator.random() < FLIP_PROBABILITY
        if self.view:
            assert frames is not None
            square = resize_square(frames, size=self.params.image_size)
            if self.params.draws_landmarks:
                assert keypoints is not None
                square = draw_landmarks(square, keypoints)
            square = flip(square) if flips else square
            inputs["frames"] = square if augmenting is None else shift_brightness(square, generator=augmenting)
        if self.params.inputs != "frames":
            assert keypoints is not None
            seen = flip_keypoints(keypoints) if flips else keypoints
            inputs["keypoints"] = keypoint_features(seen, kind=self.params.keypoint_features, generator=augmenting)
        return inputs


_KERNEL_SIZE = 5
_SQUEEZED_CHANNELS = 3
_BIAS = 0.01


class FrameBranch(nn.Module):
    """Frames, uint8 (B, T, S, S, 3), to features (B, 3 S S) of the last step.

    ``pool`` averages the last map to (pool, pool): thousands of pixels would outweigh the keypoints'
    hidden state in the classifier. Not torch's adaptive pooling, whose gradient is not repeatable on a GPU.
    """

    def __init__(self, *, image_size: int, channels: int, content: Literal["rgb", "motion"], pool: int) -> None:
        super().__init__()
        self.content = content
        self.convlstm1 = ConvLSTM(3, channels, kernel_size=_KERNEL_SIZE, image_size=image_size)
        # Over all frames of all clips, as BatchNorm3d over clips.
        self.norm1 = nn.BatchNorm2d(channels)
        self.convlstm2 = ConvLSTM(channels, channels, kernel_size=_KERNEL_SIZE, image_size=image_size)
        self.norm2 = nn.BatchNorm2d(channels)
        self.squeeze = nn.Conv2d(channels, _SQUEEZED_CHANNELS, _KERNEL_SIZE, padding=_KERNEL_SIZE // 2)
        self.pool: nn.Module = nn.AvgPool2d(image_size // pool) if pool else nn.Identity()
        self.num_features = _SQUEEZED_CHANNELS * (pool or image_size) ** 2

    def forward(self, frames: Tensor) -> Tensor:
        images = frames.permute(1, 0, 4, 2, 3).float() / 255  # (T, B, 3, S, S)
        if self.content == "motion":
            images = images - images.mean(dim=0)
        states = _norm_frames(self.norm1, self.convlstm1(images))  # (T, B, C, S, S)
        states = _norm_frames(self.norm2, self.convlstm2(states))
        features: Tensor = self.pool(self.squeeze(states[-1]))  # (B, 3, S, S), or (B, 3, pool, pool)
        return features.flatten(1)


class FusedConvLSTM(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3), "keypoints": float (B, T, values)}``.

    ``inputs`` other than ``both`` leaves the other branch out. ``frame_dropout`` is the chance that a
    training clip is shown without its frame features: where clips are few, the frames are learnt by
    heart and the keypoints would never be needed.
    """

    def __init__(self, params: FusedConvLSTMParams, *, num_classes: int) -> None:
        super().__init__()
        self.frame_dropout = params.frame_dropout if params.inputs == "both" else 0.0
        self.frame_branch: FrameBranch | None = None
        self.keypoint_branch: KeypointBranch | None = None
        num_features = 0
        if params.inputs != "keypoints":
            self.frame_branch = FrameBranch(
                image_size=params.image_size,
                channels=params.channels,
                content=params.frame_content,
                pool=params.frame_pool,
            )
            num_features += self.frame_branch.num_features
        if params.inputs != "frames":
            self.keypoint_branch = KeypointBranch(
                values=num_values(params.keypoint_features),
                hidden=params.lstm_hidden,
                dropout=params.dropout,
                motion=params.keypoint_motion,
                norm=params.keypoint_norm,
            )
            num_features += self.keypoint_branch.num_features
        self.dropout = nn.Dropout(params.dropout)
        self.classifier = nn.Linear(num_features, num_classes)
        self.apply(_initialise)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        features = []
        if self.frame_branch is not None:
            features.append(self._frame_features(self.frame_branch, inputs["frames"]))
        if self.keypoint_branch is not None:
            features.append(self.keypoint_branch(inputs["keypoints"]))
        logits: Tensor = self.classifier(self.dropout(torch.cat(features, dim=1)))
        return logits

    def _frame_features(self, branch: FrameBranch, frames: Tensor) -> Tensor:
        """Frame features (B, F); zeros for the clips whose frames are dropped, which cost nothing."""
        if not self.training or self.frame_dropout == 0:
            found: Tensor = branch(frames)
            return found
        keep = torch.rand(len(frames), device=frames.device) >= self.frame_dropout
        keep[0] = True  # every parameter takes part in every step, as DDP expects
        found = branch(frames[keep])
        features = found.new_zeros(len(frames), branch.num_features)
        features[keep] = found
        return features


def _norm_frames(norm: nn.BatchNorm2d, states: Tensor) -> Tensor:
    """Normalise (T, B, C, H, W) per channel over the batch, time and space."""
    normed: Tensor = norm(states.flatten(0, 1))
    return normed.view_as(states)


def _initialise(module: nn.Module) -> None:
    """Xavier-normal convolutions and linear layers with biases of 0.01; the LSTM keeps torch's own."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_normal_(module.weight)
        if module.bias is not None:
            nn.init.constant_(module.bias, _BIAS)


def maps(params: FusedConvLSTMParams) -> tuple[str, ...]:
    """The states of the first ConvLSTM: of the second only the last step, which holds all frames, is used."""
    return () if params.inputs == "keypoints" else ("frame_branch.norm1",)


MODEL = ModelKind(
    section=FusedConvLSTMParams,
    recipe=FusedRecipe,
    network=FusedConvLSTM,
    references=(
        Reference(
            "fused_convlstm",
            FusedConvLSTMParams(type="fused_convlstm"),
            11,
            7_174_718,
            7_174_718,
            "system A; ConvLSTM: Shi et al. 2015, arXiv:1506.04214",
        ),
    ),
    maps=maps,
)
