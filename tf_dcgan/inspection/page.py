"""The page of an inspection: `templates/inspection.html` puts it into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tf_dcgan.common import pages, terminal
from tf_dcgan.inspection import advice as advising
from tf_dcgan.inspection import collection, pictures, text
from tf_dcgan.inspection import survey as surveys

_ROWS = 40  # Of a table at most.
# The page shares the style of the comparison.
_TEMPLATES = pages.environment("tf_dcgan.inspection", "tf_dcgan.comparison")
_TEMPLATES.filters |= {
    # Names may hold what turns the direction of writing.
    "shown": terminal.escaped,
    "histogram": text.histogram,
    "sizes_in_words": text.sizes_in_words,
    "mode_in_words": text.mode_in_words,
}


def write(
    source: collection.ImageCollection,
    survey: surveys.Survey,
    facts: Mapping[str, Any],
    advice: advising.Advice | None,
    cost: advising.Cost | None,
) -> str:
    """Makes the page.

    Args:
        source: the images.
        survey: their table.
        facts: what the table says.
        advice: what to train; None if there is nothing to train on.
        cost: what that takes; None if it was not measured.

    Returns:
        HTML that needs no other file.
    """
    return _TEMPLATES.get_template("inspection.html").render(
        facts=facts,
        summary=text.summary(facts),
        advice=advice,
        costs=[] if advice is None else list(text.costs(advice, cost)),
        sections=pictures.sections(source, survey),
        most_rows=_ROWS,
    )
