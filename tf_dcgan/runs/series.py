"""The numbers of `metrics.jsonl` as series over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math
from typing import Any

import numpy as np

from tf_dcgan.common import json_values

# A point of the smooth line is the mean of this share of all values.
_SMOOTHED_SHARE = 0.04
# On each side of a point, at most this share of the values before it.
_GROWING_SHARE = 0.1
# `Series.end` is the mean of this share of all values.
_END_SHARE = 0.1
# Keys whose numbers say nothing as a curve over the steps.
_NO_CURVE = {
    *("step", "epoch", "elapsed_seconds", "images_per_second"),
    *("number", "from_step"),  # Of a rollback.
}


@dataclasses.dataclass(frozen=True)
class Series:
    """One quantity over the steps.

    Attributes:
        steps: [count] int64, rising.
        values: [count] float64, finite.
    """

    steps: np.ndarray
    values: np.ndarray

    def smooth(self, *, growing: bool = False) -> Series:
        """Returns the running means of the values; see `running_mean`."""
        return Series(self.steps, running_mean(self.values, growing=growing))

    def end(self) -> float:
        """Returns the mean of the last tenth of the values, at least one."""
        count = math.ceil(len(self.values) * _END_SHARE)
        return float(self.values[-count:].mean())


def collect(
    lines: Sequence[Mapping[str, Any]],
) -> dict[tuple[str, str], Series]:
    """Makes a series of every number that can be drawn over the steps.

    Values that are no finite numbers are left out. If two lines have a value
    for one step, the later line counts. The means of whole epochs repeat what
    the `train` lines say in finer steps, so an `epoch` line adds only the keys
    that no `train` line has.

    Args:
        lines: the lines of `metrics.jsonl`, as `logs.read_metrics` returns
            them.

    Returns:
        (kind of the lines, key) → series, in the order of appearance.
    """
    points: dict[tuple[str, str], dict[int, float]] = {}
    for line in lines:
        for key, value in line.items():
            if key not in _NO_CURVE and json_values.is_number(value):
                series = points.setdefault((str(line.get("kind")), key), {})
                series[line["step"]] = float(value)
    return {
        (kind, key): Series(
            np.array(sorted(values), np.int64),
            np.array([values[step] for step in sorted(values)], np.float64),
        )
        for (kind, key), values in points.items()
        if kind != "epoch" or ("train", key) not in points
    }


def table(
    lines: Sequence[Mapping[str, Any]], kind: str
) -> dict[str, np.ndarray]:
    """Puts the lines of a kind below one another.

    Args:
        lines: the lines of `metrics.jsonl`, as `logs.read_metrics` returns
            them.
        kind: of the lines to take.

    Returns:
        `step`, [n] int64, and every other entry that is a number in some
        line, [n] float64, NaN where a line has no number.
    """
    chosen = [line for line in lines if line.get("kind") == kind]
    names = {
        name: None
        for line in chosen
        for name, value in line.items()
        if name != "step" and json_values.is_number(value)
    }
    columns = {"step": np.array([line["step"] for line in chosen], np.int64)}
    for name in names:
        column = [line.get(name) for line in chosen]
        columns[name] = np.array(
            [v if json_values.is_number(v) else np.nan for v in column],
            np.float64,
        )
    return columns


@dataclasses.dataclass(frozen=True)
class Spread:
    """Mean and spread of several series at each step.

    Attributes:
        steps: [count] int64, the steps that all series have.
        means: [count] float64.
        deviations: [count] float64, sample standard deviations.
    """

    steps: np.ndarray
    means: np.ndarray
    deviations: np.ndarray


def spread(several: Sequence[Series]) -> Spread:
    """Averages series at the steps that all of them have.

    Args:
        several: at least two series.

    Returns:
        Means and sample standard deviations, which divide by n - 1.
    """
    common = set.intersection(*(set(one.steps.tolist()) for one in several))
    steps = np.array(sorted(common), np.int64)
    values = np.stack(
        [one.values[np.isin(one.steps, steps)] for one in several]
    )
    return Spread(steps, values.mean(axis=0), values.std(axis=0, ddof=1))


def running_mean(values: np.ndarray, *, growing: bool = False) -> np.ndarray:
    """Averages each value with its neighbours on both sides.

    Near the ends it averages the neighbours that exist.

    Args:
        values: [count] float64, finite.
        growing: whether to average each value with no more neighbours on a
            side than a tenth of the values before it, as suits a logarithmic
            axis.

    Returns:
        [count] float64.
    """
    reach = int(len(values) * _SMOOTHED_SHARE / 2)
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    if growing:
        reach = np.minimum(reach, (places * _GROWING_SHARE).astype(np.int64))
    first = np.maximum(places - reach, 0)
    end = np.minimum(places + reach + 1, len(values))
    return (total[end] - total[first]) / (end - first)
