"""The page that compares runs: its facts, which `page.html` puts into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
import itertools
import statistics
from typing import Any

from tf_dcgan.common import json_values, pages
from tf_dcgan.comparison import (
    curves,
    evaluations,
    run_records,
    samples,
    tables,
)
from tf_dcgan.config import fields, kinds, schema
from tf_dcgan.runs import health

TEMPLATES = pages.environment("tf_dcgan.comparison")
TEMPLATES.filters |= {
    "joined": run_records.joined,
    "names": run_records.names,
    "said": run_records.said,
}


def write(records: Sequence[run_records.Record]) -> str:
    """Makes the page.

    The same runs in the same order give the same page to the last byte.

    Args:
        records: of two runs at least.

    Returns:
        HTML that needs no other file.

    Raises:
        errors.UserError: a sample grid is damaged.
        OSError: a sample grid cannot be read.
    """
    groups = run_records.groups(records)
    # As the tables have them: the runs of a group stand together.
    in_groups = [record for group in groups for record in group.records]
    return TEMPLATES.get_template("page.html").render(
        names_as_given=[record.name for record in records],
        groups=groups,
        records=in_groups,
        settings=_settings(in_groups),
        curves=curves.content(groups),
        health=_health(groups),
        samples=samples.content(in_groups),
        timing=_timing(groups, in_groups),
        evaluations=evaluations.content(groups),
        origins=_origins(in_groups),
    )


def _settings(records: Sequence[run_records.Record]) -> dict[str, Any]:
    facts = {record.name: _facts(record) for record in records}
    differing, shared = run_records.differing(list(facts.values()))
    idle = [n for n in differing if _is_idle(n, list(facts.values()))]
    by_inputs: dict[tuple, list[run_records.Record]] = {}
    for record in records:
        by_inputs.setdefault(tuple(record.inputs.items()), []).append(record)
    return {
        "rows": tables.fact_rows(
            [name for name in differing if name not in idle], facts
        ),
        "shared": {name: facts[records[0].name][name] for name in shared},
        "idle": idle,
        # Runs that see the same batches and the same noise.
        "alike": [members for members in by_inputs.values() if members[1:]],
        "differing_inputs": run_records.differing(
            [record.inputs for record in records]
        )[0],
    }


def _is_idle(name: str, facts: Sequence[Mapping[str, Any]]) -> bool:
    """Says whether a setting of one kind has its default in all its runs."""
    values = [own[name] for own in facts if name in own]
    return (
        any(name in fields.idle_for(schema.Config, kind) for kind in kinds.ALL)
        and len(values) < len(facts)
        and all(value == getattr(schema.Config, name) for value in values)
    )


def _facts(record: run_records.Record) -> dict[str, Any]:
    """Returns a run's settings, and the facts of its data that matter."""
    facts = record.settings
    for letter, data in zip(("", " of B"), record.run.datasets, strict=False):
        facts[f"training images{letter}"] = data.num_images
        facts[f"prepared{letter}"] = data.preparation
        facts[f"data fingerprint{letter}"] = data.fingerprint[:12]
    return facts


def _health(groups: Sequence[run_records.Group]) -> dict[str, Any]:
    judged, well, too_short = [], [], []
    for group in groups:
        for record in group.records:
            verdicts = list(_verdicts(record.lines))
            if verdicts:
                judged.append((group, record, verdicts))
            elif record.steps < health.WINDOW_STEPS:
                too_short.append(record)
            else:
                well.append(record)
    return {
        "judged": judged,
        "well": well,
        "too_short": too_short,
        "window_steps": health.WINDOW_STEPS,
    }


def _verdicts(lines: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields verdicts. One that successive epochs repeat is yielded once.

    So is one that successive evaluations repeat.
    """
    evaluations = [line for line in lines if line.get("kind") == "evaluation"]
    others = [line for line in lines if line.get("kind") != "evaluation"]
    yield from sorted(
        [*_repeated(_lines_on_health(others)), *_repeated(evaluations)],
        key=lambda verdict: verdict["first_step"],
    )


def _repeated(lines: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for verdict_kinds, repeated in itertools.groupby(lines, health.kinds):
        first, *more = repeated
        if verdict_kinds:
            yield {
                "text": first["health"],
                "first_step": first["step"],
                "repetitions": len(more),
                "last_step": [first, *more][-1]["step"],
            }


def _lines_on_health(
    lines: Sequence[Mapping[str, Any]],
) -> Iterator[Mapping[str, Any]]:
    """Yields the lines that hold a verdict, or could have held one.

    An epoch in which no window ends cannot hold a verdict. It does not end
    the repetition of one either.
    """
    windows = 0
    for line in lines:
        windows_before = windows
        if line.get("kind") == "epoch":
            windows = line["step"] // health.WINDOW_STEPS
        if health.kinds(line) or windows > windows_before:
            yield line


def _timing(
    groups: Sequence[run_records.Group], records: Sequence[run_records.Record]
) -> dict[str, Any]:
    speeds, seconds_per_step, hours = {}, {}, {}
    for record in records:
        logged = [
            line["images_per_second"]
            for line in record.lines
            if line.get("kind") == "train"
            and json_values.is_number(line.get("images_per_second"))
            and line["images_per_second"] > 0
        ]
        if logged:
            speed = speeds[record.name] = statistics.median(logged)
            seconds_per_step[record.name] = record.run.config.batch_size / speed
        elapsed = [
            line["elapsed_seconds"]
            for line in record.lines
            if json_values.is_number(line.get("elapsed_seconds"))
        ]
        if elapsed:
            hours[record.name] = elapsed[-1] / 3600
    unit, durations = "hours", hours
    if max(hours.values(), default=1) < 1:
        unit = "minutes"
        durations = {name: 60 * time for name, time in hours.items()}
    steps = {
        record.name: [f"{record.steps:,}", f"of {record.planned_steps:,}"]
        for record in records
    }
    return {
        "unfinished": [r for r in records if r.steps < r.planned_steps],
        "rows": [
            tables.Row("steps", steps),
            tables.number_row("images per second", groups, speeds),
            tables.number_row(
                "seconds per step", groups, seconds_per_step, digits=3
            ),
            tables.number_row(
                f"{unit} of training", groups, durations, digits=3
            ),
        ],
    }


def _origins(records: Sequence[run_records.Record]) -> dict[str, Any]:
    """Returns what the runs were made with."""
    facts = {
        record.name: {
            **record.run.started_with,
            "git commit": _short_commit(record.run.git_commit),
            "device": record.run.device or "unknown",
        }
        for record in records
    }
    differing, shared = run_records.differing(list(facts.values()))
    return {
        "rows": tables.fact_rows(differing, facts),
        "shared": {name: facts[records[0].name][name] for name in shared},
    }


def _short_commit(commit: str | None) -> str:
    number, *marks = (commit or "unknown").split("-")
    return "-".join([number[:12], *marks])
