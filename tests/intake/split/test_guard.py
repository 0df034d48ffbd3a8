from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.core.files import write_json
from actionrec.intake.split.guard import Guard, read_guard, write_guard


def test_reads_what_was_written(tmp_path: Path) -> None:
    found = Guard(True, "stratified", 2, 1, 0, 0.02, 60, 12)
    write_guard(found, tmp_path / "guard.json")
    assert read_guard(tmp_path / "guard.json") == found
    write_json(tmp_path / "more.json", {**asdict(found), "more": None})
    assert read_guard(tmp_path / "more.json") == found


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"leaking": false}'])
def test_anything_else_names_the_remedy(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "guard.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ActionrecError, match=r"guard\.json cannot be read .*dvc repro -f split"):
        read_guard(path)
