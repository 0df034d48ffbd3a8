"""The table of test videos: its rows as JSON for the script of the page, ``videos.js``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from actionrec.core.answers import AnsweredVideo
from actionrec.report.gather import FUSION, Inputs
from actionrec.report.wording import headline_entry

_PROBABILITY_DIGITS = 3
_ON_PAPER = 60
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True)
class AnswerTable:
    """What the script is given."""

    classes: tuple[str, ...]
    entries: tuple[str, ...]
    """In the order of the columns: the headline's first, so that it is seen without scrolling."""
    wrong: tuple[AnsweredVideo, ...]
    """What the headline's entry gets wrong, the most certain first, as far as it fits on paper."""
    num_wrong: int
    json: Markup
    """``classes``; ``entries`` with ``name`` and whether they are a single model; ``rows``, of each video its id, group
    and class, then of every entry answer and probability; and ``extra`` by id, what else is known of a video. Classes
    are places in ``classes``."""


def answer_table(inputs: Inputs, shown: Mapping[str, Any]) -> AnswerTable:
    """The test videos with the answers of the entries that are ``shown``."""
    classes = tuple(inputs.details[FUSION]["class_names"])
    place_of = {name: place for place, name in enumerate(classes)}
    headline = headline_entry(inputs.details)
    entries = sorted(shown, key=lambda name: name != headline)
    rows = [
        [
            video.video_id,
            video.group,
            place_of[video.label],
            *(
                value
                for entry in entries
                for value in (
                    place_of[video.answers[entry].label],
                    round(video.answers[entry].probability, _PROBABILITY_DIGITS),
                )
            ),
        ]
        for video in inputs.answers
    ]
    wrong = [video for video in inputs.answers if not video.answers[headline].right]
    wrong.sort(key=lambda video: -video.answers[headline].probability)
    extra = {video.video_id: inputs.extra[video.video_id] for video in inputs.answers if video.video_id in inputs.extra}
    listed = [{"name": name, "single": name != FUSION} for name in entries]
    value = {"classes": classes, "entries": listed, "rows": rows, "extra": extra}
    return AnswerTable(classes, tuple(entries), tuple(wrong[:_ON_PAPER]), len(wrong), json_for_script(value))


def json_for_script(value: Any) -> Markup:
    """Compact JSON that is safe inside ``<script>``, whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 (no markup is left in it)
