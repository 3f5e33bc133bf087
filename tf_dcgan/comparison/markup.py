"""The frame of a report: one HTML page, its style, and tables of runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import html
import math

from tf_dcgan.comparison import run_records

_COLOURS = 6

# Colours that stay apart for most colour-blind readers (Okabe and Ito).
_STYLE = """\
:root { color-scheme: light dark; --ink: #1c1f23; --soft: #626971;
  --page: #ffffff; --panel: #f5f6f7; --rule: #dcdfe3; --alarm: #a33c00;
  --alarm-page: #fff3e8; }
.g0 { --own: #0072b2 } .g1 { --own: #d55e00 } .g2 { --own: #009e73 }
.g3 { --own: #cc79a7 } .g4 { --own: #56b4e9 } .g5 { --own: #e69f00 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --soft: #9aa2ab; --page: #16181b; --panel: #1f2226;
    --rule: #3a3f46; --alarm: #ffb27a; --alarm-page: #33210f; }
  .g0 { --own: #3d9fdb } .g1 { --own: #f0782a } .g2 { --own: #1fc397 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem clamp(0.8rem, 3vw, 2.5rem) 4rem;
  max-width: 92rem; color: var(--ink); background: var(--page);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 0.3rem }
h2 { font-size: 1.15rem; margin: 2.6rem 0 0.6rem; padding-top: 0.6rem;
  border-top: 1px solid var(--rule) }
h3 { font-size: 0.95rem; margin: 1.4rem 0 0.3rem }
p, ul { margin: 0.4rem 0; max-width: 56rem; overflow-wrap: anywhere }
p.note, figcaption, small { color: var(--soft); font-size: 0.85rem }
ul.runs { list-style: none; padding: 0; margin: 0.8rem 0 0 }
code { font: 0.88em ui-monospace, monospace; overflow-wrap: anywhere }
.warning { border-left: 4px solid var(--alarm); background: var(--alarm-page);
  padding: 0.5rem 0.9rem; border-radius: 0 4px 4px 0 }
.warning code { display: block }
.swatch { display: inline-block; width: 1.5em; height: 0; margin-right: 0.5em;
  vertical-align: middle; border-top: 4px solid var(--own) }
.swatch.dashed { border-top-style: dotted }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 0.28rem 0.8rem; text-align: right; vertical-align: top;
  font-size: 0.9rem; border-bottom: 1px solid var(--rule) }
td { max-width: 26rem; overflow-wrap: break-word }
thead th { vertical-align: bottom; border-bottom-width: 2px }
th { font-weight: 600; white-space: nowrap }
th:first-child { text-align: left; position: sticky; left: 0; font-weight: 400;
  background: var(--page) }
thead tr:first-child th:first-child { border: 0 }
th.group { text-align: left; white-space: normal;
  border-bottom: 3px solid var(--own) }
thead tr + tr th { white-space: normal; overflow-wrap: break-word;
  min-width: 5rem; max-width: 9rem }
td.mean, th.mean { background: var(--panel); white-space: nowrap }
td small, th small { display: block; font-weight: 400; white-space: nowrap }
details { margin: 0.8rem 0 } summary { cursor: pointer; color: var(--soft) }
.charts { display: grid; gap: 0.6rem 1.4rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)) }
figure { margin: 0 }
svg { display: block; width: 100%; height: auto; overflow: visible }
.chart figcaption { color: var(--ink); font-weight: 600 }
svg text { fill: var(--soft); font: 10.5px system-ui, sans-serif }
svg path { fill: none; stroke: var(--own); stroke-linejoin: round }
svg circle { fill: var(--own) }
svg path.rule { stroke: var(--rule); stroke-width: 0.7 }
svg path.axis { stroke: var(--soft); stroke-width: 1 }
svg path.raw { stroke-width: 0.8; opacity: 0.28 }
svg path.strong { stroke-width: 2 }
svg path.member { stroke-width: 0.9; opacity: 0.65 }
svg circle.member { opacity: 0.65 }
svg path.strong.dashed { stroke-dasharray: 5 3 }
svg path.band { fill: var(--own); stroke: none; opacity: 0.2 }
.samples { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem }
.samples .scroll { flex: 0 1 auto; min-width: 0 }
.samples td, .samples tbody th { border: 0 }
.samples td, .samples th { padding: 0.2rem 0.4rem; text-align: left }
.samples img { display: block; height: auto; image-rendering: pixelated;
  width: clamp(8.5rem, (min(100vw, 92rem) - 14rem - var(--runs) * 0.8rem) /
    (var(--runs) + 1), 17rem) }
.samples aside { flex: 0 1 auto; min-width: 0; position: sticky; top: 1rem;
  align-self: flex-start; display: flex; flex-wrap: wrap; gap: 1rem }
@media print { body { max-width: none; padding: 0; font-size: 11px }
  .scroll { overflow: visible } .samples aside { position: static }
  figure, tr { break-inside: avoid } h2, h3 { break-after: avoid }
  * { print-color-adjust: exact } }
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table that has a column for each run.

    Attributes:
        label: HTML of its head.
        cells: name of the run → HTML.
        means: label of the group → HTML, for groups of several runs.
    """

    label: str
    cells: Mapping[str, str]
    means: Mapping[str, str] = dataclasses.field(default_factory=dict)


def page(title: str, body: str) -> str:
    """Puts a body into a whole page that needs no other file.

    Args:
        title: text.
        body: HTML.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def section(title: str, *parts: str) -> str:
    """Returns HTML under a heading."""
    body = "\n".join(part for part in parts if part)
    return f"<section>\n<h2>{html.escape(title)}</h2>\n{body}\n</section>"


def note(text: str) -> str:
    """Returns a text in small letters, as HTML."""
    return f'<p class="note">{html.escape(text)}</p>'


def warning(text: str, *, command: str = "") -> str:
    """Returns a warning as HTML, with the command that helps."""
    code = f" <code>{html.escape(command)}</code>" if command else ""
    return f'<p class="warning">{html.escape(text)}{code}</p>'


def folded(summary: str, body: str) -> str:
    """Returns HTML that unfolds under a line of text."""
    return (
        f"<details><summary>{html.escape(summary)}</summary>\n{body}\n"
        "</details>"
    )


def style(place: int) -> str:
    """Returns the classes of the group at a place among the groups."""
    return f"g{place % _COLOURS}" + " dashed" * (place >= _COLOURS)


def swatch(place: int) -> str:
    """Returns a piece of the line that a group has in the charts, as HTML."""
    return f'<span class="swatch {style(place)}"></span>'


def table(
    groups: Sequence[run_records.Group], rows: Sequence[Row], *, means: bool
) -> str:
    """Returns a table with the runs side by side, as HTML.

    Args:
        groups: of the runs.
        rows: below their names.
        means: whether groups of several runs have a column of their means.
    """
    heads, names = [], []
    for place, group in enumerate(groups):
        if group.is_named_as_its_run:
            heads.append(
                f'<th class="group {style(place)}" rowspan="2" scope="col">'
                f"{html.escape(group.label)}</th>"
            )
            continue
        with_mean = means and len(group.records) > 1
        span = len(group.records) + with_mean
        heads.append(
            f'<th class="group {style(place)}" colspan="{span}" '
            f'scope="colgroup">{html.escape(group.label)}</th>'
        )
        for record in group.records:
            names.append(f'<th scope="col">{html.escape(record.name)}</th>')
        if with_mean:
            names.append('<th scope="col" class="mean">mean ± sd</th>')
    lines = [
        '<div class="scroll"><table>',
        f"<thead><tr><th></th>{''.join(heads)}</tr>",
        f"<tr><th></th>{''.join(names)}</tr></thead>",
        "<tbody>",
    ]
    for row in rows:
        cells = []
        for group in groups:
            for record in group.records:
                cells.append(f"<td>{row.cells.get(record.name, '–')}</td>")
            if means and len(group.records) > 1:
                mean = row.means.get(group.label, "")
                cells.append(f'<td class="mean">{mean}</td>')
        lines.append(
            f'<tr><th scope="row">{row.label}</th>{"".join(cells)}</tr>'
        )
    return "\n".join([*lines, "</tbody></table></div>"])


def number_row(
    label: str,
    groups: Sequence[run_records.Group],
    values: Mapping[str, float],
    *,
    digits: int = 4,
) -> Row:
    """Makes a row of numbers, with mean and spread over the seeds.

    Args:
        label: text of its head.
        groups: of the runs.
        values: name of the run → number; runs may be missing.
        digits: significant ones.
    """
    means = {}
    for group in groups:
        present = [
            values[record.name]
            for record in group.records
            if record.name in values
        ]
        if len(present) > 1:
            mean, deviation = run_records.mean_and_deviation(present)
            means[group.label] = (
                f"{_with_deviation(mean, deviation, digits)}"
                f"<small>n = {len(present)}</small>"
            )
    cells = {name: number(value, digits) for name, value in values.items()}
    return Row(html.escape(label), cells, means)


def number(value: float, digits: int = 4) -> str:
    """Writes a number with so many significant digits, or as a whole one."""
    if abs(value) >= 10 ** (digits - 1) or value == int(value):
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}"


def _with_deviation(mean: float, deviation: float, digits: int) -> str:
    """Writes a mean as exactly as two digits of its deviation say."""
    if deviation == 0 or not math.isfinite(deviation):
        return f"{number(mean, digits)} ± {deviation:g}"
    decimals = max(0, 1 - math.floor(math.log10(deviation)))
    return f"{mean:,.{decimals}f} ± {deviation:,.{decimals}f}"


def names(records: Sequence[run_records.Record]) -> str:
    """Joins the names of runs, as text."""
    return joined([record.name for record in records])


def joined(words: Iterable[str]) -> str:
    """Joins words, at least one: `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
