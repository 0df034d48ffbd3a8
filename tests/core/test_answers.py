from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluation.made import PARAMS, make_split, predict
from tests.helpers import read_csv

from actionrec.core.answers import Answer, AnsweredVideo, quoted, read_answers, unquoted, write_answers
from actionrec.core.errors import ActionrecError
from actionrec.evaluation.evaluate import evaluate
from actionrec.evaluation.outputs import answered_videos

HOSTILE = "=HYPERLINK(1)"


def _answered(classes: tuple[str, ...] = ("clap", "squat")) -> list[AnsweredVideo]:
    split = make_split(classes)
    weak = predict(split, model="weak", wrong=["v000_g0"], confidence=1.0)
    return answered_videos(evaluate([weak, predict(split, model="strong")], split, PARAMS, leaking=True))


def test_every_test_video_is_a_row_and_is_read_again(tmp_path: Path) -> None:
    write_answers(_answered(), tmp_path / "a.csv")
    write_answers(_answered(), tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    rows = read_csv(tmp_path / "a.csv")
    assert [row["video_id"] for row in rows] == ["v000_g0", "v000_g1", "v000_g2", "v001_g0", "v001_g1", "v001_g2"]
    assert list(rows[0])[:8] == [
        "video_id", "group", "fold", "label", "weak.answer", "weak.probability", "weak.label_probability", "weak.right",
    ]  # fmt: skip
    first, *_, last = read_answers(tmp_path / "a.csv")
    assert (first.video_id, first.group, first.fold, first.label) == ("v000_g0", "g0", 0, "clap")
    assert first.answers["weak"] == Answer("squat", 0.73106, 0.26894, right=False)  # 1 / (1 + exp(-1))
    assert first.answers["strong"] == Answer("clap", 0.98201, 0.98201, right=True)
    assert list(last.answers) == ["weak", "strong", "fusion"]


def test_no_cell_starts_a_formula(tmp_path: Path) -> None:
    write_answers(_answered((HOSTILE, "squat")), tmp_path / "a.csv")
    row = read_csv(tmp_path / "a.csv")[0]
    assert row["label"] == row["strong.answer"] == f"'{HOSTILE}"
    assert read_answers(tmp_path / "a.csv")[0].label == HOSTILE


@given(st.text(alphabet="'=+-@\t\rab"))
def test_quoting_is_undone(text: str) -> None:
    assert unquoted(quoted(text)) == text
    assert quoted(text)[:1] not in set("=+-@\t\r")


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match="dvc repro -f evaluate"):
        read_answers(tmp_path / "absent.csv")
    (tmp_path / "other.csv").write_text("video_id,label\nv,clap\n")
    with pytest.raises(ActionrecError, match="has the columns"):
        read_answers(tmp_path / "other.csv")
