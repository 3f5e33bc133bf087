"""The numbers of `metrics.jsonl` as series over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math

import numpy as np

_SMOOTHED_SHARE = 0.04  # Of all points, averaged for one of the smooth line.
_GROWING_SHARE = 0.1  # Of the values before one, on a side of it at most.
_END_SHARE = 0.1
# Says nothing as a curve over the steps.
_NO_CURVE = {"step", "epoch", "elapsed_seconds", "images_per_second"}


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
    lines: Sequence[Mapping[str, object]],
) -> dict[tuple[str, str], Series]:
    """Makes a series of every number that can be drawn over the steps.

    What is no finite number is left out. Of two values of one step the later
    line's counts. The means of whole epochs repeat what the finer lines say,
    so an `epoch` line adds only what these do not have.

    Args:
        lines: as of `logs.read_metrics`.

    Returns:
        (kind of the lines, key) → series, in the order of appearance.
    """
    points: dict[tuple[str, str], dict[int, float]] = {}
    for line in lines:
        for key, value in line.items():
            if key not in _NO_CURVE and is_number(value):
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


def is_number(value: object) -> bool:
    """Says whether a value out of a file is a finite number."""
    try:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
        )
    except OverflowError:  # A whole number beyond the largest float.
        return False


@dataclasses.dataclass(frozen=True)
class Spread:
    """Several series in one.

    Attributes:
        steps: [count] int64, those that all of them have.
        means: [count] float64.
        deviations: [count] float64, sample standard deviations.
    """

    steps: np.ndarray
    means: np.ndarray
    deviations: np.ndarray


def spread(several: Sequence[Series]) -> Spread:
    """Averages series at the steps that all of them have.

    Args:
        several: at least two.

    Returns:
        Mean and sample standard deviation, that is with n - 1.
    """
    common = set.intersection(*(set(one.steps.tolist()) for one in several))
    steps = np.array(sorted(common), np.int64)
    values = np.stack(
        [one.values[np.isin(one.steps, steps)] for one in several]
    )
    return Spread(steps, values.mean(axis=0), values.std(axis=0, ddof=1))


def running_mean(values: np.ndarray, *, growing: bool = False) -> np.ndarray:
    """Averages each value with its neighbours on both sides.

    At the ends, as many neighbours as there are.

    Args:
        values: [count] float64, finite.
        growing: whether each is averaged with no more neighbours on a side
            than a tenth of the values before it, as suits a logarithmic axis.

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
