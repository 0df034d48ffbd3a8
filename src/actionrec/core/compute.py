"""One function over many items: on local processes, threads in order, or the workers of a Dask scheduler."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from actionrec.core.cluster import map_on_cluster
from actionrec.core.errors import ActionrecError
from actionrec.core.parent import end_with_parent
from actionrec.core.progress import Progress
from actionrec.core.section import Section

Item = TypeVar("Item")
Result = TypeVar("Result")

# Twice the workers keeps every process busy while results are collected, and memory flat however
# many items there are.
_IN_FLIGHT_PER_WORKER = 2


class ComputeParams(Section):
    backend: Literal["local", "dask"]
    """Processes of this machine, or an existing Dask cluster that shares the file system."""
    workers: Annotated[int, Field(ge=0)]
    """Processes of the local pool, and folds that train at once on a CPU; 0 takes every core, for folds fewer than
    two a core, so that none is idle at the end.
    """
    scheduler: str | None = None
    """Address of an existing Dask scheduler."""

    def problems(self, name: str) -> list[str]:
        if self.backend == "dask" and not self.scheduler:
            return [f"{name}.scheduler: needed with {name}.backend: dask, for example tcp://127.0.0.1:8786"]
        return []


def num_workers(compute: ComputeParams) -> int:
    """Processes of the local pool: ``compute.workers``, or one per usable core when it is 0."""
    return compute.workers or len(os.sched_getaffinity(0))


def map_items(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    compute: ComputeParams,
    desc: str,
    failed: Callable[[Result], bool] | None = None,
    failed_word: str = "failed",
    unit: str = "video",
) -> Iterator[tuple[Item, Result]]:
    """Yield ``(item, function(item))`` of videos as each completes, in no fixed order, and show the progress.

    Local processes or the workers of ``compute.scheduler`` do the work; a few items are under way at a time.

    ``function`` and the items must pickle. An exception in ``function`` stops the map: per-video
    problems are results, not exceptions; ``failed`` says which results are, so that they are counted.
    """
    with Progress(len(items), desc=desc, unit=unit, failed=failed_word if failed else None) as progress:
        on_cluster = compute.backend == "dask"
        pairs = _on_cluster(function, items, compute) if on_cluster else _by_processes(function, items, compute)
        for item, result in pairs:
            progress.update(failed=int(failed is not None and failed(result)))
            yield item, result


def map_in_order(
    function: Callable[[Item], Result], items: Sequence[Item], *, compute: ComputeParams, desc: str
) -> Iterator[Result]:
    """Yield ``function(item)`` of blocks in their order, computed ahead, and show the progress.

    By threads, for what releases the interpreter's lock, as OpenCV does, or by the workers of ``compute.scheduler``;
    then ``function`` and the items must pickle. A few results wait, however many items there are.
    """
    with Progress(len(items), desc=desc, unit="block") as progress:
        on_cluster = compute.backend == "dask"
        results = (
            (result for _, result in _on_cluster(function, items, compute, in_order=True))
            if on_cluster
            else _by_threads(function, items, compute)
        )
        for result in results:
            yield result
            progress.update()


def _on_cluster(
    function: Callable[[Item], Result], items: Sequence[Item], compute: ComputeParams, *, in_order: bool = False
) -> Iterator[tuple[Item, Result]]:
    assert compute.scheduler is not None  # checked when the parameters were parsed
    return map_on_cluster(function, items, scheduler=compute.scheduler, in_order=in_order)


def _by_threads(function: Callable[[Item], Result], items: Sequence[Item], compute: ComputeParams) -> Iterator[Result]:
    workers = num_workers(compute)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > _IN_FLIGHT_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _by_processes(
    function: Callable[[Item], Result], items: Sequence[Item], compute: ComputeParams
) -> Iterator[tuple[Item, Result]]:
    workers = min(num_workers(compute), len(items))
    if workers <= 1:
        for item in items:
            yield item, function(item)
        return
    for threads in ("OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(threads, "1")  # for the workers: there is one a core already
    # spawn: a forked child inherits threads' locks of numpy, OpenCV and MediaPipe, and may hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent)
    try:
        waiting = iter(items)
        running: dict[Future[Result], Item] = {}
        for item in waiting:
            running[pool.submit(function, item)] = item
            if len(running) >= workers * _IN_FLIGHT_PER_WORKER:
                break
        while running:
            done = next(as_completed(running))
            item = running.pop(done)
            for following in waiting:
                running[pool.submit(function, following)] = following
                break
            yield item, done.result()
    except BrokenProcessPool as error:
        raise ActionrecError(
            "a worker process died (out of memory, or a crash inside a decoder); what was finished is kept, so run it "
            f"again, with compute.workers below {workers} if memory is short"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
