"""The Lightning module that trains any of the models."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn, optim
from torch.nn import functional

from actionrec.sampling import generator_for
from actionrec.sections import TrainParams
from actionrec.training.datasets import Batch
from actionrec.training.schedule import build_optimizer, learning_rate


class ClipClassifier(pl.LightningModule):
    """Cross-entropy over clips; logs ``{train,val}_{loss,top1}`` as means over clips, and ``lr``."""

    def __init__(self, model: nn.Module, train: TrainParams) -> None:
        super().__init__()
        self.model = model
        self._train = train

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

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:  # noqa: ARG002 (Lightning's signature)
        return self._step(batch, subset="train")

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002 (Lightning's signature)
        self._step(batch, subset="val")

    def _step(self, batch: Batch, *, subset: str) -> Tensor:
        inputs, labels = batch
        logits = self.model(inputs).float()  # (B, classes)
        loss = functional.cross_entropy(logits, labels)
        top1 = (logits.argmax(dim=1) == labels).float().mean()
        # Weighted by batch size: batches differ in size, and an average over batches is not one over clips.
        self.log_dict(
            {f"{subset}_loss": loss.detach(), f"{subset}_top1": top1},
            on_step=False,
            on_epoch=True,
            batch_size=len(labels),
            sync_dist=True,
        )
        return loss
