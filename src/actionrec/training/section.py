"""The section ``train`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import ListOf, PositiveInt, Section


class TrainParams(Section):
    lr: Annotated[float, Field(gt=0)]
    epochs: PositiveInt
    batch_size: PositiveInt
    optimizer: Literal["adam", "adamw", "sgd"]
    weight_decay: Annotated[float, Field(ge=0)]
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD."""
    adam_epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Of Adam and AdamW, added to the root of the second moment; 1e-8 is PyTorch's, 1e-7 Keras's."""
    schedule: Literal["constant", "multistep", "cosine"] = "constant"
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs in which the learning rate rises evenly to ``lr``, before the schedule begins."""
    milestones: ListOf[PositiveInt] = ()
    """``multistep``: epochs at which the learning rate is multiplied by ``gamma``."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    gradient_clip: Annotated[float, Field(ge=0)] = 0.0
    """Largest norm of the gradient; 0 does not clip."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training target that is spread over all classes (Szegedy et al. 2016)."""
    mixup: Annotated[float, Field(ge=0)] = 0.0
    """Alpha of the Beta distribution by which pairs of training clips are mixed (Zhang et al. 2018); 0 mixes none."""
    early_stopping: Annotated[int, Field(ge=0)] = 0
    """Epochs without a better validation result after which training ends; 0 never ends early."""
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"
    """``auto``: bf16 or fp16 mixed on a GPU, 32 bits on a CPU."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    devices: PositiveInt = 1
    num_nodes: PositiveInt = 1
    strategy: str = "auto"
    """Lightning's strategy."""
    num_workers: Annotated[int, Field(ge=0)] = 0
    """Processes that load data."""
    seed: Annotated[int, Field(ge=0)] = 0

    def problems(self, name: str) -> list[str]:
        if self.warmup_epochs >= self.epochs:
            return [f"{name}: train.warmup_epochs {self.warmup_epochs} must be below train.epochs {self.epochs}"]
        return []
