"""What the row of predicting reads from the tables that the command writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from actionrec.cli.predict import write_csv
from actionrec.prediction.predictor import VideoPrediction
from benchmarks.pairs import Times
from benchmarks.rows.predicting import a_video, read


def test_probabilities_by_video_and_class(tmp_path: Path) -> None:
    found = [
        VideoPrediction(path, reason, "", ("clap", "wave"), np.array(values), np.zeros((1, 2)))
        for path, reason, values in (("a.mp4", "", [0.25, 0.75]), ("b.mp4", "blank", [np.nan, np.nan]))
    ]
    write_csv(found, tmp_path / "all.csv", top=2)
    assert read(tmp_path / "all.csv") == {("a.mp4", "wave"): 0.75, ("a.mp4", "clap"): 0.25}


def test_seconds_a_video() -> None:
    assert a_video(Times([6.0, 9.0], [3.0, 3.0]), 3) == Times([2.0, 3.0], [1.0, 1.0])
