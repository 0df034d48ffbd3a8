"""Evaluate every model and their fusion on exactly the videos of the split, or of every fold, pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from actionrec.core.tables import SplitRow
from actionrec.evaluation.calibration import fit_temperature, measure_calibration, scale
from actionrec.evaluation.folds import EVALUATED_SUBSETS, FUSION, Fold, Videos, check_folds
from actionrec.evaluation.fusion import equal_weights, fit_weights, fuse
from actionrec.evaluation.intervals import interval_of
from actionrec.evaluation.metrics import (
    class_scores,
    confusion,
    top_k_accuracy,
    true_class_rank,
)
from actionrec.evaluation.paired import compare
from actionrec.evaluation.results import (
    EntryResult,
    Evaluation,
    Floats,
    FoldResult,
    FusionResult,
    Ints,
    SubsetResult,
)
from actionrec.evaluation.section import EvaluateParams
from actionrec.evaluation.space_time import Answers, SpaceTime, compare_space_and_time
from actionrec.prediction.file import Predictions
from actionrec.prediction.pooled import pool_predictions


def evaluate(
    predictions: Sequence[Predictions], split: Sequence[SplitRow], params: EvaluateParams, *, leaking: bool
) -> Evaluation:
    """:func:`evaluate_folds` of a single split."""
    return evaluate_folds([Fold(None, predictions, split)], params, leaking=leaking)


def evaluate_folds(folds: Sequence[Fold], params: EvaluateParams, *, leaking: bool) -> Evaluation:
    """Evaluate what the models, the same in all ``folds``, answered in each, against its split.

    Every test video was answered by the models of the one fold that tests it. Fusion weights and temperatures are
    fitted on each fold's own val videos and hold for its test videos, and the best single model is chosen on the val
    videos of all folds; everything else is computed for the val and the test videos of all folds together.

    Raises :class:`ActionrecError` if a model and the split disagree on ids, labels, subsets or class names, and if
    folds contradict one another.
    """
    names = check_folds(folds, leaking=leaking)
    videos = Videos.of(folds, names)
    predictions = [pool_predictions(of_model) for of_model in zip(*(fold.predictions for fold in folds), strict=True)]
    models = {p.model: _entry(p.model, p.log_prob, videos, params, clips=p) for p in predictions}
    best = max(models.values(), key=_val_standing).name
    baseline = models[best].subsets["test"].correct

    def with_gain(entry: EntryResult) -> EntryResult:
        if entry.name == best:
            return entry
        gain = compare(entry.subsets["test"].correct, baseline, videos.groups("test"), params)
        return replace(entry, gain=gain)

    fusion = _fusion(predictions, videos, params)
    return Evaluation(
        class_names=names,
        folds=tuple(folds),
        predictions={p.model: p for p in predictions},
        models={name: with_gain(entry) for name, entry in models.items()},
        fusion=replace(fusion, equal=with_gain(fusion.equal), fitted=with_gain(fusion.fitted)),
        best_model=best,
        space_time=_space_time(predictions, models, videos, params, class_names=names),
        params=params,
        leaking=leaking,
    )


def _entry(
    name: str,
    log_prob: Floats,
    videos: Videos,
    params: EvaluateParams,
    *,
    clips: Predictions | None = None,
) -> EntryResult:
    present = [subset for subset in EVALUATED_SUBSETS if np.any(videos.subset == subset)]
    calibrated = np.empty(log_prob.shape)  # float64
    folds = []
    for own, in_val in videos.fitted():
        temperature = fit_temperature(log_prob[in_val], videos.label[in_val])
        calibrated[own] = scale(log_prob[own], temperature)
        folds.append(_fold_result(log_prob, videos, own, temperature=temperature))
    return EntryResult(
        name,
        tuple(folds),
        {subset: _subset(subset, log_prob, calibrated, videos, params, clips=clips) for subset in present},
    )


def _fold_result(log_prob: Floats, videos: Videos, own: npt.NDArray[np.bool_], *, temperature: float) -> FoldResult:
    def top1(subset: str) -> float | None:
        chosen = own & (videos.subset == subset)
        return top_k_accuracy(log_prob[chosen], videos.label[chosen], 1) if chosen.any() else None

    test, val = top1("test"), top1("val")
    assert test is not None
    return FoldResult(temperature, test, val, int(np.sum(own & (videos.subset == "test"))))


def _subset(
    subset: str,
    log_prob: Floats,
    calibrated: Floats,
    videos: Videos,
    params: EvaluateParams,
    *,
    clips: Predictions | None,
) -> SubsetResult:
    chosen = videos.subset == subset
    log_prob, label = log_prob[chosen], videos.label[chosen]
    num_classes = log_prob.shape[1]
    rank = true_class_rank(log_prob, label)
    predicted = np.asarray(log_prob.argmax(axis=1), np.int64)
    groups = videos.groups(subset)
    return SubsetResult(
        video_id=tuple(str(video_id) for video_id in videos.video_id[chosen]),
        label=label,
        log_prob=log_prob,
        predicted=predicted,
        correct=rank == 0,
        top={k: float(np.mean(rank < k)) for k in (1, 5, 10)},
        clip_top1=None if clips is None else _clip_top1(clips, videos.label, chosen),
        protocols={} if clips is None else _protocols(clips, label, chosen),
        as_predicted=measure_calibration(log_prob, label),
        calibrated=measure_calibration(calibrated[chosen], label),
        scores=class_scores(label, predicted, num_classes=num_classes),
        confusion=confusion(label, predicted, num_classes=num_classes),
        interval=interval_of(rank == 0, groups, params),
        num_groups=len(set(groups)),
    )


def _clip_top1(clips: Predictions, label: Ints, chosen: npt.NDArray[np.bool_]) -> float:
    of_subset = chosen[clips.clip_video]
    own = label[clips.clip_video[of_subset]]
    return float(np.mean(clips.clip_log_prob[of_subset].argmax(axis=1) == own))


def _protocols(prediction: Predictions, label: Ints, chosen: npt.NDArray[np.bool_]) -> dict[str, float]:
    log_probs = {prediction.sampling: prediction.log_prob} | prediction.protocols
    return {sampling: top_k_accuracy(log_prob[chosen], label, 1) for sampling, log_prob in log_probs.items()}


def _fusion(predictions: Sequence[Predictions], videos: Videos, params: EvaluateParams) -> FusionResult:
    names = [p.model for p in predictions]
    log_probs = np.stack([p.log_prob for p in predictions])  # (M, N, C)
    equal = equal_weights(len(predictions))
    fused = np.empty(log_probs.shape[1:])
    fitted = []
    for own, in_val in videos.fitted():
        fitted.append(fit_weights(log_probs[:, in_val], videos.label[in_val]))
        fused[own] = fuse(log_probs[:, own], fitted[-1])
    return FusionResult(
        equal_weights=dict(zip(names, equal.tolist(), strict=True)),
        fitted_weights=dict(zip(names, np.mean(fitted, axis=0).tolist(), strict=True)),
        fold_weights=tuple(dict(zip(names, weights.tolist(), strict=True)) for weights in fitted),
        equal=_entry(FUSION, fuse(log_probs, equal), videos, params),
        fitted=_entry(FUSION, fused, videos, params),
    )


def _space_time(
    predictions: Sequence[Predictions],
    models: Mapping[str, EntryResult],
    videos: Videos,
    params: EvaluateParams,
    *,
    class_names: Sequence[str],
) -> SpaceTime | None:
    """Of each kind the best on val, so that the choice does not favour it on test; of equals the first enabled."""
    of_frames = [models[p.model] for p in predictions if p.clip_frames.shape[1] == 1]
    of_clips = [models[p.model] for p in predictions if p.clip_frames.shape[1] > 1]
    if not (of_frames and of_clips):
        return None
    frame, clip = (
        Answers(best.name, best.subsets["test"].predicted)
        for best in (max(of_frames, key=_val_standing), max(of_clips, key=_val_standing))
    )
    return compare_space_and_time(
        frame,
        clip,
        videos.label[videos.subset == "test"],
        groups=videos.groups("test"),
        class_names=class_names,
        params=params,
    )


def _val_standing(entry: EntryResult) -> tuple[float, float]:
    """Higher is better; the same for every entry where there are no val videos."""
    val = entry.subsets.get("val")
    return (val.top[1], -val.as_predicted.nll) if val else (0.0, 0.0)
