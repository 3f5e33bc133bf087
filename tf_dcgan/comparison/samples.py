"""Sample grids of runs side by side at the same steps."""

from __future__ import annotations

import base64
from collections.abc import Sequence
import dataclasses
import io
import pathlib
from typing import Any

import numpy as np
import PIL.Image

from tf_dcgan.common import errors
from tf_dcgan.comparison import run_records, tables
from tf_dcgan.config import kinds
from tf_dcgan.runs import logs

_ROWS = 5
_TOLERANCE = 0.1  # Share of a step by which a grid may be off its row.
_WIDEST = 600  # Pixels; larger grids are made smaller for the page.


@dataclasses.dataclass(frozen=True)
class Moment:
    """A row of grids.

    Attributes:
        step: the step of its grids, or a step near theirs.
        chosen: name of the run → (step, path of the grid). Runs may be
            missing.
    """

    step: int
    chosen: dict[str, tuple[int, pathlib.Path]]


def moments(records: Sequence[run_records.Record]) -> list[Moment]:
    """Chooses the last step of each run, and some steps of the longest run.

    A row holds the runs that have a grid near its step. No grid is in two
    rows.

    Args:
        records: runs with one grid at least.

    Returns:
        The rows in the order of the steps.
    """
    steps = [[step for step, _ in record.grids] for record in records]
    longest = max(steps, key=lambda own: own[-1])
    ends: list[int] = []
    for last in sorted((own[-1] for own in steps), reverse=True):
        if not any(_is_near(last, end) for end in ends):
            ends.append(last)
    targets = set(ends)
    for even in np.linspace(longest[0], longest[-1], _ROWS):
        step = min(longest, key=lambda own: abs(own - even))
        if not any(_is_near(step, end, 2) for end in ends[1:]):
            targets.add(step)
    later: dict[str, tuple[int, pathlib.Path]] = {}
    rows = []
    for target in sorted(targets, reverse=True):
        nearest = {
            record.name: min(record.grids, key=lambda g: abs(g[0] - target))
            for record in records
        }
        chosen = {
            name: grid
            for name, grid in nearest.items()
            if _is_near(grid[0], target) and later.get(name) != grid
        }
        rows.append(Moment(target, chosen))
        later |= chosen
    return rows[::-1]


def _is_near(step: int, other: int, tolerances: int = 1) -> bool:
    return abs(step - other) <= tolerances * _TOLERANCE * max(step, other)


@dataclasses.dataclass(frozen=True)
class Image:
    """An image on the page.

    Attributes:
        words: what it shows.
        base64: the bytes of its PNG file.
        other_step: the step of a sample grid, where it is not the step of its
            row; else None.
    """

    words: str
    base64: str
    other_step: int | None = None


def content(records: Sequence[run_records.Record]) -> dict[str, Any]:
    """Puts the grids of the runs beside the real images.

    Args:
        records: all runs of the page.

    Returns:
        What the section "Samples" of `page.html` shows.

    Raises:
        errors.UserError: a grid is damaged.
        OSError: a grid cannot be read.
    """
    with_grids = [record for record in records if record.grids]
    rows = moments(with_grids) if with_grids else []
    return {
        "without_grids": [record for record in records if not record.grids],
        "explanations": _explanations(with_grids),
        "have_gaps": any(len(row.chosen) < len(with_grids) for row in rows),
        "tolerance_percent": round(100 * _TOLERANCE),
        "rows": [_row(moment) for moment in rows],
        "real_images": _real_images(records) if with_grids else [],
    }


def _row(moment: Moment) -> tables.Row:
    return tables.Row(
        f"step {moment.step:,}",
        {
            name: Image(
                f"{name}, step {step:,}",
                _encoded(path),
                None if step == moment.step else step,
            )
            for name, (step, path) in moment.chosen.items()
        },
    )


def _explanations(records: Sequence[run_records.Record]) -> list[str]:
    """Says which grids are of the same latent vectors, or images."""
    by_kind = {
        kind: [r for r in records if r.run.config.kind is kind]
        for kind in _EXPLANATIONS
    }
    texts = {
        run_records.names(members): _EXPLANATIONS[kind](members)
        for kind, members in by_kind.items()
        if members
    }
    if len(texts) == 1:
        return list(texts.values())
    return [f"{names}: {text}" for names, text in texts.items()]


def _explain_translations(records: Sequence[run_records.Record]) -> str:
    same = (
        "The images are the same in all grids."
        if len({record.grid_inputs for record in records}) == 1
        else "Down a column the images stay the same. Across, they differ, "
        "since the runs differ in their seeds or their data."
    )
    return (
        "Rows of a grid from the top: images of A, their translations to B, "
        "these translated back to A; images of B, their translations to A, "
        f"these translated back to B. {same}"
    )


def _explain_latents(records: Sequence[run_records.Record]) -> str:
    by_inputs: dict[tuple, list[run_records.Record]] = {}
    for record in records:
        by_inputs.setdefault(record.grid_inputs, []).append(record)
    shared = "; in ".join(
        f"{run_records.names(members)} (seed {seed})"
        for (seed, *_), members in by_inputs.items()
        if len(members) > 1
    )
    if len(by_inputs) == 1:
        text = "The same latent vectors in all grids, place by place"
    elif shared:
        text = (
            "Down a column the latent vectors stay the same. Across, they are "
            f"the same in {shared}; other runs have other latent vectors"
        )
    else:
        text = (
            "Down a column the latent vectors stay the same. Across, they "
            "differ, since the runs differ in their seeds, in the lengths of "
            "their latent vectors or in their numbers of classes"
        )
    return (
        f"{text}. Made with the moving average of G's weights where a run "
        "keeps one."
    )


_EXPLANATIONS = {
    kinds.GENERATION: _explain_latents,
    kinds.TRANSLATION: _explain_translations,
}


def _real_images(records: Sequence[run_records.Record]) -> list[Image]:
    """Returns the real images of each data set once.

    One set prepared for two networks may still show the same images.
    """
    images, seen = [], set[object]()
    for record in records:
        path = record.run.path / logs.SAMPLES / "real.png"
        if not path.exists():
            continue
        marks = {record.fingerprints, path.read_bytes()}
        if seen.isdisjoint(marks):
            words = f"real images of {record.run.config.title}"
            images.append(Image(words, _encoded(path)))
        seen |= marks
    return images


def _encoded(path: pathlib.Path) -> str:
    """Returns a PNG file in base64, made smaller where it is too large."""
    png = path.read_bytes()
    try:
        with PIL.Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            image.load()
            if image.width > _WIDEST:
                height = round(image.height * _WIDEST / image.width)
                smaller = image.resize(
                    (_WIDEST, height), PIL.Image.Resampling.LANCZOS
                )
                buffer = io.BytesIO()
                smaller.save(buffer, format="PNG")
                png = buffer.getvalue()
    except (OSError, SyntaxError) as error:
        # Pillow raises either of these for damaged bytes.
        raise errors.UserError(
            f"{path} is not a PNG image that can be read; delete it, or put "
            "back the file that was there"
        ) from error
    return base64.b64encode(png).decode()
