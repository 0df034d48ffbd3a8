"""The models' sections of ``params.yaml`` (``models.<name>``) as small frozen types.

A section that names nothing but its type is the published system: the defaults are its settings.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from actionrec.sections import ListOf, PositiveInt, Section

ImageSize = Annotated[int, Field(ge=8, le=1024)]
Probability = Annotated[float, Field(ge=0, lt=1)]
VideoBackbone = Literal["r3d_18", "mc3_18", "r2plus1d_18", "s3d", "mvit_v2_s", "swin3d_t"]
TestSampling = Literal["even", "strided", "centre", "windows", "overlapping", "whole"]


class ModelParams(Section):
    """What every model has in common."""

    type: str
    train: dict[str, Any] = Field(default_factory=dict)
    """Overrides of ``train`` for this model."""


class ClipParams(ModelParams):
    """What models of several frames have in common: which frames they see."""

    clip_frames: Annotated[int, Field(ge=2)]
    """Frames of a clip."""
    sampling: Literal["even", "random", "segments", "window"]
    """Training clips: ``even``ly spaced from the first frame on; ``random`` frames in time order; a random frame of
    each equal ``segment``; or a ``window`` of frames ``stride_frames`` apart from a random start."""
    stride_frames: PositiveInt = 1
    """Source frames from one frame of a window to the next."""
    test_sampling: TestSampling
    """Clips predicted: ``even`` as in training; ``strided``, ``test_clips`` interleaved ones over the whole video; the
    ``centre`` window; ``windows`` in a row; all ``overlapping`` windows; or the ``whole`` video in one pass."""
    also_test: ListOf[TestSampling] = ()
    """Further samplings to predict with; each gives a ``video_top1_<sampling>`` beside the one above."""
    test_clips: PositiveInt = 1
    """Clips predicted a video, with ``test_sampling: strided``."""
    window_step: PositiveInt = 1
    """Frames from the start of one overlapping window to that of the next."""


class ImageClipParams(ClipParams):
    """What models of frames alone have in common: which pixels they see."""

    view: str = "rgb"
    """Packed view (``pack``) that it reads."""
    image_size: ImageSize
    """Side of the square input in pixels."""
    frame_content: Literal["rgb", "motion"] = "rgb"
    """``motion`` subtracts the mean of the clip's frames, and with it a still background; the references do not."""
    centre_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Side of the square that is seen without augmentation, as a share of the frame's short side."""
    test_crops: Literal[1, 3] = 1
    """Squares predicted of every clip: the centre, or three along the longer side."""
    augment: bool = False
    """Random crop of 70-100 % per axis and brightness +/- 15 of 255, the same for the whole clip."""
    flip: bool = False
    """Random horizontal flip; wrong for signs and for mirrored classes."""
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Largest random rotation of a training clip."""


class PretrainedParams(Section):
    """What models have in common that can start from trained weights."""

    weights: str
    """``none``, the name of published weights (torchvision downloads them), or a local state-dict file."""
    trainable: ListOf[str] = ()
    """Modules that train, for example ``layer4.2`` and ``fc``; all where empty."""


class FrameResnetParams(ModelParams, PretrainedParams):
    """Single frames through a 2D ResNet (reference system E1)."""

    type: Literal["frame_resnet"]
    view: str = "rgb"
    """Packed view (``pack``) that it reads."""
    depth: Literal[18, 34, 50, 101, 152] = 50
    weights: str = "imagenet"
    """``none``, ``imagenet`` (torchvision downloads them) or a local state-dict file."""
    trainable: ListOf[str] = ("layer4.2", "fc")
    """Modules that train; all where empty."""
    image_size: ImageSize = 224
    """Side of the square input in pixels."""
    test_crops: Literal[1, 3] = 1
    """Squares predicted of every frame: the centre, or three along the longer side."""
    augment: bool = True
    """Random crop of 70-100 % per axis, brightness +/- 15 of 255."""
    flip: bool = False
    """Random horizontal flip (the reference does); wrong for signs and for mirrored classes."""
    train_frames: PositiveInt = 1
    """Random frames of each video an epoch; the reference takes one."""
    test_frames: Annotated[int, Field(ge=0)] = 0
    """Evenly spaced frames predicted a video; 0 predicts every frame."""


class FusedConvLSTMParams(ClipParams):
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
    keypoint_features: Literal["raw", "body"] = "raw"
    """``raw``: all 1662 values. ``body``: pose and hands, centred and scaled by the body."""
    keypoint_motion: bool = False
    """Give the LSTM each value's change since the previous frame too; the reference does not."""
    keypoint_norm: bool = False
    """Batch-normalise the LSTM's inputs; the reference does not, and needs far more steps."""
    frame_content: Literal["rgb", "motion"] = "rgb"
    """``motion`` subtracts the mean of the clip's frames, and with it a still background; the reference is ``rgb``."""
    frame_pool: Annotated[int, Field(ge=0)] = 0
    """Average the last frame map to ``frame_pool x frame_pool`` before the classifier; 0 (the reference) does not."""
    frame_dropout: Probability = 0.0
    """Chance that a training clip is shown without its frame features; the reference has none."""
    sampling: Literal["even", "random", "segments", "window"] = "random"
    """As in every model of clips; the reference takes ``random`` frames in time order."""
    test_sampling: TestSampling = "strided"
    dropout: Probability = 0.0
    """Between the LSTM's layers and before the classifier; the reference has none."""
    augment: bool = False
    """Scale, shift and jitter of the keypoints, brightness of the frames."""
    flip: bool = False
    """Mirror frames and keypoints, left and right exchanged, of half the training clips; wrong for signs."""


CNN3D_KERNELS = (5, 3, 3)
CNN3D_POOLS = (2, 2, 4)


class CNN3DParams(ImageClipParams):
    """Small 3D CNN (reference system B)."""

    type: Literal["cnn3d"]
    clip_frames: Annotated[int, Field(ge=2)] = 32
    image_size: ImageSize = 224
    centre_share: Annotated[float, Field(gt=0, le=1)] = 0.875
    """As in every model of frames; 224 of 256 pixels."""
    sampling: Literal["even", "random", "segments", "window"] = "even"
    test_sampling: TestSampling = "even"
    channels: Annotated[ListOf[PositiveInt], Field(min_length=3, max_length=3)] = (16, 32, 32)
    """Of the three convolutions."""
    norm: bool = False
    """Batch normalisation after each convolution; the reference has none, and needs far more steps."""
    dropout: Probability = 0.0
    """Before the classifier; the reference has none."""


def cnn3d_length(length: int) -> int:
    """What the convolutions and poolings of ``cnn3d`` leave of ``length`` frames or pixels; 0 where it is too short."""
    for kernel, pool in zip(CNN3D_KERNELS, CNN3D_POOLS, strict=True):
        length = max(0, length - kernel + 1) // pool
    return length


class Res2Plus1DParams(ImageClipParams):
    """(2+1)D residual network (reference system C)."""

    type: Literal["res2plus1d"]
    clip_frames: Annotated[int, Field(ge=2)] = 10
    image_size: ImageSize = 224
    sampling: Literal["even", "random", "segments", "window"] = "window"
    stride_frames: PositiveInt = 15
    test_sampling: TestSampling = "centre"
    channels: Annotated[ListOf[PositiveInt], Field(min_length=1)] = (16, 32, 64, 128)
    """Of the residual blocks; the stem has as many as the first. The frames halve after the stem and every block."""
    dropout: Probability = 0.0
    """Before the classifier; the reference has none."""


class CNNLSTMParams(ImageClipParams):
    """A 2D CNN on every frame, an LSTM over the frames (reference system D)."""

    type: Literal["cnn_lstm"]
    clip_frames: Annotated[int, Field(ge=2)] = 16
    image_size: ImageSize = 64
    sampling: Literal["even", "random", "segments", "window"] = "segments"
    test_sampling: TestSampling = "strided"
    augment: bool = True
    """As in every model of frames; the reference crops, flips and rotates."""
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 10.0
    channels: Annotated[ListOf[PositiveInt], Field(min_length=1)] = (64,)
    """Of the convolutions, each followed by a ReLU and a pooling by 2; the last is what the LSTM reads of a frame."""
    lstm_hidden: PositiveInt = 128
    norm: bool = False
    """Batch normalisation after each convolution; the reference has none."""
    dropout: Probability = 0.0
    """Before the classifier; the reference has none."""


class ClipResnet3DParams(ImageClipParams, PretrainedParams):
    """3D ResNet of bottleneck blocks (reference system E2)."""

    type: Literal["clip_resnet3d"]
    clip_frames: Annotated[int, Field(ge=2)] = 16
    image_size: ImageSize = 224
    sampling: Literal["even", "random", "segments", "window"] = "window"
    test_sampling: TestSampling = "windows"
    augment: bool = True
    blocks: Annotated[ListOf[PositiveInt], Field(min_length=4, max_length=4)] = (3, 4, 6, 3)
    """Bottleneck blocks of layer1 to layer4; (3, 4, 6, 3) is ResNet-50, and (3, 4, 6, 1) skips the rest of layer4."""
    width: PositiveInt = 64
    """Channels of the stem; layerN has ``width * 2 ** (N - 1)``, and four times as many at its end."""
    weights: str = "none"
    """``none``, or a local state-dict file, for example of Kinetics-400."""
    trainable: ListOf[str] = ("layer4.0", "fc")
    """Modules that train; all where empty."""


class TorchvisionVideoParams(ImageClipParams, PretrainedParams):
    """Any of torchvision's video backbones, by name."""

    type: Literal["torchvision_video"]
    backbone: VideoBackbone
    """Tran et al. 2018 (r3d_18, mc3_18, r2plus1d_18), Xie et al. 2018 (s3d), Li et al. 2022, Liu et al. 2022."""
    clip_frames: Annotated[int, Field(ge=2)] = 16
    image_size: ImageSize = 112
    sampling: Literal["even", "random", "segments", "window"] = "window"
    test_sampling: TestSampling = "windows"
    augment: bool = True
    weights: str = "none"
    """``none``, ``kinetics400`` (torchvision downloads them) or a local state-dict file."""


class STGCNParams(ClipParams):
    """Spatial-temporal graph network on the Holistic pose and hands (Yan et al. 2018, arXiv:1801.07455)."""

    type: Literal["stgcn"]
    clip_frames: Annotated[int, Field(ge=2)] = 64
    sampling: Literal["even", "random", "segments", "window"] = "segments"
    test_sampling: TestSampling = "strided"
    channels: Annotated[ListOf[PositiveInt], Field(min_length=1)] = (64, 64, 64, 64, 128, 128, 128, 256, 256, 256)
    """Of the graph convolutions; time is halved where they grow."""
    temporal_kernel: Annotated[int, Field(ge=1)] = 9
    """Frames of the convolution over time; odd."""
    motion: bool = False
    """Give each joint's change since the previous frame too; the publication does not."""
    dropout: Probability = 0.5
    augment: bool = False
    """Scale, shift and jitter of the keypoints."""
    flip: bool = False
    """Mirror half the training clips, left and right exchanged; wrong for signs and for mirrored classes."""


AnyModel = Annotated[
    FrameResnetParams
    | FusedConvLSTMParams
    | CNN3DParams
    | Res2Plus1DParams
    | CNNLSTMParams
    | ClipResnet3DParams
    | TorchvisionVideoParams
    | STGCNParams,
    Field(discriminator="type"),
]
