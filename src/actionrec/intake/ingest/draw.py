"""Some videos of every class, drawn so that all its groups are among them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from actionrec.core.files import digest_of
from actionrec.core.tables import WHOLE
from actionrec.intake.ingest.found import FoundVideo


def draw_videos(videos: Sequence[FoundVideo], *, max_per_class: int, seed: int) -> list[FoundVideo]:
    """At most ``max_per_class`` videos of every class, sorted by path; all of them where it is 0.

    Groups take turns in an order by ``seed``: each gives one video before any gives its second, its own in such an
    order too. The draw of a class depends on ``seed`` and on its videos alone, not on their order here.
    """
    of_class: dict[str, list[FoundVideo]] = defaultdict(list)
    for video in videos:
        of_class[video.label].append(video)
    chosen = [video for found in of_class.values() for video in _turns(found, seed)[: max_per_class or None]]
    return sorted(chosen, key=_identity)


def _identity(video: FoundVideo) -> tuple[str | float, ...]:
    """The path, and what of it the video is where that is not all."""
    part = (video.start_seconds, video.end_seconds, video.array_index)
    return (video.path,) if part == WHOLE else (video.path, *part)


def _turns(videos: Sequence[FoundVideo], seed: int) -> list[FoundVideo]:
    """The videos of one class in the order in which they are drawn."""
    shuffled = sorted(videos, key=lambda video: digest_of(seed, *_identity(video)))
    taken: Counter[str] = Counter()
    turns: list[tuple[int, str, FoundVideo]] = []
    for video in shuffled:
        turns.append((taken[video.group], digest_of(seed, video.label, video.group), video))
        taken[video.group] += 1
    return [video for *_, video in sorted(turns, key=lambda turn: turn[:2])]
