"""Predicts every val and test video with a trained model, and where asked every training video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.progress import Progress
from actionrec.core.tables import SplitRow
from actionrec.prediction.aggregation import aggregate_clips
from actionrec.prediction.cost import measure_cost
from actionrec.prediction.file import PREDICTED_SUBSETS, Predictions
from actionrec.training.card import ModelCard
from actionrec.training.datasets import ClipSource, FixedClips, fixed_loader
from actionrec.training.trained import section_of


def predict_videos(
    card: ModelCard,
    model: nn.Module,
    *,
    source: ClipSource,
    rows: Sequence[SplitRow],
    aggregation: Literal["mean", "sum"],
    batch_size: int,
    device: str,
    num_workers: int = 0,
    subsets: Sequence[str] = PREDICTED_SUBSETS,
) -> Predictions:
    """Log-probabilities of every video of ``rows`` in ``subsets``, from the clips of the model's recipe.

    Raises :class:`ActionrecError` for a class that the model was not trained on.
    """
    wanted = sorted((row for row in rows if row.subset in subsets), key=lambda row: row.video_id)
    if not wanted:
        raise ActionrecError("the split holds no val or test video to predict")
    if unknown := sorted({row.label for row in wanted} - set(card.class_names)):
        raise ActionrecError(
            f"{card.name} was not trained on {first_few(unknown)}; it knows {first_few(card.class_names)}; "
            f"train it again with `dvc repro train@{card.name}`"
        )
    ids = [row.video_id for row in wanted]
    labels = [card.class_names.index(row.label) for row in wanted]
    recipe = source.recipe
    found: dict[str, npt.NDArray[np.float32]] = {}
    headline: tuple[FixedClips, npt.NDArray[np.float32]] | None = None
    for sampling in recipe.samplings:
        of_videos = [recipe.test_clips(source.num_frames(video_id), sampling) for video_id in ids]
        clips = FixedClips(source, video_ids=ids, labels=labels, clips=of_videos, num_crops=recipe.num_crops)
        clip_log_prob = predict_clips(
            model,
            clips,
            batch_size=batch_size,
            device=device,
            num_workers=num_workers,
            shows_progress=True,
        )
        headline = headline or (clips, clip_log_prob)
        log_prob = aggregate_clips(clip_log_prob, clips.clip_video, num_videos=len(ids), method=aggregation)
        found[sampling] = log_prob.astype(np.float32)
    assert headline is not None
    clips, clip_log_prob = headline
    sampling, *others = recipe.samplings
    cost = measure_cost(
        model.eval(),
        section_of(card),
        clip_frames=clips.clip_frames.shape[1],
        clips_per_video=len(clips.clip_video) / len(ids),
        rows_per_video=float(np.mean([source.num_frames(video_id) for video_id in ids])),
        vector=source.vector_multiply_adds,
    )
    return Predictions(
        model=card.name,
        aggregation=aggregation,
        protocol=f"{aggregation} of {recipe.protocol(sampling)}",
        sampling=sampling,
        parameters=card.parameters,
        trainable_parameters=card.trainable_parameters,
        multiply_adds_clip=cost.clip,
        multiply_adds_video=cost.video,
        best_epoch=card.best_epoch,
        class_names=card.class_names,
        video_id=ids,
        subset=[row.subset for row in wanted],
        label=np.asarray(labels, np.int64),
        log_prob=found[sampling],
        clip_log_prob=clip_log_prob,
        clip_video=clips.clip_video,
        clip_frames=clips.clip_frames,
        protocols={other: found[other] for other in others},
    )


def predict_clips(
    model: nn.Module,
    clips: FixedClips,
    *,
    batch_size: int,
    device: str,
    num_workers: int = 0,
    shows_progress: bool = False,
) -> npt.NDArray[np.float32]:
    """Log-probabilities (M, classes) of all clips, in their order.

    Raises :class:`ActionrecError` where they are not finite.
    """
    model = model.to(device).eval()
    loader = fixed_loader(clips, batch_size=batch_size, num_workers=num_workers)
    found = []
    with (
        torch.inference_mode(),
        Progress(len(clips) if shows_progress else 0, desc="predict", unit="clip") as progress,
    ):
        for inputs, labels, _ in loader:
            logits = model({name: tensor.to(device) for name, tensor in inputs.items()})
            found.append(functional.log_softmax(logits.float(), dim=1))  # a GPU is not waited for
            progress.update(len(labels))
        log_prob: npt.NDArray[np.float32] = torch.cat(found).cpu().numpy()
    if not np.isfinite(log_prob).all():
        raise ActionrecError("the model predicts values that are not finite; train it with a lower train.lr")
    return log_prob
