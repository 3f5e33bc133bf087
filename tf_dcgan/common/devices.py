"""The hardware that this process may use."""

from __future__ import annotations

import contextlib
import os
import pathlib
import platform
import time

import tensorflow as tf

_CONTAINER_LIMIT = pathlib.Path("/sys/fs/cgroup/memory.max")


def share_gpus() -> list[tf.config.PhysicalDevice]:
    """Lets GPU memory grow as needed; call it before the first operation.

    Returns:
        The GPUs found.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return gpus


def memory_bytes() -> int | None:
    """Returns the memory that this process may use, or None if unknown."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # A container's limit; the file says "max" where there is no limit.
    with contextlib.suppress(ValueError, OSError):
        limits.append(int(_CONTAINER_LIMIT.read_text()))
    return min(limits, default=None)


def operations_per_second() -> float:
    """Measures how fast this device multiplies matrices, in some hundredths.

    Returns:
        Floating-point operations a second, products and sums counted apart.
    """
    side = 1024
    matrix = tf.ones([side, side])
    seconds = []
    for _ in range(4):  # The first call also sets the device up.
        started = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / min(seconds)


def name() -> str:
    """Names the device of a training, such as "CPU with 2 cores …"."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        names = [
            tf.config.experimental.get_device_details(gpu).get(
                "device_name", gpu.name
            )
            for gpu in gpus
        ]
        # Without a distribution strategy TensorFlow uses the first.
        unused = f" (of {len(gpus)} GPUs, the first is used)"
        return f"GPU {names[0]}" + (unused if len(gpus) > 1 else "")
    cores = len(os.sched_getaffinity(0)) if _has_affinity() else os.cpu_count()
    return f"CPU with {cores} cores ({platform.machine()}), no GPU found"


def _has_affinity() -> bool:
    return hasattr(os, "sched_getaffinity")
