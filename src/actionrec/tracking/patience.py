"""A limit to how long a store is waited for, whatever it is."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import NoReturn, TypeVar

T = TypeVar("T")


def within(seconds: float, function: Callable[[], T]) -> T:
    """What ``function`` returns, or raises; raises ``TimeoutError`` where it takes longer than ``seconds``.

    It then goes on in a thread that ends with the process, and what becomes of it is not said.
    """
    outcome: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()

    def work() -> None:
        try:
            found = function()
        except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
            outcome.put(partial(_raise, error))
        else:
            outcome.put(lambda: found)

    threading.Thread(target=work, daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} seconds") from None
    return result()


def _raise(error: BaseException) -> NoReturn:
    raise error
