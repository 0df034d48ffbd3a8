from __future__ import annotations

import json
from pathlib import Path

from actionrec.evaluation.evaluate import Evaluation, evaluate
from actionrec.evaluation.outputs import write_metrics, write_plot_tables
from tests.evaluation.made import PARAMS, make_split, predict
from tests.helpers import read_csv

SPLIT = make_split()


def _evaluation(*, clip_frames: int = 4) -> Evaluation:
    weak = predict(SPLIT, model="weak", wrong=["v000_g0", "v000_g1", "v001_g1"], clip_frames=clip_frames)
    return evaluate([weak, predict(SPLIT, model="strong")], SPLIT, PARAMS, leaking=True)


def test_files_are_those_of_the_entries_and_repeat(tmp_path: Path) -> None:
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        write_metrics(_evaluation(), folder)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["fusion.json", "strong.json", "summary.json", "weak.json"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert list(json.loads((tmp_path / "a" / "summary.json").read_text())) == ["fusion", "strong", "weak"]


def test_plot_tables(tmp_path: Path) -> None:
    write_plot_tables(_evaluation(), tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.csv")) == [
        "confused_pairs.csv",
        "confusion/fusion.csv",
        "confusion/strong.csv",
        "confusion/weak.csv",
        "models.csv",
        "per_class.csv",
    ]
    confusion = read_csv(tmp_path / "confusion/weak.csv")
    assert len(confusion) == 9
    assert confusion[0] == {"video_id": "v000_g0", "actual": "clap", "predicted": "squat"}
    per_class = read_csv(tmp_path / "per_class.csv")
    assert per_class[0] == {
        "model": "weak", "class": "clap", "precision": "1.0", "recall": "0.33333", "f1": "0.5", "support": "3",
    }  # fmt: skip
    assert len(per_class) == 9
    models = read_csv(tmp_path / "models.csv")
    assert [row["model"] for row in models] == ["weak", "strong", "fusion"]
    assert models[2]["clip_top1"] == ""
    assert read_csv(tmp_path / "confused_pairs.csv")[0]["videos"] == "2"


def test_space_and_time_is_a_table_where_there_are_both_kinds_of_models(tmp_path: Path) -> None:
    write_plot_tables(_evaluation(clip_frames=1), tmp_path)
    rows = read_csv(tmp_path / "space_time.csv")
    assert rows[0] == {
        "class": "clap", "videos": "3", "groups": "3", "frame_recall": "0.33333", "clip_recall": "1.0",
        "difference": "0.66667", "low": "-0.18848", "high": "0.98848", "p": "0.5", "smallest_p": "0.25",
        "verdict": "unclear",
    }  # fmt: skip
    assert [row["verdict"] for row in rows] == ["unclear"] * 3
