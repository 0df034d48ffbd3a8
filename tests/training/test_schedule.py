"""Learning rates and optimisers."""

from __future__ import annotations

import pytest
import torch

from actionrec.training.schedule import build_optimizer, learning_rate
from actionrec.training.section import TrainParams


def params(**changes: object) -> TrainParams:
    basis = {"lr": 0.1, "epochs": 4, "batch_size": 2, "optimizer": "adam", "weight_decay": 0.5}
    return TrainParams(**{**basis, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [0.1] * 5),
        ({"schedule": "multistep", "milestones": (2, 4)}, [0.1, 0.1, 0.01, 0.01, 0.001]),
        ({"schedule": "multistep", "milestones": (1,), "gamma": 0.5}, [0.1, 0.05, 0.05, 0.05, 0.05]),
        ({"schedule": "cosine"}, [0.1, 0.0853553, 0.05, 0.0146447, 0.0]),
    ],
)
def test_learning_rates(changes, expected):
    assert [learning_rate(params(**changes), epoch) for epoch in range(5)] == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("schedule", ["multistep", "cosine"])
def test_learning_rates_are_torchs_own(schedule):
    train = params(schedule=schedule, milestones=(1, 3))
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=train.lr)
    schedulers = {
        "multistep": lambda: torch.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3], 0.1),
        "cosine": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4),
    }
    scheduler = schedulers[schedule]()
    for epoch in range(4):
        assert learning_rate(train, epoch) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize(("name", "kind"), [("adam", "Adam"), ("adamw", "AdamW"), ("sgd", "SGD")])
def test_optimizers_hold_what_trains(name, kind):
    frozen = torch.nn.Parameter(torch.zeros(1), requires_grad=False)
    free = torch.nn.Parameter(torch.zeros(2))
    optimizer = build_optimizer(params(optimizer=name, momentum=0.7), [frozen, free])
    assert type(optimizer).__name__ == kind
    (group,) = optimizer.param_groups
    assert group["params"] == [free]
    assert (group["lr"], group["weight_decay"]) == (0.1, 0.5)
    assert group.get("momentum", 0.7) == 0.7


def test_warmup_rises_evenly_to_where_the_schedule_begins():
    warm = params(schedule="cosine", epochs=7, warmup_epochs=3, lr=0.4)
    rates = [learning_rate(warm, epoch) for epoch in range(7)]
    assert rates[:4] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert rates[5] == pytest.approx(0.2)
    assert rates == sorted(rates[:4]) + sorted(rates[4:], reverse=True)


@pytest.mark.parametrize(("epsilon", "step"), [(1e-8, 1 / (1 + 0.1)), (1e-7, 1 / (1 + 1.0))])
def test_epsilon_shortens_the_first_step(epsilon: float, step: float) -> None:
    """The first step of Adam is ``lr * g / (|g| + epsilon)``."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    changes = {} if epsilon == 1e-8 else {"adam_epsilon": epsilon}  # PyTorch's is the default
    optimizer = build_optimizer(params(weight_decay=0, **changes), [weight])
    weight.grad = torch.full((1,), 1e-7, dtype=torch.float64)
    optimizer.step()
    assert weight.item() == pytest.approx(-0.1 * step, rel=1e-6)
