"""Small 3D CNN (reference system B); 74,597 parameters with 5 classes at 32 x 224 x 224."""

from __future__ import annotations

from torch import Tensor, nn

from actionrec.model_sections import CNN3D_KERNELS, CNN3D_POOLS, CNN3DParams, cnn3d_length
from actionrec.models.pixels import Pixels


class CNN3D(nn.Module):
    """Logits (B, classes) from ``{"frames": uint8 (B, T, S, S, 3)}``; T and S are fixed by the classifier."""

    def __init__(self, params: CNN3DParams, *, num_classes: int) -> None:
        super().__init__()
        self.pixels = Pixels(params.frame_content)
        layers: list[nn.Module] = []
        before = 3
        pools = (nn.MaxPool3d(CNN3D_POOLS[0]), nn.MaxPool3d(CNN3D_POOLS[1]), nn.AvgPool3d(CNN3D_POOLS[2]))
        for channels, kernel, pool in zip(params.channels, CNN3D_KERNELS, pools, strict=True):
            layers.append(nn.Conv3d(before, channels, kernel))
            if params.norm:
                layers.append(nn.BatchNorm3d(channels))
            layers += [nn.ReLU(), pool]
            before = channels
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(params.dropout)
        frames, side = (cnn3d_length(length) for length in (params.clip_frames, params.image_size))
        self.classifier = nn.Linear(before * frames * side * side, num_classes)

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        features = self.features(self.pixels(inputs["frames"]))  # (B, C, T', S', S')
        logits: Tensor = self.classifier(self.dropout(features.flatten(1)))
        return logits
