"""What TensorFlow is told about the machine before the first operation."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import platform

import tensorflow as tf

from tf_dcgan import config as configs

_CONTAINER_LIMIT = pathlib.Path("/sys/fs/cgroup/memory.max")


def set_up(config: configs.Config) -> str:
    """Configures TensorFlow for a run.

    GPU memory grows as needed instead of being taken whole, so that other
    programs on the machine keep theirs; operations are made deterministic
    where the config asks for it.

    Args:
        config: `deterministic`, `precision` and `xla` are used.

    Returns:
        One line that names the devices found and how they are used.
    """
    share_gpus()
    deterministic = is_deterministic(config)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    return "device: " + ", ".join(
        [
            name(),
            f"TensorFlow {tf.__version__}",
            config.precision,
            "XLA on" if uses_xla(config) else "XLA off",
            "deterministic" if deterministic else "not deterministic",
        ]
    )


def share_gpus() -> list[tf.config.PhysicalDevice]:
    """Lets GPU memory grow as needed; call it before the first operation.

    Returns:
        The GPUs found.
    """
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    return gpus


def resolve(config: configs.Config) -> configs.Config:
    """Fixes what a config leaves to the machine, so that a run keeps it.

    Returns:
        The config with `deterministic` and `xla` as they are used here.
    """
    return dataclasses.replace(
        config,
        deterministic=is_deterministic(config),
        xla="on" if uses_xla(config) else "off",
    )


def is_deterministic(config: configs.Config) -> bool:
    """Says whether operations are made deterministic: by default on a CPU."""
    if config.deterministic is None:
        return not tf.config.list_physical_devices("GPU")
    return config.deterministic


def uses_xla(config: configs.Config) -> bool:
    """Says whether XLA compiles the step: with `auto`, on a GPU.

    On a CPU it makes 5x5 transposed convolutions some twenty times slower.
    """
    if config.xla == "auto":
        return bool(tf.config.list_physical_devices("GPU"))
    return config.xla == "on"


def memory_bytes() -> int | None:
    """Returns the memory that this process may have, or None if not told."""
    limits = []
    with contextlib.suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # A container's limit; the file says "max" where there is none.
    with contextlib.suppress(ValueError, OSError):
        limits.append(int(_CONTAINER_LIMIT.read_text()))
    return min(limits, default=None)


def name() -> str:
    """Names what a training computes on, such as "CPU with 2 cores …"."""
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
