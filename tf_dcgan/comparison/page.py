"""The page that compares runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import html
import statistics
from typing import Any

from tf_dcgan.comparison import (
    curves,
    evaluations,
    health,
    markup,
    run_records,
    samples,
)
from tf_dcgan.config import fields, kinds, schema
from tf_dcgan.runs import series


def write(records: Sequence[run_records.Record]) -> str:
    """Makes the page.

    The same runs in the same order give the same page to the last byte.

    Args:
        records: of two runs at least.

    Returns:
        HTML that needs no other file.

    Raises:
        errors.UserError: a sample grid is damaged.
        OSError: one cannot be read.
    """
    groups = run_records.groups(records)
    title = f"{len(records)} runs compared"
    return markup.page(
        f"{title}: {', '.join(record.name for record in records)}",
        "\n".join(
            [
                _head(title, groups),
                _settings(groups),
                curves.section(groups),
                health.section(groups),
                samples.section(groups),
                _timing(groups),
                evaluations.section(groups),
                _origins(groups),
            ]
        ),
    )


def _records(
    groups: Sequence[run_records.Group],
) -> list[run_records.Record]:
    return [record for group in groups for record in group.records]


def _head(title: str, groups: Sequence[run_records.Group]) -> str:
    records = _records(groups)
    datasets = dict.fromkeys(r.run.config.title for r in records)
    recipes = dict.fromkeys(r.run.config.recipe for r in records)
    text = f"{markup.joined(recipes)} on {markup.joined(datasets)}"
    items = []
    for place, group in enumerate(groups):
        members = "; ".join(
            (f"{html.escape(r.name)} " * (not group.is_named_as_its_run))
            + f"<small>(seed {r.run.config.seed})</small>"
            for r in group.records
        )
        colon = "" if group.is_named_as_its_run else ":"
        count = len(group.records)
        seeds = f", {count} seeds" if count > 1 else ""
        items.append(
            f"<li>{markup.swatch(place)}"
            f"<b>{html.escape(group.label)}</b>{seeds}{colon} {members}</li>"
        )
    return (
        f"<header>\n<h1>{title}</h1>\n<p>{html.escape(text)}</p>\n"
        f'<ul class="runs">{"".join(items)}</ul>\n</header>'
    )


def _settings(groups: Sequence[run_records.Group]) -> str:
    records = _records(groups)
    facts = [_facts(record) for record in records]
    different, shared = run_records.differing(facts)
    idle = [name for name in different if _is_left_alone(name, facts)]
    different = [name for name in different if name not in idle]
    parts = [
        markup.table(groups, _fact_rows(different, records, facts), means=False)
        if different
        else "<p>All settings are the same.</p>",
        _pairing(records),
        markup.folded(
            f"The {len(shared + idle)} settings that are the same",
            "<ul>"
            + "".join(
                f"<li>{html.escape(name)}: "
                f"{html.escape(run_records.said(facts[0][name]))}</li>"
                for name in shared
            )
            + "".join(
                f"<li>{html.escape(name)}: as by default in the runs that it "
                "applies to</li>"
                for name in idle
            )
            + "</ul>",
        ),
    ]
    return markup.section("What differs", *parts)


def _is_left_alone(name: str, facts: Sequence[Mapping[str, Any]]) -> bool:
    """Says whether a setting of some recipes is as by default in their runs."""
    values = [own[name] for own in facts if name in own]
    return (
        any(name in fields.idle_for(schema.Config, kind) for kind in kinds.ALL)
        and len(values) < len(facts)
        and all(value == getattr(schema.Config, name) for value in values)
    )


def _facts(record: run_records.Record) -> dict[str, Any]:
    """Returns a run's settings, and those facts of its data that matter."""
    found = record.settings
    for letter, data in zip(("", " of B"), record.run.datasets, strict=False):
        found[f"training images{letter}"] = data.num_images
        found[f"prepared{letter}"] = data.preparation
        found[f"data fingerprint{letter}"] = data.fingerprint[:12]
    return found


def _fact_rows(
    names: Sequence[str],
    records: Sequence[run_records.Record],
    facts: Sequence[Mapping[str, Any]],
) -> list[markup.Row]:
    return [
        markup.Row(
            html.escape(name),
            {
                record.name: html.escape(run_records.said(own[name]))
                for record, own in zip(records, facts, strict=True)
                if name in own
            },
        )
        for name in names
    ]


def _pairing(records: Sequence[run_records.Record]) -> str:
    """Says which runs have seen the same batches and the same noise."""
    kinds: dict[tuple, list[run_records.Record]] = {}
    for record in records:
        kinds.setdefault(tuple(record.inputs.items()), []).append(record)
    sentences = [_same(same) for same in kinds.values() if len(same) > 1]
    different, _ = run_records.differing([r.inputs for r in records])
    if len(kinds) > 1:
        who = "Otherwise" if sentences else "Between these runs"
        sentences.append(
            f"{who} batches and noise are not the same: the runs differ in "
            f"{markup.joined(different)}."
        )
    return f"<p>{html.escape(' '.join(sentences))}</p>"


def _same(records: Sequence[run_records.Record]) -> str:
    """Says what runs share whose inputs are the same."""
    config = records[0].run.config
    seen = (
        "images of A and of B in the same order"
        if config.translates
        else "images in the same order and the same noise at every step"
    )
    equal = [name for name in records[0].inputs if name != "seed"]
    return (
        f"{markup.names(records)} see the same {seen} (seed "
        f"{config.seed}, equal {markup.joined(equal)})."
    )


def _timing(groups: Sequence[run_records.Group]) -> str:
    records = _records(groups)
    speeds, durations, seconds = {}, {}, {}
    for record in records:
        own = [
            line["images_per_second"]
            for line in record.lines
            if line.get("kind") == "train"
            and series.is_number(line.get("images_per_second"))
            and line["images_per_second"] > 0
        ]
        if own:
            speeds[record.name] = statistics.median(own)
            seconds[record.name] = (
                record.run.config.batch_size / speeds[record.name]
            )
        passed = [
            line["elapsed_seconds"]
            for line in record.lines
            if series.is_number(line.get("elapsed_seconds"))
        ]
        if passed:
            durations[record.name] = passed[-1] / 3600
    steps = {
        record.name: f"{record.steps:,}<small>of {record.planned_steps:,}"
        "</small>"
        for record in records
    }
    unit = "hours"
    if max(durations.values(), default=1) < 1:
        unit = "minutes"
        durations = {name: 60 * time for name, time in durations.items()}
    rows = [
        markup.Row("steps", steps),
        markup.number_row("images per second", groups, speeds),
        markup.number_row("seconds per step", groups, seconds, digits=3),
        markup.number_row(f"{unit} of training", groups, durations, digits=3),
    ]
    unfinished = [r for r in records if r.steps < r.planned_steps]
    return markup.section(
        "Timing",
        markup.warning(
            f"Not finished: {markup.names(unfinished)}. Compare their "
            "ends with care."
        )
        if unfinished
        else "",
        markup.table(groups, rows, means=True),
        markup.note(
            "Images per second: median of the logged intervals. Time spent on "
            "samples, evaluations and checkpoints is not in these numbers. "
            "Compare speeds only if it was the same machine with the same "
            "other work; what a run was started on is below."
        ),
    )


def _origins(groups: Sequence[run_records.Group]) -> str:
    """Notes on the seeds, and on what the runs were made with."""
    records = _records(groups)
    facts = [
        {
            **record.run.started_with,
            "git commit": _short_commit(record.run.git_commit),
            "device": record.run.device or "unknown",
        }
        for record in records
    ]
    different, shared = run_records.differing(facts)
    seeds = sorted({record.run.config.seed for record in records})
    texts = [f"Seeds: {', '.join(str(seed) for seed in seeds)}."]
    if all(len(group.records) == 1 for group in groups):
        texts.append(
            "One seed per setting: what differs may be chance. Runs that "
            "differ in --seed alone are shown with mean and spread."
        )
    parts = [f"<p>{html.escape(' '.join(texts))}</p>"]
    if different:
        rows = _fact_rows(different, records, facts)
        parts += [
            markup.warning(
                f"The runs were not started with the same "
                f"{markup.joined(different)}."
            ),
            markup.table(groups, rows, means=False),
        ]
    if shared:
        text = ", ".join(f"{name} {facts[0][name]}" for name in shared)
        parts.append(markup.note(f"Started with {text}."))
    return markup.section("Seeds, versions and devices", *parts)


def _short_commit(commit: str | None) -> str:
    number, *more = (commit or "unknown").split("-")
    return "-".join([number[:12], *more])
