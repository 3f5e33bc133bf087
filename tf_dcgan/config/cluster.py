"""The processes of a distributed training, as TF_CONFIG names them.

    {"cluster": {"worker": ["host1:2222", "host2:2222"]},
     "task": {"type": "worker", "index": 0}}

Each process has the same `cluster` and a `task` of its own. The first worker
is the chief, unless the cluster has a `chief` beside its workers.

Source: TensorFlow's guide "Multi-worker training with Keras".
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from tf_dcgan.common import errors, json_values

VARIABLE = "TF_CONFIG"
_EXAMPLE = (
    'such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": '
    '{"type": "worker", "index": 0}}'
)
_LONGEST_TEXT = 60  # Characters of what was given that are told.


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes that train one run, and which one this is.

    Attributes:
        addresses: host:port of each process, the chief's first.
        index: the place of this process among them.
    """

    addresses: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        """Whether this process decides and writes."""
        return self.index == 0


def is_chief(distribute: str, environment: Mapping[str, str]) -> bool:
    """Says whether this process decides and writes: the only one, or the chief.

    Args:
        distribute: of a config.
        environment: the process's variables.

    Raises:
        errors.UserError: there must be a TF_CONFIG, and it is wrong.
    """
    return distribute != "multi_worker" or read(environment).is_chief


def read(environment: Mapping[str, str]) -> Cluster:
    """Reads the cluster that a process belongs to.

    Args:
        environment: the process's variables.

    Raises:
        errors.UserError: TF_CONFIG is missing or does not describe a cluster
            with this process in it.
    """
    text = environment.get(VARIABLE)
    if not text:
        raise errors.UserError(
            f"--distribute=multi_worker needs the variable {VARIABLE} in each "
            f"process: set it to JSON {_EXAMPLE}"
        )
    try:
        content = json_values.loads(text)
    except (ValueError, RecursionError) as error:
        is_long = len(text) > _LONGEST_TEXT
        shown = text[:_LONGEST_TEXT] + "…" * is_long
        raise errors.UserError(
            f"{VARIABLE} is not JSON ({error}): it is {shown!r}, and must be "
            f"JSON {_EXAMPLE}"
        ) from error
    lists = _lists(content)
    addresses = [*lists.get("chief", []), *lists["worker"]]
    if len(set(addresses)) < len(addresses):
        raise _wrong("two processes have the same address")
    return Cluster(tuple(addresses), _index(content, lists))


def _lists(content: Any) -> dict[str, list[str]]:
    """Returns the addresses of each kind of process."""
    cluster = content.get("cluster") if isinstance(content, dict) else None
    if not isinstance(cluster, dict) or not cluster.get("worker"):
        raise _wrong('"cluster" has no list "worker"')
    for kind, addresses in cluster.items():
        if kind not in ("chief", "worker"):
            raise _wrong(f'"cluster" has {kind!r}, which takes no part')
        if not isinstance(addresses, list) or not all(
            isinstance(each, str) and _is_address(each) for each in addresses
        ):
            raise _wrong(f'"{kind}" is not a list of texts host:port')
    if len(cluster.get("chief", [])) > 1:
        raise _wrong('"chief" names more than one process')
    return cluster


def _index(content: dict[str, Any], lists: dict[str, list[str]]) -> int:
    task = content.get("task")
    if not isinstance(task, dict):
        raise _wrong('"task" is missing')
    kind, index = task.get("type"), task.get("index")
    if kind not in lists:
        raise _wrong(f'"task" has the type {kind!r}, which "cluster" lacks')
    # Kubernetes' operators write the index as a number, shell scripts as text.
    if isinstance(index, str) and index.isdecimal():
        index = int(index)
    count = len(lists[kind])
    if type(index) is not int or not 0 <= index < count:
        allowed = f"0 to {count - 1}" if count > 1 else "0"
        raise _wrong(f'"task" has the index {index!r}: allowed is {allowed}')
    return index + (len(lists.get("chief", [])) if kind == "worker" else 0)


def _is_address(text: str) -> bool:
    host, colon, port = text.rpartition(":")
    return bool(host and colon and port.isdecimal() and int(port) < 2**16)


def _wrong(what: str) -> errors.UserError:
    return errors.UserError(
        f"{VARIABLE} describes no cluster with this process: {what}; it must "
        f"be JSON {_EXAMPLE}"
    )
