"""The Lightning module that trains any of the models."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn, optim
from torch.nn import functional
from torchmetrics import MeanMetric

from actionrec.sampling import generator_for
from actionrec.sections import TrainParams
from actionrec.training.datasets import Batch, Weighted
from actionrec.training.mixup import Mixed, mix_clips
from actionrec.training.schedule import build_optimizer, learning_rate


class ClipClassifier(pl.LightningModule):
    """Cross-entropy over clips; logs ``{train,val}_{loss,top1}`` as means over clips, and ``lr``."""

    def __init__(self, model: nn.Module, train: TrainParams) -> None:
        super().__init__()
        self.model = model
        self._train = train
        # torchmetrics' means add up over batches and processes: a mean of means of unequal batches would be wrong.
        self.means = nn.ModuleDict(
            {f"{subset}_{name}": MeanMetric() for subset in ("train", "val") for name in ("loss", "top1")}
        )

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
        self.log("lr", lr, on_step=False, on_epoch=True, batch_size=1)

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
        self._record(
            "train", logits, loss.detach().expand(len(labels)), labels, torch.ones_like(loss).expand(len(labels))
        )
        return loss

    def _loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=self._train.label_smoothing)

    def validation_step(self, batch: Weighted, batch_idx: int) -> None:  # noqa: ARG002 (Lightning's signature)
        inputs, labels, weights = batch
        logits = self.model(inputs).float()
        self._record("val", logits, functional.cross_entropy(logits, labels, reduction="none"), labels, weights)

    def _record(self, subset: str, logits: Tensor, losses: Tensor, labels: Tensor, weights: Tensor) -> None:
        correct = (logits.argmax(dim=1) == labels).float()
        for name, values in (("loss", losses), ("top1", correct)):
            mean = self.means[f"{subset}_{name}"]
            mean.update(values.detach(), weights)
            self.log(f"{subset}_{name}", mean, on_step=False, on_epoch=True)
