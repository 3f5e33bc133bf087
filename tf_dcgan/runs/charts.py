"""The two pictures that sum up a run: its curves and its samples over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import itertools
import os
import pathlib
from typing import Any
import warnings

import matplotlib.axes
import matplotlib.figure
import matplotlib.ticker
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from tf_dcgan.common import animations, files, images, json_values, terminal
from tf_dcgan.runs import health, series, summaries

CURVES = "curves.png"
PROGRESS = "progress.gif"

# key of a `train` line → (name, colour). Most colour-blind readers can tell
# these colours apart (Okabe and Ito). Any other key is drawn under its own name
# in one of `_OTHER_COLOURS`.
_SERIES = {
    "loss_d": ("discriminator", "#0072b2"),
    "loss_g": ("generator", "#d55e00"),
    "real_score": ("D(x)", "#009e73"),
    "fake_score_before": ("D(G(z)) at D's update", "#d55e00"),
    "fake_score_after": ("D(G(z)) at G's update", "#cc79a7"),
}
_OTHER_COLOURS = ("#56b4e9", "#e69f00", "#332288", "#882255", "#999933")
_CAPTION_HEIGHT = 28
# Pixels; in the animation narrower grids are enlarged, wider ones reduced.
_LEAST_WIDTH = 400
_MOST_WIDTH = 1200


def write_curves(run_dir: os.PathLike | str) -> pathlib.Path | None:
    """Draws `curves.png` from `metrics.jsonl`.

    The first two panels are drawn from the `train` lines: losses, which are
    all keys that begin with `loss`, then outputs of D, which are all keys that
    contain `score`. A light line joins the values as they are, a strong line
    joins their running means. Three panels follow if there is something to
    draw: the diversity of the samples, D's lead on held-out images, and the
    scores of `--evaluate_every`.
    Triangles at the top mark verdicts on the training's health.

    Args:
        run_dir: the run's folder, with `metrics.jsonl`.

    Returns:
        The file, or None if there is nothing to draw yet.

    Raises:
        UserError: `metrics.jsonl` is damaged.
        OSError: the file cannot be written.
    """
    lines = summaries.read_metrics(run_dir)
    panels = _panels(lines)
    if not panels:
        return None
    figure = matplotlib.figure.Figure(
        figsize=(9, 0.8 + 3.2 * len(panels)), dpi=120, layout="constrained"
    )
    name = terminal.printable(pathlib.Path(run_dir).resolve().name)
    figure.suptitle(name, fontsize=11, parse_math=False)
    all_axes = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (title, draw) in zip(all_axes, panels.items(), strict=True):
        draw(axes)
        axes.set_ylabel(title)
    _mark_verdicts(all_axes[0], lines)
    axes = all_axes[-1]
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    _mark_epochs(axes, lines)
    path = pathlib.Path(run_dir) / CURVES
    with files.atomic_file(path) as unfinished, warnings.catch_warnings():
        # Letters of the run's name that the font lacks are drawn as boxes.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(unfinished, format="png")
    return path


def _panels(
    lines: Sequence[dict],
) -> dict[str, Callable[[matplotlib.axes.Axes], None]]:
    """Returns what draws each panel that has something to show, by title."""
    train = [line for line in lines if line.get("kind") == "train"]
    keys = dict.fromkeys(
        key
        for line in train
        for key, value in line.items()
        if json_values.is_number(value)
    )
    losses = [key for key in keys if key.startswith("loss")]
    scores = [key for key in keys if "score" in key]
    diversities = _with_number(lines, "diversity")
    leads = _with_number(lines, health.LEAD)
    evaluations = [line for line in lines if line.get("during") == "training"]
    panels = [
        ("loss", losses, lambda axes: _draw_panel(axes, train, losses)),
        (
            "mean output of D",
            scores,
            lambda axes: _draw_panel(axes, train, scores),
        ),
        (
            "diversity of samples",
            diversities,
            lambda axes: _draw_diversity(axes, diversities),
        ),
        (
            "D's lead on held-out images",
            leads,
            lambda axes: _draw_lead(axes, leads),
        ),
        (
            "evaluation (less is better)",
            evaluations,
            lambda axes: _draw_evaluations(axes, evaluations),
        ),
    ]
    return {title: draw for title, shown, draw in panels if shown}


def _with_number(lines: Sequence[dict], key: str) -> list[dict]:
    return [line for line in lines if json_values.is_number(line.get(key))]


def write_progress(
    run_dir: os.PathLike | str,
    *,
    max_frames: int = 100,
    out: pathlib.Path | None = None,
) -> pathlib.Path | None:
    """Makes an animation of the sample grids, each under its step.

    Args:
        run_dir: the run's folder, with `samples/`.
        max_frames: at least 2. If there are more grids, frames are chosen at
            equal distances, the first and the last grid among them.
        out: the file to write, as `animations.write` takes it; None for
            `progress.gif` in the run's folder.

    Returns:
        The file, or None if there are no samples yet.

    Raises:
        UserError: a grid is damaged, or there is no encoder for the file.
        OSError: a file cannot be read or written.
    """
    grids = summaries.sample_grids(run_dir)
    if not grids:
        return None
    if len(grids) > max_frames:
        chosen = np.linspace(0, len(grids) - 1, max_frames).round()
        grids = [grids[int(place)] for place in chosen]
    path = out or pathlib.Path(run_dir) / PROGRESS
    animations.write(path, _captioned(grids))
    return path


def _draw_panel(
    axes: matplotlib.axes.Axes, lines: Sequence[dict], keys: Sequence[str]
) -> None:
    others = [key for key in keys if key not in _SERIES]
    for key in keys:
        if key in _SERIES:
            label, colour = _SERIES[key]
        else:
            place = others.index(key) % len(_OTHER_COLOURS)
            label, colour = key, _OTHER_COLOURS[place]
        # A value that is null leaves no gap: the line joins its neighbours.
        points = [(line["step"], line.get(key)) for line in lines]
        points = [point for point in points if json_values.is_number(point[1])]
        steps, values = np.array(points, np.float64).T
        axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
        axes.plot(
            steps,
            series.running_mean(values),
            color=colour,
            linewidth=1.8,
            label=label,
            marker="o" if len(points) == 1 else None,
        )
    _decorate(axes)


def _draw_diversity(axes: matplotlib.axes.Axes, lines: Sequence[dict]) -> None:
    axes.plot(
        [line["step"] for line in lines],
        [line["diversity"] for line in lines],
        color=_OTHER_COLOURS[2],
        marker=".",
        label="mean distance of the samples",
    )
    axes.axhline(1.0, color="0.5", linestyle="--", label="real images")
    axes.set_ylim(bottom=0)
    _decorate(axes)


def _mark_verdicts(axes: matplotlib.axes.Axes, lines: Sequence[dict]) -> None:
    """Marks the steps of verdicts at the top, each verdict in its colour."""
    kinds: dict[str, list[int]] = {}
    for line in lines:
        for kind in health.kinds(line):
            kinds.setdefault(kind, []).append(line["step"])
    if not kinds:
        return
    for place, (kind, steps) in enumerate(kinds.items()):
        axes.plot(
            steps,
            [0.97 - 0.06 * place] * len(steps),
            transform=axes.get_xaxis_transform(),
            color=_OTHER_COLOURS[-1 - place],
            linestyle="none",
            marker="v",
            label=kind,
        )
    _decorate(axes)


def _draw_lead(axes: matplotlib.axes.Axes, lines: Sequence[dict]) -> None:
    """Draws how much higher D's output on its training images is."""
    axes.plot(
        [line["step"] for line in lines],
        [line[health.LEAD] for line in lines],
        marker=".",
        color=_OTHER_COLOURS[0],
        label="training less held-out images",
    )
    axes.axhline(0, color="#888888", linewidth=0.8)
    _decorate(axes)


def _draw_evaluations(
    axes: matplotlib.axes.Axes, lines: Sequence[dict]
) -> None:
    """Draws each score with its interval, its floor and its best value."""
    keys = [
        key
        for key in dict.fromkeys(itertools.chain(*lines))
        if key
        not in ("kind", "step", "real", "features", "during", health.LEAD)
        and key.rpartition("_")[2] not in ("low", "high", "floor")
    ]
    for key, colour in zip(keys, itertools.cycle(_OTHER_COLOURS[2:])):
        points = _with_number(lines, key)
        if points:
            _draw_evaluation(axes, key, points, colour)
    # FID falls by orders of magnitude; KID may be negative.
    low, high = axes.dataLim.intervaly
    if 0 < 10 * low < high:
        axes.set_yscale("log")
    _decorate(axes)


def _draw_evaluation(axes, key: str, points: Sequence[dict], colour) -> None:
    steps = [line["step"] for line in points]
    values = np.array([line[key] for line in points], np.float64)
    low, high, floor = (
        np.array([_number(line, f"{key}_{name}") for line in points])
        for name in ("low", "high", "floor")
    )
    style = {"color": colour}
    axes.plot(steps, values, marker=".", label=key, **style)
    axes.fill_between(steps, low, high, alpha=0.15, linewidth=0, **style)
    if np.isfinite(floor[-1]):
        # A floor far below the curve would flatten it, so it is only named.
        drawn_floor = floor if values.min() < 10 * floor[-1] else np.nan * floor
        name = f"a perfect generator: {floor[-1]:.2g}"
        axes.plot(steps, drawn_floor, linestyle="--", label=name, **style)
    best = int(values.argmin())
    axes.plot(
        steps[best],
        values[best],
        linestyle="none",
        marker="o",
        markersize=9,
        fillstyle="none",
        label=f"best: {values[best]:.4g} at step {steps[best]:,}",
        **style,
    )


def _number(line: dict[str, Any], key: str) -> float:
    """Returns a value of a line, or NaN where it is no number."""
    value: Any = line.get(key)
    return float(value) if json_values.is_number(value) else np.nan


def _decorate(axes: matplotlib.axes.Axes) -> None:
    axes.grid(color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))


def _mark_epochs(axes: matplotlib.axes.Axes, lines: Sequence[dict]) -> None:
    """Numbers the ends of epochs under the steps, ten of them at the most."""
    ends = {
        line["epoch"]: line["step"]
        for line in lines
        if line.get("kind") == "epoch"
        and json_values.is_number(line.get("epoch"))
    }
    if not ends:
        return
    stride = next(
        stride
        for power in itertools.count()
        for stride in (10**power, 2 * 10**power, 5 * 10**power)
        if max(ends) / stride <= 10
    )
    marked = [epoch for epoch in ends if epoch % stride == 0]
    below = axes.secondary_xaxis(-0.2)
    below.set_xticks([ends[epoch] for epoch in marked], marked)
    below.set_xlabel("epoch")


def _captioned(
    grids: Sequence[tuple[int, pathlib.Path]],
) -> Iterator[np.ndarray]:
    """Yields the grids, enlarged or reduced, each under a line of text."""
    font = PIL.ImageFont.load_default(size=16)
    last_step = grids[-1][0]
    first_size = None
    for step, path in grids:
        grid = images.read_png(path)
        first_size = first_size or grid.shape
        if grid.shape != first_size:
            continue  # A grid of another size is not from this run.
        enlarged = -(-_LEAST_WIDTH // grid.shape[1])
        reduced = -(-grid.shape[1] // _MOST_WIDTH)
        grid = images.reduce(images.enlarge(grid, enlarged), reduced)
        height, width, channels = grid.shape
        caption = PIL.Image.new("L", (width, _CAPTION_HEIGHT))
        drawing = PIL.ImageDraw.Draw(caption)
        middle = _CAPTION_HEIGHT // 2
        drawing.text((8, middle), f"step {step:,}", 230, font, anchor="lm")
        text = np.array(caption)[..., np.newaxis]
        # A bar that fills as the run goes on.
        share = step / last_step if last_step else 1.0
        text[-3:, : round(width * share)] = 150
        yield np.concatenate([np.repeat(text, channels, axis=-1), grid])
