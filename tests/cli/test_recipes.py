"""Every published system as one line: it fits params.yaml and trains."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from tests.packed_data import PackedData, make_packed_data

from actionrec.cli.recipes import as_arguments, read_recipe, recipe_names
from actionrec.core.errors import ActionrecError
from actionrec.core.itemcache import ItemCache
from actionrec.models.table import kind_of, recipe_of
from actionrec.params import Params, load_params
from actionrec.training.datasets import open_source
from actionrec.training.loop import train_model
from actionrec.training.run import TrainingRun

REPO = Path(__file__).resolve().parents[2]


def params_of(name: str, folder: Path, *more: str) -> Params:
    """What ``dvc exp run $(actionrec recipe NAME)`` makes of params.yaml."""
    shutil.copy(REPO / "params.yaml", folder / "params.yaml")
    apply_overrides(folder / "params.yaml", [*read_recipe(name).overrides, *more])
    return load_params(folder / "params.yaml")


def test_a_recipe_is_one_line_that_a_shell_splits_right() -> None:
    for name in recipe_names():
        recipe = read_recipe(name)
        assert recipe.about.startswith("System ")
        assert as_arguments(recipe).split() == [word for override in recipe.overrides for word in ("-S", override)]


def test_an_unknown_recipe_is_an_error() -> None:
    with pytest.raises(ActionrecError, match=r"no recipe 'f'; there are a_asl, a_ucf11, .*, e3"):
        read_recipe("f")


def test_every_system_has_its_recipe() -> None:
    assert recipe_names() == ["a_asl", "a_ucf11", "a_ucf11_leaking", "b", "c", "d", "e1", "e2", "e3"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a_asl", ("adam", 1e-4, 0.8, "multistep", (60, 150), 200, 64)),
        ("b", ("adam", 1e-4, 0.0, "constant", (), 10, 32)),
        ("c", ("adam", 1e-4, 0.0, "constant", (), 50, 8)),
        ("d", ("adam", 1e-3, 0.0, "constant", (), 10, 16)),
        ("e1", ("adam", 1e-4, 0.0, "constant", (), 10, 100)),
        ("e2", ("adam", 1e-4, 0.0, "constant", (), 10, 32)),
    ],
)
def test_training_is_as_published(tmp_path: Path, name: str, expected: tuple[Any, ...]) -> None:
    params = params_of(name, tmp_path)
    train = params.train_of(params.enabled[0])
    found = (train.optimizer, train.lr, train.weight_decay, train.schedule, train.milestones, train.epochs)
    assert (*found, train.batch_size) == expected
    assert (train.gradient_clip, train.mixup, train.label_smoothing, train.early_stopping) == (0, 0, 0, 0)


def test_every_recipe_is_a_single_split(tmp_path: Path) -> None:
    assert {params_of(name, tmp_path).split.running for name in recipe_names()} == {(None,)}


def test_only_the_faulty_protocol_may_leak(tmp_path: Path) -> None:
    leaking = [name for name in recipe_names() if params_of(name, tmp_path).split.allow_leak]
    assert leaking == ["a_ucf11_leaking"]


def test_models_see_what_was_published(tmp_path: Path) -> None:
    asl, ucf11, b, c, e2 = (
        params_of(name, tmp_path).model(model)
        for name, model in (
            ("a_asl", "fused_convlstm_reference"),
            ("a_ucf11", "fused_convlstm_reference"),
            ("b", "cnn3d_reference"),
            ("c", "res2plus1d_reference"),
            ("e2", "clip_resnet3d_reference"),
        )
    )
    assert (asl.clip_frames, ucf11.clip_frames, asl.image_size, asl.sampling) == (30, 20, 64, "random")
    assert (b.clip_frames, b.image_size, b.sampling, b.test_sampling, b.augment) == (32, 224, "even", "even", False)
    assert (c.clip_frames, c.stride_frames, c.sampling, c.image_size) == (10, 15, "window", 224)
    assert (e2.clip_frames, e2.stride_frames, e2.test_sampling, e2.also_test) == (
        16,
        1,
        "windows",
        ("overlapping", "whole"),
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), groups=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a_asl", "b", "c", "d", "e3"])  # e3 trains what e1 and e2 do, the a's differ in data
def test_every_recipe_trains_two_steps(tmp_path: Path, data: PackedData, name: str) -> None:
    params = params_of(name, tmp_path, "models.frame_resnet_reference.weights=none")  # no network here
    rows = [row for row in data.rows if row.label in ("hold", "wave") and row.subset != "test"]
    rows = [row for row in rows if row.subset == "val" or row.group in ("g00", "g01")]
    for model_name in params.enabled:
        model = params.model(model_name)
        train = params.train_of(model_name).model_copy(update={"epochs": 1, "batch_size": 2, "precision": "32-true"})
        source = open_source(
            recipe_of(model), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path
        )
        run = TrainingRun(model_name, kind_of(model.type), model, train, rows, source)
        card = train_model(
            run, out_dir=tmp_path / "out", curves_path=tmp_path / "curves.csv", cache=ItemCache(tmp_path / "cache")
        )
        assert card.best_epoch == 1
        assert (tmp_path / "out/weights.pt").stat().st_size > 0
