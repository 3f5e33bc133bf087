"""Means of a training's scalars, over an interval and an epoch."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

import numpy as np


class Meter:
    """Sums of each scalar over the current interval, epoch and window.

    The sums are part of a checkpoint, so that a resumed run and a run that
    was never stopped have the same means. The values are added one by one in
    double precision, so that the means do not depend on how the steps were
    grouped into calls.
    """

    def __init__(self, batch_size: int, saved: Mapping[str, Any] | None = None):
        """Starts empty, or with what `to_json` returned.

        Args:
            batch_size: images per step.
            saved: the sums of an earlier meter, from a checkpoint.
        """
        self._batch_size = batch_size
        self._interval = _Sums(**(saved["interval"] if saved else {}))
        self._epoch = _Sums(**(saved["epoch"] if saved else {}))
        # An older checkpoint has no window: then a window begins here.
        self._window = _Sums(**(saved.get("window", {}) if saved else {}))
        self._elapsed_seconds = saved["elapsed_seconds"] if saved else 0.0

    def to_json(self) -> dict[str, Any]:
        """Returns the sums, ready for JSON."""
        return {
            "interval": dataclasses.asdict(self._interval),
            "epoch": dataclasses.asdict(self._epoch),
            "window": dataclasses.asdict(self._window),
            "elapsed_seconds": self._elapsed_seconds,
        }

    def add(self, scalars: Mapping[str, np.ndarray], *, seconds: float) -> None:
        """Adds the steps of one call.

        Args:
            scalars: name to [steps] float32.
            seconds: how long the call took.
        """
        for sums in (self._interval, self._epoch, self._window):
            sums.add(scalars, seconds)
        self._elapsed_seconds += seconds

    def interval(self) -> dict[str, float]:
        """Returns the means since the last `take_interval`, and the speed."""
        return {
            **self._interval.means(self._batch_size),
            "elapsed_seconds": round(self._elapsed_seconds, 3),
        }

    def take_interval(self) -> dict[str, float]:
        """Returns `interval()` and starts the next interval."""
        means = self.interval()
        self._interval = _Sums()
        return means

    def take_epoch(self) -> dict[str, float]:
        """Returns the epoch's means and speed and starts the next epoch."""
        means = self._epoch.means(self._batch_size)
        self._epoch = _Sums()
        return {
            **means,
            "elapsed_seconds": round(self._elapsed_seconds, 3),
        }

    def take_window(self) -> dict[str, float]:
        """Returns the means since it was last called, for `health`."""
        ended, self._window = self._window, _Sums()
        return ended.means(self._batch_size)


@dataclasses.dataclass
class _Sums:
    steps: int = 0
    seconds: float = 0.0
    totals: dict[str, float] = dataclasses.field(default_factory=dict)

    def add(self, scalars: Mapping[str, np.ndarray], seconds: float) -> None:
        for name, values in scalars.items():
            total = self.totals.get(name, 0.0)
            for value in values.tolist():
                total += value
            self.totals[name] = total
        self.steps += len(values)
        self.seconds += seconds

    def means(self, batch_size: int) -> dict[str, float]:
        means = {n: total / self.steps for n, total in self.totals.items()}
        speed = self.steps * batch_size / max(self.seconds, 1e-9)
        return {**means, "images_per_second": float(f"{speed:.5g}")}
