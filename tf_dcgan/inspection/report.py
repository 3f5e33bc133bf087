"""One inspection from beginning to end, and the three ways to show it."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
from typing import Any

from tf_dcgan.inspection import advice as advising
from tf_dcgan.inspection import collection, facts, page, survey, text


@dataclasses.dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        source: the images.
        survey: their table.
        facts: what the table says.
        advice: what to train; None if there is nothing to train on.
        cost: of the advised training; None before `measured`.
    """

    source: collection.ImageCollection
    survey: survey.Survey
    facts: dict[str, Any]
    advice: advising.Advice | None
    cost: advising.Cost | None = None

    def measured(self, device: str = "auto") -> Report:
        """Measures the advised training; loads TensorFlow.

        Args:
            device: `auto`, `cpu` or `gpu`, as `--device` takes them.

        Raises:
            errors.UserError: the machine has no such device.
        """
        from tf_dcgan.inspection import machine

        if self.advice is None:
            return self
        config = dataclasses.replace(self.advice.config, device=device)
        cost = machine.measure(config, self.advice.image_shape)
        return dataclasses.replace(self, cost=cost)

    def lines(self) -> Iterator[str]:
        """Yields the report as text."""
        return text.lines(self.facts, self.advice, self.cost)

    def page(self) -> str:
        """Makes the page, HTML that needs no other file."""
        return page.write(
            self.source, self.survey, self.facts, self.advice, self.cost
        )

    def to_json(self) -> dict[str, Any]:
        """Returns everything as JSON can write it."""
        result = dict(self.facts)
        if self.advice is not None:
            result["advice"] = {
                "command": self.advice.command,
                **dataclasses.asdict(self.advice),
            }
        if self.advice is not None and self.cost is not None:
            result["cost"] = dataclasses.asdict(self.cost)
            if self.cost.seconds_per_step is not None:
                result["cost"]["hours"] = (
                    self.cost.seconds_per_step * self.advice.total_steps / 3600
                )
        return result


def needs_tensorflow(word: str) -> bool:
    """Says whether a word is a set's name: TensorFlow may have to read it."""
    return not collection.is_path(word)


def inspect(
    word: str,
    *,
    data_dir: str | None = None,
    labels: str | None = None,
    cache_dir: str | None = None,
) -> Report:
    """Inspects images.

    Args:
        word: as for `collection.find`.
        data_dir: as for `collection.find`.
        labels: as for `collection.find`.
        cache_dir: as for `collection.find`.

    Raises:
        errors.UserError: there is no such thing, or it has no images.
    """
    source = collection.find(
        word, data_dir=data_dir, labels=labels, cache_dir=cache_dir
    )
    table = survey.take(source)
    gathered = facts.of(source, table)
    places = {"data_dir": data_dir, "labels": labels, "cache_dir": cache_dir}
    advice = advising.of(
        gathered,
        dataset=source.dataset,
        more={name: value for name, value in places.items() if value},
    )
    return Report(source, table, gathered, advice)
