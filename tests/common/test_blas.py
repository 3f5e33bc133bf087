import ctypes

import pytest

from tf_dcgan.common import blas


def threads():
    return [get() for get, _ in blas._functions()]


def test_a_block_has_one_thread_and_leaves_the_number_as_it_was():
    if not blas._functions():
        pytest.skip("NumPy and SciPy have no OpenBLAS of their own here")
    before = threads()
    with pytest.raises(RuntimeError), blas.one_thread():
        assert threads() == [1] * len(before)
        with blas.one_thread():
            pass
        assert threads() == [1] * len(before)
        raise RuntimeError
    assert threads() == before


@pytest.mark.parametrize("missing", [OSError, AttributeError])
def test_libraries_that_cannot_be_told_are_left_alone(monkeypatch, missing):
    def library(_):
        if missing is OSError:
            raise OSError("no such library")
        return object()

    monkeypatch.setattr(ctypes, "CDLL", library)
    blas._functions.cache_clear()
    try:
        with blas.one_thread():
            assert threads() == []
    finally:
        blas._functions.cache_clear()
