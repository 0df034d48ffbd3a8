"""The benchmark that asks models about groups that they were not trained on, without a test video."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packed_data import PackedData, make_packed_data

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SplitRow
from benchmarks import held_out
from benchmarks.held_out import Answer, Question, answer, dealt, table

PARTS = 2


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"))


def test_each_group_validates_once_and_no_test_video_ever(data: PackedData) -> None:
    pool = {row.video_id for row in data.rows if row.subset != "test"}
    asked: list[str] = []
    for part in range(PARTS):
        rows = dealt(data.rows, part=part, parts=PARTS)
        assert [row.video_id for row in rows if row.subset == "test"] == sorted(
            row.video_id for row in data.rows if row.subset == "test"
        )
        validating = [row for row in rows if row.subset == "val"]
        training = {row.group for row in rows if row.subset == "train"}
        assert training.isdisjoint(row.group for row in validating)
        assert len({row.label for row in validating}) == len({row.label for row in data.rows})
        asked += [row.video_id for row in validating]
    assert sorted(asked) == sorted(pool)
    with pytest.raises(ActionrecError, match="4 groups cannot be dealt into 5 parts"):
        dealt(data.rows, part=0, parts=5)


def test_a_model_is_trained_and_asked(data: PackedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of its own, which is gone afterwards."""
    params = held_out.load_params()
    short = params.model_copy(update={"train": params.train.model_copy(update={"epochs": 2})})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(held_out, "load_params", lambda: short)
    monkeypatch.setattr(held_out, "read_rows", _rows_of(data.rows))
    monkeypatch.setattr(held_out.paths, "packed_path", data.packed_path)
    monkeypatch.setattr(held_out.paths, "PACKED_KEYPOINTS", data.keypoints_path)
    found = answer(Question("frame_features", 0, 1, PARTS))
    assert found.num_videos == 8
    assert 0 <= found.top1 <= 1
    assert found.nats > 0
    assert not list(tmp_path.iterdir())


def _rows_of(rows: list[SplitRow]) -> object:
    return lambda *_, **__: rows


def test_a_mean_is_over_videos() -> None:
    answers = [
        (Question("m", 0, 0, 2), Answer(30, 0.5, 1.0, 0.9)),
        (Question("m", 0, 1, 2), Answer(10, 0.9, 0.2, 0.9)),
        (Question("n", 0, 0, 2), Answer(10, 0.1, 3.0, 0.4)),
    ]
    assert table(answers)[2:] == ["| `m` | 40 | 0.600 | 0.800 | 0.900 |", "| `n` | 10 | 0.100 | 3.000 | 0.400 |"]
