"""The folds of one model, side by side on a CPU: small networks leave all cores but one idle.

Their processes are forked from one that has imported torch and Lightning, which takes seconds, and nothing else.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

from actionrec.core.compute import num_workers
from actionrec.core.errors import ActionrecError
from actionrec.core.parent import end_with_parent
from actionrec.training.section import TrainParams

if TYPE_CHECKING:
    from actionrec.params import Params

Result = TypeVar("Result")
Fold = int | None


def of_each_fold(function: Callable[[Fold], Result], params: Params, *, name: str, imports: str) -> dict[Fold, Result]:
    """``function`` of every fold that runs, for the model ``name``.

    On a CPU as many at once as ``compute.workers`` allows, each on its share of the cores, and where it leaves the
    number open a few more than cores, so that none is idle at the end; a GPU has one at a time. A single fold, or all
    on a single core, run in this process. ``imports`` is the module that every fold needs.
    ``function`` must pickle. Raises what it raises, once no fold is under way, and :class:`ActionrecError` where a
    process dies.
    """
    folds, cores = params.split.running, num_workers(params.compute)
    at_once = min(cores, len(folds)) if params.compute.workers else num_at_once(len(folds), cores)
    if at_once == 1:
        return {fold: function(fold) for fold in folds}
    context = get_context("forkserver")
    context.set_forkserver_preload([imports])
    with ProcessPoolExecutor(at_once, mp_context=context, initializer=_begin) as pool:
        try:
            if pool.submit(_uses_gpu, params.train_of(name)).result():
                return {fold: pool.submit(function, fold).result() for fold in folds}
            threads = max(1, cores // at_once)
            running = {fold: pool.submit(_on_threads, function, fold, num_threads=threads) for fold in folds}
            try:
                return {fold: future.result() for fold, future in running.items()}
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        except BrokenProcessPool as error:
            raise ActionrecError(
                "the process of a fold died (out of memory?); finished epochs are kept, so run it again, with "
                f"compute.workers below {at_once} if memory is short"
            ) from error


def num_at_once(num_folds: int, cores: int) -> int:
    """Of folds that all take as long: so many that every round is as large, a round being at least one a core.

    Three on two cores run at once, and take as long as one and a half; two and then one would take as long as two.
    """
    rounds = max(1, num_folds // cores)
    return min(-(-num_folds // rounds), num_folds) if cores > 1 else 1


class _Lines(io.TextIOWrapper):
    """Standard error of a process beside others: lines that name the fold, as bars would overwrite one another."""

    fold: Fold = None
    _within_line = False

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            super().write(line if self._within_line else f"fold {self.fold}: {line}")
            self._within_line = not line.endswith("\n")
        return len(text)


def _begin() -> None:
    end_with_parent()
    sys.stderr = _Lines(os.fdopen(os.dup(sys.stderr.fileno()), "wb"), line_buffering=True)


def _uses_gpu(train: TrainParams) -> bool:
    from actionrec.training.devices import resolve_accelerator

    return resolve_accelerator(train) == "gpu"


def _on_threads(function: Callable[[Fold], Result], fold: Fold, *, num_threads: int) -> Result:
    import torch

    assert isinstance(sys.stderr, _Lines)
    sys.stderr.fold = fold
    torch.set_num_threads(min(torch.get_num_threads(), num_threads))
    return function(fold)
