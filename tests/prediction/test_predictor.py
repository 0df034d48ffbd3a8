"""New videos get exactly what the pipeline's own prediction of them says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.prediction.project import CLASSES, make_project

from actionrec import load_bundle
from actionrec.core import paths
from actionrec.core.errors import ActionrecError
from actionrec.core.tables import ScreenedRow, SplitRow, read_rows
from actionrec.evaluation.calibration import scale
from actionrec.evaluation.fusion import fuse
from actionrec.intake.extract.frames import open_frames
from actionrec.keypoints.reader import PackedKeypoints
from actionrec.models.table import MODELS
from actionrec.pack.features import running
from actionrec.pack.features.running import by_torch
from actionrec.pack.views import open_view
from actionrec.params import load_params
from actionrec.prediction.bundle import project_bundle, read_bundle, write_bundle
from actionrec.prediction.file import read_predictions
from actionrec.prediction.inputs import VIDEO
from actionrec.prediction.predictor import Predictor, VideoPrediction

pytestmark = pytest.mark.slow

FOLD = 2
ROUNDING = 2e-6
"""What sums in another order make of 32 bits: the pipeline's batches hold clips of several videos."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    make_project(root, list(MODELS), people=True)
    return root


@pytest.fixture
def project(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(built)
    monkeypatch.setenv("DVC_ROOT", str(built))
    monkeypatch.setattr("actionrec.pack.features.extract.runner_of", lambda backbone, *_, **__: by_torch(backbone))
    return built


def some_video(fold: int = FOLD) -> str:
    return next(row.video_id for row in read_rows(paths.split_path(fold), SplitRow, stage="") if row.subset == "test")


def of_pipeline(model: str, video_id: str, fold: int = FOLD) -> np.ndarray:
    found = read_predictions(paths.predictions_path(model, fold), model=model)
    return found.log_prob[found.video_id.index(video_id)]


def of_project(model: str | None = None, fold: int | None = None) -> Predictor:
    return Predictor(project_bundle(load_params()), model=model, fold=fold, device="cpu")


def test_every_type_and_their_fusion_say_exactly_what_the_pipeline_says(project: Path) -> None:
    video_id = some_video()
    fusion = of_project(fold=FOLD)
    assert fusion.model == "fusion"
    with fusion.opened(f"data/raw/synthetic/{video_id}.mp4") as files:
        assert not isinstance(files, VideoPrediction)
        whole = [(0, files.num_frames)]
        for model in MODELS:
            found = of_project(model, FOLD).of_spans(files, whole)
            expected = of_pipeline(model, video_id)
            np.testing.assert_allclose(found.log_prob[0, 0], expected, rtol=0, atol=ROUNDING)
            temperature = fusion.folds[0].temperatures[model]
            calibrated = scale(found.log_prob[:, 0], temperature)
            np.testing.assert_allclose(found.probability, np.exp(calibrated))
        found = fusion.of_spans(files, whole)
    weights = np.array([fusion.folds[0].weights[model] for model in MODELS])
    assert weights.sum() == pytest.approx(1, abs=1e-4)
    fused = fuse(np.stack([of_pipeline(model, video_id) for model in MODELS])[:, None], weights)
    np.testing.assert_allclose(found.log_prob[0], fused, rtol=0, atol=ROUNDING)
    calibrated = scale(found.log_prob[0], fusion.folds[0].temperatures["fusion"])
    np.testing.assert_allclose(found.probability, np.exp(calibrated))
    assert found.probability.sum() == pytest.approx(1)


def test_models_see_exactly_what_they_saw_in_training(project: Path) -> None:
    video_id = some_video()
    with of_project(fold=FOLD).opened(f"data/raw/synthetic/{video_id}.mp4") as files:
        assert not isinstance(files, VideoPrediction)
        for view in ("rgb64", "rgb", "imagenet"):
            alone, packed = open_view(files.packed_path(view), view=view), open_view(paths.packed_path(view), view=view)
            every = np.arange(packed.num_frames(video_id))
            assert alone.num_frames(VIDEO) == len(every)
            np.testing.assert_array_equal(alone.read(VIDEO, every), packed.read(video_id, every))
            np.testing.assert_array_equal(alone.source_frames(VIDEO, every), packed.source_frames(video_id, every))
            alone.close()
        found, expected = (
            files.read_keypoints(),
            PackedKeypoints(paths.PACKED_KEYPOINTS).read(video_id, np.arange(files.num_frames)),
        )
        np.testing.assert_array_equal(found.keypoints, expected.keypoints)
        np.testing.assert_array_equal(found.presence, expected.presence)
        assert found.presence[:, 0].all()
        assert found.aspect == expected.aspect


def test_all_folds_answer_for_a_new_video(project: Path) -> None:
    video_id = some_video()
    predictor = of_project("cnn3d")
    found = predictor.of_video(f"data/raw/synthetic/{video_id}.mp4")
    assert found.log_prob.shape == (2, len(CLASSES))
    np.testing.assert_allclose(found.log_prob[1], of_pipeline("cnn3d", video_id), rtol=0, atol=ROUNDING)
    mean = np.mean(
        [scale(one[None], f.temperatures["cnn3d"])[0] for one, f in zip(found.log_prob, predictor.folds, strict=True)],
        axis=0,
    )
    np.testing.assert_allclose(found.probability, np.exp(mean) / np.exp(mean).sum())
    assert found.top(1) == [(CLASSES[int(mean.argmax())], pytest.approx(found.probability.max()))]


def test_frames_in_memory_say_the_same(project: Path) -> None:
    video = f"data/raw/synthetic/{some_video()}.mp4"
    predictor = of_project("feature_sequence", FOLD)
    expected = predictor.of_video(video)
    with predictor.opened(video) as files, open_frames(files.frames_path) as reader:
        frames, timestamps = reader.decode(range(reader.num_frames)), reader.timestamps
        keypoints = files.read_keypoints()
        vectors = predictor.vectors(files)
    found = predictor.of_frames(frames, timestamps, keypoints=keypoints, features=vectors)
    np.testing.assert_array_equal(found.log_prob, expected.log_prob)
    np.testing.assert_array_equal(predictor.of_frames(frames, timestamps).log_prob, expected.log_prob)
    with pytest.raises(ActionrecError, match="one row a frame"):
        predictor.of_frames(frames[:-1], timestamps[:-1], keypoints=keypoints)
    with pytest.raises(ActionrecError, match="a vector every 2 frames"):
        predictor.of_frames(frames, timestamps, features={"imagenet": vectors["imagenet"][1:]})
    with pytest.raises(ActionrecError, match=r"expected uint8 \(T, H, W, 3\)"):
        predictor.of_frames(frames.astype(np.float32), timestamps)


def test_a_part_is_seen_as_a_video_of_its_own(project: Path) -> None:
    video = f"data/raw/synthetic/{some_video()}.mp4"
    for model in ("cnn3d", "feature_sequence"):
        predictor = of_project(model, FOLD)
        with predictor.opened(video) as files, open_frames(files.frames_path) as reader:
            parts = predictor.of_spans(files, [(0, 6), (4, 10)])
            frames, keypoints = reader.decode(range(4, 10)), files.read_keypoints() if model != "cnn3d" else None
        if keypoints is not None:
            # As the whole video shows them: detection tracks a person through its frames.
            keypoints = type(keypoints)(keypoints.keypoints[4:10], keypoints.presence[4:10], keypoints.aspect)
        alone = predictor.of_frames(frames, np.arange(6) / 20, keypoints=keypoints)
        np.testing.assert_allclose(parts.log_prob[:, 1], alone.log_prob, atol=1e-5)


def test_what_is_rejected_has_its_reason_and_the_others_go_on(project: Path, tmp_path: Path) -> None:
    rejected = [row for row in read_rows(paths.SCREENED, ScreenedRow, stage="") if not row.kept]
    assert rejected
    there = {path.with_suffix("").relative_to("data/raw/synthetic").as_posix(): path
             for path in Path("data/raw/synthetic").rglob("*.*")}  # fmt: skip
    videos = [there[row.video_id] for row in rejected[:3]]
    predictor = of_project("cnn3d", FOLD)
    found = predictor.predict([*videos, f"data/raw/synthetic/{some_video()}.mp4"])
    assert [(one.reason, one.evidence) for one in found[:-1]] == [(row.reason, row.evidence) for row in rejected[:3]]
    assert np.isnan(found[0].probability).all()
    assert found[0].top(5) == []
    assert found[-1].reason == ""
    (tmp_path / "notes.txt").write_text("no video")
    assert predictor.of_video(tmp_path / "notes.txt").reason == "unreadable"


def test_a_bundle_says_the_same_where_there_is_no_project(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = (Path("data/raw/synthetic") / f"{some_video()}.mp4").resolve()
    expected = of_project("feature_sequence").of_video(video)
    write_bundle(project_bundle(load_params()), tmp_path / "bundle")
    assert read_bundle(tmp_path / "bundle").facts == project_bundle(load_params()).facts
    assert not list((tmp_path / "bundle").rglob("*.pt"))
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("DVC_ROOT", str(empty))
    (found,) = load_bundle(tmp_path / "bundle", model="feature_sequence").predict([video])
    np.testing.assert_array_equal(found.log_prob, expected.log_prob)
    np.testing.assert_array_equal(found.probability, expected.probability)
    assert list(empty.iterdir()) == []


def test_a_bundle_brings_the_networks_of_features_in_the_form_that_runs(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = Path("data/raw/synthetic") / f"{some_video()}.mp4"
    expected = of_project("feature_sequence").of_video(video)
    write_bundle(project_bundle(load_params()), tmp_path / "bundle")
    monkeypatch.setattr("actionrec.pack.features.extract.runner_of", running.runner_of)

    def exported(*_: object) -> bytes:
        raise AssertionError("exported again")

    monkeypatch.setattr(running, "onnx_form", exported)
    (found,) = load_bundle(tmp_path / "bundle", model="feature_sequence").predict([video])
    np.testing.assert_allclose(found.log_prob, expected.log_prob, atol=1e-3)
    (program,) = (tmp_path / "bundle/programs").iterdir()
    program.unlink()
    with pytest.raises(AssertionError, match="exported again"):
        list(load_bundle(tmp_path / "bundle", model="feature_sequence").predict([video]))
