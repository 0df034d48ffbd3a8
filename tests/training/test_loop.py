"""Training from packed files to a trained model, killed, resumed and repeated."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from tests.helpers import read_csv
from tests.packed_data import CLASSES, PackedData, make_packed_data, small_fused

from actionrec.core.code import PACKAGE, SOURCE, import_closure
from actionrec.core.errors import ActionrecError
from actionrec.core.itemcache import ItemCache
from actionrec.core.tables import SplitRow
from actionrec.models.frame_resnet import FrameResnetParams
from actionrec.models.kind import ModelParams
from actionrec.models.table import MODELS, kind_of, recipe_of
from actionrec.training.card import ModelCard
from actionrec.training.datasets import open_source
from actionrec.training.loop import train_model
from actionrec.training.run import TrainingRun
from actionrec.training.section import TrainParams
from actionrec.training.trained import load_trained, section_of

REPO = Path(__file__).resolve().parents[2]
TRAIN = TrainParams(
    lr=0.01, epochs=3, batch_size=5, optimizer="adamw", weight_decay=0.01, schedule="cosine", accelerator="cpu"
)
FUSED = small_fused(keypoint_norm=True, dropout=0.3, frame_dropout=0.5)
FRAME = FrameResnetParams(
    type="frame_resnet", depth=18, weights="none", trainable=(), image_size=32, augment=True, flip=True, test_frames=2
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> PackedData:
    return make_packed_data(tmp_path_factory.mktemp("packed"), size=16)


def make_run(data: PackedData, *, model: ModelParams = FUSED, train: TrainParams = TRAIN) -> TrainingRun:
    source = open_source(recipe_of(model), data.rows, packed_path=data.packed_path, keypoints_path=data.keypoints_path)
    return TrainingRun("m", kind_of(model.type), model, train, data.rows, source)


def train(run: TrainingRun, folder: Path, *, callbacks: tuple[pl.Callback, ...] = ()) -> ModelCard:
    return train_model(
        run,
        out_dir=folder / "model",
        curves_path=folder / "curves.csv",
        cache=ItemCache(folder / "cache"),
        callbacks=callbacks,
    )


class Killed(BaseException):
    """Stands for kill -9: nothing in between catches it."""


class Killer(pl.Callback):
    """Ends the process in the middle of an epoch, and counts the epochs begun."""

    def __init__(self, *, epoch: int | None = None) -> None:
        self.epoch = epoch
        self.begun: list[int] = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        if batch_idx == 0:
            self.begun.append(trainer.current_epoch)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.current_epoch == self.epoch and batch_idx == 1:
            raise Killed


def output_bytes(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("model/weights.pt", "model/model.json", "curves.csv")]


@pytest.mark.parametrize(
    ("model", "extra"),
    [
        (FUSED, {}),
        (FUSED, {"mixup": 0.4, "label_smoothing": 0.1, "warmup_epochs": 1}),
        (FUSED, {"mixup": 0.4, "class_weights": "sqrt"}),
        (FUSED, {"sampler": "balanced"}),
        pytest.param(FRAME, {}, marks=pytest.mark.slow),
    ],
    ids=["fused", "regularised", "weighted", "balanced", "frame"],
)
def test_a_killed_run_resumes_to_the_same_bytes(tmp_path, data, model, extra):
    run = make_run(data, model=model, train=TRAIN.model_copy(update=extra))
    whole = Killer()
    train(run, tmp_path / "whole", callbacks=(whole,))
    killed = Killer(epoch=2)
    with pytest.raises(Killed):
        train(run, tmp_path / "killed", callbacks=(killed,))
    assert not (tmp_path / "killed" / "model").exists()
    resumed = Killer()
    train(run, tmp_path / "killed", callbacks=(resumed,))
    assert (whole.begun, killed.begun, resumed.begun) == ([0, 1, 2], [0, 1, 2], [2])
    assert output_bytes(tmp_path / "killed") == output_bytes(tmp_path / "whole")


def test_a_finished_run_is_not_run_again(tmp_path, data):
    run = make_run(data)
    train(run, tmp_path)
    before = output_bytes(tmp_path)
    again = Killer(epoch=0)
    train(run, tmp_path, callbacks=(again,))
    assert again.begun == []
    assert output_bytes(tmp_path) == before
    assert not list(tmp_path.rglob("last.ckpt"))


def test_a_run_is_never_resumed_with_other_settings(tmp_path, data):
    with pytest.raises(Killed):
        train(make_run(data), tmp_path, callbacks=(Killer(epoch=2),))
    other = Killer(epoch=0)
    with pytest.raises(Killed):
        train(make_run(data, train=TRAIN.model_copy(update={"lr": 0.02})), tmp_path, callbacks=(other,))
    assert other.begun == [0]


def test_what_does_not_change_the_weights_does_not_train_again(data):
    run = make_run(data)
    same = [
        make_run(data, train=TRAIN.model_copy(update={"num_workers": 4})),
        make_run(data, model=FUSED.model_copy(update={"test_clips": 7})),
    ]
    other = [
        make_run(data, train=TRAIN.model_copy(update={"seed": 4})),
        make_run(data, model=FUSED.model_copy(update={"channels": 4})),
        TrainingRun("m", kind_of(FUSED.type), FUSED, TRAIN, data.rows[1:], run.source),
    ]
    assert {one.fingerprint() for one in same} == {run.fingerprint()}
    assert len({one.fingerprint() for one in [run, *other]}) == 4


def test_the_trained_model_describes_itself(tmp_path, data):
    card = train(make_run(data), tmp_path)
    curves = read_csv(tmp_path / "curves.csv")
    assert list(curves[0]) == ["epoch", "train_loss", "train_top1", "val_loss", "val_top1", "lr"]
    assert [row["epoch"] for row in curves] == ["1", "2", "3"]
    assert [float(row["lr"]) for row in curves] == pytest.approx([0.01, 0.0075, 0.0025])
    best = max(curves, key=lambda row: (float(row["val_top1"]), -float(row["val_loss"])))
    assert (card.best_epoch, card.best_val_loss) == (int(best["epoch"]), float(best["val_loss"]))
    loaded, model = load_trained(tmp_path / "model", name="m")
    assert loaded == card
    assert card.class_names == list(CLASSES)
    assert card.parameters == sum(parameter.numel() for parameter in model.parameters())
    assert section_of(card) == FUSED
    assert not model.training


def test_training_leaves_the_process_as_it_was(tmp_path, data):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(make_run(data), tmp_path)
    assert torch.equal(torch.rand(1), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def test_callbacks_see_the_metrics_of_every_epoch(tmp_path, data):
    seen = []

    class Watcher(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            seen.append(sorted(trainer.callback_metrics))

    train(make_run(data), tmp_path, callbacks=(Watcher(),))
    assert seen == [["lr", "train_loss", "train_top1", "val_loss", "val_top1"]] * 3


def test_training_accuracy_is_over_clips(tmp_path, data):
    """12 clips in batches of 4 or 5: k / 12 for a whole k, which a mean over batches would not give."""
    train(make_run(data, train=TRAIN.model_copy(update={"batch_size": 9})), tmp_path)
    for row in read_csv(tmp_path / "curves.csv"):
        assert float(row["train_top1"]) * 12 == pytest.approx(round(float(row["train_top1"]) * 12), abs=1e-4)


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_weights_of_the_epoch_that_is_asked_for_are_kept(tmp_path, data, keep):
    states = []

    class Keeper(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            states.append({name: value.clone() for name, value in pl_module.model.state_dict().items()})

    train_params = TRAIN.model_copy(update={"keep": keep, "lr": 0.03})
    card = train(make_run(data, train=train_params), tmp_path, callbacks=(Keeper(),))
    rows = read_csv(tmp_path / "curves.csv")
    best = max(rows, key=lambda row: (float(row["val_top1"]), -float(row["val_loss"])))
    assert best["epoch"] != rows[-1]["epoch"]
    assert card.best_epoch == int((best if keep == "best" else rows[-1])["epoch"])
    assert card.best_val_loss == float(rows[card.best_epoch - 1]["val_loss"])
    _, model = load_trained(tmp_path / "model", name="m")
    for name, value in model.state_dict().items():
        assert torch.equal(value, states[card.best_epoch - 1][name])


def test_frozen_layers_do_not_move(tmp_path, data):
    model = FRAME.model_copy(update={"trainable": ("layer4.1", "fc")})
    first, last = [], []

    class Keeper(pl.Callback):
        def on_train_start(self, trainer, pl_module):
            first.append({name: value.clone() for name, value in pl_module.model.state_dict().items()})

        def on_train_end(self, trainer, pl_module):
            last.append(pl_module.model.state_dict())

    card = train(make_run(data, model=model), tmp_path, callbacks=(Keeper(),))
    moved = {name for name, value in last[0].items() if not torch.equal(value, first[0][name])}
    assert moved
    assert {name.split(".")[1] for name in moved} == {"layer4", "fc"}
    assert all(name.startswith(("net.layer4.1.", "net.fc.")) for name in moved)
    assert 0 < card.trainable_parameters < card.parameters


def test_a_class_without_training_videos_is_an_error(tmp_path, data):
    rows = [row for row in data.rows if not (row.label == "wave" and row.subset == "train")]
    run = make_run(data)
    with pytest.raises(ActionrecError, match="1 classes have no training video: wave; add videos"):
        train(TrainingRun("m", kind_of(FUSED.type), FUSED, TRAIN, rows, run.source), tmp_path)


def test_an_empty_subset_is_an_error(tmp_path, data):
    rows = [row for row in data.rows if row.subset != "val"]
    with pytest.raises(ActionrecError, match=r"the split holds no val video; set split\.val_fraction"):
        train(TrainingRun("m", kind_of(FUSED.type), FUSED, TRAIN, rows, make_run(data).source), tmp_path)


def test_training_ends_early_without_a_better_epoch(tmp_path, data):
    train_params = TRAIN.model_copy(update={"epochs": 40, "early_stopping": 2, "lr": 0.03})
    card = train(make_run(data, train=train_params), tmp_path)
    rows = read_csv(tmp_path / "curves.csv")
    assert len(rows) == card.best_epoch + 2 < 40


class Payload:
    """Would create a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_no_loading_runs_code(tmp_path, data, capsys):
    """The checkpoint to resume from, and a trained model's weights."""
    run = make_run(data, train=TRAIN.model_copy(update={"epochs": 2}))
    with pytest.raises(Killed):
        train(run, tmp_path, callbacks=(Killer(epoch=1),))
    [checkpoint] = tmp_path.rglob("last.ckpt")
    state = torch.load(checkpoint, weights_only=True)
    torch.save(state | {"loops": Payload(tmp_path / "ran")}, checkpoint)
    again = Killer()
    train(run, tmp_path, callbacks=(again,))
    assert again.begun == [0, 1]
    assert "last.ckpt cannot be resumed from (" in capsys.readouterr().err
    torch.save({"net": Payload(tmp_path / "ran")}, tmp_path / "model/weights.pt")
    with pytest.raises(ActionrecError, match=r"weights\.pt does not hold the weights of m"):
        load_trained(tmp_path / "model", name="m")
    assert not (tmp_path / "ran").exists()


def flip_a_byte(path: Path) -> None:
    """Inside the stored values: torch keeps those of a tensor as they are."""
    content = bytearray(path.read_bytes())
    content[content.index(b"data/0") + 200] ^= 64
    path.write_bytes(content)


def test_a_flipped_byte_is_noticed(tmp_path, data, capsys):
    """In the checkpoint, in what a finished training left in the item cache, and in the model's weights."""
    run = make_run(data, train=TRAIN.model_copy(update={"epochs": 2}))
    train(run, tmp_path / "whole")
    with pytest.raises(Killed):
        train(run, tmp_path, callbacks=(Killer(epoch=1),))
    [checkpoint] = (tmp_path / "cache").rglob("last.ckpt")
    flip_a_byte(checkpoint)
    train(run, tmp_path)
    assert "last.ckpt cannot be resumed from (it is damaged: " in capsys.readouterr().err
    [finished] = (tmp_path / "cache").rglob("finished/weights.pt")
    flip_a_byte(finished)
    train(run, tmp_path)
    assert output_bytes(tmp_path) == output_bytes(tmp_path / "whole")
    flip_a_byte(tmp_path / "model/weights.pt")
    with pytest.raises(ActionrecError, match=r"it is damaged: .*; rebuild it with `dvc repro -f train@m`"):
        load_trained(tmp_path / "model", name="m")


def test_a_run_killed_after_its_early_end_is_only_finished(tmp_path, data, monkeypatch):
    run = make_run(data, train=TRAIN.model_copy(update={"epochs": 40, "early_stopping": 2, "lr": 0.03}))
    train(run, tmp_path / "whole")

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("actionrec.training.loop.save_weights", killed)
        with pytest.raises(Killed):
            train(run, tmp_path / "killed")
    again = Killer()
    train(run, tmp_path / "killed", callbacks=(again,))
    assert again.begun == []
    assert output_bytes(tmp_path / "killed") == output_bytes(tmp_path / "whole")


def test_spawning_strategies_are_refused(tmp_path, data):
    spawned = TRAIN.model_copy(update={"strategy": "ddp_spawn", "devices": 2})
    with pytest.raises(ActionrecError, match=r"train\.strategy: ddp_spawn .*set train\.strategy: ddp"):
        train(make_run(data, train=spawned), tmp_path)


def test_batches_of_one_are_an_error(tmp_path, data):
    with pytest.raises(ActionrecError, match=r"at least 2 clips a batch, and train\.batch_size 1 over 12"):
        train(make_run(data, train=TRAIN.model_copy(update={"batch_size": 1})), tmp_path)


def test_a_diverging_run_says_so(tmp_path, data):
    with pytest.raises(ActionrecError, match=r"training diverged in epoch \d: .*lower train\.lr"):
        train(make_run(data, train=TRAIN.model_copy(update={"lr": 1e30, "optimizer": "sgd"})), tmp_path)
    assert not (tmp_path / "model").exists()


def test_packed_files_of_another_split_are_an_error(data):
    paths = {"packed_path": data.packed_path, "keypoints_path": data.keypoints_path}
    rows = [*data.rows, SplitRow("circle_ccw/new", "circle_ccw", "g9", "train")]
    with pytest.raises(ActionrecError, match=r"1 in the split but not in .*rgb64\.h5: circle_ccw/new"):
        open_source(recipe_of(FUSED), rows, **paths)
    open_source(recipe_of(FUSED), data.rows[1:], **paths)  # a split may leave videos out


def test_a_damaged_model_is_refused(tmp_path, data):
    train(make_run(data), tmp_path)
    folder = tmp_path / "model"
    (folder / "weights.pt").write_bytes(b"torn")
    with pytest.raises(ActionrecError, match=r"weights\.pt does not hold the weights of m .*dvc repro -f train@m"):
        load_trained(folder, name="m")
    (folder / "weights.pt").unlink()
    with pytest.raises(ActionrecError, match=r"weights\.pt does not exist"):
        load_trained(folder, name="m")
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**card, "extra": 1}))
    with pytest.raises(ActionrecError, match=r"model\.json does not describe a model"):
        load_trained(folder, name="m")
    (folder / "model.json").unlink()
    with pytest.raises(ActionrecError, match=r"model\.json does not exist; rebuild it with `dvc repro -f train@m`"):
        load_trained(folder, name="m")


def loaded_modules(*names: str) -> set[str]:
    """Modules of ours, below the package, that a fresh interpreter imports with ``names``."""
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] == PACKAGE}
    for name in before:
        del sys.modules[name]
    try:
        for name in names:
            importlib.import_module(name)
        return {name for name in sys.modules if name.startswith(f"{PACKAGE}.")}
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]
        sys.modules.update(before)


@pytest.mark.parametrize("module", MODELS.values())
def test_the_fingerprint_covers_all_code_that_training_runs(module):
    loaded = loaded_modules("actionrec.training.loop", module)
    digested = {
        file.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        for name in ("actionrec.training.loop", module)
        for file in import_closure(SOURCE.joinpath(*name.split(".")).with_suffix(".py"))
    }
    assert loaded <= digested
    others = set(MODELS.values()) - {module}
    assert not digested & (others | {"actionrec.models.table", "actionrec.params"})
