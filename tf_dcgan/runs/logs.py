"""Reads the logs of a run: `metrics.jsonl` and `samples/`.

It needs no TensorFlow, which `summaries`, the writer, loads.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
import pathlib
from typing import Any

from tf_dcgan.common import errors, files, json_values

METRICS = "metrics.jsonl"
SAMPLES = "samples"
_NO_LINE = "not a JSON object with a step"
# Entries of lines that are in words, and the lines that have no others.
_TEXTS = (
    *("kind", "health", "during", "real", "features", "protocol"),
    "reason",
)
_OF_NUMBERS = ("train", "epoch", "samples")


def read_metrics(run_dir: os.PathLike | str) -> list[dict[str, Any]]:
    """Reads `metrics.jsonl`, also while it is being written.

    Args:
        run_dir: the run's folder.

    Returns:
        One dictionary per line, in order; empty if there is no such file.

    Raises:
        UserError: a line other than an unfinished last one is damaged.
    """
    path = pathlib.Path(run_dir) / METRICS
    if not path.exists():
        return []
    return [values for _, values in read_lines(path)]


def sample_grids(
    run_dir: os.PathLike | str,
) -> list[tuple[int, pathlib.Path]]:
    """Lists the sample grids of a run.

    Args:
        run_dir: the run's folder.

    Returns:
        (step, path of the PNG), in the order of the steps.
    """
    return files.by_step(pathlib.Path(run_dir) / SAMPLES, ".png")


def read_lines(path: pathlib.Path) -> Iterator[tuple[bytes, dict]]:
    """Yields the lines of `metrics.jsonl`, as bytes and as values.

    A kill may cut the last line short. Such a line is left out, unless only
    its line end is missing.

    Args:
        path: an existing `metrics.jsonl`.

    Yields:
        (the bytes of a line without its end, the values of its JSON object).

    Raises:
        UserError: a line other than an unfinished last one is damaged.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                values = _checked(json_values.loads(line))
            except (ValueError, RecursionError) as error:
                if not line.endswith(b"\n"):
                    return
                reason = str(error)
                if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
                    reason = _NO_LINE
                raise errors.UserError(
                    f"{path}, line {number} is damaged: {reason}; mend or "
                    "delete the line"
                ) from error
            yield line.rstrip(b"\n"), values


def _checked(values: Any) -> dict[str, Any]:
    """Checks the values of a line.

    Raises:
        ValueError: a value is of another kind than the line's writer writes.
    """
    if not isinstance(values, dict) or "step" not in values:
        raise ValueError(_NO_LINE)
    json_values.check(values["step"], "step", allowed="a whole number from 0")
    for key, value in values.items():
        if key in _TEXTS:
            json_values.check(value, key, allowed="a text or null")
        # Evaluations also tell their protocol, under names of any age.
        elif not isinstance(value, str) or values.get("kind") in _OF_NUMBERS:
            json_values.check(value, key, allowed="a number or null")
    return values
