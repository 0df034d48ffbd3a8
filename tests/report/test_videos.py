from __future__ import annotations

import json
from pathlib import Path

import pytest

from actionrec.report import results_view
from actionrec.report.gather import gather
from actionrec.report.videos import answer_table, json_for_script
from tests.report.made import params_of, write_project


def test_rows_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params, ["a", "b"])
    inputs = gather(params)
    found = json.loads(answer_table(inputs, results_view.shown_entries(inputs)).json)
    assert found["classes"] == ["a", "b"]
    assert found["entries"] == [
        {"name": "fusion", "single": False},  # the headline's
        {"name": "frame_resnet", "single": True},
        {"name": "fused_convlstm", "single": True},
    ]
    assert len(found["rows"]) == 6
    assert found["extra"] == {"v000_g0": "camera: </script> roof"}  # nothing of a video whose cells are empty
    assert found["rows"][0] == ["v000_g0", "g0", 0, 0, 0.5, 1, 0.982, 0, 0.982]  # frame_resnet is wrong on class a


def test_json_cannot_leave_its_script() -> None:
    hostile = "</script><!--\u2028&"
    text = json_for_script([hostile])
    assert text == '["\\u003c/script\\u003e\\u003c!--\\u2028\\u0026"]'
    assert json.loads(text) == [hostile]
