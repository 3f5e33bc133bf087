"""The verdicts that the logs of runs hold on their health."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import html
import itertools

from tf_dcgan.comparison import markup, run_records
from tf_dcgan.runs import health

_SHOWN = 8


def section(groups: Sequence[run_records.Group]) -> str:
    """Shows what the logs say when a training was not well.

    Args:
        groups: of the runs.

    Returns:
        HTML.
    """
    parts, unjudged, well = [], [], []
    for place, group in enumerate(groups):
        for record in group.records:
            verdicts = _verdicts(record.lines)
            if verdicts:
                parts.append(
                    f"<h3>{markup.swatch(place)}"
                    f"{html.escape(record.name)}</h3>\n{verdicts}"
                )
            elif record.steps < health.WINDOW_STEPS:
                unjudged.append(record)
            else:
                well.append(record)
    if well:
        parts.append(
            markup.note(f"No verdict was logged against {markup.names(well)}.")
        )
    if unjudged:
        parts.append(
            markup.note(
                f"Shorter than {health.WINDOW_STEPS} steps, and not "
                f"judged: {markup.names(unjudged)}."
            )
        )
    return markup.section("Health", *parts)


def _verdicts(lines: Sequence[Mapping[str, object]]) -> str | None:
    """Lists verdicts; what epochs in succession repeat is told once."""
    items = []
    for kinds, repeated in itertools.groupby(_judged(lines), health.kinds):
        if not kinds:
            continue
        repeated = list(repeated)
        first, last = repeated[0]["step"], repeated[-1]["step"]
        item = f"<b>step {first:,}</b> {html.escape(repeated[0]['health'])}"
        if len(repeated) > 1:
            item += (
                f" <small>(and {len(repeated) - 1} more, the last at step "
                f"{last:,})</small>"
            )
        items.append(f"<li>{item}</li>")
    if not items:
        return None
    shown = f"<ul>{''.join(items[:_SHOWN])}</ul>"
    if len(items) > _SHOWN:
        rest = items[_SHOWN:]
        shown += markup.folded(f"{len(rest)} more", f"<ul>{''.join(rest)}</ul>")
    return shown


def _judged(
    lines: Sequence[Mapping[str, object]],
) -> Iterator[Mapping[str, object]]:
    """Yields the lines that speak, or could have spoken, of the health.

    An epoch in which no window ends says nothing, and ends no verdict.
    """
    windows = 0
    for line in lines:
        before = windows
        if line.get("kind") == "epoch":
            windows = line["step"] // health.WINDOW_STEPS
        if health.kinds(line) or windows > before:
            yield line
