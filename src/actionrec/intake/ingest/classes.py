"""Which classes are kept: by name, by number, or the first so many."""

from __future__ import annotations

from collections.abc import Sequence

from actionrec.core.errors import ActionrecError, did_you_mean, first_few
from actionrec.intake.ingest.found import FoundVideo

_NAMED = 20


def choose_classes(
    videos: Sequence[FoundVideo], classes: int | Sequence[str | int], *, class_order: Sequence[str] = ()
) -> list[FoundVideo]:
    """The videos of ``classes``: names, numbers from 1 in ``class_order``, or an int for the first so many.

    ``class_order`` is the data set's own, as in UCF101's list; empty stands for all labels by name. Empty ``classes``
    keep all. Raises :class:`ActionrecError` for a class without a video, and where fewer than two are left.
    """
    labels = {video.label for video in videos}
    order = list(class_order) or sorted(labels)
    wanted = order[:classes] if isinstance(classes, int) else [_named(choice, order) for choice in classes]
    if isinstance(classes, int) and classes > len(order):
        raise ActionrecError(f"data.classes: the first {classes} are wanted, but there are {len(order)} classes")
    if unknown := sorted(set(wanted) - labels):
        near = did_you_mean(unknown[0], labels) if len(unknown) == 1 else ""
        raise ActionrecError(
            f"data.classes: no video of {', '.join(unknown)}{near}; the classes found are "
            f"{first_few(sorted(labels), limit=_NAMED)}"
        )
    kept = [video for video in videos if not wanted or video.label in wanted]
    if len({video.label for video in kept}) < 2:
        raise ActionrecError(f"recognition needs at least 2 classes, found only {', '.join(wanted or sorted(labels))}")
    return kept


def _named(choice: str | int, order: Sequence[str]) -> str:
    if isinstance(choice, str):
        return choice
    if choice > len(order):
        raise ActionrecError(
            f"data.classes: there is no class number {choice}; they are 1 ({order[0]}) to {len(order)} ({order[-1]})"
        )
    return order[choice - 1]
