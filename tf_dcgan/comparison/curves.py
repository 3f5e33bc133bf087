"""The curves of runs on common axes, and where they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import itertools
from typing import Any

from tf_dcgan.comparison import line_charts, run_records, tables
from tf_dcgan.runs import health
from tf_dcgan.runs import series as series_module

_TITLES = {
    "loss_g": "Loss of G",
    "loss_d": "Loss of D",
    "r1_penalty": "R1 penalty of D",
    "r2_penalty": "R2 penalty of D",
    "gradient_penalty": "Gradient penalty of D",
    "consistency": "Consistency of D",
    "loss_adversarial": "Adversarial loss, both ways",
    "adversarial_a_to_b": "Adversarial loss, A to B",
    "adversarial_b_to_a": "Adversarial loss, B to A",
    "loss_cycle": "Cycle loss, both ways",
    "cycle_a": "Cycle loss, A to B and back",
    "cycle_b": "Cycle loss, B to A and back",
    "loss_identity": "Identity loss, both ways",
    "identity_a": "Identity loss, A to A",
    "identity_b": "Identity loss, B to B",
    "discriminator_a": "Loss of A's D",
    "discriminator_b": "Loss of B's D",
    "real_score": "D(x), real images",
    "fake_score_before": "D(G(z)) at D's update",
    "fake_score_after": "D(G(z)) at G's update",
    health.LEAD: "D's lead on held-out images",
    "real_accuracy": "D's accuracy on real images",
    "fake_accuracy": "D's accuracy on generated images",
    "generator_gradient_norm": "Gradient norm of G",
    "discriminator_gradient_norm": "Gradient norm of D",
    "diversity": "Diversity, 1 as real images",
    "learning_rate": "Learning rate",
}
# A number belongs to the first family that has a word of the number's key.
_FAMILIES = {
    "Losses": (
        "loss",
        "penalty",
        "consistency",
        "adversarial",
        "cycle",
        "identity",
        "discriminator_a",
        "discriminator_b",
    ),
    "Output of D": ("score", "lead"),
    "Evaluation": (),
    "Accuracy of D": ("accuracy",),
    "Gradients": ("gradient", "norm"),
    "Samples": ("diversity",),
    "Learning rate": ("learning_rate",),
    "Other": ("",),
}
_MOST_RATIO = 5  # Of the runs' lengths that one linear axis can show.
# These families are shown from 0 to 1 where all of their values lie there.
_SHARES = ("Output of D", "Accuracy of D")
_LOGARITHMIC = ("Evaluation", "Gradients")

# The kind of a line in `metrics.jsonl`, and the name of a number in it.
Key = tuple[str, str]


def content(groups: Sequence[run_records.Group]) -> dict[str, Any]:
    """Draws every number that the runs have logged.

    Args:
        groups: all groups of the page.

    Returns:
        What the section "Curves" of `page.html` shows.
    """
    records = [record for group in groups for record in group.records]
    keys = sorted(
        dict.fromkeys(key for record in records for key in record.series),
        key=_place,
    )
    lengths = [
        max(int(series.steps[-1]) for series in record.series.values())
        for record in records
        if record.series
    ]
    last_step = max([1, *lengths])
    axis = {
        "last_step": last_step,
        "logarithmic_steps": last_step
        > _MOST_RATIO * max(1, min(lengths, default=1)),
    }
    families = {
        family: _charts(family, list(members), groups, axis)
        for family, members in itertools.groupby(keys, _family)
    }
    return {
        "silent": [record for record in records if not record.series],
        "families": families,
        "logarithmic_steps": axis["logarithmic_steps"],
        "most_ratio": _MOST_RATIO,
        "end_rows": [
            tables.number_row(
                _title(key),
                groups,
                {
                    record.name: record.series[key].end()
                    for record in records
                    if key in record.series
                },
            )
            for key in keys
            if key[0] != "evaluation"
        ],
    }


def _place(key: Key) -> tuple[int, int]:
    """Returns what sorts keys by their families, then by their titles."""
    titles = list(_TITLES)
    return (
        list(_FAMILIES).index(_family(key)),
        titles.index(key[1]) if key[1] in titles else len(titles),
    )


def _family(key: Key) -> str:
    kind, name = key
    if kind == "evaluation":
        return "Evaluation"
    return next(
        family
        for family, words in _FAMILIES.items()
        if any(word in name for word in words)
    )


def _charts(
    family: str,
    keys: Sequence[Key],
    groups: Sequence[run_records.Group],
    axis: Mapping[str, Any],
) -> list[line_charts.Chart]:
    series_by_key = {
        key: [
            record.series[key]
            for group in groups
            for record in group.records
            if key in record.series
        ]
        for key in keys
    }
    if family == "Evaluation":
        # A single evaluation makes no curve. It is in the table.
        keys = [
            key
            for key in keys
            if any(len(series.steps) > 1 for series in series_by_key[key])
        ]
    is_share = family in _SHARES and all(
        series.values.min() >= 0 and series.values.max() <= 1
        for several in series_by_key.values()
        for series in several
    )
    return [
        line_charts.chart(
            _title(key),
            _lines(key, groups, growing=axis["logarithmic_steps"]),
            identifier=f"chart-{family.replace(' ', '-').lower()}-{place}",
            **axis,
            bounds=(0.0, 1.0) if is_share else None,
            may_be_logarithmic=family in _LOGARITHMIC,
        )
        for place, key in enumerate(keys)
    ]


def _title(key: Key) -> str:
    kind, name = key
    title = _TITLES.get(name, name)
    is_plain = kind in ("train", "evaluation", "samples")
    return title if is_plain else f"{title} ({kind})"


def _lines(
    key: Key, groups: Sequence[run_records.Group], *, growing: bool
) -> list[line_charts.Line]:
    lines = []

    def add(name: str, style: str, series: series_module.Series) -> None:
        lines.append(line_charts.Line(name, style, series.steps, series.values))

    for group in groups:
        present = [r for r in group.records if key in r.series]
        smooth = [r.series[key].smooth(growing=growing) for r in present]
        if len(present) == 1:
            (record,) = present
            add(record.name, f"{group.style} raw", record.series[key])
            add(record.name, f"{group.style} strong", smooth[0])
        elif present:
            for record, means in zip(present, smooth, strict=True):
                add(record.name, f"{group.style} member", means)
            spread = series_module.spread(smooth)
            if len(spread.steps):
                lines.append(
                    line_charts.Line(
                        f"{group.label}: mean of {len(present)} runs",
                        f"{group.style} strong",
                        spread.steps,
                        spread.means,
                        spread.deviations,
                    )
                )
    return lines
