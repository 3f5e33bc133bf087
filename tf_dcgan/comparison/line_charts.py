"""The geometry of line charts; `templates/chart.html` draws them as SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import math

import numpy as np

_HEIGHT = 254
# The coordinates of the area that the axes enclose. The page scales them.
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 430, 10, 214
_MOST_POINTS = 800
_MARKED_POINTS = 30  # A line of so many points has a dot on each point,
_MARK_DISTANCE = 6.0  # but not where the dots would stand closer than this.
_LOGARITHMIC_RATIO = 30.0

# From values to coordinates.
_Scale = Callable[[np.ndarray | float], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: shown under the pointer.
        style: classes of the style sheet. A line with the class `raw` does
            not widen the chart.
        steps: [count] int64.
        values: [count] float64, finite.
        deviations: [count] float64 >= 0, drawn as a band around the values,
            or None.
    """

    name: str
    style: str
    steps: np.ndarray
    values: np.ndarray
    deviations: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Curve:
    """A line in the coordinates of the drawing.

    Attributes:
        name: shown under the pointer.
        style: classes of the style sheet.
        points: of the line, each "x y".
        band: corners of the band around the line; empty without a band.
        marks: the points that a dot marks.
    """

    name: str
    style: str
    points: Sequence[str]
    band: Sequence[str]
    marks: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Chart:
    """What `chart.html` draws.

    Attributes:
        title: above the chart.
        identifier: of the chart within its page.
        value_ticks: (y, text) along the axis of the values.
        step_ticks: (x, text) along the axis of the steps.
        step_axis: name of the axis of the steps.
        curves: those drawn last lie on top.
    """

    title: str
    identifier: str
    value_ticks: Sequence[tuple[float, str]]
    step_ticks: Sequence[tuple[float, str]]
    step_axis: str
    curves: Sequence[Curve]

    width, height = 440, _HEIGHT
    left, right, top, bottom = _LEFT, _RIGHT, _TOP, _BOTTOM


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    identifier: str,
    last_step: int,
    bounds: tuple[float, float] | None = None,
    may_be_logarithmic: bool = False,
    logarithmic_steps: bool = False,
) -> Chart:
    """Lays out lines over the steps.

    Args:
        title: above the chart.
        lines: with one point at least.
        identifier: of the chart within its page.
        last_step: where the axis of the steps ends, 1 at least.
        bounds: of the values, or None for the range of the lines' values.
        may_be_logarithmic: whether the axis of the values is logarithmic
            where the values are positive and of different magnitudes.
        logarithmic_steps: whether the axis of the steps is logarithmic. It
            then begins with the first step above 0.
    """
    low, high = bounds or _range(lines)
    logarithmic = (
        may_be_logarithmic and low > 0 and high / low > _LOGARITHMIC_RATIO
    )
    if logarithmic:
        title += " (logarithmic)"
    elif bounds is None:
        margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        low, high = low - margin, high + margin
    first_step = _first_step(lines, last_step) if logarithmic_steps else 0
    steps = (first_step, last_step)
    scale_x = _scale(*steps, _LEFT, _RIGHT, logarithmic_steps)
    scale_y = _scale(low, high, _BOTTOM, _TOP, logarithmic)
    return Chart(
        title,
        identifier,
        [
            (float(scale_y(tick)), text)
            for tick, text in _value_ticks(low, high, logarithmic)
        ],
        [
            (float(scale_x(tick)), f"{int(tick):,}")
            for tick in _step_ticks(*steps, logarithmic_steps)
            if tick == int(tick)
        ],
        "step (logarithmic)" if logarithmic_steps else "step",
        [_curve(line, scale_x, scale_y) for line in lines],
    )


def _first_step(lines: Sequence[Line], last_step: int) -> float:
    """Returns where a logarithmic axis begins, a decade long at least."""
    steps = np.concatenate([line.steps for line in lines])
    return min(steps[steps > 0].min(initial=last_step), last_step / 10)


def _range(lines: Sequence[Line]) -> tuple[float, float]:
    shown = [line for line in lines if "raw" not in line.style.split()]
    edges = []
    for line in shown:
        deviations = 0 if line.deviations is None else line.deviations
        edges += [line.values - deviations, line.values + deviations]
    return (
        float(min(values.min() for values in edges)),
        float(max(values.max() for values in edges)),
    )


def _scale(
    first: float,
    last: float,
    start: float,
    end: float,
    logarithmic: bool = False,
) -> _Scale:
    """Returns the function that takes `first` to `start`, `last` to `end`."""

    def scale(values):
        if logarithmic:
            floor = np.maximum(values, first * 1e-3)  # A band may reach 0.
            share = np.log(floor / first) / math.log(last / first)
        else:
            share = (np.asarray(values, np.float64) - first) / (last - first)
        return start + (end - start) * share

    return scale


def _value_ticks(
    low: float, high: float, logarithmic: bool
) -> list[tuple[float, str]]:
    if logarithmic:
        factors = (1, 2, 5) if high / low < 1e3 else (1,)
        ticks = _logarithmic_ticks(low, high, factors)
    else:
        ticks = round_ticks(low, high)
    texts = [f"{tick:g}" for tick in ticks]
    if not logarithmic and not any("e" in text for text in texts):
        decimals = max(len(text.partition(".")[2]) for text in texts)
        texts = [f"{tick:.{decimals}f}" for tick in ticks]
    return list(zip(ticks, texts, strict=True))


def _step_ticks(first: float, last: float, logarithmic: bool) -> list[float]:
    if not logarithmic:
        return round_ticks(first, last)
    # As many as leave room for their digits.
    if last / first < 400:
        factors = (1, 2, 5)
    elif last / first < 1e4:
        factors = (1, 3)
    else:
        factors = (1,)
    return _logarithmic_ticks(first, last, factors)


def round_ticks(low: float, high: float) -> list[float]:
    """Returns two to six round numbers at equal distances within a range.

    Args:
        low: the smallest number allowed.
        high: the largest, above `low`.
    """
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    interval = power * next(n for n in (1, 2, 5, 10) if n * power >= rough)
    first = math.ceil(low / interval - 1e-9)
    last = math.floor(high / interval + 1e-9)
    # Twelve digits: 3 * 0.1 is not 0.3.
    return [float(f"{n * interval:.12g}") for n in range(first, last + 1)]


def _logarithmic_ticks(
    low: float, high: float, factors: Sequence[int]
) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [float(f"{f}e{power}") for power in powers for f in factors]
    return [tick for tick in ticks if low <= tick <= high]


def _curve(line: Line, scale_x: _Scale, scale_y: _Scale) -> Curve:
    steps, values = scale_x(line.steps), line.values
    points = _points(steps, scale_y(values))
    band = []
    if line.deviations is not None:
        upper = _points(steps, scale_y(values + line.deviations))
        lower = _points(steps, scale_y(values - line.deviations))
        band = [*upper, *reversed(lower)]
    marks = []
    if len(points) <= _MARKED_POINTS and "raw" not in line.style.split():
        last_x = -math.inf
        for point in points:
            x = float(point.split()[0])
            if x - last_x >= _MARK_DISTANCE:
                marks.append(point)
                last_x = x
    return Curve(line.name, line.style, points, band, marks)


def _points(x: np.ndarray, y: np.ndarray) -> list[str]:
    """Writes points; of very many, the extremes of each stretch."""
    y = np.clip(y, -10 * _HEIGHT, 10 * _HEIGHT)  # Far outside all the same.
    if len(x) > _MOST_POINTS:
        stretches = np.array_split(np.arange(len(x)), _MOST_POINTS // 2)
        kept = {0, len(x) - 1}
        for places in stretches:
            kept.add(int(places[y[places].argmin()]))
            kept.add(int(places[y[places].argmax()]))
        places = sorted(kept)
        x, y = x[places], y[places]
    return [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]
