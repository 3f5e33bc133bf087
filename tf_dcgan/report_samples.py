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

from tf_dcgan import comparison, errors, logs, report_page

_ROWS = 5
_FEWEST_COMMON = 3
_WIDEST = 600  # Pixels; larger grids are made smaller for the page.


@dataclasses.dataclass(frozen=True)
class Moment:
    """A row of grids.

    Attributes:
        label: when it is, in words.
        step: what all grids of the row should be of, or None where each run
            has its own.
        chosen: name of the run → (step, path of the grid).
    """

    label: str
    step: int | None
    chosen: dict[str, tuple[int, pathlib.Path]]


def moments(records: Sequence[comparison.Record]) -> list[Moment]:
    """Chooses about five steps to show, the first and last among them.

    They are spread evenly over what all runs have seen, at steps of which all
    have a grid, or, where these are too few, at those nearest to them. Where
    runs begin or end at other steps, a further row shows each one's own.

    Args:
        records: runs, each with one grid at least.

    Returns:
        The rows in the order of the steps.
    """
    steps = [[step for step, _ in record.grids] for record in records]
    first, last = max(s[0] for s in steps), min(s[-1] for s in steps)
    pool = sorted(set.intersection(*map(set, steps)))
    wanted = np.linspace(first, max(first, last), _ROWS)
    if len(pool) < _FEWEST_COMMON:
        pool = sorted({step for s in steps for step in s})
    targets = sorted({_nearest(pool, target) for target in wanted})
    rows: list[Moment] = []
    for target in targets:
        chosen = {
            record.name: _nearest_grid(record, target) for record in records
        }
        if all(row.chosen != chosen for row in rows):
            rows.append(Moment(f"step {target:,}", target, chosen))
    for place, label in ((0, "first"), (-1, "last")):
        own = {record.name: record.grids[place] for record in records}
        if all(row.chosen != own for row in rows):
            if len({step for step, _ in own.values()}) == 1:
                ((step, _), *_) = own.values()
                moment = Moment(f"step {step:,}", step, own)
            else:
                moment = Moment(f"{label} of each", None, own)
            rows.insert(0 if place == 0 else len(rows), moment)
    return rows


def _nearest(steps: Sequence[int], target: float) -> int:
    return min(steps, key=lambda step: abs(step - target))


def _nearest_grid(
    record: comparison.Record, target: int
) -> tuple[int, pathlib.Path]:
    return min(record.grids, key=lambda grid: abs(grid[0] - target))


def section(groups: Sequence[comparison.Group]) -> str:
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
            report_page.warning(
                f"There are no samples of {report_page.names(without)}."
            )
        )
    if with_grids:
        parts += [report_page.note(text) for text in _inputs(with_grids)]
        rows = [_row(moment, groups) for moment in moments(with_grids)]
        grids = report_page.table(groups, rows, means=False)
        parts.append(
            f'<div class="samples" style="--runs: {len(records)}">\n'
            f"{grids}\n{_real(records)}</div>"
        )
    return report_page.section("Samples", *parts)


def _inputs(records: Sequence[comparison.Record]) -> list[str]:
    """Says which grids are of the same latent vectors, or images."""
    translations = [r for r in records if r.run.config.translates]
    others = [r for r in records if not r.run.config.translates]
    texts = [_latents(others)] if others else []
    if translations:
        texts.append(_images_shown(translations))
    if len(texts) == 1:
        return texts
    return [
        f"{report_page.names(same)}: {text}"
        for same, text in zip((others, translations), texts, strict=True)
    ]


def _images_shown(records: Sequence[comparison.Record]) -> str:
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


def _latents(records: Sequence[comparison.Record]) -> str:
    """Says which grids are of the same latent vectors."""
    kinds: dict[tuple, list[comparison.Record]] = {}
    for record in records:
        kinds.setdefault(record.fixed_inputs, []).append(record)
    if len(kinds) == 1:
        text = "The same latent vectors in all grids, place by place"
    else:
        shared = [
            f"{report_page.names(same)} (seed {seed})"
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


def _row(moment: Moment, groups: Sequence[comparison.Group]) -> report_page.Row:
    cells = {}
    for group in groups:
        for record in group.records:
            if record.name in moment.chosen:
                step, path = moment.chosen[record.name]
                words = f"{record.name}, step {step:,}"
                cells[record.name] = _image(path, words)
                if step != moment.step:
                    cells[record.name] += f"<small>step {step:,}</small>"
    return report_page.Row(moment.label, cells)


def _real(records: Sequence[comparison.Record]) -> str:
    """Shows real images of each data set once."""
    parts, seen = [], set()
    for record in records:
        path = record.run.path / logs.SAMPLES / "real.png"
        if record.fingerprints not in seen and path.exists():
            seen.add(record.fingerprints)
            words = f"real images of {record.run.config.title}"
            parts.append(
                f"<figure><figcaption>{html.escape(words)}</figcaption>"
                f"{_image(path, words)}</figure>"
            )
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
