"""What ``actionrec predict`` writes of what it was told."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from actionrec.cli.predict import write_csv
from actionrec.prediction.predictor import VideoPrediction

CLASSES = ("=cmd()", "wave")


def prediction(path: str, *, reason: str = "") -> VideoPrediction:
    return VideoPrediction(path, reason, "", CLASSES, np.array([0.75, 0.25]), np.log([[0.75, 0.25]]).astype(np.float32))


def test_a_spreadsheet_runs_no_name_of_a_file_or_class_as_a_formula(tmp_path: Path) -> None:
    found = [prediction("=1+1.mp4"), prediction('clips/a, "b".mp4'), prediction("@broken.mp4", reason="empty_file")]
    assert write_csv(found, tmp_path / "out.csv", top=2) == 3
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["'=1+1.mp4", 'clips/a, "b".mp4', "'@broken.mp4"]
    assert rows[0] | {"path": ""} == {
        "path": "",
        "reason": "",
        "evidence": "",
        "label": "'=cmd()",
        "probability": "0.750000",
        "label_2": "wave",
        "probability_2": "0.250000",
    }
    assert (rows[2]["reason"], rows[2]["label"], rows[2]["probability"]) == ("empty_file", "", "")
