"""How many threads the linear algebra of NumPy and SciPy takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import contextlib
import ctypes
import functools
import importlib

# Modules that are linked with NumPy's and with SciPy's own OpenBLAS.
_LINKED = ("numpy._core._multiarray_umath", "scipy.linalg._flapack")
# The wheels' names, then a system's.
_NAMES = (
    "scipy_openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads64_",
    "openblas_{}_num_threads",
)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keeps OpenBLAS to one thread for the length of a block.

    Its threads wait for each other in a loop that does nothing, some thousand
    times in the eigenvalues of one matrix. Where another program keeps a core
    busy, each wait is as long as the system's turns: 768 eigenvalues take two
    seconds instead of a quarter, and 2,048 four times as long. On idle cores
    a second thread saves a third at most.

    Other libraries than OpenBLAS are left as they are.
    """
    before = [(put, get()) for get, put in _functions()]
    try:
        for put, _ in before:
            put(1)
        yield
    finally:
        for put, count in before:
            put(count)


@functools.cache
def _functions() -> list[tuple[Callable[[], int], Callable[[int], None]]]:
    """Finds what gets and what sets the number of threads, of each library."""
    functions = []
    for name in _LINKED:
        with contextlib.suppress(ImportError, OSError):
            library = ctypes.CDLL(importlib.import_module(name).__file__)
            for pattern in _NAMES:
                with contextlib.suppress(AttributeError):
                    get = getattr(library, pattern.format("get"))
                    put = getattr(library, pattern.format("set"))
                    functions.append((get, put))
                    break
    return functions
