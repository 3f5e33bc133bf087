"""Rows of a table that has a column for each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math
from typing import Any

from tf_dcgan.comparison import run_records


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        label: text of its head.
        cells: name of the run → content. Most tables hold lines of text,
            at least one; those after the first are shown small.
        means: label of the group → lines of text. Only groups of several
            runs have a mean.
    """

    label: str
    cells: Mapping[str, Any]
    means: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)


def fact_rows(
    names: Sequence[str], facts: Mapping[str, Mapping[str, Any]]
) -> list[Row]:
    """Makes a row for each fact.

    Args:
        names: of the facts.
        facts: name of the run → name of the fact → value. A run may lack
            facts.
    """
    return [
        Row(
            name,
            {
                run: [run_records.said(facts_of_run[name])]
                for run, facts_of_run in facts.items()
                if name in facts_of_run
            },
        )
        for name in names
    ]


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
        groups: all groups of the page.
        values: name of the run → number. Runs may be missing.
        digits: how many significant digits a number has.
    """
    means = {}
    for group in groups:
        numbers = [
            values[record.name]
            for record in group.records
            if record.name in values
        ]
        if len(numbers) > 1:
            mean, deviation = run_records.mean_and_deviation(numbers)
            means[group.label] = [
                _with_deviation(mean, deviation, digits),
                f"n = {len(numbers)}",
            ]
    cells = {run: [number(value, digits)] for run, value in values.items()}
    return Row(label, cells, means)


def number(value: float, digits: int = 4) -> str:
    """Writes a number with so many significant digits, or as a whole one."""
    if abs(value) >= 10 ** (digits - 1) or value == int(value):
        return f"{value:,.0f}"
    return f"{value:#.{digits}g}"


def _with_deviation(mean: float, deviation: float, digits: int) -> str:
    """Writes a mean with the decimals that its deviation's two digits have."""
    if deviation == 0 or not math.isfinite(deviation):
        return f"{number(mean, digits)} ± {deviation:g}"
    decimals = max(0, 1 - math.floor(math.log10(deviation)))
    return f"{mean:,.{decimals}f} ± {deviation:,.{decimals}f}"
