"""Predictions of folds, pooled and written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.made import make_split, predict
from tests.evaluation.test_folds import SPLITS
from tests.helpers import read_csv

from actionrec.core.errors import ActionrecError
from actionrec.prediction.file import read_predictions, write_predictions
from actionrec.prediction.pooled import pool_predictions, write_pooled


def test_one_fold_pooled_is_itself() -> None:
    split = make_split()
    one = predict(split, wrong=["v000_g0"])
    one = replace(one, protocols={"whole": one.log_prob[::-1]})
    pooled = pool_predictions([one])
    for name, value in vars(one).items():
        found = getattr(pooled, name)
        if name == "protocols":
            assert np.array_equal(found["whole"], value["whole"])
        else:
            assert np.array_equal(found, value), name


def test_clips_go_with_their_videos() -> None:
    zero, one = predict(SPLITS[0], model="m", wrong=["clap_g1"]), predict(SPLITS[1], model="m")
    zero = replace(zero, clip_frames=np.arange(len(zero.clip_video))[:, None])
    one = replace(one, clip_frames=100 + np.arange(2 * len(one.clip_video)).reshape(-1, 2))
    pooled = pool_predictions([zero, one], subsets=("test",))
    assert pooled.video_id == sorted({row.video_id for row in SPLITS[0]})
    assert pooled.subset == ["test"] * 8
    assert pooled.clip_video.tolist() == np.repeat(np.arange(8), 2).tolist()
    assert np.array_equal(pooled.clip_log_prob, np.repeat(pooled.log_prob, 2, axis=0))
    # clap_g0, clap_g1 are rows 0 and 1 of fold 0; clap_g2 is row 1 of fold 1, after clap_g0, which validates there.
    assert pooled.clip_frames[:6].tolist() == [[0, -1], [1, -1], [2, -1], [3, -1], [104, 105], [106, 107]]
    assert pooled.log_prob.argmax(axis=1).tolist() == [0, 1, 0, 0, 1, 1, 1, 1]


def test_pooled_predictions_are_read_like_any(tmp_path: Path) -> None:
    folds = {0: predict(SPLITS[0], model="m"), 1: predict(SPLITS[1], model="m", wrong=["squat_g2"])}
    write_pooled(folds, to=tmp_path / "m.h5", table=tmp_path / "m/folds.csv")
    found = read_predictions(tmp_path / "m.h5", model="m")
    assert found.video_id == sorted({row.video_id for row in SPLITS[0]})
    assert read_csv(tmp_path / "m/folds.csv") == [
        {"fold": "0", "val_videos": "2", "test_videos": "4", "best_epoch": "2"},
        {"fold": "1", "val_videos": "2", "test_videos": "4", "best_epoch": "2"},
    ]


def test_of_a_single_split_only_the_table_is_written(tmp_path: Path) -> None:
    split = make_split()
    write_predictions(predict(split), tmp_path / "first.h5", fingerprint="f")
    before = (tmp_path / "first.h5").read_bytes()
    write_pooled({None: predict(split)}, to=tmp_path / "first.h5", table=tmp_path / "first/folds.csv")
    assert (tmp_path / "first.h5").read_bytes() == before
    assert [row["fold"] for row in read_csv(tmp_path / "first/folds.csv")] == ["0"]


def test_a_video_tested_twice_is_an_error() -> None:
    one = predict(SPLITS[0], model="m")
    with pytest.raises(ActionrecError, match=r"4 video\(s\) are tested by several folds: clap_g0"):
        pool_predictions([one, one])
