"""What was published of the systems that are rebuilt, to stand beside ours where one of them ran."""

from __future__ import annotations

from dataclasses import dataclass

from actionrec.report.gather import Inputs
from actionrec.report.wording import test_metrics


@dataclass(frozen=True)
class Published:
    """One published figure."""

    model: str
    """Entry of ``params.yaml`` that is the system as published."""
    data: str
    accuracy: str
    metric: str
    """Ours of the same kind."""


_UCF101 = "UCF101, official list 1"
PUBLISHED = (
    Published("fused_convlstm_reference", "10 signs of ASL, clips across groups", "0.901", "clip_top1"),
    Published("fused_convlstm_reference", "UCF11, clips across groups", "0.778", "clip_top1"),
    Published("cnn3d_reference", "5 classes of UCF101", "0.571", "video_top1"),
    Published("res2plus1d_reference", "10 classes of UCF101, 50 videos of each", "0.69 (also 0.604)", "video_top1"),
    Published("frame_resnet_reference", f"{_UCF101}, frames", "0.73 to 0.75", "clip_top1"),
    Published("frame_resnet_reference", f"{_UCF101}, videos", "0.77 to 0.79", "video_top1"),
    Published("clip_resnet3d_reference", f"{_UCF101}, clips", "0.81 to 0.83", "clip_top1"),
)


@dataclass(frozen=True)
class PublishedRow:
    """A published figure beside ours."""

    published: Published
    ours: float


def published_rows(inputs: Inputs) -> list[PublishedRow]:
    """Of the systems that ran as they were published; none of others, which are of another size."""
    return [
        PublishedRow(found, test_metrics(inputs.details[found.model])[found.metric])
        for found in PUBLISHED
        if found.model in inputs.models
    ]
