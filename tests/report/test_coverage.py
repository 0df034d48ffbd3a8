from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.report import coverage
from actionrec.report.coverage import measure_coverage
from tests.report.made import write_keypoints

LABELS = {"a1": "clap", "a2": "clap", "b1": "wave"}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block_frames", [1, 5, 1 << 16])
def test_shares_do_not_depend_on_the_blocks(block_frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_BLOCK_FRAMES", block_frames)
    write_keypoints(list(LABELS))
    found = measure_coverage(paths.PACKED_KEYPOINTS, LABELS, num_frames_shown=0)
    assert found is not None
    assert found.num_frames == 18
    assert found.overall == pytest.approx((1, 0.5, 1 / 6, 0))
    assert list(found.by_class) == ["clap", "wave"]
    assert found.by_class["wave"] == pytest.approx((1, 0.5, 1 / 6, 0))
    assert found.frames == ()


def test_frames_take_the_classes_in_turn_and_never_twice() -> None:
    write_keypoints(list(LABELS))
    found = measure_coverage(paths.PACKED_KEYPOINTS, LABELS, num_frames_shown=4)
    assert found is not None
    assert [frame.label for frame in found.frames] == ["clap", "wave", "clap", "wave"]
    assert len({(frame.video_id, frame.frame) for frame in found.frames}) == 4
    assert all(frame.keypoints.shape == (1662,) and frame.presence.shape == (4,) for frame in found.frames)


def test_disabled_keypoints_give_none() -> None:
    write_keypoints([])
    assert measure_coverage(paths.PACKED_KEYPOINTS, LABELS, num_frames_shown=4) is None


def test_an_unknown_video_is_an_error() -> None:
    write_keypoints([*LABELS, "stranger"])
    with pytest.raises(ActionrecError, match="holds stranger, which is not a kept video"):
        measure_coverage(paths.PACKED_KEYPOINTS, LABELS, num_frames_shown=4)
