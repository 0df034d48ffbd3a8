"""A training step of ``fused_convlstm`` at system A's published sizes, against the structure that A has."""

from __future__ import annotations

import copy
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from actionrec.clips.keypoints import num_values
from actionrec.models.cost import count_multiply_adds
from actionrec.models.fused_convlstm import FusedConvLSTM, FusedConvLSTMParams
from actionrec.training.section import TrainParams
from benchmarks.pairs import Found, Options, Way, alternate
from benchmarks.training import (
    Batch,
    Inputs,
    Steps,
    has_matrix_units,
    largest_relative_difference,
    mixed_precision,
    peak_flops,
    plain_step,
    product_step,
)

PARAMS = FusedConvLSTMParams(type="fused_convlstm")
TRAIN = TrainParams(lr=1e-4, epochs=1, batch_size=64, optimizer="adam", weight_decay=0.8)
NUM_CLASSES = 11
NUM_BATCHES = 2
BASELINE, OURS = "A's structure, eager float32", "the product's step"
MIXED = "with train.precision bf16-mixed"
ROUNDS = 9
"""With the warm-up ten steps of the curve."""
CPU_CLIPS, GPU_CLIPS = 4, 64
"""Of a batch; the published one is 64, of which a step takes half a minute of one core."""


class Cell(nn.Module):
    """One step of A's ConvLSTM: a convolution over input and hidden state, laid one upon the other."""

    def __init__(self, in_channels: int, channels: int, *, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels + channels, 4 * channels, 5, padding=2)
        self.W_ci, self.W_cf, self.W_co = (nn.Parameter(torch.empty(channels, size, size)) for _ in range(3))

    def forward(self, image: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        i, f, c, o = self.conv(torch.cat([image, hidden], dim=1)).chunk(4, dim=1)
        i = torch.sigmoid(i + self.W_ci * cell)
        f = torch.sigmoid(f + self.W_cf * cell)
        cell = f * cell + i * functional.relu(c)
        o = torch.sigmoid(o + self.W_co * cell)
        return o * functional.relu(cell), cell


class Plain(nn.Module):
    """A's network: loops over cells in eager float32."""

    def __init__(self, params: FusedConvLSTMParams) -> None:
        super().__init__()
        channels, hidden, size = params.channels, params.lstm_hidden, params.image_size
        values = num_values(params.keypoint_features)
        self.cells = nn.ModuleList(Cell(into, channels, size=size) for into in (3, channels))
        self.norms = nn.ModuleList(nn.BatchNorm3d(channels) for _ in range(2))
        self.squeeze = nn.Conv2d(channels, 3, 5, padding=2)
        self.lstm = nn.ModuleList(nn.LSTMCell(into, hidden) for into in (values, hidden))
        self.classifier = nn.Linear(3 * size**2 + hidden, NUM_CLASSES)

    def forward(self, inputs: Inputs) -> Tensor:
        images = inputs["frames"].permute(0, 4, 1, 2, 3).float() / 255  # (B, 3, T, S, S)
        for cell, norm in zip(self.cells, self.norms, strict=True):
            hidden = state = images.new_zeros(len(images), len(cell.W_ci), *images.shape[-2:])
            states = []
            for image in images.unbind(2):
                hidden, state = cell(image, hidden, state)
                states.append(hidden)
            images = norm(torch.stack(states, dim=2))
        rows = list(inputs["keypoints"].unbind(1))
        for cell in self.lstm:
            hidden = state = rows[0].new_zeros(len(rows[0]), cell.hidden_size)
            for step, row in enumerate(rows):
                hidden, state = cell(row, (hidden, state))
                rows[step] = hidden
        found: Tensor = self.classifier(torch.cat([self.squeeze(images[:, :, -1]).flatten(1), rows[-1]], dim=1))
        return found


def plain_like(model: FusedConvLSTM, params: FusedConvLSTMParams) -> Plain:
    """A's network with the weights of ours."""
    branch, keypoints = model.frame_branch, model.keypoint_branch
    assert branch is not None
    assert keypoints is not None
    plain = Plain(params)
    with torch.no_grad():
        for cell, layer in zip(plain.cells, (branch.convlstm1, branch.convlstm2), strict=True):
            cell.conv.weight.copy_(torch.cat([layer.input_conv.weight, layer.hidden_conv.weight], dim=1))
            cell.conv.bias.copy_(layer.input_conv.bias)
            for own, of_ours in (("W_ci", "input"), ("W_cf", "forget"), ("W_co", "output")):
                getattr(cell, own).copy_(getattr(layer, f"peephole_{of_ours}"))
    for own, of_ours in (
        (plain.norms[0], branch.norm1),
        (plain.norms[1], branch.norm2),
        (plain.squeeze, branch.squeeze),
        (plain.classifier, model.classifier),
    ):
        own.load_state_dict(of_ours.state_dict())
    for number, cell in enumerate(plain.lstm):
        suffix = f"_l{number}"
        state = keypoints.lstm.state_dict()
        cell.load_state_dict({key.removesuffix(suffix): state[key] for key in state if key.endswith(suffix)})
    return plain


def measure(
    options: Options,
    *,
    params: FusedConvLSTMParams = PARAMS,
    num_clips: int | None = None,
    rounds: int = ROUNDS,
) -> Found:
    """Needs no data: the time does not depend on what the clips show."""
    device = options.device
    num_clips = num_clips or (GPU_CLIPS if device == "cuda" else CPU_CLIPS)
    torch.manual_seed(0)
    model = FusedConvLSTM(params, num_classes=NUM_CLASSES).to(device)
    plain = plain_like(model, params).to(device).train()
    batches = [batch_of(params, num_clips, device) for _ in range(NUM_BATCHES)]
    train = TRAIN.model_copy(update={"accelerator": "gpu" if device == "cuda" else "cpu"})
    optimizer = optim.Adam(plain.parameters(), lr=train.lr, weight_decay=train.weight_decay)
    steps = {BASELINE: Steps(plain_step(plain, optimizer), batches), OURS: Steps(product_step(model, train), batches)}
    if device == "cpu" and has_matrix_units():
        steps[MIXED] = Steps(product_step(copy.deepcopy(model), mixed_precision(train)), batches)
    ways = [Way(name, step, aim=5 if device == "cuda" else 2) for name, step in steps.items()]
    times = alternate(ways, num_items=num_clips, rounds=rounds)
    facts: dict[str, Any] = {"threads": torch.get_num_threads(), "losses": steps[BASELINE].losses}
    for name, step in steps.items():
        if name != BASELINE:
            of_loss = largest_relative_difference(step.losses, steps[BASELINE].losses)
            facts[name] = {"largest_relative_difference_of_loss": of_loss, "cpu_seconds": median(times[name].cpu)}
    note = ""
    if device == "cpu":
        operations = 3 * 2 * count_multiply_adds(model, {name: value[:1] for name, value in batches[0][0].items()})
        facts["bound_seconds"] = bound = operations / peak_flops()
        note = (
            f"the convolutions of a clip are {operations / 1e9:.0f} billion operations, {bound:.2f} s of a core at the "
            f"speed of a plain product of matrices, where A's structure takes {median(times[BASELINE].cpu):.2f} s and "
            f"ours {facts[OURS]['cpu_seconds']:.2f} s"
        )
        if MIXED in facts:
            note += f", {facts[MIXED]['cpu_seconds']:.2f} s {MIXED}"
    return Found(
        what=f"fused_convlstm, training step of {num_clips} clips",
        unit="clip",
        ways=ways[:2],
        times=times,
        num_items=num_clips,
        facts=facts,
        note=note,
    )


def batch_of(params: FusedConvLSTMParams, num_clips: int, device: str) -> Batch:
    """Noise, and labels of noise."""
    size, length = params.image_size, params.clip_frames
    inputs = {
        "frames": torch.randint(0, 256, (num_clips, length, size, size, 3), dtype=torch.uint8),
        "keypoints": torch.rand(num_clips, length, num_values(params.keypoint_features)),
    }
    labels = torch.randint(0, NUM_CLASSES, (num_clips,))
    return {name: value.to(device) for name, value in inputs.items()}, labels.to(device)
