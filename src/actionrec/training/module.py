"""The Lightning module that trains any of the models."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn, optim
from torch.nn import functional
from torchmetrics import Metric

from actionrec.clips.sampling import generator_for
from actionrec.training.datasets import Batch, Weighted
from actionrec.training.mixup import Mixed, mix_clips
from actionrec.training.schedule import build_optimizer, learning_rate
from actionrec.training.section import TrainParams


class WeightedMean(Metric):
    """Mean of values (B,) with weights (B,), over batches and processes; NaN where a value is.

    torchmetrics' ``MeanMetric`` drops values that are NaN, which hides that a training diverged, and forgets
    the weights where it is told not to (``nan_strategy="disable"``, 1.9).
    """

    full_state_update = False
    total: Tensor
    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("weight", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, values: Tensor, weights: Tensor) -> None:
        self.total += (values.detach() * weights).sum()
        self.weight += weights.sum()

    def compute(self) -> Tensor:
        return self.total / self.weight


class ClipClassifier(pl.LightningModule):
    """Cross-entropy over clips; logs ``{train,val}_{loss,top1}`` as means over clips, and ``lr``.

    ``class_weights`` (classes,), whose mean over the training clips is 1, weigh a clip in the training loss by its
    label, and where clips are mixed each part by its own.
    """

    class_weights: Tensor | None

    def __init__(self, model: nn.Module, train: TrainParams, *, class_weights: Tensor | None = None) -> None:
        super().__init__()
        self.model = model
        self._train = train
        self.register_buffer("class_weights", class_weights, persistent=False)
        # Metrics add up over batches and processes: a mean of means of unequal batches would be wrong.
        self.train_loss, self.train_top1, self.val_loss, self.val_top1 = (WeightedMean() for _ in range(4))

    def configure_optimizers(self) -> optim.Optimizer:
        return build_optimizer(self._train, self.model.parameters())

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:  # noqa: ARG002 (Lightning's signature)
        if batch_idx > 0:
            return
        # Dropout draws from torch's global generator: tied to the epoch, a resumed run draws the same.
        seed = generator_for(self._train.seed, self.current_epoch, "dropout", self.global_rank).integers(2**63)
        torch.manual_seed(int(seed))
        lr = learning_rate(self._train, self.current_epoch)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = lr
        self.log("lr", lr, on_step=False, on_epoch=True, batch_size=1, sync_dist=True)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        inputs, labels = batch
        if self._train.mixup:
            generator = generator_for(self._train.seed, self.current_epoch, "mixup", batch_idx, self.global_rank)
            mixed = mix_clips(inputs, labels, alpha=self._train.mixup, generator=generator)
        else:
            mixed = Mixed(inputs, labels, labels, 1.0)
        logits = self.model(mixed.inputs).float()  # (B, classes)
        loss = mixed.share * self._loss(logits, mixed.labels)
        if mixed.share < 1:
            loss = loss + (1 - mixed.share) * self._loss(logits, mixed.others)
        correct = (logits.argmax(dim=1) == labels).float()
        weights = torch.ones_like(correct)
        self.train_loss.update(loss.detach().expand_as(correct), weights)
        self.train_top1.update(correct, weights)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        if self.trainer.is_last_batch:
            self._log_means(train_loss=self.train_loss, train_top1=self.train_top1)

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        smoothing = self._train.label_smoothing
        if self.class_weights is None:
            return functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        # torch's own weights would divide by those of the batch, so that a batch of one class would count like any
        # other, and would weigh the smoothed part by the classes that it is spread over.
        losses = functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
        return (self.class_weights[labels] * losses).mean()

    def validation_step(self, batch: Weighted, batch_idx: int) -> None:  # noqa: ARG002 (Lightning's signature)
        inputs, labels, weights = batch
        logits = self.model(inputs).float()  # (B, classes)
        self.val_loss.update(functional.cross_entropy(logits, labels, reduction="none"), weights)
        self.val_top1.update((logits.argmax(dim=1) == labels).float(), weights)

    def on_validation_epoch_end(self) -> None:
        self._log_means(val_loss=self.val_loss, val_top1=self.val_top1)

    def _log_means(self, **means: WeightedMean) -> None:
        """Once an epoch: to log takes Lightning as long as a small network takes for its gradients."""
        self.log_dict(dict(means), on_step=False, on_epoch=True)
