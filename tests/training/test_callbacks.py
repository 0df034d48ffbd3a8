"""What training says where there is no terminal."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from actionrec.training.callbacks import EpochLines
from actionrec.training.curves import CURVE_COLUMNS


@pytest.mark.parametrize("ending", ["on_train_end", "on_exception"])
def test_a_line_an_epoch_and_between_them_how_far_it_has_come(
    ending: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("actionrec.core.progress.LINE_SECONDS", 0.05)
    metrics = dict.fromkeys(CURVE_COLUMNS, 0.5)
    trainer: Any = SimpleNamespace(
        is_global_zero=True,
        should_stop=False,
        num_training_batches=4,
        max_epochs=3,
        current_epoch=1,  # the first was trained before
        callback_metrics=metrics,
    )
    lines = EpochLines()
    lines.on_train_start(trainer, trainer)
    for _ in range(4):
        lines.on_train_batch_end(trainer, trainer, None, None, 0)
    time.sleep(0.2)
    lines.on_train_epoch_end(trainer, trainer)
    getattr(lines, ending)(trainer, trainer, *([ValueError()] if ending == "on_exception" else []))
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("train: 8 of 12 steps, ")
    assert said[0].endswith(" left")
    assert "epoch 2/3: train_loss 0.5, train_top1 0.5, val_loss 0.5, val_top1 0.5, lr 0.5" in said
    assert said[-1].startswith("train: 8 of 12 steps in 0 s, ")


def test_only_the_first_process_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    other: Any = SimpleNamespace(is_global_zero=False, should_stop=False)
    lines = EpochLines()
    lines.on_train_start(other, other)
    lines.on_train_batch_end()
    lines.on_train_end(other, other)
    assert capsys.readouterr().err == ""
