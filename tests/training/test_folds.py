"""Folds side by side: what they return, and what is seen of them."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actionrec.core.errors import ActionrecError
from actionrec.params import load_params
from actionrec.training.folds import num_at_once, of_each_fold

PARAMS = load_params(Path(__file__).parents[2] / "params.yaml")


def run(function: Any, folds: list[int] | None, *, workers: int = 2) -> list[Any]:
    """Of these folds; ``None``: there are none."""
    params = PARAMS.model_copy(
        update={
            "compute": PARAMS.compute.model_copy(update={"workers": workers}),
            "train": PARAMS.train.model_copy(update={"accelerator": "cpu"}),
            "split": PARAMS.split.model_copy(update={"folds": len(folds or [0]), "run_folds": ()}),
        }
    )
    found = of_each_fold(function, params, name="cnn3d", imports="torch")
    assert list(found) == (folds or [None])
    return list(found.values())


def who(fold: int | None) -> tuple[int | None, int, int]:
    import torch

    return fold, os.getpid(), torch.get_num_threads()


def fails(fold: int | None, *, folder: Path) -> None:
    if fold == 0:
        raise ActionrecError("fold 0 holds no videos")
    (folder / f"{fold}").touch()


def dies(fold: int | None) -> None:
    os._exit(9)


def speaks(fold: int | None) -> bool:
    print(f"one{fold}", "two", file=sys.stderr)
    print("three", file=sys.stderr)
    return sys.stderr.isatty()


def test_one_fold_runs_in_this_process() -> None:
    assert run(who, None)[0][:2] == (None, os.getpid())


def test_one_core_has_them_in_this_process_one_by_one() -> None:
    assert [found[:2] for found in run(who, [0, 1], workers=1)] == [(0, os.getpid()), (1, os.getpid())]


@pytest.mark.parametrize(
    ("num_folds", "cores", "expected"),
    [(1, 1, 1), (3, 1, 1), (1, 2, 1), (2, 2, 2), (3, 2, 3), (4, 2, 2), (5, 2, 3), (5, 4, 5), (10, 4, 5), (3, 16, 3)],
)
def test_no_core_is_idle_at_the_end(num_folds: int, cores: int, expected: int) -> None:
    assert num_at_once(num_folds, cores) == expected


@pytest.mark.slow
def test_folds_come_in_their_order_from_other_processes_with_their_share_of_the_threads() -> None:
    found = run(who, [0, 1, 2])
    assert [fold for fold, _, _ in found] == [0, 1, 2]
    assert os.getpid() not in {process for _, process, _ in found}
    assert {threads for _, _, threads in found} == {1}


@pytest.mark.slow
def test_an_error_is_raised_as_it_is_and_what_runs_beside_it_is_finished(tmp_path: Path) -> None:
    with pytest.raises(ActionrecError, match="fold 0 holds no videos"):
        run(partial(fails, folder=tmp_path), [0, 1])
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.slow
def test_a_process_that_dies_is_an_error_with_a_remedy() -> None:
    with pytest.raises(ActionrecError, match=r"compute\.workers below 2"):
        run(dies, [0, 1])


@pytest.mark.slow
def test_lines_name_their_fold_and_there_are_no_bars() -> None:
    script = "from tests.training.test_folds import run, speaks; print(run(speaks, [0, 1]))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[False, False]\n"
    assert [line for line in done.stderr.splitlines() if "fold 1" in line] == ["fold 1: one1 two", "fold 1: three"]
