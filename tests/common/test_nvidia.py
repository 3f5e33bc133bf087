import ctypes
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from tf_dcgan.common import nvidia


class Library:
    """Stands for NVIDIA's driver library."""

    def __init__(self, *, initialized=0, counted=0, gpus=1):
        self._initialized, self._counted = initialized, counted
        self._gpus = gpus

    def cuInit(self, flags):
        assert flags == 0
        return self._initialized

    def cuDeviceGetCount(self, count):
        count._obj.value = self._gpus
        return self._counted


class Cudnn:
    """Stands for a loaded cuDNN."""

    def __init__(self, version):
        self.cudnnGetVersion = _Function(version)


class _Function:
    restype = ctypes.c_int

    def __init__(self, value):
        self._value = value

    def __call__(self):
        assert self.restype is ctypes.c_size_t
        return self._value


@pytest.fixture
def libraries(monkeypatch, tmp_path):
    """The libraries that can be loaded, by name; no driver but these."""
    by_name = {}

    def load(name, mode=ctypes.DEFAULT_MODE):
        if name not in by_name:
            raise OSError(f"{name}: cannot open shared object file")
        if name == "libcudnn.so.9":
            assert mode & os.RTLD_NOLOAD
        return by_name[name]

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(nvidia, "_KERNEL_MODULE", tmp_path / "version")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return by_name


@pytest.mark.parametrize("gpus", [1, 8])
def test_a_driver_tells_its_gpus(libraries, gpus):
    libraries["libcuda.so.1"] = Library(gpus=gpus)
    assert nvidia.driver() == nvidia.Driver(gpus)


def test_there_may_be_no_driver(libraries):
    assert nvidia.driver() is None


@pytest.mark.parametrize(
    "library",
    [
        Library(initialized=100),  # CUDA_ERROR_NO_DEVICE
        Library(initialized=34),  # CUDA_ERROR_STUB_LIBRARY
        Library(gpus=0),
        object(),  # Another library of that name.
    ],
)
def test_a_driver_without_a_gpu_counts_for_none(libraries, library):
    libraries["libcuda.so.1"] = library
    assert nvidia.driver() is None


@pytest.mark.parametrize(
    "library", [Library(initialized=803), Library(counted=803)]
)
def test_a_driver_that_does_not_start_tells_the_error(libraries, library):
    libraries["libcuda.so.1"] = library
    assert nvidia.driver() == nvidia.Driver(
        0, "it does not start, with CUDA's error 803"
    )


def test_a_container_may_have_the_driver_without_its_library(libraries):
    nvidia._KERNEL_MODULE.write_text("NVRM version: 570.195.03")
    assert nvidia.driver() == nvidia.Driver(
        0, "its library libcuda.so.1 is not found"
    )


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_who_hides_all_gpus_asks_for_the_cpu(libraries, monkeypatch, hidden):
    nvidia._KERNEL_MODULE.write_text("NVRM version: 570.195.03")
    libraries["libcuda.so.1"] = Library()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert nvidia.driver() is None
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert nvidia.driver() == nvidia.Driver(1)


@pytest.mark.parametrize(
    ("number", "version"),
    [(90_501, (9, 5)), (92_400, (9, 24)), (100_102, (10, 1))],
)
def test_the_loaded_cudnn_tells_its_version(libraries, number, version):
    libraries["libcudnn.so.9"] = Cudnn(number)
    assert nvidia.cudnn_version() == version


def test_without_a_loaded_cudnn_there_is_no_version(libraries, monkeypatch):
    assert nvidia.cudnn_version() is None
    libraries["libcudnn.so.9"] = object()
    assert nvidia.cudnn_version() is None
    libraries["libcudnn.so.9"] = Cudnn(92_400)
    monkeypatch.delattr(os, "RTLD_NOLOAD")  # As on Windows.
    assert nvidia.cudnn_version() is None


def test_the_version_is_that_of_a_library_that_is_loaded_already(tmp_path):
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("needs Linux and a C compiler")
    source = tmp_path / "cudnn.c"
    source.write_text("unsigned long cudnnGetVersion(void) { return 92800; }")
    library = tmp_path / "libcudnn.so.9"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", library, source]
        + ["-Wl,-soname,libcudnn.so.9"],
        check=True,
    )
    code = (
        "import ctypes, sys\n"
        "from tf_dcgan.common import nvidia\n"
        "before = nvidia.cudnn_version()\n"
        "ctypes.CDLL(sys.argv[1])\n"
        "print(before, nvidia.cudnn_version())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, library],
        cwd=pathlib.Path(__file__).resolve().parents[2],
        # Where it could be found, and is not looked for.
        env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "None (9, 28)\n"
