import threading

import pytest

from tf_dcgan.common import parallel


def test_results_come_in_the_order_of_the_items(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 3)
    second_has_run = threading.Event()

    def square(number):
        if number == 0:
            assert second_has_run.wait(10)
        if number == 1:
            second_has_run.set()
        return number**2

    assert list(parallel.ordered(square, range(20))) == [
        number**2 for number in range(20)
    ]


def test_few_items_are_taken_ahead(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    taken = []
    results = parallel.ordered(
        str, (taken.append(number) or number for number in range(100))
    )
    assert next(results) == "0"
    assert len(taken) == 4
    results.close()


def test_an_exception_comes_at_its_place():
    results = parallel.ordered(lambda divisor: 1 / divisor, [1, 2, 0, 4])
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_abandoning_the_results_waits_for_nobody(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    begun, may_end, ended = (threading.Event() for _ in range(3))

    def call(number):
        if number == 1:
            begun.set()
            may_end.wait(10)
            ended.set()
        return number

    results = parallel.ordered(call, range(5))
    assert next(results) == 0
    assert begun.wait(10)
    results.close()  # The second call waits for this thread.
    assert not ended.is_set()
    may_end.set()
    assert ended.wait(10)
