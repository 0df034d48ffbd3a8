"""One function over many items on the workers of an existing Dask scheduler.

A worker takes part only where its results are ours (:mod:`actionrec.core.worker`). That is asked of every worker
before it gets its first item, of those that join later too. Few items are under way at a time, however many there are,
and what a dead worker had goes to another one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, TypeVar

from actionrec.core.code import PACKAGE, SOURCE
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.worker import SharedFiles, differences, facts, shared_files

Item = TypeVar("Item")
Result = TypeVar("Result")

CONNECT_SECONDS = 30
"""How long an existing scheduler may take to answer, and to have a worker."""
DESERTED_SECONDS = 120
"""How long a map waits for another worker when the last one is gone."""
LOOK_SECONDS = 2.0
"""From one look at which workers there are to the next."""

# One item runs and one waits, so that no thread idles while results travel.
_IN_FLIGHT_PER_THREAD = 2


def map_on_cluster(
    function: Callable[[Item], Result], items: Sequence[Item], *, scheduler: str, in_order: bool
) -> Iterator[tuple[Item, Result]]:
    """Yield ``(item, function(item))`` as each completes, or ``in_order`` of the items.

    Raises :class:`ActionrecError` where no scheduler answers at ``scheduler``, where it has no worker, or one that
    cannot take part, where all workers are gone for ``DESERTED_SECONDS``, and for an item that kills its workers.
    """
    if not items:
        return
    with _connected(scheduler) as client, shared_files(items[0]) as files:
        crew = _Crew(client, scheduler, files)
        crew.muster()
        try:
            yield from _map(function, items, client, crew, in_order=in_order)
        except CancelledError as error:
            raise ActionrecError(
                f"compute.scheduler: the scheduler at {scheduler} is gone; what was finished is kept, so start it and "
                "its workers, and run this again"
            ) from error


def _map(
    function: Callable[[Item], Result], items: Sequence[Item], client: Any, crew: _Crew, *, in_order: bool
) -> Iterator[tuple[Item, Result]]:
    from dask.distributed import wait

    running: dict[Any, int] = {}
    waiting: dict[int, Result] = {}
    submitted = yielded = 0
    try:
        while yielded < len(items):
            for lost in crew.look(running):
                place = running.pop(lost)
                lost.cancel()
                running[crew.submit(function, items[place])] = place
            while submitted < len(items) and submitted - yielded < crew.window:
                running[crew.submit(function, items[submitted])] = submitted
                submitted += 1
            if not running:  # no worker is there
                time.sleep(LOOK_SECONDS)
                continue
            try:
                done = wait(list(running), timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                continue
            for future in done:
                place = running.pop(future)
                waiting[place] = _result_of(future, items[place])
            for place in sorted(waiting):
                if not in_order or place == yielded:
                    yield items[place], waiting.pop(place)
                    yielded += 1
    finally:
        if client.status == "running":
            client.cancel(list(running))


def _result_of(future: Any, item: Any) -> Any:
    from dask.distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise ActionrecError(
            f"several workers died one after the other while they had {item} (out of memory, or a crash inside a "
            "decoder); what was finished is kept, so run it again, with more memory a worker"
        ) from error


class _Crew:
    """The workers that may take part."""

    def __init__(self, client: Any, scheduler: str, files: SharedFiles) -> None:
        self._client = client
        self._scheduler = scheduler
        self._files = files
        self._facts = facts()
        self._threads: dict[str, int] = {}
        self._refused: dict[str, str] = {}
        self._given_to: dict[Any, frozenset[str]] = {}
        self._looked = self._manned = time.monotonic()

    @property
    def window(self) -> int:
        """Items that may be under way."""
        return _IN_FLIGHT_PER_THREAD * sum(self._threads.values())

    def muster(self) -> None:
        """Ask every worker that is there; raises :class:`ActionrecError` where one cannot take part, or none is."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise ActionrecError(
                f"compute.scheduler: {self._scheduler} has no workers; start them with {self._remedy()}"
            ) from error
        self._ask(announce=False)
        if self._refused:
            total = len(self._refused) + len(self._threads)
            lines = first_few(f"{address} {why}" for address, why in sorted(self._refused.items()))
            raise ActionrecError(
                f"compute.scheduler: {len(self._refused)} of {total} worker(s) of {self._scheduler} cannot take part: "
                f"{lines}; start them anew, with the same environment and file system as here, with {self._remedy()}"
            )

    def submit(self, function: Callable[[Item], Result], item: Item) -> Any:
        """A future of ``function(item)``, for the workers that may take part now."""
        future = self._client.submit(function, item, pure=False, workers=list(self._threads))
        self._given_to[future] = frozenset(self._threads)
        return future

    def look(self, running: dict[Any, int]) -> list[Any]:
        """Who is there now; returns what of ``running`` was given to workers of which none is left."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return []
        self._ask(announce=True)
        self._looked = time.monotonic()
        self._given_to = {future: given for future, given in self._given_to.items() if future in running}
        if self._threads:
            self._manned = self._looked
            return [future for future, given in self._given_to.items() if given.isdisjoint(self._threads)]
        if self._looked - self._manned > DESERTED_SECONDS:
            raise ActionrecError(
                f"compute.scheduler: the last worker of {self._scheduler} is gone; what was finished is kept, so start "
                f"workers with {self._remedy()} and run this again"
            )
        return []

    def _ask(self, *, announce: bool) -> None:
        there: dict[str, int] = self._client.nthreads()
        self._threads = {address: threads for address, threads in there.items() if address in self._threads}
        new = [address for address in there if address not in self._threads and address not in self._refused]
        if not new:
            return
        answers = self._client.run(differences, self._facts, self._files, workers=new, on_error="return")
        for address, answer in answers.items():
            if answer == []:
                self._threads[address] = there[address]
            elif isinstance(answer, OSError):
                continue  # it left while it was asked
            else:
                self._refused[address] = _in_words(answer)
                if announce:
                    print(f"dask: {address} is not used: it {self._refused[address]}", file=sys.stderr)

    def _remedy(self) -> str:
        return f"`PYTHONPATH={SOURCE} dask worker {self._scheduler}`"


def _in_words(answer: object) -> str:
    if isinstance(answer, list):
        return " and ".join(answer)
    return f"cannot import this version of {PACKAGE} ({answer})"


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    from dask.distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS)
    except OSError as error:
        raise ActionrecError(
            f"compute.scheduler: no Dask scheduler answers at {scheduler!r} ({error}); "
            "start one with `dask scheduler`, or set compute.backend: local"
        ) from error
    with client:
        yield client
