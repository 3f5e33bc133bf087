import signal
import threading

import pytest

from tf_dcgan.training import guards

KINDS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
]


@pytest.fixture(autouse=True)
def harmless_signals():
    """Makes a signal that nobody handles fail a test, not end them all."""

    def fail(number, frame):
        raise AssertionError(f"signal {number} was not handled")

    before = {kind: signal.signal(kind, fail) for kind in KINDS}
    yield fail
    for kind, handler in before.items():
        signal.signal(kind, handler)


def test_without_a_signal_nothing_is_requested():
    with guards.on_signals() as stop:
        assert stop.requested is False


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_signal_is_a_request(kind):
    with guards.on_signals() as stop:
        signal.raise_signal(kind)
        assert stop.requested is True


@pytest.mark.parametrize("second", KINDS[:2])
@pytest.mark.parametrize("first", KINDS)
def test_the_second_signal_is_an_interrupt(first, second):
    with guards.on_signals() as stop:
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt, match="interrupted again: "):
            signal.raise_signal(second)
        assert stop.requested is True


@pytest.mark.skipif(len(KINDS) < 3, reason="this system has no SIGHUP")
@pytest.mark.parametrize("first", KINDS)
def test_a_terminal_that_closes_interrupts_nothing(first):
    with guards.on_signals() as stop:
        for kind in (first, signal.SIGHUP, signal.SIGHUP):
            signal.raise_signal(kind)
        assert stop.requested is True
        assert stop.ends_process is (first == signal.SIGTERM)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_ignored_stays_so_as_under_nohup(kind):
    signal.signal(kind, signal.SIG_IGN)
    with guards.on_signals() as stop:
        signal.raise_signal(kind)
        assert stop.requested is False
    assert signal.getsignal(kind) is signal.SIG_IGN


def test_after_a_wish_of_the_training_a_signal_is_the_first():
    with guards.on_signals() as stop:
        stop.requested = True
        signal.raise_signal(signal.SIGINT)
        assert stop.signalled is True


def test_a_request_says_nothing(capfd):
    with guards.on_signals():
        signal.raise_signal(signal.SIGINT)
    assert capfd.readouterr() == ("", "")


def test_one_request_leaves_no_trace_in_the_next():
    with guards.on_signals():
        signal.raise_signal(signal.SIGINT)
    with guards.on_signals() as stop:
        assert stop.requested is False


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_afterwards_signals_mean_what_they_meant(harmless_signals, error):
    try:
        with guards.on_signals():
            if error:
                raise error
    except (ValueError, KeyboardInterrupt) as raised:
        assert type(raised) is error
    for kind in KINDS:
        assert signal.getsignal(kind) is harmless_signals


def test_another_thread_than_the_main_one_leaves_signals_alone(
    harmless_signals,
):
    seen = []

    def work():
        with guards.on_signals() as stop:
            seen.append((stop.requested, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, harmless_signals)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_that_leaves_sigterm_to_the_system_is_ended_by_it(
    monkeypatch, kind
):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    deliver = signal.raise_signal
    later = []
    with guards.on_signals():
        deliver(kind)
        monkeypatch.setattr(signal, "raise_signal", later.append)
        assert later == []
    assert later == [signal.SIGTERM] * (kind == signal.SIGTERM)
