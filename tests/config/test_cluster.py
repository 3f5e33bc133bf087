"""What TF_CONFIG may say."""

import json

import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import cluster

_TWO = {"worker": ["host1:2222", "host2:2222"]}


def _read(content):
    text = content if isinstance(content, str) else json.dumps(content)
    return cluster.read({"TF_CONFIG": text})


def _task(index, kind="worker", workers=_TWO):
    return {"cluster": workers, "task": {"type": kind, "index": index}}


def test_the_first_worker_is_the_chief():
    first, second = _read(_task(0)), _read(_task(1))
    assert first.addresses == second.addresses == tuple(_TWO["worker"])
    assert (first.is_chief, second.is_chief) == (True, False)
    assert (first.index, second.index) == (0, 1)


def test_a_chief_comes_before_the_workers():
    workers = {**_TWO, "chief": ["host0:2222"]}
    chief = _read(_task(0, "chief", workers))
    worker = _read(_task(1, "worker", workers))
    assert chief.is_chief
    assert chief.addresses == ("host0:2222", *_TWO["worker"])
    assert worker.addresses[worker.index] == "host2:2222"


def test_an_index_may_be_a_text_of_digits():
    assert _read(_task("1")).index == 1


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "needs the variable TF_CONFIG in each process"),
        ("{", "is not JSON (Expecting"),
        ("[" * 100_000, "is not JSON (maximum recursion"),
        ("[]", '"cluster" has no list "worker"'),
        ({"cluster": {"worker": []}}, '"cluster" has no list "worker"'),
        ({"cluster": {"chief": ["a:1"]}}, '"cluster" has no list "worker"'),
        ({"cluster": _TWO}, '"task" is missing'),
        (_task(2), "has the index 2: allowed is 0 to 1"),
        (_task(True), "has the index True"),
        (_task(-1), "has the index -1"),
        (_task("one"), "has the index 'one'"),
        (_task(0, "ps"), "has the type 'ps', which \"cluster\" lacks"),
        (_task(0, "worker", {**_TWO, "ps": ["c:1"]}), "'ps', which takes no"),
        (_task(0, "worker", {"worker": "a:1"}), "not a list of texts"),
        (_task(0, "worker", {"worker": ["a"]}), "not a list of texts"),
        (_task(0, "worker", {"worker": ["a:70000"]}), "not a list of texts"),
        (_task(0, "worker", {"worker": ["a:1", "a:1"]}), "the same address"),
        (
            _task(0, "chief", {**_TWO, "chief": ["a:1", "b:1"]}),
            "more than one process",
        ),
    ],
)
def test_what_describes_no_cluster_is_told_in_a_line(content, message):
    with pytest.raises(errors.UserError) as raised:
        _read(content)
    assert message in str(raised.value)
    assert '"task": {"type": "worker", "index": 0}}' in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_long_text_that_is_no_json_is_cut():
    with pytest.raises(errors.UserError) as raised:
        _read("x" * 5000)
    assert len(str(raised.value)) < 400


def test_only_several_processes_have_followers():
    assert cluster.is_chief("none", {})
    assert cluster.is_chief("mirrored", {"TF_CONFIG": "nonsense"})
    second = {"TF_CONFIG": json.dumps(_task(1))}
    assert not cluster.is_chief("multi_worker", second)
