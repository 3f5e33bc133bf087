"""A function over many images, in processes on all cores.

Threads, as `common.parallel` has them, do not suffice: of small images most of
the time goes into Python itself.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
import concurrent.futures
import concurrent.futures.process
import multiprocessing
import os
import signal
from typing import Any

from tf_dcgan.common import errors, parallel

# Calls that wait in line for each core: enough to keep it busy.
_WAITING = 3


def mapped(
    function: Callable[[Any], Any], tasks: Iterable[Any], *, is_little: bool
) -> Iterator[Any]:
    """Calls a function with each task, and takes tasks only as it goes on.

    Args:
        function: of a module.
        tasks: its arguments.
        is_little: the work takes less time than starting processes.

    Yields:
        What the function returns, in the order of the tasks.

    Raises:
        errors.UserError: a process died, as of a decoder's crash.
    """
    cores = parallel.cores()
    if is_little or cores == 1:
        yield from map(function, tasks)
        return
    # A forked process would inherit TensorFlow's threads as they stand.
    executor = concurrent.futures.ProcessPoolExecutor(
        cores,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
    )
    running: collections.deque[concurrent.futures.Future] = collections.deque()
    try:
        for task in tasks:
            running.append(executor.submit(function, task))
            if len(running) > _WAITING * cores:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    except concurrent.futures.process.BrokenProcessPool as error:
        raise errors.UserError(
            "a process that read images died, for want of memory or of a "
            "damaged file: try half of the folder to find the file"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


def _begin() -> None:
    """Leaves Ctrl-C to the first process, and the terminal to it alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # C libraries write what they think of a file, without its name; the
    # reasons that are reported come from Pillow.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
