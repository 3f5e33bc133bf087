"""Asking a training to stop, by Ctrl-C or another signal."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import signal
import threading

# A lost terminal sends SIGHUP; Windows has none.
_KINDS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
]


class Stop:
    """Whether somebody has asked for the training to stop."""

    requested = False


@contextlib.contextmanager
def on_signals() -> Iterator[Stop]:
    """Turns the first signal into a request and the next into an interrupt.

    Python serves signals between calls into TensorFlow. The handler only sets
    a flag: it may strike while something is being printed or saved.

    Yields:
        What the training asks between its calls.
    """
    stop = Stop()

    def request(number, frame):
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True

    if threading.current_thread() is not threading.main_thread():
        yield stop  # Only the main thread gets signals.
        return
    before = {kind: signal.signal(kind, request) for kind in _KINDS}
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
