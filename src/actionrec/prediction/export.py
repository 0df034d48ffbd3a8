"""Writes a trained model as one file that runs without this project: ONNX, or a torch.export program.

Both forms take the model's inputs by name, with any number of clips (B, ...), give ``logits``
(B, classes), and carry what a user must know as JSON (:class:`actionrec.prediction.exported.ModelFacts`). Neither
is kept before it has been read back and agrees with the network that it was made from. Equal weights give equal bytes.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.nn import functional

from actionrec.core.errors import ActionrecError
from actionrec.core.files import atomic_path
from actionrec.models.examples import Inputs, example_inputs
from actionrec.pack.section import ViewParams
from actionrec.prediction.exported import METADATA_FILE, METADATA_KEY, SUFFIXES, ModelFacts, facts_of, to_json
from actionrec.training.card import ModelCard
from actionrec.training.trained import load_trained, section_of

Run: TypeAlias = Callable[[Inputs], Tensor]
"""From inputs to logits (B, classes)."""
Format: TypeAlias = Literal["onnx", "torch"]

EXPORTS = Path("data/exports")
OPSETS = range(18, 24)
"""torch writes no ONNX operator set before 18, and none after 23 that it promises to."""
DEFAULT_OPSET = 20
TOLERANCE = 1e-3
"""Largest absolute difference of a log-probability. 32-bit sums in another order make 1e-7 to 1e-5, more where a
network is very sure; a wrong layout, scale or weight makes far more than 1e-2."""

_OUTPUT = "logits"

_EXAMPLE_CLIPS = 2  # torch.export takes a batch of one for a constant
# Two sizes that the program was not made with would do; one clip at a time is how it is mostly used.
_CHECKED_CLIPS = (1, 2, 3)

# What the exporters say of torch's own LSTM, which holds its weights in a list too, and of our two inputs with one
# name for the batch axis, by the start of the message.
_EXPECTED_WARNINGS = (
    r"The tensor attributes .*\._flat_weights\[\d+\] were assigned during export",
    r"# The axis name: batch will not be used, since it shares the same shape constraints",
)


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


def export_model(
    directory: Path,
    *,
    name: str,
    out: Path,
    format: Format,
    opset: int | None = None,
    views: Mapping[str, ViewParams] | None = None,
) -> Exported:
    """Write the trained model in ``directory`` to ``out`` and check it; ``opset`` is of ONNX alone.

    ``views`` are those of ``pack``: the file then says which geometry the model's frames have.

    Raises :class:`ActionrecError` for a model that is not there, an illegal format, operator set or file
    name, and where the exported program differs from the network by more than :data:`TOLERANCE`;
    nothing is written then.
    """
    _check_target(out, format=format, opset=opset)
    card, network = load_trained(directory, name=name)
    program = _trace(network, example_inputs(section_of(card), num_clips=_EXAMPLE_CLIPS))
    facts = facts_of(card, network, views or {})
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
    converted.model.metadata_props[METADATA_KEY] = to_json(facts)
    converted.save(path, external_data=False)


def _save_torch(program: ExportedProgram, facts: ModelFacts, path: Path) -> None:
    torch.export.save(program, path, extra_files={METADATA_FILE: to_json(facts)})


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
        inputs = example_inputs(section_of(card), num_clips=num_clips)
        with torch.inference_mode():
            found, expected = (functional.log_softmax(of(inputs).float(), dim=1) for of in (run, network))
        if found.shape != expected.shape:
            raise ActionrecError(
                f"{card.name}: the exported program gives {_OUTPUT} {tuple(found.shape)} for {num_clips} clips, "
                f"expected {tuple(expected.shape)}; try another --opset or --format"
            )
        differences.append((found - expected).abs().max())
    return float(torch.stack(differences).max())  # keeps what is not a number


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
