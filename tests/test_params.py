"""Every problem of params.yaml is reported at once, with key, value and legal range."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from actionrec.core.errors import ActionrecError
from actionrec.intake.ingest.adapters import ADAPTERS
from actionrec.models.table import MODELS
from actionrec.params import load_params, parse_params

PARAMS = Path(__file__).resolve().parent.parent / "params.yaml"


@pytest.fixture
def raw() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(PARAMS.read_text())
    return loaded


def problems(raw: dict[str, Any]) -> list[str]:
    with pytest.raises(ActionrecError) as caught:
        parse_params(raw, source="params.yaml")
    return str(caught.value).splitlines()


def test_the_shipped_file_is_valid_and_frozen() -> None:
    params = load_params(PARAMS)
    with pytest.raises(ValidationError, match="frozen"):
        params.train.lr = 1.0  # type: ignore[misc]


def test_all_problems_come_in_one_message(raw: dict[str, Any]) -> None:
    raw["train"] |= {"lrr": 0.1, "lr": "fast", "batch_size": 0}
    del raw["split"]["seed"]
    lines = problems(raw)
    assert lines[0] == "params.yaml has 4 problem(s):"
    assert "  - train.lrr: unknown key, did you mean lr?" in lines
    assert "  - train.lr: Input should be a valid number, got 'fast'" in lines
    assert "  - train.batch_size: Input should be greater than 0, got 0" in lines
    assert "  - split.seed: missing" in lines


@pytest.mark.parametrize(
    ("path", "key", "line"),
    [
        ((), "trian", "trian: unknown key, did you mean train?"),
        (("train",), "ephocs", "train.ephocs: unknown key, did you mean epochs?"),
        (("data",), "nmae", "data.nmae: unknown key, did you mean name?"),
        (("pack", "rgb"), "sise", "pack.rgb.sise: unknown key, did you mean size?"),
        (("models", "cnn3d"), "clip_frame", "models.cnn3d.clip_frame: unknown key, did you mean clip_frames?"),
        (("models", "frame_resnet", "train"), "ephocs", "models.frame_resnet.train.ephocs: unknown key, did you mean"),
        (("tracking",), "xyz", "tracking.xyz: unknown key; there are enabled, experiment"),
        (("models",), "cnn3", "models.cnn3.type: None is no type of model; there are "),
    ],
)
def test_an_unknown_key_names_the_nearest(raw: dict[str, Any], path: tuple[str, ...], key: str, line: str) -> None:
    section = raw
    for name in path:
        section = section[name]
    section[key] = {}
    [found] = problems(raw)[1:]
    assert found.startswith(f"  - {line}")
    if key == "cnn3":
        assert found.endswith("(did you mean cnn3d?)")


def test_small_learning_rates_are_numbers(tmp_path: Path) -> None:
    # `-S train.lr=1e-5` writes `1e-05`, which YAML 1.1 reads as text.
    (tmp_path / "params.yaml").write_text(PARAMS.read_text().replace("  lr: 0.001\n", "  lr: 1e-05\n", 1))
    assert load_params(tmp_path / "params.yaml").train.lr == 1e-5


def test_a_file_whose_models_were_checked_is_read_without_torch(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS.read_text())
    script = "import sys, actionrec.params; actionrec.params.load_params(); print('torch' in sys.modules)"

    def imports_torch() -> bool:
        env = {**os.environ, "DVC_ROOT": str(tmp_path), "PYTHONPATH": str(PARAMS.parent / "src")}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout == "True\n"

    assert [imports_torch(), imports_torch()] == [True, False]
    with (tmp_path / "params.yaml").open("a") as file:
        file.write("\n")
    assert imports_torch()


def test_a_wrong_model_is_not_remembered_as_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    path = tmp_path / "params.yaml"
    path.write_text(
        PARAMS.read_text().replace("    temporal_kernel", "    kernel").replace("    motion: true\n", "    move: 1\n")
    )
    for _ in range(2):
        with pytest.raises(ActionrecError, match=r"models\.stgcn\.move: unknown key"):
            load_params(path)


def test_a_type_or_a_data_set_that_nobody_knows(raw: dict[str, Any]) -> None:
    raw["models"]["cnn3d"]["type"] = "cnn4d"
    del raw["models"]["stgcn"]["type"]
    raw["train"]["lr"] = 0
    assert problems(raw)[1:] == [
        "  - train.lr: Input should be greater than 0, got 0",
        "  - models.cnn3d.type: 'cnn4d' is no type of model; there are " + ", ".join(MODELS),
        "  - models.stgcn.type: None is no type of model; there are " + ", ".join(MODELS),
    ]


def test_an_unknown_kind_of_data_set(raw: dict[str, Any]) -> None:
    raw["data"]["name"] = "ucf102"
    assert problems(raw)[1:] == [f"  - data.name: 'ucf102' is no kind of data set; there are {', '.join(ADAPTERS)}"]


def test_models_that_look_at_pictures_are_refused_where_there_are_none(raw: dict[str, Any]) -> None:
    raw["data"]["name"] = "keypoint_arrays"
    raw["enabled"] = ["keypoint_conv", "cnn3d"]
    [line] = problems(raw)[1:]
    assert line.startswith("  - enabled: cnn3d looks at pictures, and data.name: keypoint_arrays has none")


def test_impossible_combinations(raw: dict[str, Any]) -> None:
    raw["enabled"] = ["frame_resnet", "frame_resnet", "nonesuch"]
    raw["compute"]["backend"] = "dask"
    raw["split"] |= {"folds": 1, "val_fraction": 0.5, "test_fraction": 0.5}
    raw["data"]["group_pattern"] = "(g[0-9]+)"
    raw["pack"]["rgb64"]["fit"] = "keep"
    raw["models"]["frame_resnet"]["view"] = "rgb999"
    raw["models"]["frame_resnet"]["train"] = {"lr": -1}
    raw["models"]["fusion"] = raw["models"]["fused_convlstm"]
    text = "\n".join(problems(raw))
    for expected in (
        "enabled: 'nonesuch' is not defined under models",
        "enabled: a model is listed twice",
        "compute.scheduler: needed with compute.backend: dask",
        "split: val_fraction + test_fraction must stay below 1",
        "has no named group (?P<group>...)",
        "pack.rgb64: encoding raw needs frames of one size",
        "models.frame_resnet.view: 'rgb999' is not under pack",
        "models.fusion: the name is taken; reserved are fusion, summary",
        "models.frame_resnet.train.lr: Input should be greater than 0, got -1",
    ):
        assert expected in text


def test_keypoints_switched_off_under_a_model_that_reads_them(raw: dict[str, Any]) -> None:
    raw["keypoints"]["enabled"] = False
    assert (
        "models.keypoint_conv reads keypoints, but keypoints.enabled is false; enable them or set inputs: features"
        in ("\n".join(problems(raw)))
    )
    raw["enabled"] = ["fused_convlstm", "stgcn"]
    assert "models.fused_convlstm reads keypoints, but keypoints.enabled is false" in "\n".join(problems(raw))
    raw["models"]["fused_convlstm"]["inputs"] = "frames"
    assert "models.stgcn reads keypoints, but keypoints.enabled is false; enable them or leave it out" in "\n".join(
        problems(raw)
    )
    raw["enabled"] = ["fused_convlstm"]
    assert not parse_params(raw, source="x").keypoints.enabled


@pytest.mark.parametrize(
    ("model", "changes", "problem"),
    [
        ("fused_convlstm", {"frame_pool": 5}, "frame_pool: 5 does not divide image_size 24; set a divisor, or 0"),
        ("cnn3d", {"clip_frames": 31}, "clip_frames: 31 frames of image_size 32 leave nothing after the poolings"),
        ("cnn3d", {"also_test": ["whole"]}, "test_sampling: whole, but cnn3d takes clips of 32 frames only"),
        ("stgcn", {"temporal_kernel": 4}, "temporal_kernel: 4 must be odd"),
        (
            "torchvision_video",
            {"backbone": "mvit_v2_s"},
            "clip_frames: mvit_v2_s takes clips of 16 frames of image_size",
        ),
        (
            "torchvision_video",
            {"backbone": "s3d", "clip_frames": 4},
            "clip_frames: 4 and image_size 112 must be at least",
        ),
        ("stgcn", {"train": {"warmup_epochs": 15}}, "train.warmup_epochs 15 must be below train.epochs 15"),
        ("cnn_lstm", {"test_crops": 2}, "test_crops: Input should be 1 or 3, got 2"),
    ],
)
def test_what_a_model_cannot_be(raw: dict[str, Any], model: str, changes: dict[str, Any], problem: str) -> None:
    raw["models"][model] |= changes
    [line] = problems(raw)[1:]
    assert f"models.{model}" in line
    assert problem in line


def test_overrides_of_a_model(raw: dict[str, Any]) -> None:
    raw["models"]["frame_resnet"]["train"] = {"epochs": 3}
    params = parse_params(raw, source="params.yaml")
    assert params.train_of("frame_resnet").epochs == 3
    assert params.train_of("frame_resnet").lr == params.train_of("fused_convlstm").lr == params.train.lr
    with pytest.raises(ActionrecError, match="model 'x' is not enabled; enabled: frame_features, feature_sequence, "):
        params.model("x")


def test_absent_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match="does not exist; run from the root of the project"):
        load_params(tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(ActionrecError, match="is not valid YAML"):
        load_params(tmp_path / "params.yaml")


def test_landmarks_are_drawn_into_whole_frames_alone(raw: dict[str, Any]) -> None:
    raw["pack"]["rgb64"]["fit"] = "pad"
    name = "models.fused_convlstm_reference.frame_overlay"
    places = "landmarks are drawn at their places in the whole frame, but pack.rgb64 has fit: pad"
    assert problems(raw)[1:] == [f"  - {name}: {places}; set fit: stretch or keep, or frame_overlay: none"]
    raw["models"]["fused_convlstm_reference"]["frame_overlay"] = "none"
    assert parse_params(raw, source="params.yaml").pack["rgb64"].fit == "pad"


def test_landmarks_are_drawn_where_they_are_found(raw: dict[str, Any]) -> None:
    raw |= {"enabled": ["fused_convlstm_reference"]}
    raw["keypoints"]["enabled"] = False
    raw["models"]["fused_convlstm_reference"]["inputs"] = "frames"
    [problem] = problems(raw)[1:]
    assert problem.startswith("  - models.fused_convlstm_reference reads keypoints, but keypoints.enabled is false")
    assert problem.endswith("enable them or set inputs: frames and frame_overlay: none")


def test_validation_and_test_are_always_evaluated(raw: dict[str, Any]) -> None:
    raw["evaluate"]["subsets"] = ["train", "test"]
    assert "  - evaluate.subsets: val missing; val and test are always needed" in problems(raw)
