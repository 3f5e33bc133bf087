import pytest

from benchmarks import fuzz
from tf_dcgan.commands import train


@pytest.mark.slow
def test_random_flags_and_damaged_runs_end_in_no_traceback():
    report = fuzz.search(40, seed=7)
    assert not report.failures, report.table()
    assert sum(report.counts.values()) == 40
    outcomes = {outcome for _, outcome in report.counts}
    assert outcomes == {"accepted", "refused"}


def test_a_traceback_is_counted_and_told_with_what_repeats_it(monkeypatch):
    def fail(arguments):
        raise ZeroDivisionError("of a bug")

    monkeypatch.setattr(train, "main", fail)
    assert fuzz._outcome(["train"])[0] == "traceback"
    monkeypatch.setattr(
        fuzz, "_flags_case", lambda chance: ("flags", ["train", "--seed=1"])
    )
    monkeypatch.setattr(fuzz, "_files_case", fuzz._flags_case)
    report = fuzz.search(1, seed=3)
    assert report.counts == {("flags", "traceback"): 1}
    (failure,) = report.failures
    assert "case 0 of seed 3: ['train', '--seed=1']" in failure
    assert "ZeroDivisionError: of a bug" in failure


def test_a_hang_ends_and_is_counted(monkeypatch):
    def hang(arguments):
        while True:
            pass

    monkeypatch.setattr(train, "main", hang)
    monkeypatch.setattr(fuzz, "_SECONDS_PER_CASE", 0.01)
    assert fuzz._outcome(["train"])[0] == "hang"
