import subprocess
import sys

import pytest

from tf_dcgan.common import allocator


def test_elsewhere_than_on_linux_nothing_happens(monkeypatch):
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    monkeypatch.setattr(
        allocator.ctypes, "CDLL", lambda _: pytest.fail("it was asked")
    )
    assert not allocator.keep_memory()


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: object())
    assert not allocator.keep_memory()


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="glibc is on Linux"
)
def test_freed_memory_is_not_taken_from_the_kernel_again():
    program = """
import ctypes, resource, sys
sys.path.insert(0, ".")
from tf_dcgan.common import allocator
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        block = libc.malloc(ctypes.c_size_t(2**26))
        ctypes.memset(block, 1, 2**26)
        libc.free(ctypes.c_void_p(block))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
given_back = faults()
assert allocator.keep_memory()
faults()
print(given_back, faults())
"""
    output = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    faults_before, faults_after = map(int, output.split())
    assert faults_after < faults_before / 10
