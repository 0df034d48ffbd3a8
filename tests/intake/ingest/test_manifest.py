"""The manifest: hashes, sizes, unique ids."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ManifestRow
from actionrec.intake.ingest.manifest import build_manifest, find_videos
from actionrec.intake.ingest.section import DataParams


@pytest.fixture
def data(tmp_path: Path) -> DataParams:
    for name, content in (("a/g1_x.avi", b"one"), ("b/g2_y.avi", b"")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "t.csv").write_text("path,label,group,official_subset\n")
    return DataParams(
        name="folder", root=str(tmp_path), annotations=str(tmp_path / "t.csv"), group_pattern=r"(?P<group>g\d)"
    )


def test_rows(data: DataParams) -> None:
    manifest = build_manifest(data, ComputeParams(backend="local", workers=1))
    assert sorted(manifest.rows, key=lambda row: row.video_id) == [
        ManifestRow("a/g1_x", "a/g1_x.avi", "a", "g1", "", 3, hashlib.sha256(b"one").hexdigest()),
        ManifestRow("b/g2_y", "b/g2_y.avi", "b", "g2", "", 0, hashlib.sha256(b"").hexdigest()),
    ]
    assert manifest.notes == []
    assert (manifest.extra_columns, manifest.extra_rows) == (["video_id"], [])


def test_ids_that_clash_are_refused(data: DataParams) -> None:
    (Path(data.root) / "a/g1_x.mp4").write_bytes(b"two")
    with pytest.raises(ActionrecError, match=r"differ only in their suffix: a/g1_x\.avi = a/g1_x\.mp4"):
        find_videos(data)


def test_the_videos_of_a_class_are_drawn(data: DataParams) -> None:
    for name in ("a/g1_w.avi", "a/g3_x.avi", "b/g1_x.avi"):
        (Path(data.root) / name).write_bytes(b"")
    found = find_videos(data.model_copy(update={"max_per_class": 2})).videos
    assert [(video.label, video.group) for video in found] == [("a", "g1"), ("a", "g3"), ("b", "g1"), ("b", "g2")]
    draws = {find_videos(data.model_copy(update={"max_per_class": 1, "seed": seed})).videos[0] for seed in range(9)}
    assert {video.group for video in draws} == {"g1", "g3"}


@pytest.mark.real
def test_asl_table_and_weizmann_pattern(real_clips: Path, data: DataParams) -> None:
    asl = DataParams(name="folder", root=str(real_clips / "asl/videos"), annotations=str(real_clips / "asl/videos.csv"))
    videos = find_videos(asl).videos
    assert len(videos) == 79
    assert len({video.group for video in videos}) == 29
    weizmann = data.model_copy(
        update={"root": str(real_clips / "weizmann"), "group_pattern": r"/(?P<group>[a-z]+)_[a-z0-9]+\.avi$"}
    )
    videos = find_videos(weizmann).videos
    assert len(videos) == 36
    assert len({video.group for video in videos}) == 9
