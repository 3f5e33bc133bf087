"""Locks of files and folders, which end with the process that has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import enum
import errno
import os
import pathlib

try:
    import fcntl
except ImportError:  # Windows has no such locks.
    fcntl = None  # type: ignore[assignment]

ARE_SUPPORTED = fcntl is not None
# errno where a file system, such as one in a network, has no locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


class Lock(enum.Enum):
    """What came of locking."""

    OWN = enum.auto()
    TAKEN = enum.auto()
    UNSUPPORTED = enum.auto()


@contextlib.contextmanager
def locked(
    path: pathlib.Path, *, before_waiting: Callable[[], None] | None = None
) -> Iterator[Lock]:
    """Locks a file or a folder for the length of a block.

    Args:
        path: a folder, or a file, which is made if it does not exist.
        before_waiting: called if another process has the lock, which is then
            waited for; None not to wait.

    Yields:
        `OWN` if the block has the lock, `TAKEN` if another process has it,
        `UNSUPPORTED` where the system or the file system has no locks.

    Raises:
        OSError: the file or folder cannot be opened.
    """
    if fcntl is None:
        yield Lock.UNSUPPORTED
        return
    make = 0 if path.exists() else os.O_CREAT
    descriptor = os.open(path, os.O_RDONLY | make, 0o666)
    try:
        yield _lock(descriptor, before_waiting)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, before_waiting: Callable[[], None] | None) -> Lock:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if before_waiting is None:
            return Lock.TAKEN
        before_waiting()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return Lock.UNSUPPORTED
    return Lock.OWN
