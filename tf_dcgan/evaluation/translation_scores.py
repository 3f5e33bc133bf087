"""What the evaluation of a run that translates found."""

from __future__ import annotations

import dataclasses
from typing import Any

from tf_dcgan.evaluation import score_sets
from tf_dcgan.metrics import scores


@dataclasses.dataclass(frozen=True)
class Direction:
    """What was found about one translation.

    Attributes:
        name: `a_to_b` or `b_to_a`.
        title: from what to what, in words.
        translated: its images against the real ones of the other set.
        untranslated: what it began with against the same; what the
            translation has to improve on.
        cycle_error: of its images translated there and back.
    """

    name: str
    title: str
    translated: score_sets.Evaluation
    untranslated: score_sets.Evaluation
    cycle_error: scores.Score

    def scores(self) -> list[scores.Score]:
        """Returns all scores under names that tell the direction."""
        named = [
            dataclasses.replace(score, name=f"{prefix}_{score.name}")
            for prefix, found in self._prefixed()
            for score in found.scores
        ]
        return [*named, self.cycle_error]

    def scalars(self) -> dict[str, float]:
        """Returns the scores for the logs; see `score_sets.Evaluation`."""
        found = {
            f"{prefix}_{name}": value
            for prefix, one in self._prefixed()
            for name, value in one.scalars().items()
        }
        return {**found, self.cycle_error.name: self.cycle_error.value}

    def protocol(self) -> str:
        """Returns what the scores were computed from, in a line."""
        protocol = self.translated.protocol
        weights = protocol["features"].get("weights_sha256", "")[:12]
        return (
            f"{self.untranslated.protocol['fake']}, "
            f"{protocol['fake_images']:,} images, translated and not, against "
            f"{protocol['real']}, {protocol['real_images']:,} images, by "
            f"{self.translated.key} {weights}"
        ).rstrip()

    def to_json(self) -> dict[str, Any]:
        """Returns both evaluations, ready for JSON."""
        return {
            "translated": self.translated.to_json(),
            "untranslated": self.untranslated.to_json(),
            "cycle_error": dataclasses.asdict(self.cycle_error),
        }

    def _prefixed(self) -> list[tuple[str, score_sets.Evaluation]]:
        return [
            (self.name, self.translated),
            (f"{self.name}_untranslated", self.untranslated),
        ]


@dataclasses.dataclass(frozen=True)
class TranslationEvaluation:
    """What the evaluation of a run that translates found.

    Attributes:
        directions: A to B and B to A.
        generators: whose they are, in words.
        notes: what its reader should know, one line each.
    """

    directions: tuple[Direction, Direction]
    generators: str
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns everything, ready for JSON.

        What all evaluations have is at the top, with names that tell the
        directions; these have sections of their own, with all details.
        """
        sections = {one.name: one.to_json() for one in self.directions}
        first = self.directions[0].translated.protocol
        flat = {
            one.name: [dataclasses.asdict(score) for score in one.scores()]
            for one in self.directions
        }
        return score_sets.finite(
            {
                "scores": [score for part in flat.values() for score in part],
                "protocol": {
                    "fake": self.generators,
                    **{one.name: one.protocol() for one in self.directions},
                    "features": {
                        name: first["features"].get(name)
                        for name in ("network", "feature_dim")
                    },
                    "seed": first["seed"],
                    "versions": first["versions"],
                },
                "notes": list(self.notes),
                **sections,
            }
        )

    def scalars(self) -> dict[str, float | str]:
        """Returns the line of the logs."""
        found: dict[str, float | str] = {}
        for one in self.directions:
            found |= one.scalars()
        words = "; ".join(
            f"{one.name}: {one.protocol()}" for one in self.directions
        )
        return {**found, "protocol": f"{self.generators}; {words}"}
