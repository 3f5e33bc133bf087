"""Reading what a run tells about itself: `metrics.jsonl` and `samples/`."""

from __future__ import annotations

from collections.abc import Iterator
import json
import os
import pathlib

from tf_dcgan.common import errors, files

METRICS = "metrics.jsonl"
SAMPLES = "samples"


def read_metrics(run_dir: os.PathLike | str) -> list[dict[str, object]]:
    """Reads `metrics.jsonl`, also while it is being written.

    Args:
        run_dir: the run.

    Returns:
        One dictionary per line, in order; none if there is no such file.

    Raises:
        UserError: a line other than an unfinished last one is damaged.
    """
    path = pathlib.Path(run_dir) / METRICS
    return [v for _, v in read_lines(path)] if path.exists() else []


def sample_grids(
    run_dir: os.PathLike | str,
) -> list[tuple[int, pathlib.Path]]:
    """Lists the sample grids of a run.

    Args:
        run_dir: the run.

    Returns:
        (step, path of the PNG), in the order of the steps.
    """
    return files.by_step(pathlib.Path(run_dir) / SAMPLES, ".png")


def read_lines(path: pathlib.Path) -> Iterator[tuple[bytes, dict]]:
    """Yields the lines of `metrics.jsonl` without their ends, and the values.

    A last line without an end is what a kill has cut short, unless only its
    end is missing.

    Args:
        path: the file.

    Yields:
        The bytes of a line, and the object that they are in JSON.

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
