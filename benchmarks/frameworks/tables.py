"""The arithmetic of the comparison, and the tables that show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
import statistics

OURS = "ours"
TUTORIAL = "TensorFlow's tutorial"
PYTORCH = "PyTorch "  # Begins the names of its sides.
# A first interval holds the tracing or compiling, a second still warms up.
WARM_UP_INTERVALS = 2


@dataclasses.dataclass(frozen=True)
class Measured:
    """What was measured of one training on all sides.

    Attributes:
        title: the training in words.
        speeds: for each side images per second, one number a repeat; none for
            a side that could not run.
        reasons: why a side could not run.
        operations_per_image: floating-point operations of a step, divided by
            its images.
        matrix_rates: floating-point operations per second of large matrix
            products in the training's precision, one number a repeat.
    """

    title: str
    speeds: Mapping[str, Sequence[float]]
    reasons: Mapping[str, str]
    operations_per_image: float
    matrix_rates: Sequence[float]

    @property
    def best_of_pytorch(self) -> str | None:
        """PyTorch's side with the highest median; None if none could run."""
        sides = [
            side
            for side, values in self.speeds.items()
            if side.startswith(PYTORCH) and values
        ]
        return max(
            sides,
            key=lambda side: statistics.median(self.speeds[side]),
            default=None,
        )

    def share(self, side: str) -> float:
        """Returns what a side reaches of the matrix rate, of medians."""
        speed = statistics.median(self.speeds[side])
        rate = statistics.median(self.matrix_rates)
        return speed * self.operations_per_image / rate

    def ratios(self, side: str) -> list[float]:
        """Returns our speed by a side's speed, one number a repeat.

        A repeat's sides ran one after the other, so what slows the machine
        down for minutes slows all of them.
        """
        return [
            ours / theirs
            for ours, theirs in zip(
                self.speeds[OURS], self.speeds[side], strict=True
            )
        ]


def speed(interval_speeds: Sequence[float]) -> float:
    """Returns the speed of one training: the median of its later intervals.

    Args:
        interval_speeds: images per second of each interval, from the first.

    Raises:
        ValueError: there is no interval after those that warm up.
    """
    later = interval_speeds[WARM_UP_INTERVALS:]
    if not later:
        raise ValueError(
            f"More than {WARM_UP_INTERVALS} intervals are needed. Received: "
            f"{interval_speeds=}"
        )
    return statistics.median(later)


def lengths(steps: int) -> tuple[int, int]:
    """Divides the steps of a training into intervals.

    Args:
        steps: at least 4.

    Returns:
        (interval, intervals): steps in each, and how many; ten or more
        intervals where there are as many steps.
    """
    interval = max(1, min(50, steps // 10))
    return interval, steps // interval


def of_one_training(measured: Measured) -> Iterator[str]:
    """Yields the lines of one training's table."""
    operations = measured.operations_per_image / 1e9
    rates = [rate / 1e9 for rate in measured.matrix_rates]
    yield (
        f"{measured.title}: {operations:.3g} billion operations an image; "
        f"matrix products {_median_and_range(rates, '.0f')} GFLOP/s"
    )
    yield (f"  {'side':32} {'images/s':>28}  GFLOP/s  share  ours by theirs")
    for side, values in measured.speeds.items():
        if not values:
            yield f"  {side:32} did not run: {measured.reasons[side]}"
            continue
        rate = statistics.median(values) * operations
        line = (
            f"  {side:32} {_median_and_range(values, '.4g'):>28}"
            f"  {rate:7.0f}  {measured.share(side):5.0%}"
        )
        if side != OURS:
            line += f"  {_median_and_range(measured.ratios(side), '.2f')}"
        yield line


def of_all_trainings(all_measured: Sequence[Measured]) -> Iterator[str]:
    """Yields the lines of the last table: a training a line."""
    width = max(len(measured.title) for measured in all_measured)
    yield (
        f"{'training':{width}}  {'ours / PyTorch':>18}  ours: share  "
        "PyTorch's best"
    )
    for measured in all_measured:
        best = measured.best_of_pytorch
        line = f"{measured.title:{width}}"
        if best is None:
            yield f"{line}  PyTorch did not run"
            continue
        ratios = _median_and_range(measured.ratios(best), ".2f")
        yield (
            f"{line}  {ratios:>18}  {measured.share(OURS):11.0%}  "
            f"{best.removeprefix(PYTORCH)}"
        )


def _median_and_range(values: Sequence[float], form: str) -> str:
    median = statistics.median(values)
    return f"{median:{form}} ({min(values):{form}} to {max(values):{form}})"
