"""The curves of runs on common axes, and where they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tf_dcgan.comparison import line_charts, run_records, tables
from tf_dcgan.runs import series as series_module

_TITLES = {
    "loss_g": "Loss of G",
    "loss_d": "Loss of D",
    "r1_penalty": "R1 penalty of D",
    "gradient_penalty": "Gradient penalty of D",
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
    "real_accuracy": "D's accuracy on real images",
    "fake_accuracy": "D's accuracy on generated images",
    "generator_gradient_norm": "Gradient norm of G",
    "discriminator_gradient_norm": "Gradient norm of D",
    "diversity": "Diversity, 1 as real images",
    "learning_rate": "Learning rate",
}
# A key goes where one of these words is in it; the first place that fits.
_FAMILIES = {
    "Losses": (
        "loss",
        "penalty",
        "adversarial",
        "cycle",
        "identity",
        "discriminator_a",
        "discriminator_b",
    ),
    "Output of D": ("score",),
    "Evaluation": (),
    "Accuracy of D": ("accuracy",),
    "Gradients": ("gradient", "norm"),
    "Samples": ("diversity",),
    "Learning rate": ("learning_rate",),
    "Other": ("",),
}
_MOST_RATIO = 5  # Of the runs' lengths, that one linear axis can show.
# Shown from 0 to 1 where all of their values lie there.
_SHARES = ("Output of D", "Accuracy of D")
_LOGARITHMIC = ("Evaluation", "Gradients")

Key = tuple[str, str]


def content(groups: Sequence[run_records.Group]) -> dict[str, Any]:
    """Draws every number that the runs have logged.

    Args:
        groups: all groups of the page.

    Returns:
        What the section "Curves" of `page.html` shows.
    """
    records = [record for group in groups for record in group.records]
    keys = dict.fromkeys(key for record in records for key in record.series)
    families: dict[str, list[Key]] = {name: [] for name in _FAMILIES}
    for key in keys:
        families[_family(key)].append(key)
    order = list(_TITLES)
    for members in families.values():
        members.sort(
            key=lambda key: order.index(key[1]) if key[1] in order else 99
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
    charts = {
        name: _charts(name, members, groups, axis)
        for name, members in families.items()
    }
    return {
        "silent": [record for record in records if not record.series],
        "families": {name: drawn for name, drawn in charts.items() if drawn},
        "logarithmic_steps": axis["logarithmic_steps"],
        "most_ratio": _MOST_RATIO,
        "end_rows": [
            _end_row(key, groups, records)
            for members in families.values()
            for key in members
            if key[0] != "evaluation"
        ],
    }


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
    name: str,
    keys: Sequence[Key],
    groups: Sequence[run_records.Group],
    axis: Mapping[str, Any],
) -> list[line_charts.Chart]:
    records = [record for group in groups for record in group.records]
    if name == "Evaluation":
        # One evaluation each makes no curve; it is in the table.
        keys = [
            key
            for key in keys
            if any(
                len(record.series[key].steps) > 1
                for record in records
                if key in record.series
            )
        ]
    values_of_family = [
        record.series[key].values
        for record in records
        for key in keys
        if key in record.series
    ]
    is_share = name in _SHARES and all(
        values.min() >= 0 and values.max() <= 1 for values in values_of_family
    )
    return [
        line_charts.chart(
            _title(key),
            _lines(key, groups, growing=axis["logarithmic_steps"]),
            identifier=f"chart-{name.replace(' ', '-').lower()}-{place}",
            **axis,
            bounds=(0.0, 1.0) if is_share else None,
            may_be_logarithmic=name in _LOGARITHMIC,
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
    for group in groups:
        style = group.style
        present = [r for r in group.records if key in r.series]
        smooth = [r.series[key].smooth(growing=growing) for r in present]
        for record, means in zip(present, smooth, strict=True):
            raw = record.series[key]
            if len(present) == 1:
                lines.append(_line(record.name, f"{style} raw", raw))
                lines.append(_line(record.name, f"{style} strong", means))
            else:
                lines.append(_line(record.name, f"{style} member", means))
        if len(present) > 1:
            spread = series_module.spread(smooth)
            if len(spread.steps):
                lines.append(
                    line_charts.Line(
                        f"{group.label}: mean of {len(present)} runs",
                        f"{style} strong",
                        spread.steps,
                        spread.means,
                        spread.deviations,
                    )
                )
    return lines


def _line(
    name: str, style: str, series: series_module.Series
) -> line_charts.Line:
    return line_charts.Line(name, style, series.steps, series.values)


def _end_row(
    key: Key,
    groups: Sequence[run_records.Group],
    records: Sequence[run_records.Record],
) -> tables.Row:
    """Says in numbers where a quantity's curves end."""
    ends = {
        record.name: record.series[key].end()
        for record in records
        if key in record.series
    }
    return tables.number_row(_title(key), groups, ends)
