"""What the processes of a training tell each other."""

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.runs import runs
from tf_dcgan.training.distributed import crew as crews

_FACTS = runs.DataFacts(4, 4, 1, (0, 0, 4, 4), 100, "as is", "abc")


@pytest.fixture
def run(tmp_path):
    return runs.Run(tmp_path, schema.Config(), _FACTS, {}, None)


@pytest.fixture
def alone():
    return crews.Crew(tf.distribute.get_strategy())


class _Two(crews.Crew):
    """A crew of two, of which the other is made up."""

    def __init__(self, *, index=0, other=lambda numbers: numbers):
        super().__init__(tf.distribute.get_strategy(), index=index, size=2)
        self._other = other
        self.sent = []

    def _rows(self, numbers):
        self.sent.append([*numbers])
        rows = [[*numbers], [*self._other(numbers)]]
        return np.array(rows if self.is_chief else rows[::-1])


def test_who_is_alone_leads_and_sends_nothing(alone, run):
    assert alone.is_chief
    assert alone.order(crews.Order.STEPS, 3, 4) is False
    alone.check_same(run.config, [_FACTS])
    alone.compare({"step": tf.Variable(1)})


def test_an_order_and_a_wish_to_stop_go_both_ways():
    chief = _Two(other=lambda _: [0, 0, 0, 1])
    assert chief.order(crews.Order.STEPS, 3, 4) is True
    assert chief.sent == [[crews.Order.STEPS, 3, 4, 0]]
    chief = _Two(other=lambda _: [0, 0, 0, 0])
    chief.end()
    assert chief.sent == [[crews.Order.END, 0, 0, 0]]
    follower = _Two(index=1, other=lambda _: [2, 5, 6, 0])
    received = follower.receive(asks_to_stop=True)
    assert received == (crews.Order.STEPS, 5, 6)
    assert follower.sent == [[0, 0, 0, 1]]


def test_workers_with_other_settings_are_told_which():
    _Two().check_same(schema.Config(), [_FACTS])
    names = [*schema.to_json(schema.Config())]
    place = [n for n in names if n not in crews.OF_THE_MACHINE].index("seed")

    def other(numbers):
        return [n + (p == place) for p, n in enumerate(numbers)]

    with pytest.raises(errors.UserError) as raised:
        _Two(other=other).check_same(schema.Config(seed=3), [_FACTS])
    assert "seed (of worker 1) is another; worker 0 has seed 3" in str(
        raised.value
    )


def test_what_follows_from_the_machine_may_differ():
    one, other = _Two(), _Two()
    one.check_same(schema.Config(), [_FACTS])
    other.check_same(schema.Config(cache_dir="/elsewhere"), [_FACTS])
    assert one.sent == other.sent
    other.check_same(schema.Config(seed=1), [_FACTS])
    assert other.sent[1] != other.sent[0]


@pytest.mark.parametrize(
    "dtype", [tf.float32, tf.bfloat16, tf.float16, tf.int64, tf.int32]
)
def test_sums_tell_every_bit_and_every_place(dtype):
    values = tf.cast(tf.range(1, 9), dtype)
    variable = tf.Variable(values)

    def total():
        return int(crews.sums([variable])[0, 0])

    before = total()
    assert total() == before
    variable.assign(tf.reverse(values, [0]))
    assert total() != before
    if dtype is tf.float32:
        nearest = np.nextafter(np.float32(1), np.float32(2))
        variable.assign(tf.concat([[nearest], values[1:]], 0))
        assert total() != before
        variable.assign(tf.concat([[np.nan], values[1:]], 0))
        assert total() == total() != before


def test_copies_that_differ_stop_the_training(monkeypatch):
    crew = _Two()
    copies = np.array([[1, 2, 3], [1, 5, 3]])
    monkeypatch.setattr(crew, "_sums_of_all", lambda variables: copies)
    with pytest.raises(errors.UserError, match="1 variable differ.*, b the"):
        crew.compare(dict.fromkeys("abc"))
    copies[1, 1] = 2
    crew.compare(dict.fromkeys("abc"))


def test_a_lost_worker_is_told_in_a_line(run):
    gone = tf.errors.UnavailableError(None, None, "gone")
    with pytest.raises(errors.UserError) as raised:
        with _Two(index=1).at_work(run):
            raise gone
    assert "another worker of the 2 has gone, and worker 1 stops (gone)" in str(
        raised.value
    )
    assert "there is no checkpoint yet: start the same" in str(raised.value)


def test_the_reason_is_told_without_what_is_about_the_graph(run):
    message = (
        "Graph execution error:\n\nDetected at node A defined at (most recent "
        "call last):\n<stack traces unavailable>\ncuDNN launch failure\n"
        "\t [[{{node A}}]] [Op:__inference_1]"
    )
    for text, expected in ((message, "cuDNN launch failure"), ("", "Internal")):
        with pytest.raises(errors.UserError) as raised:
            with _Two(index=1).at_work(run):
                raise tf.errors.InternalError(None, None, text)
        assert f"worker 1 stops ({expected}" in str(raised.value)


def test_who_has_gone_at_the_end_is_not_missed():
    def gone(numbers):
        raise tf.errors.UnavailableError(None, None, "Connection reset by peer")

    chief = _Two(other=gone)
    chief.end()
    assert chief.sent == [[crews.Order.END, 0, 0, 0]]


def test_a_full_memory_is_not_taken_for_a_lost_worker(run):
    full = tf.errors.InternalError(None, None, "CUDA: out of memory")
    with pytest.raises(tf.errors.InternalError):
        with _Two(index=1).at_work(run):
            raise full


def test_other_variables_are_compared_after_the_first_are_forgotten():
    crew = _Two()
    first, second = ({"a": tf.Variable(value)} for value in (1.0, 2.0))
    crew.compare(first)
    before = crew._sums_of_all(first)
    crew.forget()
    assert crew._sums_of_all(second) != before


def test_a_worker_that_cannot_begin_is_told_in_a_line_too():
    def gone(numbers):
        raise tf.errors.UnavailableError(None, None, "gone")

    with pytest.raises(errors.UserError, match="said; it could not begin: st"):
        _Two(other=gone).check_same(schema.Config(), [_FACTS])


def test_alone_nobody_can_have_gone(alone, run):
    gone = tf.errors.UnavailableError(None, None, "gone")
    with pytest.raises(tf.errors.UnavailableError):
        with alone.at_work(run):
            raise gone


def test_the_chief_tells_that_it_fails_and_followers_do_not(run):
    chief, follower = _Two(), _Two(index=1)
    for crew in (chief, follower):
        with pytest.raises(errors.UserError, match="no room"):
            with crew.at_work(run):
                raise errors.UserError("no room")
    assert chief.sent == [[crews.Order.FAIL, 0, 0, 0]]
    assert follower.sent == []
