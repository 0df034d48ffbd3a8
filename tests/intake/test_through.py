"""From a folder to what training reads, for data sets that are no folder of video files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.intake.extract.making import PARAMS, moving_bars, write_video
from tests.intake.extract.test_sources import SCREEN, image_folder
from tests.intake.ingest.making import data_of

from actionrec.core.compute import ComputeParams
from actionrec.core.tables import ScreenedRow
from actionrec.intake.extract.videos import extract_videos
from actionrec.intake.ingest.manifest import build_manifest
from actionrec.intake.ingest.section import DataParams
from actionrec.intake.screen.videos import screen_videos
from actionrec.intake.split.leakage import check_leakage
from actionrec.intake.split.section import SplitParams
from actionrec.keypoints.pack import pack_keypoints
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.keypoints.section import KeypointParams
from actionrec.keypoints.videos import extract_keypoints
from actionrec.pack.reader import PackedView
from actionrec.pack.section import ViewParams
from actionrec.pack.writer import pack_view

SERIAL = ComputeParams(backend="local", workers=1)
KEYPOINTS = KeypointParams(enabled=True, min_detection_confidence=0.5, min_tracking_confidence=0.5)


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "checkout"))
    monkeypatch.chdir(tmp_path)


def screened_of(data: DataParams) -> list[ScreenedRow]:
    rows = build_manifest(data, SERIAL).rows
    extract_videos(rows, root=Path(data.root), out_dir=Path("frames"), params=PARAMS, compute=SERIAL)
    screened, _ = screen_videos(rows, frames_dir=Path("frames"), params=SCREEN, compute=SERIAL)
    return screened


def frames_path(video_id: str) -> Path:
    return Path("frames") / f"{video_id}.h5"


def test_keypoints_that_come_as_arrays_reach_training_and_leave_the_views_empty() -> None:
    values = np.random.default_rng(0).random((2, 5, 1662)).astype(np.float32)
    values[1, 3, -63:] = 0
    for sign, sequence in (("hello", values[0]), ("thanks", values[1])):
        (Path("arrays") / sign / "0").mkdir(parents=True)
        for number, frame in enumerate(sequence):
            np.save(Path("arrays") / sign / "0" / f"{number}.npy", frame)
    screened = screened_of(data_of("keypoint_arrays", Path("arrays")))
    assert [(row.video_id, row.kept, row.width) for row in screened] == [("hello/0", 1, 0), ("thanks/0", 1, 0)]
    ids = [row.video_id for row in screened]
    extract_keypoints(ids, Path("keypoints"), frames_path=frames_path, params=KEYPOINTS, compute=SERIAL)
    pack_keypoints(
        ids,
        Path("k.h5"),
        keypoints_path=lambda name: Path("keypoints") / f"{name}.h5",
        frames_path=frames_path,
        params=KEYPOINTS,
    )
    clip = PackedKeypoints(Path("k.h5")).read("thanks/0", np.array([3, 0]))
    np.testing.assert_array_equal(clip.keypoints, values[1, [3, 0]])
    assert clip.presence.tolist() == [[True, True, True, False], [True, True, True, True]]
    view = ViewParams(encoding="raw", fit="stretch", size=16)
    with_pictures = [row.video_id for row in screened if row.width]
    pack_view(with_pictures, Path("v.h5"), frames_path=frames_path, view=view, compute=SERIAL)
    assert PackedView(Path("v.h5"), view="v").video_ids == []


def test_two_parts_of_one_file_are_no_copies() -> None:
    write_video(Path("videos/long.mkv"), moving_bars(50))
    write_video(Path("videos/other.mkv"), moving_bars(20))
    rows = "path,label,start,end\nlong.mkv,a,0,0.8\nlong.mkv,b,1.2,\nother.mkv,b,,\n"
    Path("t.csv").write_text(rows)
    screened = screened_of(data_of("csv", Path("videos"), "t.csv", segments=True))
    assert [(row.video_id, row.num_frames, row.reason) for row in screened] == [
        ("long@0-0.8", 20, ""),
        ("long@1.2-", 20, ""),
        ("other", 20, ""),
    ]
    assert [row.group for row in screened] == ["long.mkv", "long.mkv", "other.mkv"]
    assert len({row.digest for row in screened}) == 3
    split = SplitParams(
        method="group", val_fraction=0.2, test_fraction=0.2, seed=0, near_duplicate_distance=0.0, allow_leak=True
    )
    apart = check_leakage(screened, ["train", "test", "val"], split)
    assert (apart.digests_crossing, apart.groups_crossing) == (0, 1)


def test_folders_of_images_are_packed_as_any_video() -> None:
    for label in ("wave", "bend"):
        image_folder(Path("videos") / label / "one", 6)
    Path("t.csv").write_text("path,label,group,official_subset\n")
    screened = screened_of(data_of("folder", Path("videos"), "t.csv"))
    assert [(row.video_id, row.kept, row.width) for row in screened] == [("bend/one", 1, 96), ("wave/one", 1, 96)]
    view = ViewParams(encoding="raw", fit="stretch", size=16)
    pack_view([row.video_id for row in screened], Path("v.h5"), frames_path=frames_path, view=view, compute=SERIAL)
    assert PackedView(Path("v.h5"), view="v").read("wave/one", np.array([5])).shape == (1, 16, 16, 3)
