"""The stage writes subsets, what the guard found, and the copies by name."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.conftest import REPO
from tests.helpers import read_csv, write_frames
from tests.intake.split.test_methods import videos
from tests.intake.split.test_moving import row_of, walker

from actionrec.core import paths
from actionrec.core.tables import ScreenedRow, write_rows


def run_stage(**changes: object) -> None:
    yaml = YAML()
    params = yaml.load((REPO / "params.yaml").read_text())
    params["split"] |= {"folds": 1, **changes}
    params["compute"]["workers"] = 1
    with Path("params.yaml").open("w") as file:
        yaml.dump(params, file)
    runpy.run_path(str(REPO / "stages" / "split.py"), run_name="stage")["main"]()


def test_copies_are_compared_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    rows = videos(2, 6)
    # Two people before one wall, and the first of them once more.
    for row, person in ((rows[0], 0), (rows[2], 1), (rows[5], 0)):
        write_frames(paths.frames_path(row.video_id), walker(person, 24, num_frames=16), fingerprint=row.video_id)
    signature = row_of(paths.frames_path(rows[0].video_id), "").signature
    rows = [replace(row, signature=signature if place in (0, 2, 5) else "") for place, row in enumerate(rows)]
    write_rows(paths.SCREENED, rows, ScreenedRow)
    run_stage(duplicates="keep_one")
    [pair] = read_csv(paths.DUPLICATES)
    assert (pair["duplicate_of"], pair["video_id"], pair["kind"]) == (
        rows[0].video_id,
        rows[5].video_id,
        "near_duplicate",
    )
    assert pair["dropped"] == rows[5].video_id
    assert {row["video_id"] for row in read_csv(paths.SPLIT)} == {row.video_id for row in rows} - {rows[5].video_id}
    notes = json.loads(paths.GUARD.read_text())["notes"]
    assert f"1 near-duplicate pair(s) have one label: {rows[0].video_id} ~ {rows[5].video_id}" in notes
    assert all(f"note: {note}" in capsys.readouterr().out for note in notes[:1])
    run_stage(duplicates="keep", allow_leak=True)
    assert len(read_csv(paths.SPLIT)) == len(rows)
