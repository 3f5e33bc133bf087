"""Work that several threads share, with results in the order of the work.

Threads are enough where the work is done by libraries that let other threads
run meanwhile, as Pillow, zlib and TensorFlow do.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
import concurrent.futures
import os
from typing import Any


def cores() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ordered(
    function: Callable[[Any], Any], items: Iterable[Any]
) -> Iterator[Any]:
    """Applies a function to items on all cores.

    Items are taken one by one in the calling thread, only a few more than
    there are cores before their results are asked for.

    Args:
        function: may be called by several threads at once. Where not all
            results are asked for, the last calls may end a little later.
        items: what to apply it to.

    Yields:
        The results, in the order of the items.
    """
    workers = cores()
    pending: collections.deque[concurrent.futures.Future] = collections.deque()
    executor = concurrent.futures.ThreadPoolExecutor(workers)
    try:
        for item in items:
            pending.append(executor.submit(function, item))
            if len(pending) > workers + 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        # Nothing is waited for: what abandons this iterator may be a garbage
        # collection, in a thread that holds the very lock that joining needs.
        executor.shutdown(wait=False, cancel_futures=True)
