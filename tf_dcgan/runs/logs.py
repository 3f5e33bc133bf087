"""Reads the logs of a run: `metrics.jsonl` and `samples/`.

It needs no TensorFlow, which `summaries`, the writer, loads.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
import pathlib
from typing import Any

from tf_dcgan.common import errors, files

METRICS = "metrics.jsonl"
SAMPLES = "samples"


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
                values = json.loads(line)
                if not isinstance(values["step"], int):
                    raise ValueError("the step is no whole number")
            except (ValueError, LookupError, TypeError) as error:
                if not line.endswith(b"\n"):
                    return
                raise errors.UserError(
                    f"{path}, line {number} is damaged: not a JSON object "
                    f"with a step; mend or delete the line"
                ) from error
            yield line.rstrip(b"\n"), values
