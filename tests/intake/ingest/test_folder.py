"""Class folders, group patterns and annotation tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.intake.ingest import folder
from actionrec.intake.ingest.found import Found, FoundVideo, list_videos
from actionrec.intake.ingest.section import DataParams

HEADER = "path,label,group,official_subset\n"


def find_folder(root: Path, table: Path, *, group_pattern: str) -> Found:
    return folder.find(DataParams(name="folder", root=str(root), annotations=str(table), group_pattern=group_pattern))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    for name in ("wave/ann_wave.avi", "wave/bob_wave.MP4", "bend/ann_bend.avi", "bend/.hidden.avi", "bend/notes.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "videos.csv"
    path.write_text(HEADER)
    return path


def test_only_visible_video_files_are_listed_sorted(root: Path) -> None:
    assert list_videos(root) == ["bend/ann_bend.avi", "wave/ann_wave.avi", "wave/bob_wave.MP4"]


def test_labels_from_folders_and_groups_from_the_pattern(root: Path, table: Path) -> None:
    found = find_folder(root, table, group_pattern=r"/(?P<group>[a-z]+)_")
    assert found.videos == [
        FoundVideo("bend/ann_bend.avi", "bend", "ann"),
        FoundVideo("wave/ann_wave.avi", "wave", "ann"),
        FoundVideo("wave/bob_wave.MP4", "wave", "bob"),
    ]
    assert [video.video_id for video in found.videos] == ["bend/ann_bend", "wave/ann_wave", "wave/bob_wave"]


def test_without_a_pattern_every_video_is_its_own_group_and_that_is_said(root: Path, table: Path) -> None:
    found = find_folder(root, table, group_pattern="")
    assert len({video.group for video in found.videos}) == 3
    assert "every video is its own group" in found.notes[0]


def test_a_pattern_that_finds_nothing_names_the_paths(root: Path, table: Path) -> None:
    with pytest.raises(ActionrecError, match=r"finds no group in 1 of 3 paths: wave/bob_wave\.MP4"):
        find_folder(root, table, group_pattern=r"(?P<group>ann)_")


def test_the_table_gives_label_group_and_subset(root: Path, table: Path) -> None:
    table.write_text(
        HEADER + "bend/ann_bend.avi,Bend,p1,train\nwave/ann_wave.avi,Wave,p1,\nwave/bob_wave.MP4,Wave,p2,test\n"
    )
    found = find_folder(root, table, group_pattern="")
    assert found.videos[2] == FoundVideo("wave/bob_wave.MP4", "Wave", "p2", "test")


def test_the_table_may_name_the_subset_in_several_lists(root: Path, table: Path) -> None:
    rows = "bend/ann_bend.avi,b,p1,train|test\nwave/ann_wave.avi,w,p1,test|\nwave/bob_wave.MP4,w,p2,\n"
    table.write_text(HEADER + rows)
    found = find_folder(root, table, group_pattern="")
    assert [video.official_subset for video in found.videos] == ["train|test", "test|", ""]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("bend/x.avi,b,g,\n", "none of the 1 video.s. of .*videos.csv is under .*: bend/x.avi"),
        ("bend/ann_bend.avi,b,g,tst\n", "line 2: official_subset 'tst' is not one of train, val, test or empty"),
        ("bend/ann_bend.avi,b,g,test/train\n", "'test/train' is not one of .*or, with several lists, one a list"),
        ("bend/ann_bend.avi,,g,\n", "line 2: the label of bend/ann_bend.avi is empty"),
        ("bend/ann_bend.avi,b,g,\nwave/ann_wave.avi,w,,\n", "1 of 2 rows have no group: wave/ann_wave.avi"),
        ("bend/ann_bend.avi,b,g,\n./bend/ann_bend.avi,c,g,\n", "line 3: .* is listed twice, before in line 2"),
        ("bend/ann_bend.avi,b,g,,,x\n", "line 2: 6 cells, but the header names 4 columns"),
        ('"bend/ann_bend.avi,b,g,\n', "line 2: unexpected end of data; check the quotes"),
    ],
)
def test_bad_tables(root: Path, table: Path, rows: str, message: str) -> None:
    table.write_text(HEADER + rows)
    with pytest.raises(ActionrecError, match=message):
        find_folder(root, table, group_pattern="")


def test_missing_table_columns_folder_and_videos(root: Path, table: Path, tmp_path: Path) -> None:
    table.write_text("file,label\n")
    with pytest.raises(ActionrecError, match=r"lacks the column\(s\) path; its header names file, label"):
        find_folder(root, table, group_pattern="")
    with pytest.raises(ActionrecError, match=r"none\.csv is not a file"):
        find_folder(root, tmp_path / "none.csv", group_pattern="")
    with pytest.raises(ActionrecError, match="nowhere is not a folder"):
        list_videos(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ActionrecError, match="empty holds no video"):
        list_videos(tmp_path / "empty")


def test_videos_without_a_class_folder(root: Path, table: Path) -> None:
    (root / "loose.avi").write_bytes(b"")
    with pytest.raises(ActionrecError, match=r"1 video\(s\) lie directly in .*: loose\.avi"):
        find_folder(root, table, group_pattern="")
