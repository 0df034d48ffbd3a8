"""The predictions file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actionrec.core.errors import ActionrecError
from actionrec.core.tables import SplitRow
from actionrec.prediction.file import Predictions, read_predictions, write_predictions


@pytest.fixture
def predictions() -> Predictions:
    log_prob = np.log(np.array([[0.9, 0.1], [0.3, 0.7]], np.float32))
    return Predictions(
        model="fused",
        aggregation="mean",
        protocol="mean of 2 strided clips of 3 frames",
        sampling="strided",
        parameters=12,
        trainable_parameters=10,
        multiply_adds_clip=1000,
        multiply_adds_video=2000,
        best_epoch=4,
        class_names=["clap", "wave"],
        video_id=["a/1", "b/2"],
        subset=["val", "test"],
        label=np.array([0, 1]),
        log_prob=log_prob,
        clip_log_prob=log_prob[[0, 1, 1]],
        clip_video=np.array([0, 1, 1]),
        clip_frames=np.array([[0, 1, 2], [0, 2, 4], [1, 3, 5]]),
        protocols={"windows": log_prob[::-1], "whole": log_prob},
    )


def test_what_is_written_is_read(tmp_path, predictions):
    write_predictions(predictions, tmp_path / "p.h5", fingerprint="f")
    found = read_predictions(tmp_path / "p.h5", model="fused")
    for name, expected in vars(predictions).items():
        if name != "protocols":
            assert np.array_equal(getattr(found, name), expected), name
    assert list(found.protocols) == ["whole", "windows"]
    assert all(np.array_equal(found.protocols[name], expected) for name, expected in predictions.protocols.items())
    assert found.protocols["whole"].dtype == np.float32
    assert found.clip_frames.dtype == np.int64
    assert found.log_prob.dtype == np.float32


def test_most_models_have_one_protocol(tmp_path, predictions):
    write_predictions(replace(predictions, protocols={}), tmp_path / "p.h5", fingerprint="f")
    assert read_predictions(tmp_path / "p.h5", model="fused").protocols == {}


def test_files_are_bit_identical(tmp_path, predictions):
    for name in ("1.h5", "2.h5"):
        write_predictions(predictions, tmp_path / name, fingerprint="f")
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()


def test_another_models_file_is_refused(tmp_path, predictions):
    write_predictions(predictions, tmp_path / "p.h5", fingerprint="f")
    with pytest.raises(ActionrecError, match="holds predictions of 'fused', not of 'frame'"):
        read_predictions(tmp_path / "p.h5", model="frame")
    with pytest.raises(ActionrecError, match="dvc repro -f predict@fused"):
        read_predictions(tmp_path / "absent.h5", model="fused")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"label": np.array([0])}, "label has"),
        ({"subset": ["val"]}, "subset has"),
        ({"video_id": ["b/2", "a/1"]}, "not sorted"),
        ({"clip_video": np.array([0, 0, 0])}, "does not name every video"),
        ({"log_prob": np.zeros((2, 2), np.float32)}, "log_prob is not normalised"),
        ({"clip_log_prob": np.zeros((3, 3), np.float32)}, "clip_log_prob has"),
        ({"protocols": {"whole": np.zeros((2, 3), np.float32)}}, r"protocols/whole has \(2, 3\), expected \(2, 2\)"),
        ({"protocols": {"whole": np.zeros((2, 2), np.float32)}}, "protocols/whole is not normalised"),
        ({"protocols": {"strided": np.log(np.full((2, 2), 0.5, np.float32))}}, "protocols hold strided again"),
        ({"protocols": {"a/b": np.log(np.full((2, 2), 0.5, np.float32))}}, "'a/b' is no short name"),
        ({"sampling": "mean of clips"}, "'mean of clips' is no short name"),
    ],
)
def test_contradicting_arrays_are_not_written(tmp_path, predictions, change, problem):
    with pytest.raises(ValueError, match=problem):
        write_predictions(replace(predictions, **change), tmp_path / "p.h5", fingerprint="f")
    assert not (tmp_path / "p.h5").exists()


def test_every_val_and_test_video_is_there(predictions):
    rows = [
        SplitRow("a/1", "clap", "g", "val"),
        SplitRow("b/2", "wave", "g", "test"),
        SplitRow("c", "wave", "h", "train"),
    ]
    predictions.check_covers(rows)
    with pytest.raises(ActionrecError, match="1 in the split but not in the predictions of fused: d"):
        predictions.check_covers([*rows, SplitRow("d", "wave", "g", "test")])
