"""Every published system as one line: it fits params.yaml and trains."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides
from tests.packed_data import PackedData, make_packed_data

from actionrec.cli.recipes import as_arguments, read_recipe, recipe_names
from actionrec.clips.sampling import generator_for
from actionrec.core.errors import ActionrecError
from actionrec.core.itemcache import ItemCache
from actionrec.models.table import kind_of, recipe_of
from actionrec.pack.fit import fit_frame
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
    assert (asl.clip_frames, ucf11.clip_frames, asl.image_size, asl.frame_overlay) == (30, 20, 64, "landmarks")
    for system_a in (asl, ucf11):  # the same frames in training and test
        length = system_a.clip_frames
        [tested] = recipe_of(system_a).test_clips(77, system_a.test_sampling).tolist()
        trained = recipe_of(system_a).train_clip(77, generator=generator_for(0)).tolist()
        assert trained == tested == [k * max(77 // length, 1) for k in range(length)]
    assert (b.clip_frames, b.image_size, b.sampling, b.test_sampling, b.augment) == (32, 224, "even", "even", False)
    assert (c.clip_frames, c.stride_frames, c.sampling, c.image_size) == (10, 15, "window", 224)
    assert (e2.clip_frames, e2.stride_frames, e2.test_sampling, e2.also_test) == (
        16,
        1,
        "windows",
        ("overlapping", "whole"),
    )


def crops_nothing(seed: int) -> bool:
    """Whether the first draw, which decides on the crop, decides against it."""
    return bool(generator_for(seed).random() >= 0.5)


def geometry(name: str, folder: Path) -> tuple[str, int]:
    view = params_of(name, folder).pack["rgb"]
    return view.fit, view.size


def test_frames_are_packed_as_published(tmp_path: Path) -> None:
    assert {name: geometry(name, tmp_path) for name in ("b", "c", "e1", "e2", "e3")} == {
        "b": ("keep", 256),
        "c": ("pad", 224),
        "e1": ("stretch", 256),
        "e2": ("stretch", 256),
        "e3": ("stretch", 256),
    }


@pytest.mark.parametrize(("name", "model"), [("e1", "frame_resnet_reference"), ("e2", "clip_resnet3d_reference")])
@pytest.mark.parametrize("train", [False, True])
def test_the_whole_frame_is_seen(tmp_path: Path, name: str, model: str, train: bool) -> None:
    """A frame of UCF101 whose four edges are marked: all four are seen, in test and without a crop in training."""
    params = params_of(name, tmp_path)
    frame = np.full((240, 320, 3), 100, np.uint8)
    frame[:8, :, 0] = frame[-8:, :, 0] = 200
    frame[:, :8, 1] = frame[:, -8:, 1] = 200
    packed = fit_frame(frame, params.pack["rgb"])[None]
    recipe = recipe_of(params.model(model).model_copy(update={"flip": False}))
    generator = generator_for(next(filter(crops_nothing, range(99)))) if train else None
    [seen] = recipe.prepare(packed, None, generator=generator)["frames"]
    assert seen.shape == (224, 224, 3)
    change = int(seen[112, 112, 2]) - 100  # of the brightness of the whole frame
    marked = np.argwhere(np.abs(seen[:, 112, 0].astype(int) - 200 - change) <= 2).ravel().tolist()
    assert marked == [*range(7), *range(217, 224)]  # 8 of 240 rows are 7.5 of 224
    marked = np.argwhere(np.abs(seen[112, :, 1].astype(int) - 200 - change) <= 2).ravel().tolist()
    assert marked == [*range(5), *range(219, 224)]  # 8 of 320 columns are 5.6 of 224


def test_c_sees_whole_frames_between_black_bars(tmp_path: Path) -> None:
    params = params_of("c", tmp_path)
    packed = fit_frame(np.full((240, 320, 3), 100, np.uint8), params.pack["rgb"])[None]
    [seen] = recipe_of(params.model("res2plus1d_reference")).prepare(packed, None, generator=generator_for(0))["frames"]
    assert (seen[28:196] == 100).all()
    assert not seen[:28].any()
    assert not seen[196:].any()


def test_c_ends_short_videos_in_black_and_trains_by_keras_constants(tmp_path: Path) -> None:
    params = params_of("c", tmp_path)
    model = params.model("res2plus1d_reference")
    assert (model.norm_epsilon, model.norm_momentum) == (1e-3, 0.01)
    assert params.train_of("res2plus1d_reference").adam_epsilon == 1e-7
    assert recipe_of(model).test_clips(32, "centre").tolist() == [[0, 15, 30, *[-1] * 7]]
    assert (params.data.max_per_class, params.split.method) == (50, "group")


def test_other_systems_keep_the_epsilon_of_pytorch(tmp_path: Path) -> None:
    for name in ("a_asl", "b", "d", "e1", "e2"):
        params = params_of(name, tmp_path)
        assert {params.train_of(model).adam_epsilon for model in params.enabled} == {1e-8}


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
