"""The table of test videos: its rows as JSON for the script of the page, ``videos.js``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from actionrec.report.gather import FUSION, Inputs

_PROBABILITY_DIGITS = 3
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True)
class AnswerTable:
    """What the script is given."""

    classes: tuple[str, ...]
    json: Markup
    """``classes``; ``entries`` with ``name`` and whether they are a single model; and ``rows``, of each video its id,
    group and class, then of every entry answer and probability. Classes are places in ``classes``."""


def answer_table(inputs: Inputs, shown: Mapping[str, Any]) -> AnswerTable:
    """The test videos with the answers of the entries that are ``shown``."""
    classes = tuple(inputs.details[FUSION]["class_names"])
    place_of = {name: place for place, name in enumerate(classes)}
    rows = [
        [
            video.video_id,
            video.group,
            place_of[video.label],
            *(
                value
                for entry in shown
                for value in (
                    place_of[video.answers[entry].label],
                    round(video.answers[entry].probability, _PROBABILITY_DIGITS),
                )
            ),
        ]
        for video in inputs.answers
    ]
    entries = [{"name": name, "single": name != FUSION} for name in shown]
    return AnswerTable(classes, json_for_script({"classes": classes, "entries": entries, "rows": rows}))


def json_for_script(value: Any) -> Markup:
    """Compact JSON that is safe inside ``<script>``, whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_ESCAPES))  # noqa: S704 (no markup is left in it)
