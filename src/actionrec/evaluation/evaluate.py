"""Evaluate every model and their fusion on exactly the videos of the split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.tables import SplitRow, check_same_ids, class_names
from actionrec.evaluation.calibration import fit_temperature, measure_calibration, scale
from actionrec.evaluation.fusion import equal_weights, fit_weights, fuse
from actionrec.evaluation.intervals import interval_of
from actionrec.evaluation.metrics import (
    class_scores,
    confusion,
    top_k_accuracy,
    true_class_rank,
)
from actionrec.evaluation.paired import compare
from actionrec.evaluation.results import FUSION, EntryResult, Evaluation, Floats, FusionResult, Ints, SubsetResult
from actionrec.evaluation.section import EvaluateParams
from actionrec.evaluation.space_time import Answers, SpaceTime, compare_space_and_time
from actionrec.prediction.file import Predictions

EVALUATED_SUBSETS = ("val", "test")


def evaluate(
    predictions: Sequence[Predictions], split: Sequence[SplitRow], params: EvaluateParams, *, leaking: bool
) -> Evaluation:
    """Evaluate ``predictions``, in the order of the enabled models, against ``split``.

    Fusion weights and temperatures are fitted on val only, and the best single model is chosen on val only;
    everything else is computed for val and test apart.

    Raises :class:`ActionrecError` if a model and the split disagree on ids, labels, subsets or class names.
    """
    expected = sorted((row for row in split if row.subset in EVALUATED_SUBSETS), key=lambda row: row.video_id)
    names = tuple(class_names(split))
    if not any(row.subset == "test" for row in expected):
        raise ActionrecError("the split has no test videos; raise split.test_fraction or add groups")
    for prediction in predictions:
        _check(prediction, expected, names)
    videos = _Videos.of(expected, names)
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
        predictions={p.model: p for p in predictions},
        models={name: with_gain(entry) for name, entry in models.items()},
        fusion=replace(fusion, equal=with_gain(fusion.equal), fitted=with_gain(fusion.fitted)),
        best_model=best,
        space_time=_space_time(predictions, models, videos, params, class_names=names),
        params=params,
        leaking=leaking,
    )


@dataclass(frozen=True)
class _Videos:
    """Columns of the val and test videos, sorted by id."""

    video_id: npt.NDArray[np.str_]
    label: Ints
    subset: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]

    @classmethod
    def of(cls, rows: Sequence[SplitRow], names: Sequence[str]) -> _Videos:
        index = {name: place for place, name in enumerate(names)}
        return cls(
            np.array([row.video_id for row in rows]),
            np.array([index[row.label] for row in rows], np.int64),
            np.array([row.subset for row in rows]),
            np.array([row.group for row in rows]),
        )

    def groups(self, subset: str) -> list[str]:
        return [str(group) for group in self.group[self.subset == subset]]


def _entry(
    name: str, log_prob: Floats, videos: _Videos, params: EvaluateParams, *, clips: Predictions | None = None
) -> EntryResult:
    present = [subset for subset in EVALUATED_SUBSETS if np.any(videos.subset == subset)]
    in_val = videos.subset == "val"
    temperature = fit_temperature(log_prob[in_val], videos.label[in_val])
    return EntryResult(
        name,
        temperature,
        {subset: _subset(subset, log_prob, videos, params, temperature=temperature, clips=clips) for subset in present},
    )


def _subset(
    subset: str,
    log_prob: Floats,
    videos: _Videos,
    params: EvaluateParams,
    *,
    temperature: float,
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
        calibrated=measure_calibration(scale(log_prob, temperature), label),
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


def _fusion(predictions: Sequence[Predictions], videos: _Videos, params: EvaluateParams) -> FusionResult:
    names = [p.model for p in predictions]
    log_probs = np.stack([p.log_prob for p in predictions])  # (M, N, C)
    in_val = videos.subset == "val"
    equal = equal_weights(len(predictions))
    fitted = fit_weights(log_probs[:, in_val], videos.label[in_val])
    return FusionResult(
        equal_weights=dict(zip(names, equal.tolist(), strict=True)),
        fitted_weights=dict(zip(names, fitted.tolist(), strict=True)),
        equal=_entry(FUSION, fuse(log_probs, equal), videos, params),
        fitted=_entry(FUSION, fuse(log_probs, fitted), videos, params),
    )


def _space_time(
    predictions: Sequence[Predictions],
    models: Mapping[str, EntryResult],
    videos: _Videos,
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


def _check(prediction: Predictions, expected: Sequence[SplitRow], names: Sequence[str]) -> None:
    model = prediction.model
    remedy = f"rebuild with `dvc repro predict@{model}`"
    if model == FUSION:
        raise ActionrecError(f"a model cannot be named {FUSION!r}, the name of the fusion of all models; rename it")
    ids = [str(video_id) for video_id in prediction.video_id]
    check_same_ids(ids, (row.video_id for row in expected), left_name=f"predictions of {model}", right_name="the split")
    if ids != [row.video_id for row in expected]:
        raise ActionrecError(f"predictions of {model} are not sorted by video_id; {remedy}")
    if list(prediction.class_names) != list(names):
        raise ActionrecError(
            f"predictions of {model} know the classes {first_few(prediction.class_names)}, "
            f"the split has {first_few(names)}; {remedy}"
        )
    index = {name: place for place, name in enumerate(names)}
    wrong = [
        f"{row.video_id} ({names[label]}, {subset} instead of {row.label}, {row.subset})"
        for row, label, subset in zip(expected, prediction.label.tolist(), prediction.subset, strict=True)
        if (label, str(subset)) != (index[row.label], row.subset)
    ]
    if wrong:
        raise ActionrecError(f"predictions of {model} disagree with the split on {first_few(wrong)}; {remedy}")
