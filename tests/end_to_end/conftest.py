"""Whole lives of a run take long: every test of this folder is slow."""

import pathlib

import pytest

_FOLDER = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Marks the tests of this folder; the hook sees those of all folders."""
    for item in items:
        if _FOLDER in item.path.parents:
            item.add_marker(pytest.mark.slow)
