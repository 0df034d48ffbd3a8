"""What speaks against the figures of the report, in sentences; checked for every run, shown at the head of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from actionrec.models.kind import ModelParams
from actionrec.models.table import recipe_of
from actionrec.params import Params
from actionrec.report.coverage import Coverage
from actionrec.report.figures import shorten
from actionrec.report.gather import FUSION, Inputs
from actionrec.report.wording import best_model, listed, signed

FEW_GROUPS = 10
FEW_VIDEOS = 10
"""Test videos of a class."""
MANY_REJECTED = 0.05
"""Share of all videos."""
MANY_CROWDED = 0.03
"""Share of the videos with keypoints; fewer are named by the stage alone."""

_NAMED = 3


def distrust(inputs: Inputs) -> list[str]:
    """A sentence for every reason not to believe the figures; none where no check finds one."""
    checks = (_leak, _groups, _rejected, _lost_classes, _labels, _small_classes, _from_scratch, _fusion)
    return [sentence for check in checks for sentence in check(inputs)]


def unseen(inputs: Inputs, coverage: Coverage | None) -> list[str]:
    """A sentence that names the videos in which nobody was found, where a model reads keypoints."""
    readers = [name for name, model in inputs.models.items() if recipe_of(model).reads_keypoints]
    nobody = [video_id for video_id, (pose, *_) in coverage.by_video.items() if pose == 0] if coverage else []
    if not (readers and nobody):
        return []
    videos = _counted(sorted(nobody))
    see = "sees" if len(readers) == 1 else "see"
    return [f"MediaPipe found no person in any frame of {videos}, in which {listed(readers)} {see} nothing."]


def crowded(inputs: Inputs, coverage: Coverage | None, several: list[str]) -> list[str]:
    """A sentence that names the videos that show ``several`` people, where a model reads keypoints and it is many."""
    readers = [name for name, model in inputs.models.items() if recipe_of(model).reads_keypoints]
    if not (readers and coverage and several) or len(several) < MANY_CROWDED * len(coverage.by_video):
        return []
    show, see = "shows" if len(several) == 1 else "show", "sees" if len(readers) == 1 else "see"
    of_all = f"{_counted(several)} of {len(coverage.by_video)}"
    who = f"MediaPipe follows one of them, and {listed(readers)} {see} only that one, whoever it is."
    return [f"{of_all} {show} several people at once. {who}"]


def _leak(inputs: Inputs) -> Iterator[str]:
    if inputs.guard.leaking:
        yield "Train and test share groups or copies of a video (split.allow_leak), so every accuracy is too high."
    elif inputs.params.split.allow_leak:
        yield "split.allow_leak is set: nothing crosses the subsets this time, but nothing would have stopped it."


def _groups(inputs: Inputs) -> Iterator[str]:
    groups = inputs.details[FUSION]["interval"]["num_groups"]["test"]
    if groups < FEW_GROUPS:
        yield (
            f"The test videos come from {groups} group{'' if groups == 1 else 's'} only: of other people and scenes "
            "they say little."
        )


def _rejected(inputs: Inputs) -> Iterator[str]:
    rejected = sum(not row.kept for row in inputs.screened)
    share = rejected / len(inputs.screened)
    if share >= MANY_REJECTED:
        yield (
            f"{rejected} of {len(inputs.screened)} videos ({100 * share:.0f} %) were rejected: the figures hold for "
            "videos that pass the screening."
        )


def _lost_classes(inputs: Inputs) -> Iterator[str]:
    found = Counter(row.label for row in inputs.screened)
    kept = Counter(row.label for row in inputs.screened if row.kept)
    lost = [f"{name} ({kept[name]} of {found[name]} kept)" for name in sorted(found) if 2 * kept[name] < found[name]]
    if lost:
        yield f"Screening took more than half of the videos of {_some(lost)}."


def _labels(inputs: Inputs) -> Iterator[str]:
    files: dict[str, dict[str, str]] = {}
    for row in inputs.screened:
        files.setdefault(row.digest, {}).setdefault(row.label, row.video_id)
    several = sorted(sorted(labels.values()) for labels in files.values() if len(labels) > 1)
    if several:
        example = " and ".join(several[0][:2])
        yield (
            f"{len(several)} file{'' if len(several) == 1 else 's'} stand{'s' if len(several) == 1 else ''} under "
            f"several labels, for example {example}: of two labels of one file one is wrong."
        )


def _small_classes(inputs: Inputs) -> Iterator[str]:
    rows = inputs.details[FUSION]["subsets"]["test"]["per_class"]
    few = sorted((row["support"], row["class"]) for row in rows if row["support"] < FEW_VIDEOS)
    if few:
        named = [f"{shorten(name, limit=40)} ({count})" for count, name in few]
        yield f"Classes with fewer than {FEW_VIDEOS} test videos: {_some(named)}. What is said of them is vague."


def _from_scratch(inputs: Inputs) -> Iterator[str]:
    if any(is_pretrained(model, inputs.params) for model in inputs.models.values()):
        return
    one = len(inputs.models) == 1
    seen = any(recipe_of(model).reads_keypoints for model in inputs.models.values())
    beside = "; only the keypoints come from a trained detector" if seen else ""
    who = "The model starts" if one else "All models start"
    yield f"{who} from random weights, which takes many videos; trained ones may reach much more{beside}."


def is_pretrained(model: ModelParams, params: Params) -> bool:
    """Whether trained weights are in ``model``, or made the features that it reads."""
    features: Mapping[str, object] = params.features
    view = recipe_of(model).view
    own, of_view = getattr(model, "weights", "none"), getattr(features.get(view or ""), "weights", "none")
    return own != "none" or of_view != "none"


def _fusion(inputs: Inputs) -> Iterator[str]:
    gain = inputs.details[FUSION]["gain"]
    if len(inputs.models) == 1 or gain is None or gain["low"] > 0:
        return
    best = best_model(inputs.details)
    verdict = "is not better than" if gain["value"] <= 0 else "is not shown to be better than"
    yield (
        f"The fusion {verdict} {best} alone ({signed(gain['value'])}, interval {signed(gain['low'])} to "
        f"{signed(gain['high'])})."
    )


def _counted(video_ids: list[str]) -> str:
    return f"{len(video_ids)} video{'' if len(video_ids) == 1 else 's'} ({_some(video_ids)})"


def _some(items: list[str]) -> str:
    return listed(items) if len(items) <= _NAMED else f"{', '.join(items[:_NAMED])} and {len(items) - _NAMED} more"
