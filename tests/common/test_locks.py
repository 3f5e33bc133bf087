import threading

import pytest

from tf_dcgan.common import locks

pytestmark = pytest.mark.skipif(
    not locks.ARE_SUPPORTED, reason="needs a system with flock"
)


@pytest.mark.parametrize("kind", ["folder", "file", "new file"])
def test_one_block_at_a_time_has_the_lock(tmp_path, kind):
    path = tmp_path if kind == "folder" else tmp_path / "lock"
    if kind == "file":
        path.write_text("text")
    for _ in range(2):
        with locks.locked(path) as first, locks.locked(path) as second:
            assert (first, second) == (locks.Lock.OWN, locks.Lock.TAKEN)
    if kind == "file":
        assert path.read_text() == "text"


def test_a_lock_is_waited_for_and_that_is_told_before(tmp_path):
    events = []
    waits = threading.Event()

    def tell():
        events.append("waits")
        waits.set()

    def wait():
        with locks.locked(tmp_path, before_waiting=tell) as lock:
            events.append(lock)

    thread = threading.Thread(target=wait)
    with locks.locked(tmp_path):
        thread.start()
        assert waits.wait(60)
        events.append("ends")
    thread.join(60)
    assert events == ["waits", "ends", locks.Lock.OWN]


def test_a_lock_that_is_free_is_not_waited_for(tmp_path):
    events = []
    with locks.locked(tmp_path, before_waiting=lambda: events.append(1)):
        pass
    assert events == []


def test_an_error_that_is_not_of_missing_locks_is_raised(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(locks.fcntl, "flock", fail)
    with pytest.raises(OSError, match="Input/output"):
        locks.locked(tmp_path).__enter__()
