"""Devices and precision."""

from __future__ import annotations

import pytest
import torch

from actionrec.core.errors import ActionrecError
from actionrec.training.devices import resolve_accelerator, resolve_precision
from actionrec.training.section import TrainParams


def params(**changes: object) -> TrainParams:
    return TrainParams(lr=0.1, epochs=1, batch_size=2, optimizer="adam", weight_decay=0.0, **changes)


def pretend(monkeypatch, *, gpu: bool, bf16: bool = True) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bf16)


@pytest.mark.parametrize(
    ("asked", "gpu", "expected"),
    [("auto", True, "gpu"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("gpu", True, "gpu")],
)
def test_accelerator(monkeypatch, asked, gpu, expected):
    pretend(monkeypatch, gpu=gpu)
    assert resolve_accelerator(params(accelerator=asked)) == expected


def test_a_gpu_asked_for_and_absent_is_an_error(monkeypatch):
    pretend(monkeypatch, gpu=False)
    with pytest.raises(ActionrecError, match=r"train\.accelerator: gpu, but torch finds no CUDA GPU"):
        resolve_accelerator(params(accelerator="gpu"))


def test_precision(monkeypatch):
    pretend(monkeypatch, gpu=True)
    assert resolve_precision(params()) == "bf16-mixed"
    assert resolve_precision(params(precision="16-mixed")) == "16-mixed"
    pretend(monkeypatch, gpu=True, bf16=False)
    assert resolve_precision(params()) == "16-mixed"
    pretend(monkeypatch, gpu=False)
    assert resolve_precision(params()) == "32-true"
