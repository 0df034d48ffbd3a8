"""Exported files: the same answers as the network for any number of clips, and what they say of themselves."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tests.models.small import small_models
from tests.models.test_frame_resnet import params as small_frame
from tests.packed_data import CLASSES, small_fused
from torch import Tensor, nn
from torch.nn import functional

from actionrec.cli import main
from actionrec.core.errors import ActionrecError
from actionrec.models.examples import example_inputs
from actionrec.models.kind import count_parameters
from actionrec.models.table import build_model
from actionrec.prediction import export as exporting
from actionrec.prediction.export import Exported, Format, export_model
from actionrec.prediction.exported import SUFFIXES, ModelFacts, read_facts
from actionrec.training.card import WEIGHTS_FILE, ModelCard, save_weights, write_card
from actionrec.training.trained import load_trained, section_of

FORMATS: tuple[Format, ...] = ("onnx", "torch")
# As shipped in params.yaml, but smaller: every branch of the fused model takes part.
FUSED = small_fused(
    keypoint_motion=True, keypoint_norm=True, frame_content="motion", frame_pool=2, frame_dropout=0.5, dropout=0.3
)
VECTORS = small_models()["feature_sequence"].model_copy(update={"temporal": "attention"})


def save_trained(directory: Path, params) -> Path:
    """A model with random weights that has seen a few batches, as ``dvc repro train@m`` would leave it."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build_model(params, num_classes=len(CLASSES))
        count = count_parameters(model)
        section = params.model_dump(mode="json")
        card = ModelCard("m", params.type, list(CLASSES), section, {}, count, count, 2, 0.5, 1.0, "f1")
        inputs = example_inputs(section_of(card), num_clips=4)
        for _ in range(30):
            model.train()(inputs)  # else batch normalisation leaves nothing of the inputs
    directory.mkdir(parents=True)
    save_weights(model.state_dict(), directory / WEIGHTS_FILE)
    write_card(card, directory)
    return directory


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {params.type: save_trained(root / params.type, params) for params in (small_frame(), FUSED, VECTORS)}


@pytest.fixture(scope="module")
def exported(models) -> Callable[[str, Format], tuple[Path, Exported]]:
    """Exports a model in a format, once."""

    @cache
    def export_once(type_: str, form: Format) -> tuple[Path, Exported]:
        out = models[type_].parent / "out" / f"{type_}{SUFFIXES[form]}"
        return out, export_model(models[type_], name="m", out=out, format=form)

    return export_once


@pytest.fixture
def keypoint_model(tmp_path) -> Path:
    """The smallest one: it exports in moments."""
    return save_trained(tmp_path / "data/models/m", small_fused(inputs="keypoints"))


def log_prob(path: Path, inputs: dict[str, Tensor]) -> np.ndarray:
    """What a stranger gets from the file: inputs by name, nothing of ours."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (logits,) = session.run(["logits"], {name: tensor.numpy() for name, tensor in inputs.items()})
    else:
        logits = torch.export.load(path).module()(**inputs).detach().numpy()
    return functional.log_softmax(torch.from_numpy(logits), dim=1).numpy()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "type_", ["fused_convlstm", "feature_sequence", pytest.param("frame_resnet", marks=pytest.mark.slow)]
)
def test_any_number_of_clips_gives_what_the_network_gives(models, exported, type_, format):
    path, done = exported(type_, format)
    card, network = load_trained(models[type_], name="m")
    for num_clips in (1, 2, 5):
        inputs = {
            name: tensor.flip(1) for name, tensor in example_inputs(section_of(card), num_clips=num_clips).items()
        }
        with torch.inference_mode():
            expected = functional.log_softmax(network(inputs), dim=1).numpy()
        found = log_prob(path, inputs)
        assert found.shape == (num_clips, 4)
        assert found == pytest.approx(expected, abs=3e-5)
        if num_clips > 1:
            assert np.ptp(expected, axis=0).max() > 0.03  # the clips differ: agreement says something
    assert done.max_difference < 3e-5
    assert done.tolerance == 1e-3
    assert done.num_bytes == path.stat().st_size
    assert done.opset == (20 if format == "onnx" else None)


def test_onnx_inputs_and_outputs_have_names_and_a_free_batch_axis(exported):
    session = onnxruntime.InferenceSession(exported("fused_convlstm", "onnx")[0], providers=["CPUExecutionProvider"])
    assert [(one.name, one.type, one.shape) for one in session.get_inputs()] == [
        ("frames", "tensor(uint8)", ["batch", 4, 8, 8, 3]),
        ("keypoints", "tensor(float)", ["batch", 4, 261]),
    ]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("logits", ["batch", 4])]


def test_torch_inputs_have_names(exported):
    program = torch.export.load(exported("fused_convlstm", "torch")[0])
    assert program.graph_signature.user_inputs == ("frames", "keypoints")


@pytest.mark.parametrize("format", FORMATS)
def test_files_say_what_they_are(exported, format):
    facts = read_facts(exported("fused_convlstm", format)[0])
    assert (facts.name, facts.type, facts.class_names) == ("m", "fused_convlstm", list(CLASSES))
    assert (facts.clip_frames, facts.image_size, facts.fingerprint) == (4, 8, "f1")
    assert [(one.name, one.dtype, one.shape) for one in facts.inputs] == [
        ("frames", "uint8", [4, 8, 8, 3]),
        ("keypoints", "float32", [4, 261]),
    ]
    assert facts.normalisation == {"frames": "inside the graph"}
    assert facts.model == FUSED.model_dump(mode="json")


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_files_say_how_frames_are_normalised(exported, format):
    facts = read_facts(exported("frame_resnet", format)[0])
    assert (facts.clip_frames, facts.image_size) == (1, 32)
    assert facts.normalisation == {
        "frames": "inside the graph",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }


def test_facts_are_read_without_this_project(exported):
    session = onnxruntime.InferenceSession(exported("fused_convlstm", "onnx")[0], providers=["CPUExecutionProvider"])
    of_onnx = json.loads(session.get_modelmeta().custom_metadata_map["actionrec"])
    files = {"actionrec.json": ""}
    torch.export.load(exported("fused_convlstm", "torch")[0], extra_files=files)
    assert json.loads(files["actionrec.json"]) == of_onnx
    assert ModelFacts(**of_onnx).class_names == list(CLASSES)


def test_keypoints_alone_have_no_image_size(keypoint_model, tmp_path):
    export_model(keypoint_model, name="m", out=tmp_path / "m.pt2", format="torch")
    facts = read_facts(tmp_path / "m.pt2")
    assert facts.image_size is None
    assert [one.name for one in facts.inputs] == ["keypoints"]
    assert facts.normalisation == {}


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_weights_give_the_same_bytes_and_no_path_of_this_machine(keypoint_model, tmp_path, format):
    contents = []
    for folder in ("a", "b"):
        out = tmp_path / folder / f"m{SUFFIXES[format]}"
        export_model(keypoint_model, name="m", out=out, format=format)
        contents.append(out.read_bytes())
    assert contents[0] == contents[1]
    source = str(Path(exporting.__file__).parent).encode()
    assert source not in contents[0]
    if format == "torch":
        with zipfile.ZipFile(out) as archive:
            assert all(source not in archive.read(name) for name in archive.namelist())


def test_the_operator_set_is_the_one_asked_for(keypoint_model, tmp_path):
    done = export_model(keypoint_model, name="m", out=tmp_path / "m.onnx", format="onnx", opset=18)
    assert done.opset == 18
    assert [(one.domain, one.version) for one in onnx.load(tmp_path / "m.onnx").opset_import] == [("", 18)]


def test_examples_are_valid_and_the_same_every_time(models):
    card, _ = load_trained(models["fused_convlstm"], name="m")
    first, again = (example_inputs(section_of(card), num_clips=3) for _ in range(2))
    assert list(first) == ["frames", "keypoints"]
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert first["frames"].dtype == torch.uint8
    assert torch.isfinite(first["keypoints"]).all()
    assert not torch.equal(first["frames"][0], first["frames"][1])


def run(monkeypatch: pytest.MonkeyPatch, root: Path, *arguments: str) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "argv", ["actionrec", "export", *arguments])
    main()


def fails(monkeypatch, root: Path, capsys, *arguments: str) -> str:
    """Run a command that must fail without leaving a file behind; returns what it says."""
    with pytest.raises(SystemExit) as caught:
        run(monkeypatch, root, *arguments)
    assert caught.value.code
    assert not [path for path in root.rglob("*") if path.is_file() and "models" not in path.parts]
    return capsys.readouterr().err


def test_the_command_prints_json(keypoint_model, tmp_path, monkeypatch, capsys):
    run(monkeypatch, tmp_path, "m", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed.pop("max_difference") < 1e-5
    assert printed == {
        "path": "data/exports/m.onnx",
        "format": "onnx",
        "opset": 20,
        "num_bytes": (tmp_path / "data/exports/m.onnx").stat().st_size,
        "inputs": ["keypoints"],
        "tolerance": 1e-3,
    }


def test_the_command_speaks_plainly(keypoint_model, tmp_path, monkeypatch, capsys):
    run(monkeypatch, tmp_path, "m", "--format", "torch", "--out", "there/x.pt2")
    assert read_facts(tmp_path / "there/x.pt2").name == "m"
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("there/x.pt2: 0.")
    assert first.endswith(" MB, inputs keypoints")
    assert second.startswith("log-probabilities differ by at most ")
    assert second.endswith("(allowed 1e-03)")


def test_of_several_folds_the_first_or_the_one_asked_for(tmp_path, monkeypatch, capsys):
    for fold in (2, 10):
        save_trained(tmp_path / f"data/models/m/fold{fold}", small_fused(inputs="keypoints"))
    said = fails(monkeypatch, tmp_path, capsys, "m", "--fold", "0")
    assert "error: data/models/m holds no model of fold 0; there are 2, 10" in said
    run(monkeypatch, tmp_path, "m", "--format", "torch")
    assert capsys.readouterr().out.startswith("of several folds, data/models/m/fold2\ndata/exports/m.pt2: ")
    run(monkeypatch, tmp_path, "m", "--format", "torch", "--fold", "10")
    assert capsys.readouterr().out.startswith("of several folds, data/models/m/fold10\ndata/exports/m_fold10.pt2: ")


def test_a_fold_of_a_single_split_is_refused(keypoint_model, tmp_path, monkeypatch, capsys):
    said = fails(monkeypatch, tmp_path, capsys, "m", "--fold", "0")
    assert "error: data/models/m holds no model of fold 0; it was trained by a single split" in said


def test_a_missing_model_says_how_to_build_it(tmp_path, monkeypatch, capsys):
    said = fails(monkeypatch, tmp_path, capsys, "nobody")
    assert "error: data/models/nobody/model.json does not exist; rebuild it with `dvc repro -f train@nobody`" in said


def test_an_unknown_format_lists_the_known(keypoint_model, tmp_path, monkeypatch, capsys):
    said = fails(monkeypatch, tmp_path, capsys, "m", "--format", "tflite")
    assert "invalid choice: 'tflite'" in said
    assert "onnx" in said
    with pytest.raises(ActionrecError, match="--format tflite is unknown; legal are onnx, torch"):
        export_model(keypoint_model, name="m", out=tmp_path / "m.tflite", format="tflite")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--opset 17", "--opset 17 must be 18 to 23 (default 20)"),
        ("--opset 24", "--opset 24 must be 18 to 23 (default 20)"),
        ("--format torch --opset 20", "--opset 20 is of --format onnx alone"),
        ("--out m.pt2", "--out m.pt2 must be a file that ends in .onnx with --format onnx"),
        ("--out data", "--out data must be a file that ends in .onnx with --format onnx"),
    ],
)
def test_illegal_arguments_say_what_is_legal(tmp_path, monkeypatch, capsys, arguments, message):
    assert message in fails(monkeypatch, tmp_path, capsys, "m", *arguments.split())


@pytest.mark.parametrize("format", FORMATS)
def test_a_program_that_differs_is_not_kept(keypoint_model, tmp_path, monkeypatch, capsys, format):
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    said = fails(monkeypatch, tmp_path, capsys, "m", "--format", format)
    assert f"error: data/exports/m{SUFFIXES[format]}: the exported program's log-probabilities differ" in said
    assert "nothing was written; try another --opset or --format" in said


def test_a_small_difference_of_one_class_is_found(keypoint_model, tmp_path, monkeypatch, capsys):
    _, network = load_trained(keypoint_model, name="m")
    off = torch.tensor([0.0, 0.0, 0.004, 0.0])
    monkeypatch.setattr(exporting, "_torch_run", lambda path: lambda inputs: network(inputs) + off)
    assert "by up to 3." in fails(monkeypatch, tmp_path, capsys, "m", "--format", "torch")


def test_what_is_not_a_number_is_a_difference(keypoint_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        exporting, "_torch_run", lambda path: lambda inputs: torch.full((len(inputs["keypoints"]), 4), torch.nan)
    )
    assert "by up to nan" in fails(monkeypatch, tmp_path, capsys, "m", "--format", "torch")


def test_another_shape_is_a_difference(keypoint_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(exporting, "_torch_run", lambda path: lambda inputs: torch.zeros(1, 3))
    assert "gives logits (1, 3) for 1 clips, expected (1, 4)" in fails(
        monkeypatch, tmp_path, capsys, "m", "--format", "torch"
    )


def test_an_earlier_file_outlives_a_failure(keypoint_model, tmp_path, monkeypatch):
    out = tmp_path / "m.pt2"
    out.write_bytes(b"earlier")
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    with pytest.raises(ActionrecError, match="nothing was written"):
        export_model(keypoint_model, name="m", out=out, format="torch")
    assert out.read_bytes() == b"earlier"


class _Unique(nn.Module):
    """Has no ONNX form."""

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return torch.linalg.eigvals(inputs["keypoints"][:, :4, :4]).real


def test_what_onnx_cannot_say_names_the_other_format(keypoint_model, tmp_path, monkeypatch, capsys):
    card, _ = load_trained(keypoint_model, name="m")
    monkeypatch.setattr(exporting, "load_trained", lambda directory, *, name: (card, _Unique()))
    said = fails(monkeypatch, tmp_path, capsys, "m")
    assert "m (fused_convlstm) has no ONNX form at --opset 20" in said
    assert "or --format torch" in said


def test_files_of_others_are_refused(tmp_path):
    with pytest.raises(ActionrecError, match=r"m\.onnx does not exist; write it with `actionrec export`"):
        read_facts(tmp_path / "m.onnx")
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    value = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([node], "g", value[:1], value[1:])), tmp_path / "m.onnx")
    with pytest.raises(ActionrecError, match=r"m\.onnx was not written by `actionrec export`"):
        read_facts(tmp_path / "m.onnx")
    foreign = torch.export.export(nn.Linear(2, 2), (torch.zeros(1, 2),))
    torch.export.save(foreign, tmp_path / "m.pt2")
    with pytest.raises(ActionrecError, match=r"m\.pt2 was not written by `actionrec export`"):
        read_facts(tmp_path / "m.pt2")


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_a_broken_file_is_refused(tmp_path, suffix):
    (tmp_path / f"m{suffix}").write_bytes(b"not a model")
    with pytest.raises(ActionrecError, match=r"was not written by `actionrec export` .*; write it again"):
        read_facts(tmp_path / f"m{suffix}")
