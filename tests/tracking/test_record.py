from __future__ import annotations

from pathlib import Path
from unittest.mock import create_autospec

import pytest
from tests.report.made import params_of, write_project

from actionrec.core import paths
from actionrec.tracking.client import Tracker
from actionrec.tracking.record import complete_record


def test_the_report_its_paper_form_and_every_answer_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("cnn3d", "stgcn")
    write_project(params)
    for path in (paths.REPORT, paths.PRINTED_REPORT, paths.FIGURES / "models.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    tracker = create_autospec(Tracker, instance=True, dvc_experiment="tried")
    tracker.run_of.return_value = "run"
    monkeypatch.setattr("actionrec.tracking.record.connect", lambda _: tracker)
    monkeypatch.setattr("actionrec.tracking.record._record_training", lambda *_, **__: None)
    complete_record(params)
    kept = {path.name for call in tracker.log_files.call_args_list for path in call.args[1]}
    logged = tracker.log_params.call_args.args[1]  # what two experiments may differ in
    assert {"data", "split", "train", "evaluate", "enabled", "models"} == set(logged)
    assert set(logged["models"]) == {"cnn3d", "stgcn"}
    assert kept == {"index.html", "report.pdf", "predictions.csv", "summary.json", "fusion.json", "models.png"}
