import os

import pytest

from tf_dcgan.common import devices


@pytest.fixture
def limit(tmp_path, monkeypatch):
    """The file of a container's limit, absent until it is written."""
    path = tmp_path / "memory.max"
    monkeypatch.setattr(devices, "_CONTAINER_LIMIT", path)
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1_000_000}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    return path


def test_memory_is_the_machines(limit):
    assert devices.memory_bytes() == 4_096_000_000


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1000000000\n", 1_000_000_000),
        ("9000000000\n", 4_096_000_000),
        ("max\n", 4_096_000_000),
    ],
)
def test_memory_is_at_most_the_containers(limit, text, expected):
    limit.write_text(text)
    assert devices.memory_bytes() == expected


def test_memory_is_the_containers_where_the_machines_is_not_told(
    limit, monkeypatch
):
    monkeypatch.delattr(os, "sysconf")  # As on Windows.
    limit.write_text("1000000000\n")
    assert devices.memory_bytes() == 1_000_000_000


def test_memory_is_none_where_it_is_not_told(limit, monkeypatch):
    def refuse(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", refuse)
    assert devices.memory_bytes() is None
