"""Which videos the report shows as pictures, and what stands below each; no file is read here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from actionrec.core.answers import Answer, AnsweredVideo
from actionrec.models.table import kind_of, recipe_of
from actionrec.report.gather import Inputs
from actionrec.report.wording import headline_entry

_WRONG = 4
_RIGHT = 2
_PAIRS = 5
_ALL_WRONG = 12
_REJECTED = 12


@dataclass(frozen=True)
class Picture:
    """One video to show."""

    video_id: str
    title: str
    note: str
    wrong: bool = False
    bones: str = ""
    """The model that reads its keypoints, which are then drawn over it; empty where none does."""
    heat: str = ""
    """The model that sees its frames, whose answer then tints them; empty where none does."""
    at_end: bool = False
    """Its last frames, not frames of the whole video."""


@dataclass(frozen=True)
class Chapter:
    """Pictures that belong together."""

    title: str
    text: str
    pictures: tuple[Picture, ...]
    priority: int
    """Lower ones get their pictures first where there is no room for all."""


def chapters(inputs: Inputs, entries: Sequence[str]) -> list[Chapter]:
    """What is shown of the test videos of ``entries``, and of the rejected videos; nothing of what there is none of."""
    headline = headline_entry(inputs.details)
    others = [name for name in entries if name != headline]
    found = [
        _classes(inputs.answers, headline),
        _pairs(inputs.answers, entries, headline),
        *(_entry(inputs, name, priority=0) for name in (headline,)),
        *(_entry(inputs, name, priority=5 + place) for place, name in enumerate(others)),
        _all_wrong(inputs),
        _rejected(inputs),
    ]
    return [chapter for chapter in found if chapter.pictures]


def _classes(videos: Sequence[AnsweredVideo], headline: str) -> Chapter:
    examples = _examples(videos, headline).items()
    pictures = tuple(Picture(video.video_id, label, video.video_id) for label, video in examples)
    return Chapter("One video of each class", f"Of each that which {headline} is most certain of.", pictures, 4)


def _examples(videos: Sequence[AnsweredVideo], entry: str) -> dict[str, AnsweredVideo]:
    """Of each class, in the order of their names, the video that ``entry`` gives the highest probability."""
    best: dict[str, AnsweredVideo] = {}
    for video in videos:
        shown = best.get(video.label)
        if shown is None or video.answers[entry].label_probability > shown.answers[entry].label_probability:
            best[video.label] = video
    return dict(sorted(best.items()))


def _pairs(videos: Sequence[AnsweredVideo], entries: Sequence[str], headline: str) -> Chapter:
    """Of each pair of classes a video that was taken for the other class, beside one of that class."""
    counts: Counter[tuple[str, str]] = Counter()
    for video in videos:
        counts.update((video.label, video.answers[name].label) for name in entries if not video.answers[name].right)
    both: Counter[tuple[str, str]] = Counter()
    for (actual, said), count in counts.items():
        both[min(actual, said), max(actual, said)] += count
    examples = _examples(videos, headline)
    pictures: list[Picture] = []
    for (first, second), count in sorted(both.items(), key=lambda item: (-item[1], item[0]))[:_PAIRS]:
        actual, said = max(((first, second), (second, first)), key=lambda order: counts[order])
        taken = [video for video in videos if video.label == actual and _says(video, said, entries)]
        video = max(taken, key=lambda item: len(_says(item, said, entries)))
        pictures.append(
            Picture(
                video.video_id,
                f"{actual}, taken for {said}",
                f"{video.video_id}; by {', '.join(_says(video, said, entries))}; the two were exchanged {count} times",
                wrong=True,
            )
        )
        # A class that is never tested has no video to stand beside.
        if said in examples:
            pictures.append(Picture(examples[said].video_id, f"a real {said}", examples[said].video_id))
    return Chapter(
        "What is confused most",
        "A video of one class, then one of the class that it was taken for.",
        tuple(pictures),
        3,
    )


def _says(video: AnsweredVideo, label: str, entries: Sequence[str]) -> list[str]:
    return [name for name in entries if video.answers[name].label == label]


def _entry(inputs: Inputs, name: str, *, priority: int) -> Chapter:
    params = inputs.models.get(name)  # none of the fusion
    bones = name if params and recipe_of(params).reads_keypoints else ""
    heat = name if params and kind_of(params.type).maps(params) else ""

    def certainty(video: AnsweredVideo) -> tuple[float, str]:
        return -video.answers[name].probability, video.video_id

    videos = sorted(inputs.answers, key=certainty)
    wrong = [video for video in videos if not video.answers[name].right][:_WRONG]
    of_class = {video.label: video for video in reversed(videos) if video.answers[name].right}
    chosen = sorted(of_class.values(), key=certainty)[:_RIGHT]
    return Chapter(
        name,
        "The wrong answers that it was most certain of, then right ones." if wrong else "No answer was wrong.",
        tuple(replace(_said(video, video.answers[name]), bones=bones, heat=heat) for video in (*wrong, *chosen)),
        priority,
    )


def _said(video: AnsweredVideo, answer: Answer) -> Picture:
    given = f"{answer.label} {answer.probability:.3f}"
    if answer.right:
        return Picture(video.video_id, f"{video.label}, recognised", f"{video.video_id}: {given}")
    note = f"{video.video_id}: {given}, {video.label} {answer.label_probability:.3f}"
    return Picture(video.video_id, f"{video.label}, taken for {answer.label}", note, wrong=True)


def _all_wrong(inputs: Inputs) -> Chapter:
    models = list(inputs.models)
    wrong = [video for video in inputs.answers if not any(video.answers[name].right for name in models)]
    # What all give the least probability is most likely to bear the wrong label.
    wrong.sort(key=lambda video: sum(video.answers[name].label_probability for name in models))
    pictures = tuple(
        Picture(
            video.video_id,
            f"labelled {video.label}",
            f"{video.video_id}: " + ", ".join(_told(video, models)),
            wrong=True,
        )
        for video in wrong[:_ALL_WRONG]
    )
    shown = f"; the {_ALL_WRONG} least probable labels are shown" if len(wrong) > _ALL_WRONG else ""
    text = f"{len(wrong)} of {len(inputs.answers)} test videos{shown}. A label that is wrong shows here."
    return Chapter("Wrong by every model", text, pictures if len(models) > 1 else (), 1)


def _told(video: AnsweredVideo, models: Sequence[str]) -> Iterator[str]:
    """The answers with how many models gave each, the most frequent first."""
    for label, count in Counter(video.answers[name].label for name in models).most_common():
        yield f"{label} ({count} of {len(models)} models)"


def _rejected(inputs: Inputs) -> Chapter:
    rows = sorted((row for row in inputs.screened if not row.kept), key=lambda row: (row.reason, row.video_id))
    decoded = [row for row in rows if row.num_frames > 0]
    pictures = tuple(
        Picture(row.video_id, f"{row.label}: {row.reason}", f"{row.video_id}: {row.evidence}", at_end=True)
        for row in decoded[:_REJECTED]
    )
    undecoded = len(rows) - len(decoded)
    without = f" Of {undecoded} no frame could be decoded." if undecoded else ""
    shown = f" The first {_REJECTED} of {len(decoded)} are shown." if len(decoded) > _REJECTED else ""
    return Chapter("Rejected videos", f"The last frames that were decoded.{shown}{without}", pictures, 2)
