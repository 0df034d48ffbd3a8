"""A 2D CNN on every frame and an LSTM over the frames (reference system D).

As printed, system D cannot run: its sizes do not fit. This is the model that it describes, with one
feature vector a frame by averaging over space.
"""

from __future__ import annotations

from torch import Tensor, nn

from actionrec.model_sections import CNNLSTMParams
from actionrec.models.pixels import Pixels


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
