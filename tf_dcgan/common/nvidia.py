"""What NVIDIA's libraries say of themselves, without TensorFlow."""

from __future__ import annotations

import ctypes
import dataclasses
import os
import pathlib

# The kernel's module writes it. WSL2 has none, and a container shows it also
# where the container was not given the GPU; so the library is asked first.
_KERNEL_MODULE = pathlib.Path("/proc/driver/nvidia/version")
_DRIVER_LIBRARY = "libcuda.so.1"
_CUDNN_LIBRARY = "libcudnn.so.9"
_HIDDEN = ("", "-1")  # Values of CUDA_VISIBLE_DEVICES that name no GPU.
# CUresult, in cuda.h of the CUDA Toolkit 12.
_NO_DEVICE, _STUB_LIBRARY = 100, 34


@dataclasses.dataclass(frozen=True)
class Driver:
    """NVIDIA's driver on this machine.

    Attributes:
        num_gpus: the GPUs that it offers to this process.
        fault: why it offers none, in words; empty where it works.
    """

    num_gpus: int
    fault: str = ""


def driver() -> Driver | None:
    """Asks NVIDIA's driver for its GPUs.

    The driver's own library is asked, the one that TensorFlow opens too. A
    `nvidia-smi` on the PATH proves less: containers are given the one without
    the other, and it knows nothing of CUDA_VISIBLE_DEVICES.

    Returns:
        The driver; None where there is no driver or no GPU, and where
        CUDA_VISIBLE_DEVICES hides all GPUs, which asks for the CPU.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") in _HIDDEN:
        return None
    try:
        library = ctypes.CDLL(_DRIVER_LIBRARY)
        initialize, get_count = library.cuInit, library.cuDeviceGetCount
    except (OSError, AttributeError):
        if not _KERNEL_MODULE.exists():
            return None
        return Driver(0, f"its library {_DRIVER_LIBRARY} is not found")
    status = initialize(0)
    count = ctypes.c_int(0)
    if status == 0:
        status = get_count(ctypes.byref(count))
    if status in (_NO_DEVICE, _STUB_LIBRARY):
        return None
    if status != 0:
        return Driver(0, f"it does not start, with CUDA's error {status}")
    return Driver(count.value) if count.value else None


def cudnn_version() -> tuple[int, int] | None:
    """Returns the version of the cuDNN that this process has loaded.

    TensorFlow loads cuDNN before it lists its first GPU, so ask after that.
    The library may be another than the one that TensorFlow was built with,
    which `tf.sysconfig.get_build_info` tells, and another than the package
    nvidia-cudnn-cu12, if LD_LIBRARY_PATH names one.

    Returns:
        (major, minor); None if cuDNN 9 is not loaded.

    Source: cudnn_version.h of cuDNN 9: 10000 major + 100 minor + patch.
    """
    if not hasattr(os, "RTLD_NOLOAD"):
        return None
    try:
        # Finds the loaded library by its name, and loads no other.
        library = ctypes.CDLL(
            _CUDNN_LIBRARY, mode=os.RTLD_NOLOAD | os.RTLD_LAZY
        )
        get_version = library.cudnnGetVersion
    except (OSError, AttributeError):
        return None
    get_version.restype = ctypes.c_size_t
    version = get_version()
    return version // 10_000, version % 10_000 // 100
