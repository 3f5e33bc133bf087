import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.training import steps


class Counting:
    """Steps that add each batch to a sum and count themselves.

    Attributes:
        variables: the sum and the number of steps.
        traced: how often a step was traced.
    """

    def __init__(self, *, fails_under_xla=False):
        self.variables = {
            "sum": tf.Variable(5.0),
            "step": tf.Variable(3, dtype=tf.int64),
        }
        self.traced = 0
        self._fails = fails_under_xla

    def steps(self, *, uses_xla):
        return steps.Steps(
            self._one_step,
            self.variables,
            signature=[tf.TensorSpec([None, 2], tf.float32)],
            names=["total", "number"],
            uses_xla=uses_xla,
        )

    def _one_step(self, batch):
        self.traced += 1
        total = self.variables["sum"].assign_add(tf.reduce_sum(batch))
        number = self.variables["step"].assign_add(1)
        if self._fails:  # XLA has no texts.
            length = tf.strings.length(tf.strings.as_string(total))
            total = total + 0.0 * tf.cast(length, tf.float32)
        return {"number": tf.cast(number, tf.float32), "total": total}

    def values(self):
        return [variable.numpy() for variable in self.variables.values()]


BATCHES = (np.array([[1, 2], [3, 4], [5, 6]], np.float32),)


def check(scalars):
    np.testing.assert_array_equal(scalars["total"], [8, 15, 26])
    np.testing.assert_array_equal(scalars["number"], [4, 5, 6])


@pytest.mark.parametrize("uses_xla", [False, True])
def test_steps_are_done_in_order(uses_xla, capsys):
    counting = Counting()
    call = counting.steps(uses_xla=uses_xla)
    check(call(BATCHES))
    assert counting.values() == [26.0, 6]
    call((BATCHES[0][:1],))
    assert counting.values() == [29.0, 7]
    assert counting.traced == 1
    assert call.uses_xla is uses_xla
    assert capsys.readouterr().out == ""


def test_what_xla_cannot_compile_is_done_without_it(capsys):
    counting = Counting(fails_under_xla=True)
    call = counting.steps(uses_xla=True)
    check(call(BATCHES))
    assert call.uses_xla is False
    assert counting.values() == [26.0, 6]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(
        "note: XLA fails in the first step (InvalidArgumentError: "
    )
    assert line.endswith("): the run goes on from the same state without XLA")
    call(BATCHES)
    assert counting.values() == [47.0, 9]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "kind", [tf.errors.InternalError, tf.errors.UnimplementedError]
)
def test_an_update_that_was_half_done_does_not_count_twice(kind, monkeypatch):
    counting = Counting()
    call = counting.steps(uses_xla=True)

    def fail(batches):
        counting.variables["sum"].assign_add(100.0)
        counting.variables["step"].assign_add(2)
        raise kind(None, None, "Autotuner found no config\nfor: conv")

    monkeypatch.setattr(call, "_call", fail)
    check(call(BATCHES))
    assert counting.values() == [26.0, 6]


def test_a_failure_that_comes_with_the_values_is_the_first_steps(monkeypatch):
    counting = Counting()
    call = counting.steps(uses_xla=True)

    class Late:
        def numpy(self):
            raise tf.errors.InternalError(None, None, "the launch failed")

    monkeypatch.setattr(call, "_call", lambda batches: {"total": Late()})
    check(call(BATCHES))
    assert call.uses_xla is False


def fail(batches):
    raise tf.errors.InternalError(None, None, "the device is lost")


def test_without_xla_a_failure_is_the_callers(monkeypatch):
    call = Counting().steps(uses_xla=False)
    monkeypatch.setattr(call, "_call", fail)
    with pytest.raises(tf.errors.InternalError, match="device is lost"):
        call(BATCHES)


def test_after_the_first_call_a_failure_is_the_callers(monkeypatch):
    call = Counting().steps(uses_xla=True)
    call(BATCHES)
    monkeypatch.setattr(call, "_call", fail)
    with pytest.raises(tf.errors.InternalError, match="device is lost"):
        call(BATCHES)
    assert call.uses_xla is True


def test_a_fault_of_the_step_itself_is_no_fault_of_xla(monkeypatch):
    call = Counting().steps(uses_xla=True)

    def fault(batches):
        raise ValueError("shapes differ")

    monkeypatch.setattr(call, "_call", fault)
    with pytest.raises(ValueError, match="shapes differ"):
        call(BATCHES)


def test_a_long_error_is_told_in_a_line(monkeypatch, capsys):
    call = Counting().steps(uses_xla=True)

    def refuse(batches):
        raise tf.errors.InternalError(None, None, "x" * 999 + "\nmore")

    monkeypatch.setattr(call, "_call", refuse)
    call(BATCHES)
    assert f"(InternalError: {'x' * 200})" in capsys.readouterr().out
