"""Tables are sorted, typed, and joined only when their ids agree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ManifestRow, SplitRow, check_same_ids, class_names, read_rows, write_rows

ROWS = [
    ManifestRow("b/2", "b/2.avi", "b", "g1", "", 12, "ff"),
    ManifestRow("a/1", 'a/1,"x".avi', "a", "g1", "train", 0, "00"),
]


def test_rows_come_back_sorted_and_typed(tmp_path: Path) -> None:
    write_rows(tmp_path / "m.csv", ROWS, ManifestRow)
    assert read_rows(tmp_path / "m.csv", ManifestRow, stage="ingest") == [ROWS[1], ROWS[0]]
    assert (tmp_path / "m.csv").read_bytes().splitlines()[
        0
    ] == b"video_id,path,label,group,official_subset,bytes,digest"


def test_bad_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    with pytest.raises(ActionrecError, match=r"split\.csv does not exist; rebuild it with `dvc repro -f split`"):
        read_rows(path, SplitRow, stage="split")
    path.write_text("video_id,label\n")
    with pytest.raises(ActionrecError, match="has columns"):
        read_rows(path, SplitRow, stage="split")
    path.write_text("video_id,label,group,subset\na,x,g,train\na,x,g,test\n")
    with pytest.raises(ActionrecError, match="line 3: video_id a occurs twice"):
        read_rows(path, SplitRow, stage="split")
    path.write_text("video_id,path,label,group,official_subset,bytes,digest\na,a.avi,x,g,,many,00\n")
    with pytest.raises(ActionrecError, match="line 2: invalid literal"):
        read_rows(path, ManifestRow, stage="ingest")


def test_joins_name_what_is_missing_and_what_is_extra() -> None:
    check_same_ids(["a", "b"], ["b", "a"], left_name="split", right_name="pack")
    with pytest.raises(ActionrecError, match="1 in split but not in pack: a; 2 in pack but not in split: c, d"):
        check_same_ids(["a", "b"], ["b", "c", "d"], left_name="split", right_name="pack")


def test_class_names_are_sorted() -> None:
    assert class_names(ROWS) == ["a", "b"]


def test_columns_of_defaults_alone_are_left_out_and_read_as_such(tmp_path: Path) -> None:
    part = ManifestRow("c@1-", "c.avi", "b", "g1", "", 12, "ff", start_seconds=1.0)
    write_rows(tmp_path / "m.csv", [*ROWS, part], ManifestRow)
    header = (tmp_path / "m.csv").read_text().splitlines()[0]
    assert header == "video_id,path,label,group,official_subset,bytes,digest,start_seconds"
    assert read_rows(tmp_path / "m.csv", ManifestRow, stage="ingest") == [ROWS[1], ROWS[0], part]
    assert part.content_digest not in (part.digest, replace(part, start_seconds=2.0).content_digest)
    assert ROWS[0].content_digest == "ff"


def test_a_carriage_return_in_a_name_stays_in_its_cell(tmp_path: Path) -> None:
    rows = [SplitRow("a\rb", "x\r\ny", "g", "train"), SplitRow("c", "x", "g", "test")]
    write_rows(tmp_path / "s.csv", rows, SplitRow)
    assert read_rows(tmp_path / "s.csv", SplitRow, stage="split") == rows
