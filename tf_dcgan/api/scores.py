"""Scores as a program reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import html
from typing import TYPE_CHECKING, Any

from tf_dcgan.api import wording

if TYPE_CHECKING:
    from tf_dcgan.evaluation import score_sets, translation


class Scores(Mapping):
    """Scores by name, with the protocol that they were computed by.

    `scores["fid"]` is a float, or None where a warning says why there is no
    number. `print(scores)` lays out the scores with their intervals, warnings
    and protocol, as the command `evaluate` prints them.

    Attributes:
        protocol: JSON-able, everything that the scores were computed from.
        warnings: name of a score to what makes it doubtful, in words.
        notes: what a reader of the scores should know, one line each.
    """

    def __init__(
        self,
        evaluation: score_sets.Evaluation | translation.TranslationEvaluation,
        table: str,
    ):
        """Takes the results of an evaluation.

        Args:
            evaluation: of a run of any kind, or of two sets of images.
            table: the same, laid out for people.
        """
        self._evaluation = evaluation
        self._table = wording.in_python(table)
        self.protocol = dict(evaluation.protocol)
        self._scores = {score.name: score for score in evaluation.scores}
        self.warnings = {
            name: tuple(map(wording.in_python, score.warnings))
            for name, score in self._scores.items()
            if score.warnings
        }
        self.notes = tuple(map(wording.in_python, evaluation.notes))

    def __getitem__(self, name: str) -> float | None:
        """Returns the score of a name.

        Raises:
            KeyError: there is no such score.
        """
        return self._scores[name].value

    def __iter__(self) -> Iterator[str]:
        """Yields the names of the scores, in the order of the metrics."""
        return iter(self._scores)

    def __len__(self) -> int:
        """Returns how many scores there are."""
        return len(self._scores)

    def interval(self, name: str) -> tuple[float, float] | None:
        """Returns the 95 % interval of a score, or None without one.

        Raises:
            KeyError: there is no such score.
        """
        score = self._scores[name]
        if score.low is None or score.high is None:
            return None
        return score.low, score.high

    def to_json(self) -> dict[str, Any]:
        """Returns everything, as `evaluation.json` has it."""
        return self._evaluation.to_json()

    def __str__(self) -> str:
        """Lays the scores out with their protocol, lines of text."""
        return self._table

    def __repr__(self) -> str:
        """Returns the scores alone, in a line."""
        values = ", ".join(
            f"{name}={value if value is None else format(value, '.4g')}"
            for name, value in self.items()
        )
        return f"<Scores {values}>"

    def _repr_html_(self) -> str:
        """Lays the scores out for a notebook."""
        return f"<pre>{html.escape(self._table)}</pre>"
