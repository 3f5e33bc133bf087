"""Keeps the C library from giving memory back between operations."""

from __future__ import annotations

import ctypes
import sys

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8
_LARGEST_INT = 2**31 - 1


def keep_memory() -> bool:
    """Makes the C library reuse the memory that operations have freed.

    By default glibc takes every block of megabytes anew from the kernel and
    gives it back when it is freed. The kernel fills each page with zeros when
    it is first touched, and operations on large tensors can spend more time
    there than in computing. Kept memory is reused, and is not given back to
    other processes meanwhile.

    Returns:
        Whether it could be asked for: on Linux with glibc. Elsewhere nothing
        happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False  # Another C library, such as musl.
    settings = (
        # No block comes from the kernel by itself: all are cut from one heap,
        (_M_MMAP_MAX, 0),
        # all threads share it,
        (_M_ARENA_MAX, 1),
        # and its end is given back only above two gigabytes.
        (_M_TRIM_THRESHOLD, _LARGEST_INT),
    )
    return all([mallopt(*setting) == 1 for setting in settings])
