"""How faults strike the processes that the benchmark starts."""

import os
import random
import signal

import pytest

from benchmarks import faults, striking

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs processes that fork"
)


def write_three(arguments):
    for name in ("a.txt", "b.txt", "b.txt"):
        with open(os.path.join(arguments[1], name), "a") as file:
            file.write("x")


def start(folder, strike, main=write_three):
    return striking.Process(
        main,
        [str(folder)],
        log=folder / "log",
        prepare=strike.install,
    ).wait()


@pytest.mark.parametrize(("lasting", "written"), [(False, 1), (True, 0)])
def test_the_chosen_write_is_refused(tmp_path, lasting, written):
    def both(arguments):
        try:
            write_three(arguments)
        except OSError:
            write_three(arguments)

    strike = striking.Strike(
        ["b.txt"], 1, striking.refuse(striking.READ_ONLY), lasting=lasting
    )
    ended = start(tmp_path, strike, both)
    assert ended.is_told is lasting
    assert ended.is_bug is False
    assert (tmp_path / "b.txt").exists() is bool(written)
    assert (tmp_path / "a.txt").read_text() == "xx"


def test_a_kill_ends_the_process(tmp_path):
    strike = striking.Strike(["b.txt"], 2, striking.kill(random.Random(0)))

    def for_ever(arguments):
        write_three(arguments)
        signal.pause()

    assert start(tmp_path, strike, for_ever).status == -signal.SIGKILL


def test_a_traceback_is_a_bug(tmp_path):
    def fail(arguments):
        raise ZeroDivisionError

    ended = start(tmp_path, striking.Strike([], 1, print), fail)
    assert (ended.status, ended.is_bug, ended.is_told) == (1, True, False)
    assert ended.last_line == "ZeroDivisionError"


def test_the_quick_faults_are_some_of_all():
    quick = {name for name, _ in faults.trials(quick=True, rounds=3)}
    every = {name for name, _ in faults.trials(quick=False, rounds=1)}
    assert quick - every == {"C locale, no HOME, no TMPDIR"}
    assert len(quick) < len(every) / 2
