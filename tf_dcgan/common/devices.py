"""The hardware that this process may use."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import enum
import functools
import os
import pathlib
import platform
import re
import sys
import time
from typing import Any

import tensorflow as tf

from tf_dcgan.common import errors, nvidia, terminal, words

# Brings all that TensorFlow needs beside the driver.
INSTALL = "pip install -r requirements-gpu.txt"
_CPU_INFO = pathlib.Path("/proc/cpuinfo")
# Linux's names of what multiplies bfloat16, on x86 and on Arm.
_BFLOAT16_INSTRUCTIONS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
_CONTAINER_LIMIT = pathlib.Path("/sys/fs/cgroup/memory.max")


def choose(device: str) -> None:
    """Decides what TensorFlow computes on; call it before any operation.

    GPUs take memory as they need it, so that other programs can use the rest.
    A GPU that the driver knows and TensorFlow does not see is told on standard
    error, since standard output may be what a program reads.

    Args:
        device: `auto`, `cpu` or `gpu`, as `--device` takes them.

    Raises:
        errors.UserError: there is no GPU and it must be one, TensorFlow was
            not built for the GPU, or it has computed something before on a GPU
            that is not to be used.
    """
    if device == "cpu":
        if gpus():
            with _before_all_operations("--device=cpu"):
                tf.config.set_visible_devices([], "GPU")
        return
    if not gpus():
        reason = _why_no_gpu()
        if device == "gpu":
            raise errors.UserError(
                "--device=gpu: "
                + (reason or "TensorFlow sees no GPU on this machine")
                + "; or give --device=cpu"
            )
        if reason:
            terminal.show(
                f"note: {reason}; the CPU computes (--device=cpu does so "
                "without this note)",
                file=sys.stderr,
            )
    for gpu in gpus():
        _check_capability(gpu)
        # Too late where a notebook has computed something before.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)


def gpus() -> list[tf.config.PhysicalDevice]:
    """Returns the GPUs that TensorFlow sees and `choose` has not hidden."""
    return tf.config.get_visible_devices("GPU")


def logical_gpus() -> list[str]:
    """Returns the names of the GPUs that operations can be placed on.

    It sets the devices up, so `choose` comes before it.
    """
    return [device.name for device in tf.config.list_logical_devices("GPU")]


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Keeps float32 products of GPUs from being rounded to TF32.

    TensorFlow rounds their factors to 10 bits by default, which is faster, and
    near enough for a training; scores of the same images would differ from a
    CPU's in their third digit.
    """
    rounds = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(rounds)


def split_cpu(count: int) -> None:
    """Makes the CPU so many devices; call it before any operation.

    They share all cores: an operation of one uses what the others leave.

    Args:
        count: how many devices, at least 1.

    Raises:
        errors.UserError: TensorFlow has computed something before.
    """
    (cpu,) = tf.config.list_physical_devices("CPU")
    with _before_all_operations(f"--devices={count}"):
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * count
        )


@contextlib.contextmanager
def _before_all_operations(flag: str) -> Iterator[None]:
    """Tells a notebook's user that TensorFlow's devices are fixed by now."""
    try:
        yield
    except RuntimeError as error:
        raise errors.UserError(
            f"{flag} comes too late: TensorFlow has computed something in this "
            "process, and its devices stay as they are: restart the process or "
            "the notebook's kernel and give it first"
        ) from error


def _why_no_gpu() -> str | None:
    """Says what keeps a GPU from TensorFlow, or None where there is none."""
    driver = nvidia.driver()
    if driver is None:
        return None
    if driver.fault:
        return (
            f"there is an NVIDIA driver, but {driver.fault}: see that "
            "nvidia-smi lists the GPU, and start a container with --gpus=all"
        )
    return (
        f"NVIDIA's driver has {words.counted(driver.num_gpus, 'GPU')}, and "
        f"TensorFlow sees none, since libraries are missing: {INSTALL}"
    )


def _check_capability(gpu: tf.config.PhysicalDevice) -> None:
    """Checks that this TensorFlow was built for a GPU as new as this one.

    On a newer one plain operations fail and XLA ends the process:
    github.com/tensorflow/tensorflow/issues/99592.

    Raises:
        errors.UserError: the GPU is newer.
    """
    details = _details(gpu)
    newest = _newest_capability()
    capability = details.get("compute_capability")
    if capability is None or newest is None or tuple(capability) <= newest:
        return
    raise errors.UserError(
        f"{details.get('device_name', gpu.name)} has compute capability "
        f"{words.dotted(capability)}, and this TensorFlow {tf.__version__} is "
        f"built for {words.dotted(newest)} at most: install a TensorFlow that "
        "is built for the GPU, such as the one in NVIDIA's container "
        "nvcr.io/nvidia/tensorflow, or give --device=cpu"
    )


def _newest_capability() -> tuple[int, int] | None:
    """Returns the highest compute capability that TensorFlow was built for."""
    names = tf.sysconfig.get_build_info().get("cuda_compute_capabilities", ())
    # Such as sm_89, compute_90, sm_90a and sm_120.
    matches = [re.match(r"(?:sm|compute)_(\d+)(\d)", name) for name in names]
    return max(
        ((int(match[1]), int(match[2])) for match in matches if match),
        default=None,
    )


def _details(gpu: tf.config.PhysicalDevice) -> dict[str, Any]:
    return tf.config.experimental.get_device_details(gpu)


def multiplies_bfloat16() -> bool | None:
    """Says whether the CPU has instructions for bfloat16; None if unknown."""
    features = _cpu_features(_CPU_INFO)
    if not features:
        return None
    return not _BFLOAT16_INSTRUCTIONS.isdisjoint(features)


class Cpu(enum.Enum):
    """What a CPU has instructions for, by which the fastest forms differ."""

    AMX = "products of tiles of matrices"
    BFLOAT16 = "bfloat16 in vectors of AVX-512"
    OTHER = "neither, as far as is known"


def cpu() -> Cpu:
    """Returns the kind of this machine's CPU."""
    features = _cpu_features(_CPU_INFO)
    if "amx_tile" in features:
        return Cpu.AMX
    return Cpu.BFLOAT16 if "avx512_bf16" in features else Cpu.OTHER


@functools.cache
def _cpu_features(path: pathlib.Path) -> frozenset[str]:
    """Returns Linux's names of what the CPU can do; none where unknown."""
    with contextlib.suppress(OSError):
        match = re.search(
            r"^(?:flags|Features)\s*:(.*)$", path.read_text(), re.MULTILINE
        )
        if match:
            return frozenset(match[1].split())
    return frozenset()


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
    # A GPU takes longer to begin than to multiply small matrices.
    side = 4096 if gpus() else 1024
    matrix = tf.ones([side, side])
    seconds = []
    for _ in range(4):  # The first call also sets the device up.
        started = time.perf_counter()
        # One number is waited for: a product takes long to leave a GPU.
        tf.reduce_sum(tf.linalg.matmul(matrix, matrix)).numpy()
        seconds.append(time.perf_counter() - started)
    return 2 * side**3 / min(seconds)


def name(*, is_split: bool = False) -> str:
    """Names the device of a training, such as "CPU with 2 cores …".

    Args:
        is_split: whether the training is split over several devices.
    """
    used = gpus()
    if used and is_split:
        names = {_details(gpu).get("device_name", gpu.name) for gpu in used}
        return f"{words.counted(len(used), 'GPU')} ({', '.join(sorted(names))})"
    if used:
        # Without a distribution strategy TensorFlow uses the first.
        unused = f" (of {len(used)} GPUs, the first is used)"
        first = _details(used[0]).get("device_name", used[0].name)
        return f"GPU {first}" + (unused if len(used) > 1 else "")
    cores = len(os.sched_getaffinity(0)) if _has_affinity() else os.cpu_count()
    is_hidden = bool(tf.config.list_physical_devices("GPU"))
    return f"CPU with {cores} cores ({platform.machine()}), " + (
        "GPU not used" if is_hidden else "no GPU found"
    )


def _has_affinity() -> bool:
    return hasattr(os, "sched_getaffinity")
