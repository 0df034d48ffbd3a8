"""Trains one model: resumes, runs Lightning, and writes the trained model and its curves.

A run is known by its fingerprint. Its checkpoint lies in the item cache under that name, so a killed
run goes on after its last finished epoch, never with other settings, and a finished one is not run again. Of two
processes with one fingerprint one trains, and the other waits and takes what came out.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies.launchers import _MultiProcessingLauncher
from torch import nn

from actionrec.clips.sampling import generator_for
from actionrec.core.errors import ActionrecError
from actionrec.core.files import atomic_dir, write_json
from actionrec.core.itemcache import ItemCache, is_sealed, seal
from actionrec.core.memory import keep_freed_memory
from actionrec.core.tables import write_table
from actionrec.models.kind import count_parameters
from actionrec.training.balance import class_weights
from actionrec.training.callbacks import History, LastCheckpoint, progress_callback
from actionrec.training.card import WEIGHTS_FILE, ModelCard, load_whole, save_weights, write_card
from actionrec.training.curves import CURVE_COLUMNS
from actionrec.training.datasets import EpochBatches, FixedClips, TrainClips, fixed_loader, train_loader
from actionrec.training.devices import resolve_accelerator, resolve_precision
from actionrec.training.module import ClipClassifier
from actionrec.training.run import TrainingRun

# Of processes that train together: whichever is there and is not 0, this process is not the first of them.
_RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
_CHECKPOINT_FILE = "last.ckpt"
_FINISHED_DIR = "finished"
_HISTORY_FILE = "history.json"

# Advice that does not hold here, and Lightning's own use of what torch deprecates, by the start of the message.
_EXPECTED_WARNINGS = (
    r".*does not have many workers which may be a bottleneck",
    r".*Found \d+ module\(s\) in eval mode at the start of training",
    r".*isinstance\(treespec, LeafSpec\)` is deprecated",
)


def train_model(
    run: TrainingRun, *, out_dir: Path, curves_path: Path, cache: ItemCache, callbacks: Sequence[pl.Callback] = ()
) -> ModelCard:
    """Train ``run`` and write ``weights.pt`` and ``model.json`` to ``out_dir``, and the curves as CSV.

    ``callbacks`` see Lightning's ``callback_metrics`` at every epoch's end: the columns of the curves.
    Raises :class:`ActionrecError` where the split, the batch size or the device does not allow training.
    """
    run.check()
    keep_freed_memory()
    fingerprint = run.fingerprint()
    # Of processes that train together the first has the entry for all of them.
    first = not any(int(os.environ.get(name, "0")) for name in _RANKS)
    with cache.alone(fingerprint, what=run.name) if first else nullcontext(cache.path(fingerprint)) as workspace:
        finished = workspace / _FINISHED_DIR
        writes = True
        if not is_sealed(finished):
            model, writes = _fit(run, workspace, callbacks)
        else:
            model = run.kind.build(run.model, num_classes=len(run.class_names()), load_weights=False)
            (workspace / _CHECKPOINT_FILE).unlink(missing_ok=True)  # of a process that was killed at its very end
        history = json.loads((finished / _HISTORY_FILE).read_text(encoding="utf-8"))
        card = _card(run, fingerprint, model, history)
        if writes:
            with atomic_dir(out_dir) as aside:
                shutil.copyfile(finished / WEIGHTS_FILE, aside / WEIGHTS_FILE)
                write_card(card, aside)
    if writes:
        rows = ([row[column] for column in CURVE_COLUMNS] for row in history["rows"])
        write_table(curves_path, CURVE_COLUMNS, rows)
    return card


def _card(run: TrainingRun, fingerprint: str, model: nn.Module, history: dict[str, Any]) -> ModelCard:
    best = history["rows"][history["best_epoch"] - 1]
    return ModelCard(
        name=run.name,
        type=run.model.type,
        class_names=run.class_names(),
        model=run.model.model_dump(mode="json"),
        train=run.train.model_dump(mode="json"),
        parameters=count_parameters(model),
        trainable_parameters=count_parameters(model, only_trainable=True),
        best_epoch=history["best_epoch"],
        best_val_top1=best["val_top1"],
        best_val_loss=best["val_loss"],
        fingerprint=fingerprint,
    )


def _fit(run: TrainingRun, workspace: Path, callbacks: Sequence[pl.Callback]) -> tuple[nn.Module, bool]:
    """Train to the end and keep the result in ``workspace / finished``.

    Returns the network, and whether this process is the first of those that train, the one that writes.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    checkpoint = workspace / _CHECKPOINT_FILE
    resumes = _can_resume(checkpoint)
    history = History(patience=run.train.early_stopping, keeps_last=run.train.keep == "last")
    with torch.random.fork_rng(), _quiet_lightning():
        torch.manual_seed(int(generator_for(run.train.seed, "weights").integers(2**63)))
        model = run.kind.build(run.model, num_classes=len(run.class_names()))
        trainer = _trainer(run, [*callbacks, history, LastCheckpoint(checkpoint), progress_callback()])
        batches = _train_batches(run, trainer, model)
        val_ids, val_labels = run.labelled("val")
        val_clips = [run.source.recipe.val_clips(run.source.num_frames(video_id)) for video_id in val_ids]
        trainer.fit(
            ClipClassifier(model, run.train, class_weights=_class_weights(run)),
            train_loader(_train_clips(run), batches, num_workers=run.train.num_workers),
            fixed_loader(
                FixedClips(
                    run.source,
                    video_ids=val_ids,
                    labels=val_labels,
                    clips=val_clips,
                    rank=trainer.global_rank,
                    world_size=trainer.world_size,
                ),
                batch_size=run.train.batch_size,
                num_workers=run.train.num_workers,
            ),
            ckpt_path=str(checkpoint) if resumes else None,
            weights_only=True,  # a pickle could run code
        )
    if trainer.is_global_zero:
        with atomic_dir(workspace / _FINISHED_DIR) as aside:
            save_weights(history.best_weights, aside / WEIGHTS_FILE)
            write_json(aside / _HISTORY_FILE, {"rows": history.rows, "best_epoch": history.best_epoch})
            seal(aside)
        checkpoint.unlink()
    trainer.strategy.barrier()
    return model, trainer.is_global_zero


def _can_resume(checkpoint: Path) -> bool:
    """Whether there is a checkpoint that is whole and holds no code; another is not used, and a line says so."""
    if not checkpoint.exists():
        return False
    try:
        load_whole(checkpoint)
    except Exception as error:  # noqa: BLE001 (torch raises many types)
        print(f"note: {checkpoint} cannot be resumed from ({error}); training begins anew", file=sys.stderr)
        return False
    return True


def _train_clips(run: TrainingRun) -> TrainClips:
    video_ids, labels = run.labelled("train")
    return TrainClips(run.source, video_ids=video_ids, labels=labels, seed=run.train.seed)


def _class_weights(run: TrainingRun) -> torch.Tensor | None:
    _, labels = run.labelled("train")
    return class_weights(labels, num_classes=len(run.class_names()), kind=run.train.class_weights)


def _train_batches(run: TrainingRun, trainer: pl.Trainer, model: nn.Module) -> EpochBatches:
    clips = _train_clips(run)
    num_clips = clips.num_clips
    batches = EpochBatches(
        num_clips,
        labels=clips.clip_labels if run.train.sampler == "balanced" else None,
        batch_size=run.train.batch_size,
        seed=run.train.seed,
        rank=trainer.global_rank,
        world_size=trainer.world_size,
    )
    normalises = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())  # noqa: SLF001
    if normalises and batches.smallest < 2:
        raise ActionrecError(
            f"{run.name}: batch normalisation needs at least 2 clips a batch, and train.batch_size "
            f"{run.train.batch_size} over {num_clips} training clips gives batches of 1; raise it or add videos"
        )
    return batches


def _trainer(run: TrainingRun, callbacks: list[pl.Callback]) -> pl.Trainer:
    train = run.train
    accelerator = resolve_accelerator(train)
    trainer = pl.Trainer(
        accelerator=accelerator,
        precision=resolve_precision(train),
        devices=train.devices,
        num_nodes=train.num_nodes,
        strategy=train.strategy,
        max_epochs=train.epochs,
        gradient_clip_val=train.gradient_clip or None,
        # The gradients of three-dimensional pooling have no repeatable form on a GPU: there, all else is repeatable.
        deterministic=True if accelerator == "cpu" else "warn",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=any(isinstance(callback, pl.callbacks.ProgressBar) for callback in callbacks),
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # EpochBatches and FixedClips share the clips out themselves
    )
    if isinstance(trainer.strategy.launcher, _MultiProcessingLauncher):
        raise ActionrecError(
            f"train.strategy: {train.strategy} starts its processes after the clips are shared out, so each would "
            "train on the same ones; set train.strategy: ddp"
        )
    return trainer


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Silence what Lightning says at every start, and undo what it sets for the whole process."""
    logger = logging.getLogger("lightning.pytorch")
    level, environment = logger.level, dict(os.environ)
    deterministic = torch.are_deterministic_algorithms_enabled()
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in _EXPECTED_WARNINGS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        logger.setLevel(level)
        torch.use_deterministic_algorithms(deterministic)
        for name in set(os.environ) - set(environment):
            del os.environ[name]
