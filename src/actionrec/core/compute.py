"""One function over many items: over a local process pool or an existing Dask scheduler, or over threads in order."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from actionrec.core.errors import ActionrecError
from actionrec.core.progress import Progress
from actionrec.core.section import Section

Item = TypeVar("Item")
Result = TypeVar("Result")

# Twice the workers keeps every process busy while results are collected, and memory flat however
# many items there are.
_IN_FLIGHT_PER_WORKER = 2

CONNECT_SECONDS = 30
"""How long an existing scheduler may take to answer."""


class ComputeParams(Section):
    backend: Literal["local", "dask"]
    """Processes of this machine, or an existing Dask cluster that shares the file system."""
    workers: Annotated[int, Field(ge=0)]
    """Processes of the local pool; 0 takes every core."""
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
) -> Iterator[tuple[Item, Result]]:
    """Yield ``(item, function(item))`` of videos as each completes, in no fixed order, and show the progress.

    ``function`` and the items must pickle. An exception in ``function`` stops the map: per-video
    problems are results, not exceptions; ``failed`` says which results are, so that they are counted.
    """
    mapper = _map_dask if compute.backend == "dask" else _map_local
    with Progress(len(items), desc=desc, unit="video", failed=failed_word if failed else None) as progress:
        for item, result in mapper(function, items, compute):
            progress.update(failed=int(failed is not None and failed(result)))
            yield item, result


def map_in_order(
    function: Callable[[Item], Result], items: Sequence[Item], *, compute: ComputeParams, desc: str
) -> Iterator[Result]:
    """Yield ``function(item)`` of blocks in their order, computed ahead by threads, and show the progress.

    For what releases the interpreter's lock, as OpenCV does; a few results wait, however many items there are.
    """
    workers = num_workers(compute)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool, Progress(len(items), desc=desc, unit="block") as progress:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > _IN_FLIGHT_PER_WORKER * workers:
                yield waiting.popleft().result()
                progress.update()
        while waiting:
            yield waiting.popleft().result()
            progress.update()


def _map_local(
    function: Callable[[Item], Result], items: Sequence[Item], compute: ComputeParams
) -> Iterator[tuple[Item, Result]]:
    workers = min(num_workers(compute), len(items))
    if workers <= 1:
        for item in items:
            yield item, function(item)
        return
    # spawn: a forked child inherits threads' locks of numpy, OpenCV and MediaPipe, and may hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_die_with_parent)
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


def _die_with_parent() -> None:
    """End this worker when the stage is killed: it would wait for work for ever."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _map_dask(
    function: Callable[[Item], Result], items: Sequence[Item], compute: ComputeParams
) -> Iterator[tuple[Item, Result]]:
    from dask.distributed import Client
    from dask.distributed import as_completed as dask_as_completed

    assert compute.scheduler is not None  # checked when the parameters were parsed
    try:
        client = Client(compute.scheduler, timeout=CONNECT_SECONDS)
    except OSError as error:
        raise ActionrecError(
            f"compute.scheduler: no Dask scheduler answers at {compute.scheduler!r} ({error}); "
            "start one with `dask scheduler`, or set compute.backend: local"
        ) from error
    with client:
        by_future = {client.submit(function, item, pure=False): item for item in items}
        for future in dask_as_completed(by_future):
            yield by_future[future], future.result()
