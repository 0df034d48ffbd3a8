"""A 2D CNN on every frame and an LSTM over the frames (reference system D).

As printed, system D cannot run: its sizes do not fit. This is the model that it describes, with one
feature vector a frame by averaging over space.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn

from actionrec.clips.recipes import ImageClipRecipe
from actionrec.clips.section import ImageClipParams, ImageSize, Probability, Sampling, TestSampling
from actionrec.core.section import ListOf, PositiveInt
from actionrec.models.kind import ModelKind, ModelParams, Reference
from actionrec.models.pixels import Pixels


class CNNLSTMParams(ModelParams, ImageClipParams):
    """A 2D CNN on every frame, an LSTM over the frames (reference system D)."""

    type: Literal["cnn_lstm"]
    clip_frames: Annotated[int, Field(ge=2)] = 16
    image_size: ImageSize = 64
    sampling: Sampling = "segments"
    test_sampling: TestSampling = "strided"
    augment: bool = True
    """As in every model of frames; the reference crops, flips and rotates."""
    rotate_degrees: Annotated[float, Field(ge=0, le=180)] = 10.0
    channels: Annotated[ListOf[PositiveInt], Field(min_length=1)] = (64,)
    """Of the convolutions, each followed by a ReLU and a pooling by 2; the last is what the LSTM reads of a frame."""
    lstm_hidden: PositiveInt = 128
    """Width of the LSTM over the frames' vectors."""
    norm: bool = False
    """Batch normalisation after each convolution; the reference has none."""
    dropout: Probability = 0.0
    """Before the classifier; the reference has none."""


class CNNLSTM(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``; T and S are free."""

    def __init__(self, params: CNNLSTMParams, *, num_classes: int) -> None:
        super().__init__()
        self.pixels = Pixels(params.frame_content)
        layers: list[nn.Module] = []
        before = 3
        for channels in params.channels:
            layers.append(nn.Conv2d(before, channels, 3, padding=1))
            if params.norm:
                layers.append(nn.BatchNorm2d(channels))
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
            before = channels
        self.cnn = nn.Sequential(*layers)
        self.lstm = nn.LSTM(before, params.lstm_hidden, batch_first=True)
        self.dropout = nn.Dropout(params.dropout)
        self.classifier = nn.Linear(params.lstm_hidden, num_classes)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        images = self.pixels(inputs["frames"]).transpose(1, 2)  # (B, T, 3, S, S)
        features = self.cnn(images.flatten(0, 1)).mean(dim=(2, 3))  # (B T, C)
        states, _ = self.lstm(features.unflatten(0, images.shape[:2]))  # (B, T, hidden)
        logits: Tensor = self.classifier(self.dropout(states[:, -1]))
        return logits


def maps(params: CNNLSTMParams) -> tuple[str, ...]:
    """The activations before each pooling."""
    layers = 4 if params.norm else 3  # of each convolution with what follows it
    return tuple(f"cnn.{layers * place - 2}" for place in range(len(params.channels), 0, -1))


MODEL = ModelKind(
    section=CNNLSTMParams,
    recipe=ImageClipRecipe,
    network=CNNLSTM,
    references=(
        Reference(
            "cnn_lstm",
            CNNLSTMParams(type="cnn_lstm"),
            10,
            102_410,
            102_410,
            "system D; Donahue et al. 2015, arXiv:1411.4389",
        ),
    ),
    maps=maps,
)
