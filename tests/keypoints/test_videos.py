"""Keypoints: rows from MediaPipe's result, resuming, packing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.hdf5 import read_strings
from actionrec.core.itemcache import cache_usage
from actionrec.keypoints.found import crowded_videos
from actionrec.keypoints.holistic import to_row
from actionrec.keypoints.layout import FACE, LEFT_HAND, POSE, RIGHT_HAND
from actionrec.keypoints.pack import pack_keypoints
from actionrec.keypoints.section import KeypointParams
from actionrec.keypoints.videos import extract_keypoints
from tests.helpers import flat_frames, write_frames

PARAMS = KeypointParams(enabled=True, min_detection_confidence=0.5, min_tracking_confidence=0.5)
SERIAL = ComputeParams(backend="local", workers=1)


def landmarks(count: int) -> SimpleNamespace:
    points = [SimpleNamespace(x=i, y=i + 0.25, z=i + 0.5, visibility=i + 0.75) for i in range(count)]
    return SimpleNamespace(landmark=points)


def test_row_puts_every_part_in_its_place() -> None:
    result = SimpleNamespace(
        pose_landmarks=landmarks(33),
        face_landmarks=landmarks(478),  # iris refinement appends ten
        left_hand_landmarks=None,
        right_hand_landmarks=landmarks(21),
    )
    row, presence = to_row(result)
    assert row.dtype == np.float32
    assert presence.tolist() == [True, True, False, True]
    assert row[POSE][-4:].tolist() == [32, 32.25, 32.5, 32.75]
    assert row[FACE][-3:].tolist() == [467, 467.25, 467.5]
    assert not row[LEFT_HAND].any()
    assert row[RIGHT_HAND][:3].tolist() == [0, 0.25, 0.5]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    write_frames(tmp_path / "frames/a/one.h5", flat_frames([90, 100, 110]))
    write_frames(tmp_path / "frames/b/two.h5", flat_frames([90] * 2, height=40, width=20))
    return tmp_path


def run(workspace: Path, ids: list[str]) -> dict[str, int]:
    return extract_keypoints(
        ids,
        workspace / "keypoints",
        frames_path=lambda v: workspace / f"frames/{v}.h5",
        params=PARAMS,
        compute=SERIAL,
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of MediaPipe, on import
def test_empty_scenes_resume_and_pack(workspace: Path) -> None:
    run(workspace, ["a/one"])
    cached = {path: path.stat().st_mtime_ns for path in (workspace / ".itemcache").rglob("*") if path.is_file()}
    faces = run(workspace, ["a/one", "b/two"])
    assert faces == {"a/one": 0, "b/two": 0}
    assert [usage.entries for usage in cache_usage(workspace)] == [4]  # keypoints and faces
    assert all(path.stat().st_mtime_ns == when for path, when in cached.items())  # one was not detected again
    with h5py.File(workspace / "keypoints/b/two.h5") as file:
        assert file["keypoints"].shape == (2, 1662)
        assert not file["keypoints"][:].any()
        assert file["presence"].shape == (2, 4)
        assert not file["presence"][:].any()

    packed = workspace / "packed.h5"
    pack_keypoints(
        ["b/two", "a/one"],
        packed,
        keypoints_path=lambda v: workspace / f"keypoints/{v}.h5",
        frames_path=lambda v: workspace / f"frames/{v}.h5",
        params=PARAMS,
        faces=faces | {"b/two": 3},
    )
    assert crowded_videos(packed) == ["b/two"]
    with h5py.File(packed) as file:
        assert read_strings(file, "video_id") == ["a/one", "b/two"]
        assert file["frame_start"][:].tolist() == [0, 3, 5]
        assert file["keypoints"].shape == (5, 1662)
        assert file["aspect"][:].tolist() == pytest.approx([64 / 48, 0.5])
        assert file["timestamps"][:].tolist() == pytest.approx([0, 0.04, 0.08, 0, 0.04])

    run(workspace, ["b/two"])  # a video that is gone leaves the output
    assert [path.name for path in (workspace / "keypoints").rglob("*.h5")] == ["two.h5"]

    keypoints = [path for path in cached if h5py.is_hdf5(path)]
    for path in cached:  # as an earlier version left it, which counted no faces
        if not path.name.startswith(keypoints[0].name):
            path.unlink()
    assert run(workspace, ["a/one"]) == {"a/one": 0}
    assert [path.stat().st_mtime_ns for path in keypoints] == [cached[path] for path in keypoints]


def test_packing_refuses_a_missing_video(workspace: Path) -> None:
    with pytest.raises(ActionrecError, match=r"none\.h5 does not exist; rebuild it with `dvc repro -f keypoints`"):
        pack_keypoints(
            ["none"],
            workspace / "p.h5",
            keypoints_path=lambda v: workspace / f"{v}.h5",
            frames_path=lambda v: workspace / f"{v}.h5",
            params=PARAMS,
        )
    assert not (workspace / "p.h5").exists()


def test_keypoints_switched_off_give_a_complete_empty_file(workspace: Path) -> None:
    run(workspace, [])
    pack_keypoints([], workspace / "p.h5", keypoints_path=Path, frames_path=Path, params=PARAMS)
    with h5py.File(workspace / "p.h5") as file:
        assert file.attrs["complete"]
        assert file["frame_start"][:].tolist() == [0]
        assert file["keypoints"].shape == (0, 1662)
    assert list((workspace / "keypoints").iterdir()) == []
