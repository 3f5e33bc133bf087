"""Sample grids of runs side by side at the same steps."""

from __future__ import annotations

import base64
from collections.abc import Sequence
import dataclasses
import html
import io
import pathlib

import numpy as np
import PIL.Image

from tf_dcgan.common import errors
from tf_dcgan.comparison import markup, run_records
from tf_dcgan.runs import logs

_ROWS = 5
_TOLERANCE = 0.1  # Of a step, by which a grid beside its row may be off.
_WIDEST = 600  # Pixels; larger grids are made smaller for the page.


@dataclasses.dataclass(frozen=True)
class Moment:
    """A row of grids.

    Attributes:
        step: what its grids are of, or nearly.
        chosen: name of the run → (step, path of the grid), where it has one.
    """

    step: int
    chosen: dict[str, tuple[int, pathlib.Path]]


def moments(records: Sequence[run_records.Record]) -> list[Moment]:
    """Chooses the last step of each run, and some to show the longest's way.

    In a row are the runs that have a grid of its step or near it; no grid is
    in two rows.

    Args:
        records: runs, each with one grid at least.

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
    for wanted in np.linspace(longest[0], longest[-1], _ROWS):
        step = min(longest, key=lambda own: abs(own - wanted))
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


def section(groups: Sequence[run_records.Group]) -> str:
    """Shows the grids of runs beside the real images.

    Args:
        groups: of the runs.

    Returns:
        HTML with the images in it.

    Raises:
        errors.UserError: a grid is damaged.
        OSError: one cannot be read.
    """
    records = [record for group in groups for record in group.records]
    with_grids = [record for record in records if record.grids]
    without = [record for record in records if not record.grids]
    parts = []
    if without:
        parts.append(
            markup.warning(f"There are no samples of {markup.names(without)}.")
        )
    if with_grids:
        parts += [markup.note(text) for text in _inputs(with_grids)]
        shown = moments(with_grids)
        if any(len(moment.chosen) < len(with_grids) for moment in shown):
            parts.append(
                markup.note(
                    "A dash: the run has no samples within "
                    f"{100 * _TOLERANCE:.0f} % of that step."
                )
            )
        rows = [_row(moment, groups) for moment in shown]
        grids = markup.table(groups, rows, means=False)
        parts.append(
            f'<div class="samples" style="--runs: {len(records)}">\n'
            f"{grids}\n{_real(records)}</div>"
        )
    return markup.section("Samples", *parts)


def _inputs(records: Sequence[run_records.Record]) -> list[str]:
    """Says which grids are of the same latent vectors, or images."""
    translations = [r for r in records if r.run.config.translates]
    others = [r for r in records if not r.run.config.translates]
    texts = [_latents(others)] if others else []
    if translations:
        texts.append(_images_shown(translations))
    if len(texts) == 1:
        return texts
    return [
        f"{markup.names(same)}: {text}"
        for same, text in zip((others, translations), texts, strict=True)
    ]


def _images_shown(records: Sequence[run_records.Record]) -> str:
    kinds = {record.fixed_inputs for record in records}
    same = (
        "of the same images in all grids"
        if len(kinds) == 1
        else "of images that stay the same down a column; across, they differ "
        "as the runs' seeds or data do"
    )
    return (
        "Rows from the top: A, its translation to B, that back to A; B, its "
        f"translation to A, that back to B; {same}."
    )


def _latents(records: Sequence[run_records.Record]) -> str:
    """Says which grids are of the same latent vectors."""
    kinds: dict[tuple, list[run_records.Record]] = {}
    for record in records:
        kinds.setdefault(record.fixed_inputs, []).append(record)
    if len(kinds) == 1:
        text = "The same latent vectors in all grids, place by place"
    else:
        shared = [
            f"{markup.names(same)} (seed {seed})"
            for (seed, *_), same in kinds.items()
            if len(same) > 1
        ]
        text = "Down a column the latent vectors stay the same. "
        if shared:
            text += (
                f"Across, they are the same in {'; in '.join(shared)}; other "
                "runs have other ones"
            )
        else:
            text += (
                "Across, they differ: the runs' seeds, lengths of the latent "
                "vectors or numbers of classes do"
            )
    return (
        f"{text}. Made with the moving average of G's weights where a run "
        "keeps one."
    )


def _row(moment: Moment, groups: Sequence[run_records.Group]) -> markup.Row:
    cells = {}
    for group in groups:
        for record in group.records:
            if record.name in moment.chosen:
                step, path = moment.chosen[record.name]
                words = f"{record.name}, step {step:,}"
                cells[record.name] = _image(path, words)
                if step != moment.step:
                    cells[record.name] += f"<small>step {step:,}</small>"
    return markup.Row(f"step {moment.step:,}", cells)


def _real(records: Sequence[run_records.Record]) -> str:
    """Shows real images of each data set once.

    One set prepared for two networks may still show the same images.
    """
    parts, seen = [], set()
    for record in records:
        path = record.run.path / logs.SAMPLES / "real.png"
        if not path.exists():
            continue
        kinds = {record.fingerprints, path.read_bytes()}
        if seen.isdisjoint(kinds):
            words = f"real images of {record.run.config.title}"
            parts.append(
                f"<figure><figcaption>{html.escape(words)}</figcaption>"
                f"{_image(path, words)}</figure>"
            )
        seen |= kinds
    return f"<aside>{''.join(parts)}</aside>" if parts else ""


def _image(path: pathlib.Path, words: str) -> str:
    content = path.read_bytes()
    try:
        with PIL.Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            image.load()
            if image.width > _WIDEST:
                height = round(image.height * _WIDEST / image.width)
                smaller = image.resize(
                    (_WIDEST, height), PIL.Image.Resampling.LANCZOS
                )
                buffer = io.BytesIO()
                smaller.save(buffer, format="PNG")
                content = buffer.getvalue()
    except (OSError, SyntaxError) as error:
        # Pillow raises either of these for damaged bytes.
        raise errors.UserError(
            f"{path} is not a PNG image that can be read; delete it, or put "
            "back the file that was there"
        ) from error
    data = base64.b64encode(content).decode()
    return (
        f'<img src="data:image/png;base64,{data}" '
        f'alt="{html.escape(words)}" title="{html.escape(words)}">'
    )
