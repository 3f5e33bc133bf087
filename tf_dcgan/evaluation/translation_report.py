"""The evaluation of a translation as text for people."""

from __future__ import annotations

import dataclasses

from tf_dcgan.evaluation import report, translation_scores
from tf_dcgan.metrics import scores


def table(found: translation_scores.TranslationEvaluation) -> str:
    """Lays the scores out, translated beside untranslated.

    Below each direction are its warnings and its protocol; the notes on all
    of them come last.

    Args:
        found: the evaluation.

    Returns:
        Lines of text.
    """
    lines = []
    for direction in found.directions:
        lines += [*_direction_lines(direction), ""]
    lines += [
        "untranslated: what the images score before they are translated",
        "ideal: what perfect translations score, as many",
        "cycle_error: of images translated there and back, mean absolute "
        "difference",
        "in [-1, 1]",
    ]
    notes = [report.wrapped("note:", note) for note in found.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _direction_lines(direction: translation_scores.Direction) -> list[str]:
    lines = [
        f"{direction.name}: {direction.title}",
        f"{'score':13} {'translated':>10}  {'95 % interval':>20} "
        f"{'untranslated':>12}  {'95 % interval':>20} {'ideal':>9}",
    ]
    pairs = zip(
        direction.translated.scores, direction.untranslated.scores, strict=True
    )
    for score, before in pairs:
        lines.append(
            f"{score.name:13} {report.number(score.value):>10}  "
            f"{_interval(score):>20} "
            f"{report.number(before.value):>12}  "
            f"{_interval(before):>20} "
            f"{report.number(score.ideal, ''):>9}".rstrip()
        )
    cycle = direction.cycle_error
    lines.append(
        f"{cycle.name:13} {report.number(cycle.value):>10}  "
        f"{_interval(cycle):>20}".rstrip()
    )
    before = [
        dataclasses.replace(score, name=f"untranslated {score.name}")
        for score in direction.untranslated.scores
    ]
    both = dataclasses.replace(
        direction.translated, scores=(*direction.translated.scores, *before)
    )
    warnings = report.warning_lines(both)
    return [
        *lines,
        "",
        *warnings,
        *([""] if warnings else []),
        *report.protocol_lines(direction.translated.protocol),
    ]


def _interval(score: scores.Score) -> str:
    if score.low is None:
        return ""
    return f"[{score.low:.4g}, {score.high:.4g}]"
