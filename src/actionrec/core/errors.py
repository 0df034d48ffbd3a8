"""One exception for everything a user can mend, and the wrapper that prints it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable


class ActionrecError(Exception):
    """A problem the user can act on.

    The message carries the offending value, what would be legal, the file and the remedy; it is
    printed without a traceback.
    """


def first_few(items: Iterable[str], *, limit: int = 5) -> str:
    """``a, b, c and 7 more``: names a long list without flooding the terminal."""
    listed = list(items)
    shown = ", ".join(listed[:limit])
    hidden = len(listed) - limit
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``, did you mean epochs?`` where one of ``known`` is near ``word``; nothing otherwise."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f", did you mean {near[0]}?" if near else ""


def near_or_all(word: str, known: Iterable[str]) -> str:
    """The nearest as :func:`did_you_mean` says it; where none is near ``; there are`` and all of them."""
    known = list(known)
    return did_you_mean(word, known) or f"; there are {', '.join(known) or 'none'}"


def run_main(main: Callable[[], None]) -> None:
    """Run a stage or command; turn an :class:`ActionrecError` into one message and exit code 1."""
    try:
        main()
    except ActionrecError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
