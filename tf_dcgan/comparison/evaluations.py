"""The evaluations of runs in one table, with what they can be compared by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import html
import json
from typing import Any

from tf_dcgan.comparison import markup, run_records
from tf_dcgan.runs import evaluation_file, series

Evaluated = Mapping[str, Mapping[str, Any]]


def section(groups: Sequence[run_records.Group]) -> str:
    """Shows scores with intervals, ideals and protocol.

    Args:
        groups: of the runs.

    Returns:
        HTML.
    """
    records = [record for group in groups for record in group.records]
    evaluated = {
        record.name: record.evaluation
        for record in records
        if record.evaluation is not None
    }
    example = next(iter(evaluated.values()), None)
    parts = [
        markup.warning(
            f"{record.name} has no evaluation. To get it:",
            command=evaluation_file.command(record.run.path, example),
        )
        for record in records
        if record.name not in evaluated
    ]
    parts += [
        markup.warning(
            f"{record.name}'s scores are of step "
            f"{record.evaluation['step']:,}; it has since trained to "
            f"{record.evaluable_steps:,}. To renew them:",
            command=evaluation_file.command(record.run.path, record.evaluation),
        )
        for record in records
        if _is_outdated(record)
    ]
    if evaluated:
        protocols = {
            name: evaluation_file.protocol(found)
            for name, found in evaluated.items()
        }
        different, shared = run_records.differing(list(protocols.values()))
        if different:
            parts.append(
                markup.warning(
                    "The protocols differ between the runs "
                    f"({', '.join(_short(name) for name in different)}): "
                    "their numbers must not be compared with each other."
                )
            )
        parts += [
            markup.table(
                groups, _rows(groups, evaluated, protocols), means=True
            ),
            markup.note(
                "In brackets the 95 % interval of the score; ideal: what a "
                "perfect generator would score with as many images; sd: the "
                "sample standard deviation over the n runs of a group."
            ),
            *_said(evaluated),
            "<h3>Protocol</h3>",
            *_protocol(groups, protocols, different, shared),
            *_harmless(evaluated),
        ]
    return markup.section("Evaluation", *parts)


def _is_outdated(record: run_records.Record) -> bool:
    """Says whether the scores are not those of the run's last state."""
    found = record.evaluation
    return (
        found is not None
        and found["step"] < record.evaluable_steps
        and not evaluation_file.is_of_best(found)
    )


def _rows(
    groups: Sequence[run_records.Group],
    evaluated: Evaluated,
    protocols: Mapping[str, Mapping[str, Any]],
) -> list[markup.Row]:
    rows = [
        markup.Row(
            "at step",
            {name: f"{found['step']:,}" for name, found in evaluated.items()},
        )
    ]
    scores = {
        name: {score["name"]: score for score in found["scores"]}
        for name, found in evaluated.items()
    }
    for score in dict.fromkeys(s for found in scores.values() for s in found):
        present = {
            name: found[score]
            for name, found in scores.items()
            if score in found and series.is_number(found[score]["value"])
        }
        row = markup.number_row(
            score, groups, {name: s["value"] for name, s in present.items()}
        )
        means = {
            group.label: row.means[group.label]
            for group in groups
            if group.label in row.means and _agree(group, present, protocols)
        }
        cells = {
            name: row.cells[name] + _beside(s) for name, s in present.items()
        }
        rows.append(markup.Row(row.label, cells, means))
    return rows


def _agree(
    group: run_records.Group,
    present: Mapping[str, Any],
    protocols: Mapping[str, Mapping[str, Any]],
) -> bool:
    """Says whether a mean of a group's scores would mean something."""
    used = [protocols[r.name] for r in group.records if r.name in present]
    return not run_records.differing(used)[0]


def _beside(score: Mapping[str, Any]) -> str:
    found = ""
    if series.is_number(score["low"]) and series.is_number(score["high"]):
        low, high = (markup.number(score[k]) for k in ("low", "high"))
        found += f"<small>[{low}, {high}]</small>"
    if series.is_number(score["ideal"]):
        ideal = markup.number(score["ideal"])
        found += f"<small>ideal {ideal}</small>"
    return found


def _said(evaluated: Evaluated) -> list[str]:
    """Lists warnings and notes, each once, with the runs that have them."""
    told: dict[str, list[str]] = {}
    for name, found in evaluated.items():
        said = [
            f"warning: {warning}"
            for score in found["scores"]
            for warning in score["warnings"]
        ]
        said += [f"note: {text}" for text in found["notes"]]
        for text in dict.fromkeys(said):
            told.setdefault(text, []).append(name)
    items = [
        f"<li>{html.escape(text)} <small>({html.escape(', '.join(names))})"
        "</small></li>"
        for text, names in told.items()
    ]
    return [f"<ul>{''.join(items)}</ul>"] if items else []


def _protocol(
    groups: Sequence[run_records.Group],
    protocols: Mapping[str, Mapping[str, Any]],
    different: Sequence[str],
    shared: Sequence[str],
) -> list[str]:
    parts = []
    if different:
        rows = [
            markup.Row(
                html.escape(_short(key)),
                {
                    name: html.escape(_text(protocol.get(key)))
                    for name, protocol in protocols.items()
                },
            )
            for key in different
        ]
        parts.append(markup.table(groups, rows, means=False))
    one = next(iter(protocols.values()))
    items = [
        f"<li>{html.escape(_short(key))}: {html.escape(_text(one[key]))}</li>"
        for key in shared
    ]
    if items:
        who = "The same for all" if len(protocols) > 1 else "Of the one run"
        brief = [
            f"{_short(key)} {_text(one[key])}"
            for key in ("real", "real_images", "fake_images", "weights")
            if key in shared
        ]
        network = "features: network"
        if network in shared:
            brief.append(f"features {_text(one[network])}")
        parts.append(markup.note(f"{who}: {'; '.join(brief)}."))
        parts.append(
            markup.folded("The whole protocol", f"<ul>{''.join(items)}</ul>")
        )
    return parts


def _harmless(evaluated: Evaluated) -> list[str]:
    """Tells differences that move scores a little at the most."""
    parts = []
    for key in ("seed", "versions"):
        values = [found["protocol"].get(key) for found in evaluated.values()]
        if any(value != values[0] for value in values):
            said = "; ".join(
                f"{name}: {_text(found['protocol'].get(key))}"
                for name, found in evaluated.items()
            )
            parts.append(
                markup.note(
                    f"The evaluations differ in {key}, which may move scores "
                    f"within their intervals ({said})."
                )
            )
    return parts


def _short(key: str) -> str:
    return key.replace("_", " ")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return json.dumps(value, ensure_ascii=False)
