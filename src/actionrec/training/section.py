"""The section ``train`` of ``params.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from actionrec.core.section import ListOf, PositiveInt, Section


class TrainParams(Section):
    lr: Annotated[float, Field(gt=0)]
    """Learning rate, after any warm-up."""
    epochs: PositiveInt
    """Passes over the training videos."""
    keep: Literal["best", "last"] = "best"
    """The epoch whose weights are kept: the best on validation (top-1, then loss), or the last. A dozen validation
    videos choose among epochs by chance, and then say too much good of what they chose: temperature and fusion are
    fitted on them."""
    batch_size: PositiveInt
    """Clips a step; with several devices, on each."""
    optimizer: Literal["adam", "adamw", "sgd"]
    """PyTorch's."""
    weight_decay: Annotated[float, Field(ge=0)]
    """The optimiser's; with ``adam`` an L2 penalty, with ``adamw`` apart from the gradient."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Of SGD."""
    adam_epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """Of Adam and AdamW, added to the root of the second moment; 1e-8 is PyTorch's, 1e-7 Keras's."""
    schedule: Literal["constant", "multistep", "cosine"] = "constant"
    """How the learning rate falls: not at all, at ``milestones``, or along half a cosine down to 0."""
    warmup_epochs: Annotated[int, Field(ge=0)] = 0
    """Epochs in which the learning rate rises evenly to ``lr``, before the schedule begins."""
    milestones: ListOf[PositiveInt] = ()
    """``multistep``: epochs at which the learning rate is multiplied by ``gamma``."""
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Factor of ``multistep`` at each milestone."""
    gradient_clip: Annotated[float, Field(ge=0)] = 0.0
    """Largest norm of the gradient; 0 does not clip."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training target that is spread over all classes (Szegedy et al. 2016)."""
    mixup: Annotated[float, Field(ge=0)] = 0.0
    """Alpha of the Beta distribution by which pairs of training clips are mixed (Zhang et al. 2018); 0 mixes none."""
    class_weights: Literal["none", "balanced", "sqrt"] = "none"
    """How much a training clip counts in the loss by its class: all alike, in inverse proportion to the class's videos
    (``balanced``), or to their root. The mean over the training clips is 1."""
    sampler: Literal["shuffle", "balanced"] = "shuffle"
    """Clips of an epoch: all of them, or as many of every class (``balanced``): of a rare class several different ones
    of a video, of a common one another part each epoch."""
    early_stopping: Annotated[int, Field(ge=0)] = 0
    """Epochs without a better validation result after which training ends; 0 never ends early."""
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"
    """``auto``: bf16 or fp16 mixed on a GPU, 32 bits on a CPU."""
    accelerator: Literal["auto", "cpu", "gpu"] = "auto"
    """``auto`` takes a GPU where there is one."""
    devices: PositiveInt = 1
    """GPUs or processes that train together on each machine."""
    num_nodes: PositiveInt = 1
    """Machines that train together."""
    strategy: str = "auto"
    """Lightning's strategy."""
    num_workers: Annotated[int, Field(ge=0)] = 0
    """Processes that load data."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of first weights, order and augmentation."""

    def problems(self, name: str) -> list[str]:
        problems = []
        if self.warmup_epochs >= self.epochs:
            problems.append(
                f"{name}: train.warmup_epochs {self.warmup_epochs} must be below train.epochs {self.epochs}"
            )
        if self.class_weights != "none" and self.sampler != "shuffle":
            problems.append(
                f"{name}: train.class_weights {self.class_weights} and train.sampler {self.sampler} both even out the "
                "classes, together twice; set one of them"
            )
        if self.early_stopping and self.keep == "last":
            problems.append(f"{name}: train.early_stopping waits for a best epoch; set train.keep: best")
        return problems
