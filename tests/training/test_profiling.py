import errno

import pytest
import tensorflow as tf

from tf_dcgan.common import errors
from tf_dcgan.config.schema import Config
from tf_dcgan.training import profiling


@pytest.fixture
def profiler_calls(monkeypatch):
    """What TensorFlow's profiler was told."""
    calls = []
    profiler = tf.profiler.experimental
    monkeypatch.setattr(profiler, "start", lambda path: calls.append(path))
    monkeypatch.setattr(profiler, "stop", lambda: calls.append("stop"))
    return calls


def profiler(folder, steps):
    return profiling.Profiler(Config(profile_steps=steps), folder)


@pytest.mark.parametrize(
    ("finished", "expected"),
    [(0, [3, 9]), (2, [1, 7]), (3, [6]), (8, [1]), (9, []), (10, [])],
)
def test_calls_end_where_a_trace_begins_and_ends(tmp_path, finished, expected):
    assert profiler(tmp_path, "4:9").steps_to_bound(finished) == expected


def test_the_first_step_may_be_traced(tmp_path, profiler_calls):
    first = profiler(tmp_path, "1:2")
    assert first.steps_to_bound(0) == [2]
    first.begin(0)
    assert profiler_calls == [str(tmp_path)]


def test_without_the_setting_nothing_is_traced(tmp_path, profiler_calls):
    none = profiling.Profiler(Config(), tmp_path)
    assert none.steps_to_bound(0) == []
    for step in range(3):
        none.begin(step)
        none.end(step + 1)
    none.close()
    assert profiler_calls == []


def test_a_trace_has_its_steps_and_no_other(tmp_path, profiler_calls, capsys):
    traced = profiler(tmp_path, "2:3")
    seen = []
    for step in range(5):
        traced.begin(step)
        seen.append(list(profiler_calls))
        traced.end(step + 1)
    start = str(tmp_path)
    assert seen == [[], [start], [start], [start, "stop"], [start, "stop"]]
    assert capsys.readouterr().out == (
        f"profile: the trace of steps 2 to 3 is in {tmp_path}/plugins/profile; "
        "TensorBoard shows it after pip install xprof\n"
    )


def test_a_trace_is_closed_once_also_within_its_steps(
    tmp_path, profiler_calls, capsys
):
    traced = profiler(tmp_path, "2:9")
    traced.begin(1)
    traced.close()  # As after an error in the first step.
    traced.close()
    assert profiler_calls == [str(tmp_path), "stop"]
    assert "the trace of step 2 is in" in capsys.readouterr().out


def test_a_full_disk_is_an_error_of_the_disk(
    tmp_path, profiler_calls, monkeypatch
):
    def fail():
        raise tf.errors.ResourceExhaustedError(
            None, None, "No space left on device"
        )

    monkeypatch.setattr(tf.profiler.experimental, "stop", fail)
    traced = profiler(tmp_path, "1:2")
    traced.begin(0)
    with pytest.raises(OSError) as caught:
        traced.close()
    assert caught.value.errno == errno.ENOSPC
    traced.close()


@pytest.mark.parametrize("total", [9, 8])
def test_steps_beyond_the_run_are_refused(total):
    config = Config(profile_steps="4:9")
    if total == 9:
        profiling.check(config, total)
        return
    with pytest.raises(errors.UserError, match="beyond the 8 steps of"):
        profiling.check(config, total)


def test_steps_behind_the_run_are_refused():
    config = Config(profile_steps="4:9")
    profiling.check(config, 20, finished=8)
    with pytest.raises(errors.UserError) as caught:
        profiling.check(config, 20, finished=9)
    assert str(caught.value) == (
        "--profile_steps=4:9 lies behind the run, which goes on after step 9: "
        "give later steps, or leave it out"
    )
