from __future__ import annotations

import math
from pathlib import Path

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.report.gather import gather, read_curve, read_details, read_leak, read_quality
from tests.report.made import params_of, write_project


def test_reads_only_what_is_enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_project(params_of("frame_resnet", "fused_convlstm"))
    inputs = gather(params_of("frame_resnet"))
    assert list(inputs.details) == ["frame_resnet", "fusion"]
    assert list(inputs.curves) == ["frame_resnet"]
    assert inputs.curves["frame_resnet"].val_top1 == (0.2, 0.5)


def test_quality_is_that_of_the_kept_videos(tmp_path: Path) -> None:
    path = tmp_path / "quality.csv"
    path.write_text("video_id,contrast,kept,reason\na,50.5,1,\nb,0,0,blank\nc,40,1,\n")
    assert read_quality(path) == {"contrast": (50.5, 40.0)}
    path.write_text("video_id,contrast\na,50.5\n")
    with pytest.raises(ActionrecError, match="lacks the column kept"):
        read_quality(path)


def test_curve_with_gaps_and_a_missing_column(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("epoch,train_loss,train_top1,val_loss,val_top1,lr\n1,0.5,0.1,,,0.1\n")
    assert math.isnan(read_curve(path, "m").val_loss[0])
    path.write_text("epoch,train_loss\n1,0.5\n")
    with pytest.raises(ActionrecError, match=r"lacks the column\(s\) train_top1, val_loss.*train@m"):
        read_curve(path, "m")
    path.write_text("epoch,train_loss,train_top1,val_loss,val_top1,lr\n1,x,0.1,,,0.1\n")
    with pytest.raises(ActionrecError, match="could not convert"):
        read_curve(path, "m")


def test_missing_files_name_the_stage(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match="dvc repro -f evaluate"):
        read_details(tmp_path / "m.json")
    with pytest.raises(ActionrecError, match="dvc repro -f train@m"):
        read_curve(tmp_path / "m.csv", "m")
    with pytest.raises(ActionrecError, match="dvc repro -f screen"):
        read_quality(tmp_path / "q.csv")


def test_a_leak_file_that_is_none_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match=r"cannot be read.*actionrec leak HONEST LEAKING --out"):
        read_leak(tmp_path / "leak.json")
    (tmp_path / "leak.json").write_text('{"a": 1}')
    with pytest.raises(ActionrecError, match=r"holds a instead of confidence and models.*actionrec leak"):
        read_leak(tmp_path / "leak.json")
