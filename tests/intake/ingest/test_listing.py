"""What lies below a root: suffixes, links, folders of images, and names of every kind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.ingest.making import data_of, make_tree

from actionrec.core.compute import ComputeParams
from actionrec.core.errors import ActionrecError
from actionrec.core.sources import digest_source, frame_files, natural_key, size_of
from actionrec.core.tables import ManifestRow, read_rows, write_rows, write_table
from actionrec.intake.ingest.groups import alike_groups, suggest_pattern
from actionrec.intake.ingest.listing import LEAVING_LINKS, list_files
from actionrec.intake.ingest.manifest import build_manifest, find_videos

HEADER = "path,label,group,official_subset\n"
SERIAL = ComputeParams(backend="local", workers=1)


def folder_data(root: Path, **other: object) -> object:
    table = root.parent / "labels.csv"
    table.write_text(HEADER)
    return data_of("folder", root, table, **other)


def test_other_suffixes_and_links_are_counted_in_one_note(tmp_path: Path) -> None:
    root = make_tree(
        tmp_path / "videos", ["a/1.avi", "b/2.GIF", "b/3.webp", "a/x.txt", "b/y.txt", "b/z.mp5", "b/thumb.jpg"]
    )
    outside = make_tree(tmp_path / "outside", ["4.avi"])
    (root / "c").symlink_to(outside)
    (root / "a/5.avi").symlink_to(outside / "4.avi")
    (root / "a/6.avi").symlink_to(tmp_path / "nothing")
    (root / "d").symlink_to(root / "a")
    (root / "a/again").symlink_to(root)
    os.mkfifo(root / "a/pipe.avi")
    found = find_videos(folder_data(root))
    assert [video.path for video in found.videos] == ["a/1.avi", "b/2.GIF", "b/3.webp", "d/1.avi"]
    assert list_files(root).skipped == {
        LEAVING_LINKS: ["a/5.avi", "c", "d/5.avi"],
        "symbolic links to a folder that they lie in": ["a/again", "d/again"],
        "symbolic links to nothing": ["a/6.avi", "d/6.avi"],
        "pipes, sockets or devices": ["a/pipe.avi", "d/pipe.avi"],
        ".txt files": ["a/x.txt", "b/y.txt", "d/x.txt"],
        ".jpg files": ["b/thumb.jpg"],
        ".mp5 files": ["b/z.mp5"],
    }
    assert found.notes[-1].startswith(
        f"not read below data.root: 3 .txt files (a/x.txt, b/y.txt, d/x.txt), 3 {LEAVING_LINKS} (a/5.avi, c, d/5.avi), "
    )
    everything = list_files(root, follow_links=True)
    assert {"c/4.avi", "a/5.avi"} <= set(everything.videos)
    assert LEAVING_LINKS not in everything.skipped


def test_links_into_dvcs_cache_are_the_folders_own(tmp_path: Path) -> None:
    held = tmp_path / "cache/files/md5/ab" / ("c" * 30)
    make_tree(held.parent, [held.name])
    root = make_tree(tmp_path / "videos", ["a/1.avi"])
    (root / "a/2.avi").symlink_to(held)
    assert list_files(root).videos == ("a/1.avi", "a/2.avi")


def test_folders_of_images_are_videos(tmp_path: Path) -> None:
    names = [f"{label}/clip 0.{clip}/{frame}.jpg" for label in ("a", "b") for clip in (1, 2) for frame in (1, 2, 10)]
    root = make_tree(tmp_path / "videos", [*names, "a/cover.jpg", "a/alone/1.jpg", "a/both/1.jpg", "a/both/2.jpg"])
    make_tree(root, ["a/both/x.avi"])
    found = find_videos(folder_data(root))
    assert [video.video_id for video in found.videos] == [
        "a/both/x",
        "a/clip 0.1",
        "a/clip 0.2",
        "b/clip 0.1",
        "b/clip 0.2",
    ]
    assert found.notes[0].startswith("4 folder(s) of images are taken as one video each: a/clip 0.1, a/clip 0.2")
    rows = {row.video_id: row for row in build_manifest(folder_data(root), SERIAL).rows}
    assert (rows["a/clip 0.1"].path, rows["a/clip 0.1"].bytes) == ("a/clip 0.1", 0)
    (root / "a/clip 0.1/10.jpg").write_bytes(b"xy")
    assert size_of(root / "a/clip 0.1") == 2
    assert digest_source(root / "a/clip 0.1") != rows["a/clip 0.1"].digest
    assert [file.name for file in frame_files(root / "a/clip 0.1")] == ["1.jpg", "2.jpg", "10.jpg"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_natural_order_is_an_order_and_counts(texts: list[str]) -> None:
    assert len({natural_key(text) for text in texts}) == len(set(texts))
    numbered = [f"f{number}.jpg" for number in range(12)]
    assert sorted(sorted(numbered), key=natural_key) == numbered


def test_classes_by_name_by_number_and_the_first_ones(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "videos", [f"{label}/x.avi" for label in ("1", "b", "c", "d")])

    def labels(classes: object) -> set[str]:
        return {video.label for video in find_videos(folder_data(root, classes=classes)).videos}

    assert labels(["b", "d"]) == {"b", "d"}
    assert labels([1, 3]) == {"1", "c"}
    assert labels(["1", 2]) == {"1", "b"}
    assert labels(3) == {"1", "b", "c"}
    assert labels([]) == {"1", "b", "c", "d"}
    for classes, message in (
        ([5, 1], r"no class number 5; they are 1 \(1\) to 4 \(d\)"),
        (5, "the first 5 are wanted, but there are 4 classes"),
        (["bb", "c"], "no video of bb, did you mean b"),
        (1, "at least 2 classes, found only 1"),
    ):
        with pytest.raises(ActionrecError, match=message):
            labels(classes)


def test_groups_that_differ_in_case_alone_are_named() -> None:
    assert alike_groups(["Daria", "daria", "eli ", "eli", "x"]) == [
        "2 groups are written in several ways and count as different: Daria = daria, eli = eli "
    ]
    assert alike_groups(["a", "b"]) == []


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        ([f"{label}/{who}_{label}.avi" for label in "ab" for who in ("ann", "bob", "eve")], ["ann", "bob", "eve"]),
        (
            [f"{a}/v_{a}_g{g:02d}_c{c}.avi" for a in ("Box", "Run") for g in (1, 2, 3) for c in "12"],
            ["g01", "g02", "g03"],
        ),
        ([f"{label}/p{who}/{clip}.avi" for label in "ab" for who in "123" for clip in "12"], ["p1", "p2", "p3"]),
        ([f"{a}/person0{who}_{a}_d{d}.avi" for a in "ab" for who in "123" for d in "12"], None),
        ([f"{label}/{number}.avi" for label in "ab" for number in range(9)], []),
        ([f"{label}/{who}_{take}.avi" for label in "ab" for who in "123" for take in "12"], ["1", "2", "3"]),
        ([f"{label}/{label} {number}.avi" for label in "ab" for number in range(9)], []),
    ],
)
def test_a_pattern_is_suggested_where_names_hold_groups(names: list[str], groups: list[str] | None) -> None:
    found = suggest_pattern([(name, name.split("/")[0]) for name in names])
    expected = ["person01", "person02", "person03"] if groups is None else groups
    assert (found[1] if found else []) == expected


def test_a_name_that_is_not_utf8_is_left_out_and_named(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "videos", ["a/1.avi", "b/2.avi"])
    Path(os.fsdecode(os.fsencode(root / "a") + b"/\xff.avi")).touch()
    found = find_videos(folder_data(root))
    assert len(found.videos) == 2
    assert found.notes[-1] == "not read below data.root: 1 names that are not UTF-8 (a/\\udcff.avi)"


NASTY = st.sampled_from(
    ["a", " ", '"', "'", "\n", "\r", "\t", "-", "--", "%04d", "%", "{0}", "{{", "..", ".", "é", "e\u0301", "手", "=1+1",
     "@", ",", ";", "|", "\\", "*", "[1]", "(", "$HOME", "`", "#", "?", "\u202e", "\x01", "~"]
)  # fmt: skip
NAMES = st.lists(NASTY, min_size=1, max_size=4).map("".join).filter(lambda name: not name.startswith("."))


@settings(deadline=None, max_examples=60)
@given(names=st.sets(NAMES, min_size=1, max_size=5), labels=st.sets(NAMES, min_size=2, max_size=3))
def test_names_of_any_kind_come_through_as_they_are(names: set[str], labels: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted(f"{label}/{name}.avi" for label in labels for name in names)
        root = make_tree(Path(folder) / "videos", paths)
        rows = sorted(build_manifest(folder_data(root), SERIAL).rows, key=lambda row: row.video_id)
        assert sorted(row.path for row in rows) == paths
        assert sorted(row.video_id for row in rows) == sorted(path.removesuffix(".avi") for path in paths)
        table = Path(folder) / "manifest.csv"
        write_rows(table, rows, ManifestRow)
        assert read_rows(table, ManifestRow, stage="ingest") == rows
        # The same by a table: it finds the same files, and never one outside.
        listed = Path(folder) / "listed.csv"
        write_table(
            listed, ["path", "label", "group"], [[path, "x" if n else "y", "g"] for n, path in enumerate(paths)]
        )
        found = find_videos(data_of("csv", root, listed))
        assert sorted(video.path for video in found.videos) == paths
        assert not any("\n" in note for note in found.notes)
