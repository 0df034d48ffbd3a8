from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core.hdf5 import create_h5, write_strings
from actionrec.keypoints.found import coverage_notes, crowd_notes, crowded_videos, pose_shares
from actionrec.keypoints.reader import KEYPOINTS_FORMAT, KEYPOINTS_VERSION
from tests.packed_data import make_packed_data, write_packed


def test_shares_are_of_each_video(tmp_path: Path) -> None:
    data = make_packed_data(tmp_path, groups=1, size=16)
    first, second, *_ = sorted(data.presence)
    data.presence[first][:, 0] = False
    data.presence[second][:, 0] = True
    data.presence[second][:6, 0] = False
    write_packed(data)
    shares = pose_shares(data.keypoints_path)
    assert list(shares) == sorted(data.presence)
    assert shares[first] == 0
    assert shares[second] == pytest.approx(1 - 6 / len(data.presence[second]))


def test_videos_without_a_person_are_named() -> None:
    assert coverage_notes({"a": 1.0, "b": 0.5}) == []
    assert coverage_notes({}) == []
    assert coverage_notes({"a": 1.0, "tiny/b": 0.0, "c": 0.0, "d": 0.4}) == [
        "no person was found in any frame of 2 of 4 videos, in which models that read keypoints see nothing: c, tiny/b",
        "a person was found in fewer than 50 % of the frames of 1 videos: d",
    ]


def test_videos_with_several_people_are_named(tmp_path: Path) -> None:
    data = make_packed_data(tmp_path, groups=1, size=16)
    assert crowded_videos(data.keypoints_path) == []  # of an earlier version: nobody counted
    path = tmp_path / "counted.h5"
    with create_h5(path, format=KEYPOINTS_FORMAT, version=KEYPOINTS_VERSION, fingerprint="") as file:
        write_strings(file, "video_id", ["a", "b", "c"])
        file["faces"] = [2, 1, 4]
    assert crowded_videos(path) == ["a", "c"]


def test_the_note_on_several_people() -> None:
    assert crowd_notes([], num_videos=9) == []
    assert crowd_notes(["b", "a/c"], num_videos=9) == [
        "2 of 9 videos show several people at once, of whom MediaPipe follows one, whoever that is: b, a/c"
    ]
