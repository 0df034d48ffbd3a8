"""The commands predict, bundle and annotate, with a small model of frames alone."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from tests.intake.extract.making import encode, moving_bars, write_video
from tests.prediction.project import CLASSES, make_project

from actionrec.cli import main
from actionrec.core.errors import ActionrecError
from actionrec.params import load_params
from actionrec.prediction.annotate import annotate_video, frame_probability, windows
from actionrec.prediction.bundle import BUNDLE_FILE, project_bundle, read_bundle, write_bundle
from actionrec.prediction.predictor import Predictor

pytestmark = pytest.mark.slow

GOOD = [f"videos/{label}/g{group}.mkv" for label in CLASSES for group in range(3)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    make_project(root, ["cnn3d", "cnn_lstm"], people=False)
    return root


@pytest.fixture
def project(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(built)
    monkeypatch.setenv("DVC_ROOT", str(built))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # `--device cpu` sets it, and it is put back
    return built


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["actionrec", *arguments])
    try:
        main()
    except SystemExit as caught:
        return int(caught.code or 0)
    return 0


@pytest.mark.usefixtures("project")
def test_lines_and_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "predict", GOOD[0], "--top", "1") == 0
    line = capsys.readouterr().out
    assert run(monkeypatch, "predict", GOOD[0], "--json", "--top", "9", "--device", "cpu") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["path"], row["model"], row["reason"], row["evidence"]) == (GOOD[0], "fusion", "", "")
    assert sorted(one["label"] for one in row["top"]) == sorted(CLASSES)
    assert sum(one["probability"] for one in row["top"]) == pytest.approx(1, abs=1e-5)
    assert line == f"{GOOD[0]}: {row['top'][0]['label']} {row['top'][0]['probability']:.3f}\n"


@pytest.mark.usefixtures("project")
def test_a_table_grows_row_by_row_and_rejected_videos_end_with_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = write_video(tmp_path / "short.mkv", moving_bars(3))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    table = tmp_path / "out/found.csv"
    seen = []
    of_video = Predictor.of_video

    def watched(self: Predictor, path: Path):
        seen.append(len(table.read_text().splitlines()))
        return of_video(self, path)

    monkeypatch.setattr(Predictor, "of_video", watched)
    code = run(monkeypatch, "predict", str(short), str(broken), *GOOD[:2], "--model", "cnn3d", "--csv", str(table))
    assert code == 2
    assert capsys.readouterr().out == f"{table}: 4 videos by cnn3d, 2 of them rejected\n"
    assert seen == [1, 2, 3, 4]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reason"] for row in rows] == ["too_short", "unreadable", "", ""]
    assert rows[0]["evidence"] == "3 frames decoded, fewer than 5"
    assert rows[0]["label"] == rows[0]["probability_2"] == ""
    assert float(rows[2]["probability"]) + float(rows[2]["probability_2"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.mp4"], "no video at nowhere.mp4"),
        ([GOOD[0], "--model", "stgcn"], "--model stgcn: there are fusion, cnn3d, cnn_lstm"),
        ([GOOD[0], "--fold", "1"], "--fold 1: there are 0, 2"),
        ([GOOD[0], "--bundle", "videos"], "videos holds no bundle"),
    ],
)
def test_what_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert run(monkeypatch, "predict", *arguments) == 1
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_a_bundle_is_written_read_and_replaced_but_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bundle"
    assert run(monkeypatch, "bundle", str(out)) == 0
    assert run(monkeypatch, "bundle", str(out)) == 0
    assert "2 model(s) of 2 fold(s), 2 classes" in capsys.readouterr().out
    video = str(Path(GOOD[1]).resolve())
    assert run(monkeypatch, "predict", video, "--json") == 0
    expected = capsys.readouterr().out
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert run(monkeypatch, "predict", video, "--json", "--bundle", str(out)) == 0
    assert capsys.readouterr().out == expected
    assert list(empty.iterdir()) == []
    # Nothing that could hold code: JSON and safetensors alone.
    assert {path.suffix for path in out.rglob("*") if path.is_file()} == {".json", ".safetensors"}
    (empty / "letter.txt").write_text("dear")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ActionrecError, match="is no bundle, so it is not replaced"):
        write_bundle(read_bundle(out), empty)
    facts = json.loads((out / BUNDLE_FILE).read_text())
    (out / BUNDLE_FILE).write_text(json.dumps(facts | {"version": 99}))
    with pytest.raises(ActionrecError, match="does not describe a bundle that this version reads"):
        read_bundle(out)
    (out / BUNDLE_FILE).write_text(json.dumps(facts | {"models": ["../../elsewhere"]}))
    with pytest.raises(ActionrecError, match="should match pattern"):
        read_bundle(out)


def test_windows_cover_the_video_and_frames_lie_between_them() -> None:
    assert windows(10, window_frames=4, step_frames=3) == [(0, 4), (3, 7), (6, 10)]
    assert windows(11, window_frames=4, step_frames=3) == [(0, 4), (3, 7), (6, 10), (7, 11)]
    assert windows(4, window_frames=4, step_frames=1) == [(0, 4)]
    assert windows(3, window_frames=4, step_frames=1) == [(0, 3)]
    found = frame_probability(np.array([[1.0, 0.0], [0.0, 1.0]]), [(0, 3), (2, 5)], 5)
    assert found.tolist() == [[1, 0], [1, 0], [0.5, 0.5], [0, 1], [0, 1]]


@pytest.mark.usefixtures("project")
def test_the_annotated_copy_has_size_rate_length_and_sound_of_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = moving_bars(50, width=160, height=120)
    silent = write_video(tmp_path / "silent.mkv", frames)
    video = tmp_path / "video.mp4"
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
    encode(["-i", str(silent), *sound, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", str(video)])
    out = tmp_path / "out.mp4"
    assert run(monkeypatch, "annotate", str(video), "-o", str(out), "--window", "1", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["num_frames"], done["num_windows"]) == (50, 4)
    (before, pictures), (after, drawn) = decoded(video), decoded(out)
    assert (after.width, after.height, after.average_rate) == (before.width, before.height, before.average_rate)
    assert len(drawn) == len(pictures) == 50
    with av.open(str(out)) as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
    # The middle of the picture shows the frame that it showed, the panel and the strip lie over it.
    assert np.abs(drawn[:, 60:100].astype(int) - pictures[:, 60:100]).mean() < 4
    assert np.abs(drawn[:, :10, :40].astype(int) - pictures[:, :10, :40]).mean() > 20
    assert np.abs(drawn[:, -8:].astype(int) - pictures[:, -8:]).mean() > 20
    predictor = Predictor(project_bundle(load_params()), device="cpu")
    with pytest.raises(ActionrecError, match=r"ends in \.mp4"):
        annotate_video(predictor, video, tmp_path / "out.avi")
    with pytest.raises(ActionrecError, match="is rejected, too_short"):
        annotate_video(predictor, write_video(tmp_path / "short.mkv", moving_bars(3)), tmp_path / "short.mp4")
    assert not (tmp_path / "short.mp4").exists()


def decoded(path: Path) -> tuple[av.VideoStream, np.ndarray]:
    container = av.open(str(path))
    frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    return container.streams.video[0], frames
