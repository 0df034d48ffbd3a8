"""One function over many items on the workers of an existing Dask scheduler.

A worker takes part only where its results are ours: the same code of this package, the same versions of what decodes
and computes, and the same files at the same paths. That is asked of every worker before it gets its first item, of
those that join later too. Few items are under way at a time, however many there are, and what a dead worker had goes
to another one.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from actionrec.core.code import PACKAGE, SOURCE, syntax_digest
from actionrec.core.errors import ActionrecError, first_few
from actionrec.core.itemcache import CACHE_DIR_NAME, project_root

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

# What decides on decoded frames, landmarks and vectors, beside our code. Not installed is an answer too.
_DISTRIBUTIONS = ("av", "h5py", "imageio-ffmpeg", "mediapipe", "numpy", "onnxruntime", "opencv-contrib-python", "torch")


@dataclass(frozen=True)
class Facts:
    """What a worker has to have in common with the process that gives it work."""

    code: str
    versions: dict[str, str]


@dataclass(frozen=True)
class SharedFiles:
    """Files that a worker has to see as this process sees them."""

    token: Path
    """In the item cache, where workers leave what they made."""
    content: str
    sizes: dict[str, int]
    """Bytes of the files that the first item names."""


def map_on_cluster(
    function: Callable[[Item], Result], items: Sequence[Item], *, scheduler: str, in_order: bool
) -> Iterator[tuple[Item, Result]]:
    """Yield ``(item, function(item))`` as each completes, or ``in_order`` of the items.

    Raises :class:`ActionrecError` where no scheduler answers at ``scheduler``, where it has no worker, or one that
    cannot take part, where all workers are gone for ``DESERTED_SECONDS``, and for an item that kills its workers.
    """
    if not items:
        return
    with _connected(scheduler) as client, _shared_files(items[0]) as files:
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


def facts() -> Facts:
    """Of this process. Code is taken as it was when first asked for: a process goes on with what it has loaded."""
    files = sorted((SOURCE / PACKAGE).rglob("*.py"))
    sha = hashlib.sha256()
    for file in files:
        sha.update(f"{file.relative_to(SOURCE).as_posix()}\0{syntax_digest(file)}\0".encode())
    versions = {name: _version_of(name) for name in _DISTRIBUTIONS}
    return Facts(
        sha.hexdigest(),
        {"Python": ".".join(platform.python_version_tuple()[:2]), "ffmpeg on PATH": _ffmpeg(), **versions},
    )


def differences(here: Facts, files: SharedFiles) -> list[str]:
    """What keeps this process from working for one with the facts ``here``, which sees ``files``; a phrase each."""
    own = facts()
    found = [] if own.code == here.code else [f"runs another version of {PACKAGE}"]
    found += [
        f"has {name} {own.versions[name]}, not {version}"
        for name, version in here.versions.items()
        if own.versions[name] != version
    ]
    if not files.token.is_file() or files.token.read_text(encoding="utf-8") != files.content:
        found.append(f"does not see {files.token.parent}")
    return found + [f"does not see {path}" for path, size in files.sizes.items() if _size(Path(path)) != size]


def _version_of(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _ffmpeg() -> str:
    program = shutil.which("ffmpeg")
    if program is None:
        return "none"
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False).stdout
    return said.partition("\n")[0].removeprefix("ffmpeg version ").partition(" Copyright")[0]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


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


@contextmanager
def _shared_files(item: Any) -> Iterator[SharedFiles]:
    folder = project_root() / CACHE_DIR_NAME
    folder.mkdir(parents=True, exist_ok=True)
    content = uuid.uuid4().hex
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".shared-", suffix=".tmp", encoding="utf-8") as token:
        token.write(content)
        token.flush()
        yield SharedFiles(Path(token.name), content, _sizes_of(item))


def _sizes_of(item: Any) -> dict[str, int]:
    """Bytes of the files that ``item`` is, or names in its fields and theirs."""
    return {str(path): path.stat().st_size for path in _paths_in(item) if path.is_absolute() and path.is_file()}


def _paths_in(value: Any) -> Iterator[Path]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _paths_in(getattr(value, field.name))
    elif isinstance(value, Path | str):
        yield Path(value)
