"""Writes a trained model as one file that runs without this project: ONNX, or a torch.export program.

Both forms take the model's inputs by name, with any number of clips (B, ...), give ``logits``
(B, classes), and carry what a user must know as JSON: :class:`ModelFacts`. Neither is kept before it
has been read back and agrees with the network that it was made from. Equal weights give equal bytes.
"""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from pydantic import TypeAdapter
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.nn import functional

from actionrec.errors import ActionrecError
from actionrec.examples import Inputs, example_inputs
from actionrec.files import atomic_path
from actionrec.trained import ModelCard, load_trained

Run: TypeAlias = Callable[[Inputs], Tensor]
"""From inputs to logits (B, classes)."""
Format: TypeAlias = Literal["onnx", "torch"]

EXPORTS = Path("data/exports")
SUFFIXES = {"onnx": ".onnx", "torch": ".pt2"}
"""Of the file, by format."""
OPSETS = range(18, 24)
"""torch writes no ONNX operator set before 18, and none after 23 that it promises to."""
DEFAULT_OPSET = 20
TOLERANCE = 1e-3
"""Largest absolute difference of a log-probability. 32-bit sums in another order make 1e-7 to 1e-5, more where a
network is very sure; a wrong layout, scale or weight makes far more than 1e-2."""

_METADATA_KEY = "actionrec"
_METADATA_FILE = "actionrec.json"
_OUTPUT = "logits"

_EXAMPLE_CLIPS = 2  # torch.export takes a batch of one for a constant
# Two sizes that the program was not made with would do; one clip at a time is how it is mostly used.
_CHECKED_CLIPS = (1, 2, 3)

_MEANINGS = {
    "frames": "RGB 0-255 (T, S, S, 3); scaled and normalised inside the graph",
    "keypoints": "MediaPipe Holistic keypoints of each frame, as actionrec.clips prepares them for `model`",
}

# What the exporters say of torch's own LSTM, which holds its weights in a list too, and of our two inputs with one
# name for the batch axis, by the start of the message.
_EXPECTED_WARNINGS = (
    r"The tensor attributes .*\._flat_weights\[\d+\] were assigned during export",
    r"# The axis name: batch will not be used, since it shares the same shape constraints",
)


@dataclass(frozen=True)
class InputFacts:
    """One input of the graph."""

    name: str
    dtype: str
    shape: list[int]
    """Without the batch axis."""
    meaning: str


@dataclass(frozen=True)
class ModelFacts:
    """What an exported file says of itself; free of clocks."""

    name: str
    type: str
    class_names: list[str]
    """Of the columns of ``logits``."""
    clip_frames: int
    image_size: int | None
    """Side of the square frames in pixels; none where the model reads keypoints alone."""
    inputs: list[InputFacts]
    normalisation: dict[str, Any]
    """``frames``: where it is done; ``mean`` and ``std`` of RGB 0-1, where the network has them."""
    model: dict[str, Any]
    """Its section of ``params.yaml``."""
    fingerprint: str
    """Of what the weights depend on, as in ``model.json``."""


@dataclass(frozen=True)
class Exported:
    """A file that was written, and how it was checked."""

    path: str
    format: str
    opset: int | None
    num_bytes: int
    inputs: list[str]
    max_difference: float
    """Largest absolute difference of a log-probability to the network that it was made from."""
    tolerance: float


def export_path(name: str, *, format: str) -> Path:
    """Where the export of model ``name`` goes if nothing else is said."""
    return EXPORTS / f"{name}{_suffix_of(format)}"


def export_model(directory: Path, *, name: str, out: Path, format: Format, opset: int | None = None) -> Exported:
    """Write the trained model in ``directory`` to ``out`` and check it; ``opset`` is of ONNX alone.

    Raises :class:`ActionrecError` for a model that is not there, an illegal format, operator set or file
    name, and where the exported program differs from the network by more than :data:`TOLERANCE`;
    nothing is written then.
    """
    _check_target(out, format=format, opset=opset)
    card, network = load_trained(directory, name=name)
    program = _trace(network, example_inputs(card.model_params(), num_clips=_EXAMPLE_CLIPS))
    facts = facts_of(card, network)
    with atomic_path(out) as aside:
        if format == "onnx":
            opset = opset or DEFAULT_OPSET
            _save_onnx(program, facts, aside, opset=opset)
            run = _onnx_run(aside)
        else:
            _save_torch(program, facts, aside)
            run = _torch_run(aside)
        difference = _largest_difference(run, network, card)
        if not difference <= TOLERANCE:  # not a number fails too
            raise ActionrecError(
                f"{out}: the exported program's log-probabilities differ from those of {directory} by up to "
                f"{difference:.1e}, allowed is {TOLERANCE:.0e}; nothing was written; try another --opset or --format"
            )
    return Exported(
        path=str(out),
        format=format,
        opset=opset,
        num_bytes=out.stat().st_size,
        inputs=[one.name for one in facts.inputs],
        max_difference=difference,
        tolerance=TOLERANCE,
    )


def read_facts(path: Path) -> ModelFacts:
    """What an exported file says of itself; raises :class:`ActionrecError` where it says nothing."""
    if not path.is_file():
        raise ActionrecError(f"{path} does not exist; write it with `actionrec export`")
    try:
        text = _onnx_metadata(path) if path.suffix == SUFFIXES["onnx"] else _torch_metadata(path)
        facts: ModelFacts = TypeAdapter(ModelFacts).validate_json(text)
    except Exception as error:
        raise ActionrecError(f"{path} was not written by `actionrec export` ({error}); write it again") from error
    return facts


def facts_of(card: ModelCard, network: nn.Module) -> ModelFacts:
    """What the export of ``network`` says of itself."""
    clip = {key: values[0] for key, values in example_inputs(card.model_params(), num_clips=1).items()}
    frames = clip.get("frames")
    buffers = {name.rpartition(".")[2]: buffer for name, buffer in network.named_buffers()}
    normalisation: dict[str, Any] = {"frames": "inside the graph"} if frames is not None else {}
    for key in ("mean", "std"):
        if key in buffers:
            normalisation[key] = [round(value, 6) for value in buffers[key].flatten().tolist()]
    return ModelFacts(
        name=card.name,
        type=card.type,
        class_names=card.class_names,
        clip_frames=len(next(iter(clip.values()))),
        image_size=None if frames is None else frames.shape[1],
        inputs=[
            InputFacts(key, str(values.dtype).removeprefix("torch."), list(values.shape), _MEANINGS[key])
            for key, values in clip.items()
        ],
        normalisation=normalisation,
        model=card.model,
        fingerprint=card.fingerprint,
    )


class _NamedInputs(nn.Module):
    """``network`` with a keyword argument for each input in place of the dict: the graph's inputs are named so."""

    def __init__(self, network: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.network = network

        def forward(**inputs: Tensor) -> Tensor:
            logits: Tensor = network(inputs)
            return logits

        # torch.export reads the names from the signature; with `**inputs` itself it writes checks that do not run.
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        self.forward = forward


def _trace(network: nn.Module, inputs: Inputs) -> ExportedProgram:
    """The graph of ``network``, for one clip or more."""
    batch = torch.export.Dim("batch", min=1)
    with _quiet_export():
        program = torch.export.export(
            _NamedInputs(network, list(inputs)),
            args=(),
            kwargs=inputs,
            dynamic_shapes={name: {0: batch} for name in inputs},
        )
    # Where in which file of this machine each operation was called: of no use elsewhere, and other bytes.
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def _save_onnx(program: ExportedProgram, facts: ModelFacts, path: Path, *, opset: int) -> None:
    names = [one.name for one in facts.inputs]
    try:
        with _quiet_export():
            converted = torch.onnx.export(
                program,
                input_names=names,
                output_names=[_OUTPUT],
                opset_version=opset,
                dynamo=True,
                dynamic_shapes={name: {0: "batch"} for name in names},
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ActionrecError(
            f"{facts.name} ({facts.type}) has no ONNX form at --opset {opset} ({error}); "
            f"try another of {OPSETS[0]} to {OPSETS[-1]}, or --format torch"
        ) from error
    assert converted is not None
    converted.model.metadata_props[_METADATA_KEY] = _to_json(facts)
    converted.save(path, external_data=False)


def _save_torch(program: ExportedProgram, facts: ModelFacts, path: Path) -> None:
    torch.export.save(program, path, extra_files={_METADATA_FILE: _to_json(facts)})


def _onnx_run(path: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(inputs: Inputs) -> Tensor:
        (logits,) = session.run([_OUTPUT], {name: tensor.numpy() for name, tensor in inputs.items()})
        return torch.from_numpy(logits)

    return run


def _torch_run(path: Path) -> Run:
    module = torch.export.load(path).module()

    def run(inputs: Inputs) -> Tensor:
        logits: Tensor = module(**inputs)
        return logits

    return run


def _largest_difference(run: Run, network: nn.Module, card: ModelCard) -> float:
    """Largest absolute difference of the log-probabilities of ``run`` and ``network``; not finite if any is not."""
    differences = []
    for num_clips in _CHECKED_CLIPS:
        inputs = example_inputs(card.model_params(), num_clips=num_clips)
        with torch.inference_mode():
            found, expected = (functional.log_softmax(of(inputs).float(), dim=1) for of in (run, network))
        if found.shape != expected.shape:
            raise ActionrecError(
                f"{card.name}: the exported program gives {_OUTPUT} {tuple(found.shape)} for {num_clips} clips, "
                f"expected {tuple(expected.shape)}; try another --opset or --format"
            )
        differences.append((found - expected).abs().max())
    return float(torch.stack(differences).max())  # keeps what is not a number


def _onnx_metadata(path: Path) -> str:
    import onnx

    entries: dict[str, str] = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    return entries[_METADATA_KEY]


def _torch_metadata(path: Path) -> str:
    files = {_METADATA_FILE: ""}
    torch.export.load(path, extra_files=files)
    return files[_METADATA_FILE]


def _to_json(facts: ModelFacts) -> str:
    return json.dumps(asdict(facts), indent=2, allow_nan=False)


def _check_target(out: Path, *, format: str, opset: int | None) -> None:
    suffix = _suffix_of(format)
    if format != "onnx" and opset is not None:
        raise ActionrecError(f"--opset {opset} is of --format onnx alone; leave it out with --format {format}")
    if opset is not None and opset not in OPSETS:
        raise ActionrecError(f"--opset {opset} must be {OPSETS[0]} to {OPSETS[-1]} (default {DEFAULT_OPSET})")
    if out.suffix != suffix or out.is_dir():
        raise ActionrecError(f"--out {out} must be a file that ends in {suffix} with --format {format}")


def _suffix_of(format: str) -> str:
    try:
        return SUFFIXES[format]
    except KeyError:
        raise ActionrecError(f"--format {format} is unknown; legal are {', '.join(SUFFIXES)}") from None


@contextmanager
def _quiet_export() -> Iterator[None]:
    """Silence what the exporters say at every use."""
    with warnings.catch_warnings():
        for message in _EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield
