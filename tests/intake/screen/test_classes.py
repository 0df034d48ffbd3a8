from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import REPO

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ScreenedRow
from actionrec.intake.screen.classes import check_classes
from actionrec.intake.screen.remarks import remark_counts
from actionrec.intake.screen.rules import ScreenParams
from actionrec.params import load_params

STRICT = load_params(REPO / "params.yaml").screen
LENIENT = ScreenParams(**{**STRICT.model_dump(), "allow_lost_classes": True})


def _rows(label: str, *reasons: str) -> list[ScreenedRow]:
    return [
        ScreenedRow(
            video_id=f"{label}/{number}",
            label=label,
            group="g",
            official_subset="",
            digest="",
            kept=int(not reason),
            reason=reason,
            evidence="",
            num_frames=20,
            duration_seconds=1.0,
            width=4,
            height=4,
            signature="",
        )
        for number, reason in enumerate(reasons)
    ]


WAVE = _rows("wave", "", "")
HALF = _rows("half", "", "blank")
MOST = _rows("most", "", "blank", "too_short", "too_short")
LOST = _rows("lost", "timestamp_gap", "too_short", "timestamp_gap")


def test_remarks_on_kept_videos_are_counted() -> None:
    remarks = ("interlaced, top first: deinterlaced", "starts between key frames: 3 complaint(s) of the decoder")
    rows = [replace(WAVE[0], evidence=remarks[0]), replace(WAVE[1], evidence="; ".join(remarks)), *MOST, *WAVE]
    rows += [replace(LOST[0], evidence="0.7 s without a frame")]
    assert remark_counts(rows) == [
        "2 kept videos: interlaced, top first: deinterlaced",
        "1 kept video: starts between key frames: some complaint(s) of the decoder",
    ]


def test_a_class_that_loses_more_than_half_is_named_with_the_commonest_reason() -> None:
    assert check_classes([*WAVE, *HALF], STRICT, named=False) == []
    found = check_classes([*WAVE, *HALF, *MOST], STRICT, named=True)
    assert found == ["1 of 4 videos of class most are kept; most often 2 too_short"]


@pytest.mark.parametrize(("params", "named"), [(STRICT, False), (STRICT, True), (LENIENT, True)])
def test_a_lost_class_stops_the_run(params: ScreenParams, named: bool) -> None:
    with pytest.raises(ActionrecError, match=r"no video of 1 class\(es\): lost \(3, 2 timestamp_gap\)") as error:
        check_classes([*WAVE, *LOST], params, named=named)
    assert ("allow_lost_classes" in str(error.value)) is not named


def test_a_lost_class_may_be_permitted_and_is_still_named() -> None:
    found = check_classes([*WAVE, *LOST], LENIENT, named=False)
    assert found == ["0 of 3 videos of class lost are kept; most often 2 timestamp_gap"]
