"""Line charts as SVG that a page holds in itself and its style colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import html
import math

import numpy as np

# Of the coordinates in the drawing; the page scales them.
_WIDTH, _HEIGHT = 440, 254
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 40
_MOST_POINTS = 800
_MARKED_POINTS = 30  # Fewer are marked one by one,
_MARK_DISTANCE = 6.0  # but for those that stand closer.
_LOGARITHMIC_RATIO = 30.0


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a chart.

    Attributes:
        name: shown under the pointer.
        style: classes of the style sheet. A line that has `raw` or `band`
            among them does not widen the chart.
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


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    identifier: str,
    last_step: int,
    bounds: tuple[float, float] | None = None,
    may_be_logarithmic: bool = False,
    logarithmic_steps: bool = False,
) -> str:
    """Draws lines over the steps.

    Args:
        title: above the chart.
        lines: with one point at least.
        identifier: of the chart within its page.
        last_step: where the axis of the steps ends, 1 at least.
        bounds: of the values, or None for those of the lines.
        may_be_logarithmic: whether the axis of the values is, where they are
            positive and of different magnitudes.
        logarithmic_steps: whether the axis of the steps is, which then begins
            with the first step above 0.

    Returns:
        A `<figure>`.
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
    scale_x = _scale(*steps, _LEFT, _WIDTH - _RIGHT, logarithmic_steps)
    scale_y = _scale(low, high, _HEIGHT - _BOTTOM, _TOP, logarithmic)
    parts = [
        f'<figure class="chart"><figcaption>{html.escape(title)}</figcaption>',
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}">',
        f'<clipPath id="{identifier}"><rect x="{_LEFT}" y="{_TOP - 2}" '
        f'width="{_WIDTH - _LEFT - _RIGHT + 2}" '
        f'height="{_HEIGHT - _TOP - _BOTTOM + 4}"/></clipPath>',
        *_value_axis(low, high, scale_y, logarithmic),
        *_step_axis(*steps, scale_x, logarithmic_steps),
        f'<g clip-path="url(#{identifier})">',
        *(_draw(line, scale_x, scale_y) for line in lines),
        "</g></svg></figure>",
    ]
    return "\n".join(parts)


def _first_step(lines: Sequence[Line], last_step: int) -> float:
    """Returns where a logarithmic axis begins, a decade long at least."""
    steps = np.concatenate([line.steps for line in lines])
    return min(steps[steps > 0].min(initial=last_step), last_step / 10)


def _range(lines: Sequence[Line]) -> tuple[float, float]:
    shown = [line for line in lines if "raw" not in line.style.split()]
    lows = [
        line.values
        if line.deviations is None
        else line.values - line.deviations
        for line in shown
    ]
    highs = [
        line.values
        if line.deviations is None
        else line.values + line.deviations
        for line in shown
    ]
    return (
        float(min(values.min() for values in lows)),
        float(max(values.max() for values in highs)),
    )


def _scale(
    first: float,
    last: float,
    start: float,
    end: float,
    logarithmic: bool = False,
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns the function from values to coordinates."""

    def scale(values):
        if logarithmic:
            floor = np.maximum(values, first * 1e-3)  # A band may reach 0.
            share = np.log(floor / first) / math.log(last / first)
        else:
            share = (np.asarray(values, np.float64) - first) / (last - first)
        return start + (end - start) * share

    return scale


def _value_axis(low, high, scale_y, logarithmic):
    if logarithmic:
        factors = (1, 2, 5) if high / low < 1e3 else (1,)
        ticks = _logarithmic_ticks(low, high, factors)
    else:
        ticks = round_ticks(low, high)
    texts = [f"{tick:g}" for tick in ticks]
    if not logarithmic and not any("e" in text for text in texts):
        decimals = max(len(text.partition(".")[2]) for text in texts)
        texts = [f"{tick:.{decimals}f}" for tick in ticks]
    for tick, text in zip(ticks, texts, strict=True):
        y = float(scale_y(tick))
        yield (
            f'<path class="rule" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">'
            f"{text}</text>"
        )


def _step_axis(first, last, scale_x, logarithmic):
    if logarithmic:
        name = "step (logarithmic)"
        # As many as leave room for their digits.
        if last / first < 400:
            factors = (1, 2, 5)
        elif last / first < 1e4:
            factors = (1, 3)
        else:
            factors = (1,)
        ticks = _logarithmic_ticks(first, last, factors)
    else:
        name, ticks = "step", round_ticks(first, last)
    bottom = _HEIGHT - _BOTTOM
    labels = [
        (float(scale_x(tick)), bottom + 17, f"{int(tick):,}")
        for tick in ticks
        if tick == int(tick)
    ]
    labels.append(((_LEFT + _WIDTH - _RIGHT) / 2, bottom + 33, name))
    for x, y, text in labels:
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{text}</text>'
    yield f'<path class="axis" d="M{_LEFT} {bottom}H{_WIDTH - _RIGHT}"/>'


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


def _draw(line: Line, scale_x, scale_y) -> str:
    steps, values = scale_x(line.steps), line.values
    name = f"<title>{html.escape(line.name)}</title>"
    found = ""
    if line.deviations is not None:
        upper = _points(steps, scale_y(values + line.deviations))
        lower = _points(steps, scale_y(values - line.deviations))
        path = "L".join([*upper, *reversed(lower)])
        found = f'<path class="band {line.style}" d="M{path}Z">{name}</path>'
    points = _points(steps, scale_y(values))
    found += f'<path class="{line.style}" d="M{"L".join(points)}">{name}</path>'
    if len(points) <= _MARKED_POINTS and "raw" not in line.style.split():
        last = -math.inf
        for point in points:
            x, y = point.split()
            if float(x) - last < _MARK_DISTANCE:
                continue
            last = float(x)
            found += (
                f'<circle class="{line.style}" cx="{x}" cy="{y}" r="2.4">'
                f"{name}</circle>"
            )
    return found


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
