from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.errors import ActionrecError
from actionrec.evaluation.guard import GuardResult, read_guard
from actionrec.files import write_json


def test_reads_what_it_needs(tmp_path: Path) -> None:
    found = {"leaking": True, "groups_crossing": 2, "digests_crossing": 1, "near_duplicates_crossing": 0, "more": None}
    write_json(tmp_path / "guard.json", found)
    assert read_guard(tmp_path / "guard.json") == GuardResult(True, 2, 1, 0)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"leaking": false}'])
def test_anything_else_names_the_remedy(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "guard.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ActionrecError, match=r"guard\.json cannot be read .*dvc repro -f split"):
        read_guard(path)
