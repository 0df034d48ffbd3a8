from __future__ import annotations

from typing import Any

import pytest

from actionrec.intake.screen.remarks import remarks_on

PLAIN: dict[str, Any] = {
    "field_order": "",
    "deinterlaced": False,
    "transfer": "",
    "tone_mapped": "",
    "sample_aspect": "",
    "lead_in_errors": 0,
    "decoder": "ffmpeg 5.1",
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ""),
        ({"field_order": "top first", "deinterlaced": True}, "interlaced, top first: deinterlaced"),
        (
            {"field_order": "bottom first"},
            "interlaced, bottom first: stored as it is (ffmpeg 5.1 lacks the filter)",
        ),
        ({"transfer": "HLG", "tone_mapped": "HLG"}, "high dynamic range, HLG: tone-mapped"),
        ({"transfer": "PQ"}, "high dynamic range, PQ: not tone-mapped (ffmpeg 5.1 cannot)"),
        (
            {"lead_in_errors": 3},
            "starts between key frames: 3 complaint(s) of the decoder (ffmpeg 5.1) before its first picture",
        ),
        (
            {"sample_aspect": "64:45", "transfer": "HLG", "tone_mapped": "HLG"},
            "high dynamic range, HLG: tone-mapped; pixels of 64:45: stored as displayed",
        ),
    ],
)
def test_what_was_done_and_what_could_not_be_is_said(changes: dict[str, Any], expected: str) -> None:
    assert remarks_on({**PLAIN, **changes}) == expected
