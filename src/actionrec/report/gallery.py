"""The pictures of the report, as many as its size allows; each is on the page once, however often it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from markupsafe import Markup

from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.report.heat import Heat
from actionrec.report.joints import Shares, most_important
from actionrec.report.picks import Chapter, Picture
from actionrec.report.strips import Strip, make_strip

SharesOf: TypeAlias = Callable[[str, str], Shares | None]
"""From a model and a video id."""
HeatOf: TypeAlias = Callable[[str, str, Sequence[int], tuple[int, int]], Heat | None]
"""From a model, a video id, frames of the video, and the height and width to give of each."""

_MARKUP_BYTES = 1200
"""What one use of a picture adds to the page beside its caption, rounded up."""


@dataclass(frozen=True)
class Gallery:
    """What the page shows."""

    defs: Markup
    """The pictures, which ``<use>`` then shows."""
    chapters: tuple[tuple[Chapter, tuple[tuple[Picture, Markup], ...]], ...]
    """Each with its pictures that had room."""
    left_out: int
    """Pictures that had none."""

    @property
    def num_shown(self) -> int:
        return sum(len(pictures) for _, pictures in self.chapters)

    def shows(self, mark: str) -> bool:
        """Whether any picture has an element with this in its markup."""
        return any(mark in svg for _, pictures in self.chapters for _, svg in pictures)

    @classmethod
    def empty(cls) -> Gallery:
        return cls(Markup(""), (), 0)


class Videos:
    """Makes the strips of videos, each once."""

    def __init__(
        self,
        frames_path: Mapping[str, Path],
        keypoints: PackedKeypoints | None,
        shares_of: SharesOf | None = None,
        heat_of: HeatOf | None = None,
    ) -> None:
        """``shares_of`` says how much each joint counted in a model's answer for a video, ``heat_of`` how much each
        place of its frames, where that is known.
        """
        self._frames_path = frames_path
        self._keypoints = keypoints
        self._shares_of = shares_of
        self._heat_of = heat_of
        self._strips: dict[tuple[str, bool], Strip] = {}

    def strip(self, picture: Picture) -> Strip:
        """The frames that ``picture`` shows."""
        key = (picture.video_id, picture.at_end)
        if key not in self._strips:
            with open_frames(self._frames_path[picture.video_id]) as frames:
                self._strips[key] = make_strip(frames, at_end=picture.at_end)
        return self._strips[key]

    def tint(self, picture: Picture) -> Markup:
        """Where in its frames the answer comes from; nothing where no model saw them or nobody knows."""
        if not picture.heat or self._heat_of is None:
            return Markup("")
        strip = self.strip(picture)
        heat = self._heat_of(picture.heat, picture.video_id, strip.frames, (strip.height, strip.frame_width))
        return Markup("") if heat is None else strip.tint(heat)

    def bones(self, picture: Picture) -> Markup:
        """The keypoints over it; nothing where none are asked for or known."""
        if not picture.bones or self._keypoints is None:
            return Markup("")
        strip, shares = self.strip(picture), self.shares(picture)
        return strip.bones(self._keypoints.read(picture.video_id, np.array(strip.frames)), shares)

    def shares(self, picture: Picture) -> Shares | None:
        """Of the joints in the answer that ``picture`` is about; None where no model read them or nobody knows."""
        if not picture.bones or self._shares_of is None:
            return None
        return self._shares_of(picture.bones, picture.video_id)


def fill(chapters: Sequence[Chapter], videos: Videos, *, max_bytes: int) -> Gallery:
    """The pictures of ``chapters`` that fit into ``max_bytes``, in the order of priority, then of the page."""
    ids: dict[tuple[str, bool], int] = {}
    parts: list[Markup] = []
    shown: dict[tuple[int, int], Markup] = {}
    told: dict[tuple[int, int], str] = {}
    left, full = max_bytes, False
    wanted = list(_by_priority(chapters))
    for place, number, picture in wanted:
        if full:
            continue
        strip, bones, tint = videos.strip(picture), videos.bones(picture), videos.tint(picture)
        key = (picture.video_id, picture.at_end)
        new = Markup("")
        if key not in ids:
            new = Markup('<image id="strip{}" href="{}" width="{}" height="{}"/>').format(
                len(ids), strip.href, strip.width, strip.height
            )
        cost = len(new) + len(bones) + len(tint) + _MARKUP_BYTES + 4 * (len(picture.title) + len(picture.note))
        if full := cost > left:
            continue
        left -= cost
        if new:
            ids[key] = len(ids)
            parts.append(new)
        if (shares := videos.shares(picture)) is not None:
            told[place, number] = f"{picture.note}; by {', '.join(most_important(shares))}"
        shown[place, number] = _svg(picture, strip, ids[key], bones, tint)
    return Gallery(
        Markup("\n").join(parts),
        tuple(
            (
                replace(chapter, pictures=()),
                tuple(
                    (replace(picture, note=told.get((place, n), picture.note)), shown[place, n])
                    for n, picture in enumerate(chapter.pictures)
                    if (place, n) in shown
                ),
            )
            for place, chapter in enumerate(chapters)
        ),
        len(wanted) - len(shown),
    )


def _by_priority(chapters: Sequence[Chapter]) -> Iterator[tuple[int, int, Picture]]:
    order = sorted(range(len(chapters)), key=lambda place: chapters[place].priority)
    for place in order:
        for number, picture in enumerate(chapters[place].pictures):
            yield place, number, picture


def _svg(picture: Picture, strip: Strip, number: int, bones: Markup, tint: Markup) -> Markup:
    first, last = strip.frames[0], strip.frames[-1]
    alt = f"{len(strip.frames)} frames of {picture.video_id}, {first} to {last}"
    if tint:
        alt += f", tinted where the answer of {picture.heat} comes from"
    return Markup(
        '<svg class="strip" viewBox="0 0 {w} {h}" role="img" aria-label="{alt}"><use href="#strip{number}"/>'
        '<g class="bones">{tint}{bones}</g></svg>'
    ).format(w=strip.width, h=strip.height, alt=alt, number=number, tint=tint, bones=bones)
