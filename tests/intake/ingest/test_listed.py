"""CSV tables as people have them: what is read, what is said of it, what is refused."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from tests.intake.ingest.making import data_of, make_tree

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.intake.ingest.found import Found, FoundVideo
from actionrec.intake.ingest.manifest import build_manifest, find_videos
from actionrec.intake.ingest.spans import seconds_of

NAMES = ("bend/ann.avi", "bend/bob.avi", "wave/ann.avi", "wave/bob.avi")
TABLE = "path,label,group\n" + "".join(f"{name},{name[:4]},{name[5:8]}\n" for name in NAMES)
EXPECTED = [FoundVideo(name, name[:4], name[5:8]) for name in NAMES]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "videos", NAMES)


def found_by(root: Path, table: str | bytes, **other: object) -> Found:
    path = root.parent / "videos.csv"
    path.write_bytes(table if isinstance(table, bytes) else table.encode())
    return find_videos(data_of("csv", root, path, **other))


@pytest.mark.parametrize(
    ("table", "repair"),
    [
        (TABLE.encode("utf-8-sig"), None),
        (TABLE.replace("\n", "\r\n").encode(), None),
        (TABLE.replace("\n", "\r").encode(), None),
        (TABLE.upper().splitlines()[0].encode() + TABLE[16:].encode(), None),
        (TABLE.encode("utf-16"), "encoded as UTF-16"),
        (TABLE.encode("utf-16-be"), "encoded as UTF-16"),
        (TABLE.replace(",", ";").encode(), "columns separated by semicolons"),
        (b"sep=;\n" + TABLE.replace(",", ";").encode(), "columns separated by semicolons"),
        (TABLE.replace(",", "\t").encode(), "columns separated by tabs"),
        (TABLE.replace("\nwave", "\n\n , , \nwave").encode(), "lines without content left out (4)"),
        (TABLE.replace(",bend,", ", bend\u00a0,").encode(), "blanks around a cell taken away (2)"),
        (TABLE.replace("bend/", "./bend/").encode(), "paths without ./, // and the like (2)"),
        (TABLE.replace("bend/", "wave//../bend/./").encode(), "paths without ./, // and the like (2)"),
        (TABLE.replace("bend/", "bend\\").encode(), "backslashes read as slashes (2)"),
        ((TABLE + "wave/bob.avi,wave,bob\n").encode(), "rows that repeat another (1)"),
        (TABLE.replace("\n", ",,\n").encode(), None),
    ],
)
def test_what_is_unambiguous_is_read_and_what_was_mended_is_said(root: Path, table: bytes, repair: str | None) -> None:
    found = found_by(root, table)
    assert found.videos == EXPECTED
    assert found.notes == ([f"videos.csv was read with repairs: {repair}"] if repair else [])


def test_eight_bit_tables_are_read_as_windows_1252_and_composed(root: Path) -> None:
    found = found_by(root, TABLE.replace(",bend,", ",Größe,").encode("cp1252"))
    assert {video.label for video in found.videos} == {"Größe", "wave"}
    assert "encoded as Windows-1252 (save it as UTF-8 if names look wrong)" in found.notes[0]
    both = TABLE.replace("ann.avi,bend", "ann.avi,b\u00e9nd").replace("bob.avi,bend", "bob.avi,be\u0301nd")
    assert {video.label for video in found_by(root, both).videos} == {"b\u00e9nd", "wave"}
    with pytest.raises(ActionrecError, match=r"videos\.csv line 4: a byte that is not UTF-8, as the rest is"):
        found_by(root, TABLE.replace("ann.avi,bend", "ann.avi,手").encode().replace(b"ann.avi,wave", b"ann.avi,w\xe9"))
    with pytest.raises(ActionrecError, match=r"videos\.csv line 2: neither UTF-8 nor cp1252 \(byte 0x81\)"):
        found_by(root, TABLE.replace(",bend,", ",b\x81,", 1).encode("latin-1"))


def test_absolute_paths_below_the_root_are_paths_below_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    for prefix in (root, tmp_path / "link"):
        found = found_by(tmp_path / "link", TABLE.replace("bend/", f"{prefix}/bend/"))
        assert found.videos == EXPECTED
    assert found.notes == ["videos.csv was read with repairs: absolute paths read as below data.root (2)"]
    assert found_by(root, TABLE.replace("bend/", "videos/bend/")).videos == EXPECTED  # from the table's own folder


def test_files_elsewhere_have_ids_of_their_own(root: Path, tmp_path: Path) -> None:
    make_tree(tmp_path / "other", ["x y.avi", "z.avi"])
    rows = f"{tmp_path}/other/x y.avi,bend,eve\n../other/z.avi,wave,eve\n"
    found = found_by(root, TABLE + rows)
    assert found.videos[0] == FoundVideo(f"{tmp_path}/other/x y.avi", "bend", "eve")
    assert [video.video_id for video in found.videos[:2]] == [
        f"_outside{tmp_path}/other/{name}" for name in ("x y", "z")
    ]
    assert found.notes[0].startswith(f"2 video(s) lie outside data.root: {tmp_path}/other/x y.avi")
    make_tree(root, [f"_outside{tmp_path}/other/z.mkv"])
    with pytest.raises(ActionrecError, match="1 video id"):
        found_by(root, TABLE + rows + f"_outside{tmp_path}/other/z.mkv,wave,eve\n")


@pytest.mark.parametrize(("on_disk", "listed"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_match_however_they_are_composed(tmp_path: Path, on_disk: str, listed: str) -> None:
    name = "größe/été.avi"
    root = make_tree(tmp_path / "videos", [unicodedata.normalize(on_disk, name), "wave/ann.avi"])
    found = found_by(root, unicodedata.normalize(listed, f"path,label,group\n{name},é,ann\nwave/ann.avi,w,bob\n"))
    assert found.videos[0] == FoundVideo(unicodedata.normalize(on_disk, name), "\u00e9", "ann")
    assert "accents composed otherwise on disk (NFC, NFD) (1)" in found.notes[0]
    make_tree(root, [unicodedata.normalize(listed, name)])  # now there are two, and the row says which
    found = found_by(root, unicodedata.normalize(listed, f"path,label,group\n{name},é,ann\nwave/ann.avi,w,bob\n"))
    assert unicodedata.normalize(listed, name) in {video.path for video in found.videos}


def test_a_part_of_the_folder_with_some_missing_is_counted(root: Path) -> None:
    rows = "path,label,group\nbend/ann.avi,bend,ann\nwave/ann.avi,wave,ann\nwave/eve.avi,wave,eve\n"
    found = found_by(root, rows)
    assert [video.path for video in found.videos] == ["bend/ann.avi", "wave/ann.avi"]
    assert found.notes == [
        "1 of the 3 videos that videos.csv lists are not there and are left out: wave/eve.avi",
        f"2 video(s) under {root} have no row in videos.csv and are left out: bend/bob.avi, wave/bob.avi",
    ]
    with pytest.raises(ActionrecError, match=r"none of the 1 video\(s\) of .*videos.csv is under .*wave/eve.avi"):
        found_by(root, "path,label,group\nwave/eve.avi,wave,eve\n")
    with pytest.raises(ActionrecError, match="has no row"):
        found_by(root, "path,label,group\n")


def test_folders_of_images_and_files_of_any_suffix_may_be_listed(root: Path) -> None:
    make_tree(root, ["flat 1.5/1.jpg", "flat 1.5/2.jpg", "deep/er/1.png", "deep/er/2.png", "raw.h264", "empty/x.txt"])
    rows = "path,label,group\nflat 1.5/,a,g\n./deep/er/,b,h\nraw.h264,b,g\nempty,a,g\nbend,a,g\n"
    found = found_by(root, rows)
    assert [video.video_id for video in found.videos] == ["deep/er", "flat 1.5", "raw"]
    notes = " ".join(found.notes)
    assert "2 of the 5 videos that videos.csv lists are not there and are left out: empty, bend" in notes
    assert "not read below data.root: 1 .txt files (empty/x.txt)" in notes


def test_names_of_subsets_and_of_other_columns(root: Path) -> None:
    rows = "Path,Label,Group,Subset,camera,video_id\n" + "".join(
        f"{name},{name[:4]},{name[5:8]},{subset},{number},{number}\n"
        for number, (name, subset) in enumerate(zip(NAMES, ("Training", "test", "dev", ""), strict=True))
    )
    found = found_by(root, rows)
    assert [video.official_subset for video in found.videos] == ["train", "test", "val", ""]
    assert "subsets called otherwise than train, val or test (2)" in found.notes[0]
    manifest = build_manifest(
        data_of("csv", root, root.parent / "videos.csv"), ComputeParams(backend="local", workers=1)
    )
    assert manifest.extra_columns == ["video_id", "camera", "listed_video_id"]
    assert manifest.extra_rows[1] == ["bend/bob", "1", "1"]


def test_without_a_column_of_groups_each_video_is_one_and_a_pattern_is_suggested(tmp_path: Path) -> None:
    names = [f"{label}/{person}_{label}_{take}.avi" for label in ("a", "b") for person in "xyz" for take in "12"]
    root = make_tree(tmp_path / "videos", names)
    rows = "path,label\n" + "".join(f"{name},{name[0]}\n" for name in names)
    found = found_by(root, rows)
    assert len({video.group for video in found.videos}) == 12
    assert "there is no column group in the table, and data.group_pattern is empty" in found.notes[0]
    pattern = found.notes[0].split("data.group_pattern: '")[1].split("' would read 3 groups from the names: x, y, z")[0]
    assert {video.group for video in found_by(root, rows, group_pattern=pattern).videos} == {"x", "y", "z"}


SEGMENTS = "path,label,group,start,end\nbend/ann.avi,bend,,1.5,3\nbend/ann.avi,wave,,0:03,\nwave/ann.avi,wave,,,\n"


def test_parts_of_one_file_are_videos_of_one_group(root: Path) -> None:
    found = found_by(root, SEGMENTS, segments=True)
    assert [(video.video_id, video.group) for video in found.videos] == [
        ("bend/ann@1.5-3", "bend/ann.avi"),
        ("bend/ann@3-", "bend/ann.avi"),
        ("wave/ann", "wave/ann.avi"),
    ]
    data = data_of("csv", root, root.parent / "videos.csv", segments=True)
    rows = build_manifest(data, ComputeParams(backend="local", workers=1)).rows
    parts = {row.video_id: row for row in rows}
    assert parts["bend/ann@1.5-3"].digest == parts["bend/ann@3-"].digest
    assert parts["bend/ann@1.5-3"].content_digest != parts["bend/ann@3-"].content_digest
    assert parts["wave/ann"].content_digest == parts["wave/ann"].digest
    assert (parts["bend/ann@1.5-3"].start_seconds, parts["bend/ann@3-"].end_seconds) == (1.5, 0.0)


def test_times_are_other_columns_until_they_are_asked_for(root: Path) -> None:
    rows = SEGMENTS.replace("bend/ann.avi,wave,,0:03,\n", "")
    found = found_by(root, rows)
    assert found.videos[0].video_id == "bend/ann"
    assert ("start", "1.5") in found.videos[0].extra
    assert any("data.segments: true cuts the videos by them" in note for note in found.notes)


def test_overlapping_parts_in_different_groups_are_named(root: Path) -> None:
    rows = "path,label,group,start,end\nbend/ann.avi,bend,a,0,3\nbend/ann.avi,wave,b,2.9,4\nbend/bob.avi,bend,a,0,1\n"
    notes = found_by(root, rows, segments=True).notes
    assert "parts of 1 file(s) overlap, but are in different groups: bend/ann.avi" in notes


def test_parts_of_images_are_refused_and_impossible_names_are_missing(root: Path) -> None:
    make_tree(root, ["seq/1.jpg", "seq/2.jpg", "a.webp"])
    for path in ("seq", "a.webp"):
        with pytest.raises(ActionrecError, match=f"line 2: {path} is made of images, of which no part can be cut"):
            found_by(root, f"path,label,start,end\n{path},a,1,2\n", segments=True)
    names = ["x" * 300, "/" + "y" * 300, "../" * 3 + "z" * 300, "bend", "..", "", "/", "C:\\v.avi"]
    found = found_by(root, TABLE + "".join(f"{name},a,g\n" for name in names))
    assert found.videos == EXPECTED
    assert "8 of the 12 videos that videos.csv lists are not there" in " ".join(found.notes)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("bend/ann.avi,bend,a,x,3", "line 2: start 'x' is no time; write seconds"),
        ("bend/ann.avi,bend,a,3,3", "line 2: end '3' is not after start '3'"),
        ("bend/ann.avi,bend,a,-1,3", "line 2: start '-1' is no time"),
        ("bend/ann.avi,bend,a,nan,3", "line 2: start 'nan' is no time"),
        ("bend/ann.avi,bend,a,1,2\nbend/ann.avi,wave,a,1,2", "line 3: bend/ann.avi is listed twice, before in line 2"),
    ],
)
def test_times_that_are_none_are_refused(root: Path, row: str, message: str) -> None:
    with pytest.raises(ActionrecError, match=message):
        found_by(root, f"path,label,group,start,end\n{row}\n", segments=True)


def test_times_as_people_write_them() -> None:
    assert [seconds_of(text) for text in ("12.5", "12,5", "1:02", "1:02:03.5", "0")] == [12.5, 12.5, 62.0, 3723.5, 0.0]
    assert [seconds_of(text) for text in ("", "1e3", "-1", "a:b", "inf", "1:2:3:4")] == [None] * 6


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,label,group\n", r"lacks the column\(s\) path; its header names file, label, group"),
        ("", "is empty; expected a CSV with the columns path, label"),
        ("path,label,path\n", r"names the column\(s\) path twice"),
        ("path,label\nbend/ann.avi,b,c\n", "line 2: 3 cells, but the header names 2 columns; put a cell that holds"),
        ("path,label\nbend/ann.avi,b\nC:\\v\\x.avi,c\n", "at least 2 classes"),
    ],
)
def test_what_is_ambiguous_is_refused_with_its_line(root: Path, table: str, message: str) -> None:
    with pytest.raises(ActionrecError, match=message):
        found_by(root, table)


@pytest.mark.real
def test_the_case_files(real_clips: Path) -> None:
    """Tables of the same 36 videos, each written in another way."""
    cases = sorted((real_clips.parent / "cases").glob("*.csv"))
    if not cases:
        pytest.skip("the case files are not there")
    for table in cases:
        found = find_videos(data_of("csv", real_clips / "weizmann", table))
        assert (len(found.videos), len({video.label for video in found.videos})) == (36, 4), table.name
        assert len({video.group for video in found.videos}) == 9
        assert len(found.notes) == 1
