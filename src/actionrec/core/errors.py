"""One exception for everything a user can mend, and the wrapper that prints it."""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Callable, Iterable

from actionrec.core.parent import end_with_starter

_NO_ROOM = (
    "make room (docs/troubleshooting.md says what may go; `actionrec cache show` what is kept) and run it again: what "
    "was finished is kept"
)
_NO_WRITES = "this folder takes no writes; its owner can change that, or work in a copy"
_NO_READS = "you may not read it; its owner can change that"
_REMEDIES = {
    errno.ENOSPC: _NO_ROOM,
    errno.EDQUOT: _NO_ROOM,
    errno.EFBIG: _NO_ROOM,
    errno.EROFS: _NO_WRITES,
    errno.EACCES: _NO_WRITES,
    errno.EPERM: _NO_WRITES,
}


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
    """Run a stage or command; turn what the user can act on into one message and exit code 1.

    That is an :class:`ActionrecError`, a disk that is full or takes no writes, and a file that may not be read. A stage
    that ``dvc`` started ends with it, however that ended: the next ``dvc repro`` would run beside it.
    """
    if os.environ.get("DVC_STAGE"):
        end_with_starter()
    try:
        main()
    except ActionrecError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        refused = _refused_by_the_machine(error)
        if refused is None:
            raise
        print(f"error: {refused}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(1)  # HDF5 would try to finish its files at the end, and crash


def _is_unreadable(error: OSError) -> bool:
    """Whether ``error`` is about a file that is there, and closed to this user."""
    path = error.filename
    return (
        error.errno in (errno.EACCES, errno.EPERM)
        and isinstance(path, str)
        and os.access(path, os.F_OK)
        and not os.access(path, os.R_OK)
    )


def _refused_by_the_machine(error: BaseException | None) -> str | None:
    """What to say of a full disk, or one that takes no writes, where that is at the bottom of ``error``."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _REMEDIES:
            where = f": {error.filename}" if error.filename else ""
            remedy = _NO_READS if _is_unreadable(error) else _REMEDIES[error.errno]
            return f"{os.strerror(error.errno)}{where}; {remedy}"
        error = error.__cause__ or error.__context__
    return None
