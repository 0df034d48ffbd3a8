"""The predictions of several folds as one: of every fold its own model, which had not seen what it answers for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.files import digest_of
from actionrec.core.tables import SUBSETS, write_table
from actionrec.prediction.file import PREDICTED_SUBSETS, Predictions, write_predictions


def pool_predictions(folds: Sequence[Predictions], *, subsets: Sequence[str] = SUBSETS) -> Predictions:
    """The rows of ``folds`` that are of ``subsets``, by video, and of one video by the order of ``folds``.

    Of test videos alone every one is there once; one that validates or trains in several folds is there once a fold.
    ``best_epoch`` and ``multiply_adds_video`` are means, rounded. Of a single fold and all subsets it is that fold as
    it is.
    Raises :class:`ActionrecError` for folds that were not predicted alike, and for a video that two folds test.
    """
    first = folds[0]
    if any(_manner(fold) != _manner(first) for fold in folds):
        raise ActionrecError(
            f"the folds of {first.model} were not predicted alike; rebuild with `dvc repro -f predict@{first.model}`"
        )
    order = row_order(folds, subsets=subsets)
    video_id = _concatenated([fold.video_id for fold in folds])[order]
    subset = _concatenated([fold.subset for fold in folds])[order]
    tested, times = np.unique(video_id[subset == "test"], return_counts=True)
    if twice := tested[times > 1].tolist():
        raise ActionrecError(f"{len(twice)} video(s) are tested by several folds: {first_few(twice)}; run `dvc repro`")
    clips, clip_video = _clips(folds, order)
    return replace(
        first,
        multiply_adds_video=round(float(np.mean([fold.multiply_adds_video for fold in folds]))),
        best_epoch=round(float(np.mean([fold.best_epoch for fold in folds]))),
        video_id=video_id.tolist(),
        subset=subset.tolist(),
        label=np.concatenate([fold.label for fold in folds])[order],
        log_prob=np.concatenate([fold.log_prob for fold in folds])[order],
        clip_log_prob=np.concatenate([fold.clip_log_prob for fold in folds])[clips],
        clip_video=clip_video,
        clip_frames=_padded([fold.clip_frames for fold in folds])[clips],
        protocols={name: np.concatenate([fold.protocols[name] for fold in folds])[order] for name in first.protocols},
    )


def row_order(folds: Sequence[Predictions], *, subsets: Sequence[str] = SUBSETS) -> npt.NDArray[np.int64]:
    """Places (N,) in the rows of all ``folds``, one after another: those of ``subsets``, by video, then by fold."""
    wanted = np.flatnonzero(np.isin(_concatenated([fold.subset for fold in folds]), list(subsets)))
    video_id = _concatenated([fold.video_id for fold in folds])[wanted]
    return np.asarray(wanted[np.argsort(video_id, kind="stable")], np.int64)


def write_pooled(folds: Mapping[int | None, Predictions], *, to: Path, table: Path) -> None:
    """Write which folds answered for how many videos as ``table``, and of several their test videos as one file.

    A single split (None) is fold 0 of the table, and its own file is all there is.
    """
    header = ("fold", "val_videos", "test_videos", "best_epoch")
    rows = [(n or 0, *(f.subset.count(name) for name in PREDICTED_SUBSETS), f.best_epoch) for n, f in folds.items()]
    write_table(table, header, rows)
    if None not in folds:
        pooled = pool_predictions(list(folds.values()), subsets=("test",))
        write_predictions(pooled, to, fingerprint=digest_of(pooled.video_id, pooled.log_prob.tolist()))


def _clips(
    folds: Sequence[Predictions], order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places (M,) of the clips of the rows ``order`` in those of all ``folds``, and of each the place of its row."""
    starts = np.cumsum([0, *(len(fold.video_id) for fold in folds)])
    row = np.concatenate([fold.clip_video + start for fold, start in zip(folds, starts, strict=False)])
    place_of_row = np.full(starts[-1], -1)
    place_of_row[order] = np.arange(len(order))
    place = place_of_row[row]
    clips = np.argsort(place, kind="stable")
    clips = clips[place[clips] >= 0]
    return clips, np.asarray(place[clips], np.int64)


def _padded(clip_frames: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Stacked (M, L); where folds differ in their longest clip, -1 fills up as it does within one."""
    longest = max(frames.shape[1] for frames in clip_frames)
    filled = [np.pad(f, ((0, 0), (0, longest - f.shape[1])), constant_values=-1) for f in clip_frames]
    return np.concatenate(filled)


def _concatenated(texts: Sequence[Sequence[str]]) -> npt.NDArray[np.str_]:
    return np.array([text for fold in texts for text in fold], dtype=str)


def _manner(fold: Predictions) -> tuple[object, ...]:
    """What must be the same in all folds of a model."""
    return (
        fold.model,
        fold.aggregation,
        fold.protocol,
        fold.sampling,
        fold.parameters,
        fold.class_names,
        list(fold.protocols),
    )
