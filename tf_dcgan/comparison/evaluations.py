"""The evaluations of runs in one table, with what they can be compared by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tf_dcgan.common import json_values
from tf_dcgan.comparison import run_records, tables
from tf_dcgan.runs import evaluation_file

# The entries of the protocol that are shown without unfolding it.
_MAIN_PROTOCOL = {
    "real": "real",
    "real images": "real images",
    "fake images": "fake images",
    "weights": "weights",
    "features: network": "features",
}
# Entries of the protocol that move scores a little at the most.
_MINOR_PROTOCOL = ("seed", "versions")

# Name of the run → what its `evaluation.json` holds, or a part of that.
_ByRun = Mapping[str, Mapping[str, Any]]


def content(groups: Sequence[run_records.Group]) -> dict[str, Any]:
    """Gathers scores with their intervals, ideals and protocols.

    Args:
        groups: all groups of the page.

    Returns:
        What the section "Evaluation" of `page.html` shows.
    """
    records = [record for group in groups for record in group.records]
    evaluations = {
        record.name: record.evaluation
        for record in records
        if record.evaluation is not None
    }
    example = next(iter(evaluations.values()), None)
    protocols = {
        name: {
            key.replace("_", " "): value
            for key, value in evaluation_file.protocol(evaluation).items()
        }
        for name, evaluation in evaluations.items()
    }
    differing, shared = run_records.differing(list(protocols.values()))
    shared_protocol = {
        key: value
        for protocol in list(protocols.values())[:1]
        for key, value in protocol.items()
        if key in shared
    }
    return {
        "missing": [
            (record, evaluation_file.command(record.run.path, example))
            for record in records
            if record.evaluation is None
        ],
        "outdated": [
            (
                record,
                evaluation_file.command(record.run.path, record.evaluation),
            )
            for record in records
            if _is_outdated(record)
        ],
        "run_count": len(evaluations),
        "rows": _score_rows(groups, evaluations, protocols),
        "remarks": _remarks(evaluations),
        "protocol_rows": tables.fact_rows(differing, protocols),
        "shared_protocol": shared_protocol,
        "main_protocol": {
            words: shared_protocol[key]
            for key, words in _MAIN_PROTOCOL.items()
            if key in shared_protocol
        },
        "minor_differences": _minor_differences(evaluations),
    }


def _is_outdated(record: run_records.Record) -> bool:
    """Says whether the run has trained on since its evaluation."""
    evaluation = record.evaluation
    return (
        evaluation is not None
        and evaluation["step"] < record.evaluable_steps
        and not evaluation_file.is_of_best(evaluation)
    )


def _score_rows(
    groups: Sequence[run_records.Group], evaluations: _ByRun, protocols: _ByRun
) -> list[tables.Row]:
    """Makes a row of each score, below a row of the evaluated steps."""
    if not evaluations:
        return []
    steps = {name: [f"{e['step']:,}"] for name, e in evaluations.items()}
    rows = [tables.Row("at step", steps)]
    scores = {
        name: {score["name"]: score for score in evaluation["scores"]}
        for name, evaluation in evaluations.items()
    }
    score_names = dict.fromkeys(
        n for by_name in scores.values() for n in by_name
    )
    for score_name in score_names:
        present = {
            name: by_name[score_name]
            for name, by_name in scores.items()
            if score_name in by_name
            and json_values.is_number(by_name[score_name]["value"])
        }
        row = tables.number_row(
            score_name,
            groups,
            {name: score["value"] for name, score in present.items()},
        )
        cells = {
            name: [*row.cells[name], *_interval_and_ideal(score)]
            for name, score in present.items()
        }
        means = {
            group.label: row.means[group.label]
            for group in groups
            if group.label in row.means
            and _have_one_protocol(group, present, protocols)
        }
        rows.append(tables.Row(score_name, cells, means))
    return rows


def _have_one_protocol(
    group: run_records.Group, present: Mapping[str, Any], protocols: _ByRun
) -> bool:
    """Says whether a mean over the scores of a group means something."""
    used = [protocols[r.name] for r in group.records if r.name in present]
    return not run_records.differing(used)[0]


def _interval_and_ideal(score: Mapping[str, Any]) -> list[str]:
    lines = []
    if json_values.is_number(score["low"]) and json_values.is_number(
        score["high"]
    ):
        low, high = (tables.number(score[end]) for end in ("low", "high"))
        lines.append(f"[{low}, {high}]")
    if json_values.is_number(score["ideal"]):
        lines.append(f"ideal {tables.number(score['ideal'])}")
    return lines


def _remarks(evaluations: _ByRun) -> dict[str, list[str]]:
    """Returns each warning and note → the names of the runs that have it."""
    names_by_remark: dict[str, list[str]] = {}
    for name, evaluation in evaluations.items():
        remarks = [
            f"warning: {warning}"
            for score in evaluation["scores"]
            for warning in score["warnings"]
        ]
        remarks += [f"note: {note}" for note in evaluation["notes"]]
        for remark in dict.fromkeys(remarks):
            names_by_remark.setdefault(remark, []).append(name)
    return names_by_remark


def _minor_differences(evaluations: _ByRun) -> dict[str, dict[str, Any]]:
    """Returns an entry of the protocol → the name of each run → its value."""
    differences = {}
    for key in _MINOR_PROTOCOL:
        values = {
            name: evaluation["protocol"].get(key)
            for name, evaluation in evaluations.items()
        }
        first = next(iter(values.values()), None)
        if any(value != first for value in values.values()):
            differences[key] = values
    return differences
