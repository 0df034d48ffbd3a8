"""A fine-tuning step of ``clip_resnet3d`` at system E2's sizes, against E2's loop, whose graph holds every layer."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn, optim

from actionrec.models.clip_resnet3d import ClipResnet3D, ClipResnet3DParams
from actionrec.training.section import TrainParams
from benchmarks.pairs import Found, Options, Way, alternate
from benchmarks.training import Batch, Inputs, Steps, largest_relative_difference, plain_step, product_step

PARAMS = ClipResnet3DParams(type="clip_resnet3d")
TRAIN = TrainParams(lr=1e-4, epochs=1, batch_size=32, optimizer="adam", weight_decay=0.0)
NUM_CLASSES = 101
NUM_BATCHES = 2
ROUNDS = 4
CPU_CLIPS, GPU_CLIPS = 2, 32
"""Of a batch; the published one is 32."""


class WholeGraph(nn.Module):
    """The same network as one writes it down: the optimiser has the layers that train, autograd has all."""

    def __init__(self, model: ClipResnet3D) -> None:
        super().__init__()
        self.model = copy.deepcopy(model)
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.model.requires_grad_(requires_grad=True)

    def forward(self, inputs: Inputs) -> Tensor:
        logits: Tensor = self.model(inputs)
        return logits


def measure(
    options: Options,
    *,
    params: ClipResnet3DParams = PARAMS,
    num_clips: int | None = None,
    rounds: int = ROUNDS,
) -> Found:
    """Needs no data: the time does not depend on what the clips show.

    In both ways the norms of frozen layers keep their statistics, so that the losses can be compared.
    """
    device = options.device
    num_clips = num_clips or (GPU_CLIPS if device == "cuda" else CPU_CLIPS)
    torch.manual_seed(0)
    model = ClipResnet3D(params, num_classes=NUM_CLASSES, load_weights=False).to(device)
    whole = WholeGraph(model)  # in the modes of training, as the model was made
    batches = [batch_of(params, num_clips, device) for _ in range(NUM_BATCHES)]
    train = TRAIN.model_copy(update={"accelerator": "gpu" if device == "cuda" else "cpu"})
    as_e2_has_it = Steps(plain_step(whole, optim.Adam(whole.trained, lr=train.lr)), batches)
    ours = Steps(product_step(model, train), batches)
    ways = [
        Way("E2's loop, every layer in the graph, float32", as_e2_has_it, aim=4 if device == "cuda" else 1.5),
        Way("the product's step", ours),
    ]
    times = alternate(ways, num_items=num_clips, rounds=rounds)
    return Found(
        what=f"clip_resnet3d, fine-tuning step of {num_clips} clips",
        unit="clip",
        ways=ways,
        times=times,
        num_items=num_clips,
        facts={
            "threads": torch.get_num_threads(),
            "losses": as_e2_has_it.losses,
            "largest_relative_difference_of_loss": largest_relative_difference(ours.losses, as_e2_has_it.losses),
        },
    )


def batch_of(params: ClipResnet3DParams, num_clips: int, device: str) -> Batch:
    """Noise, and labels of noise."""
    shape = (num_clips, params.clip_frames, params.image_size, params.image_size, 3)
    frames, labels = torch.randint(0, 256, shape, dtype=torch.uint8), torch.randint(0, NUM_CLASSES, (num_clips,))
    return {"frames": frames.to(device)}, labels.to(device)
