"""The models and the published systems behind them, counted at the published settings."""

from __future__ import annotations

from dataclasses import dataclass

from actionrec.clips import recipe_of
from actionrec.model_sections import (
    AnyModel,
    ClipParams,
    ClipResnet3DParams,
    CNN3DParams,
    CNNLSTMParams,
    FrameResnetParams,
    FusedConvLSTMParams,
    Res2Plus1DParams,
    STGCNParams,
    TorchvisionVideoParams,
    VideoBackbone,
)


@dataclass(frozen=True)
class Reference:
    """A published system: its settings and where to read of it."""

    name: str
    params: AnyModel
    num_classes: int
    paper: str


@dataclass(frozen=True)
class CatalogueRow:
    """One row of ``actionrec models``."""

    name: str
    type: str
    """What ``models.<name>.type`` says to get it."""
    inputs: str
    clip_frames: int
    image_size: int | None
    """Side of the square input in pixels; None without frames."""
    num_classes: int
    parameters: int
    trainable_parameters: int
    paper: str


_VIDEO_PAPERS: dict[VideoBackbone, str] = {
    "r3d_18": "Tran et al. 2018, arXiv:1711.11248",
    "mc3_18": "Tran et al. 2018, arXiv:1711.11248",
    "r2plus1d_18": "Tran et al. 2018, arXiv:1711.11248",
    "s3d": "Xie et al. 2018, arXiv:1712.04851",
    "mvit_v2_s": "Li et al. 2022, arXiv:2112.01526",
    "swin3d_t": "Liu et al. 2022, arXiv:2106.13230",
}
_KINETICS_CLASSES = 400


def references() -> list[Reference]:
    """Every model at its published settings, the defaults of its section."""
    return [
        Reference(
            "fused_convlstm",
            FusedConvLSTMParams(type="fused_convlstm"),
            11,
            "system A; ConvLSTM: Shi et al. 2015, arXiv:1506.04214",
        ),
        Reference("cnn3d", CNN3DParams(type="cnn3d"), 5, "system B"),
        Reference(
            "res2plus1d",
            Res2Plus1DParams(type="res2plus1d"),
            10,
            "system C; (2+1)D: Tran et al. 2018, arXiv:1711.11248",
        ),
        Reference("cnn_lstm", CNNLSTMParams(type="cnn_lstm"), 10, "system D; Donahue et al. 2015, arXiv:1411.4389"),
        Reference(
            "frame_resnet",
            FrameResnetParams(type="frame_resnet"),
            101,
            "system E1; He et al. 2016, arXiv:1512.03385",
        ),
        Reference(
            "clip_resnet3d",
            ClipResnet3DParams(type="clip_resnet3d"),
            101,
            "system E2; Hara et al. 2018, arXiv:1711.09577",
        ),
        Reference("stgcn", STGCNParams(type="stgcn"), _KINETICS_CLASSES, "Yan et al. 2018, arXiv:1801.07455"),
        *(
            Reference(
                backbone,
                TorchvisionVideoParams(
                    type="torchvision_video", backbone=backbone, image_size=224 if backbone == "mvit_v2_s" else 112
                ),
                _KINETICS_CLASSES,
                paper,
            )
            for backbone, paper in _VIDEO_PAPERS.items()
        ),
    ]


def catalogue(*, num_classes: int | None = None) -> list[CatalogueRow]:
    """All rows; with ``num_classes`` every model is counted with so many instead of the published number."""
    return [_row(reference, num_classes or reference.num_classes) for reference in references()]


def _row(reference: Reference, num_classes: int) -> CatalogueRow:
    import torch

    from actionrec.models import build_model, count_parameters

    params = reference.params
    with torch.device("meta"):  # counted, never filled
        model = build_model(params, num_classes=num_classes, load_weights=False)
    recipe = recipe_of(params)
    inputs = [name for name, read in (("frames", recipe.reads_frames), ("keypoints", recipe.reads_keypoints)) if read]
    return CatalogueRow(
        name=reference.name,
        type=params.type,
        inputs=" + ".join(inputs),
        clip_frames=params.clip_frames if isinstance(params, ClipParams) else 1,
        image_size=None if isinstance(params, STGCNParams) else params.image_size,
        num_classes=num_classes,
        parameters=count_parameters(model),
        trainable_parameters=count_parameters(model, only_trainable=True),
        paper=reference.paper,
    )
