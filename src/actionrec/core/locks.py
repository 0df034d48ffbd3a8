"""Locks that die with their process: whatever ends it, kill -9 included, the next one gets them."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF})


def means_no_locks(error: OSError) -> bool:
    """Whether ``error``, of this module, says that the file system has no locks."""
    return error.errno in _NO_LOCKS


def try_lock(path: Path) -> int | None:
    """Create ``path`` where it is absent and hold it; returns the open descriptor, whose end is the lock's end.

    None where a living process holds it, or removed it meanwhile. Raises ``OSError`` where the file system has no
    locks.
    """
    return _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)


def wait_lock(path: Path) -> int:
    """Like :func:`try_lock`, but waits for whoever holds ``path``, as long as that takes."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _lock(path, fcntl.LOCK_EX)
        if descriptor is not None:
            return descriptor


def _lock(path: Path, how: int) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:  # its folder was removed
        return None
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    if os.fstat(descriptor).st_nlink == 0:  # removed before it was locked: nobody else would meet this lock
        os.close(descriptor)
        return None
    return descriptor
