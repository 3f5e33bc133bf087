"""The cheap protocol by which a translation is scored while it trains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import itertools

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.data import domains
from tf_dcgan.evaluation import (
    image_sources,
    periodic,
    training_features,
    translation_sources,
)
from tf_dcgan.metrics import scores
from tf_dcgan.models import cyclegan
from tf_dcgan.sampling import translators

# Images of a set: two for a covariance, four for pairs of pairs.
_FEWEST = {"fid": 2, "kid": 4}


class TranslationEvaluator:
    """Scores both translations and takes the mean; see `scoring.Evaluator`."""

    def __init__(
        self,
        a_to_b: periodic.FeatureEvaluator,
        b_to_a: periodic.FeatureEvaluator,
        *,
        metric: str,
        inputs: tuple[str, str],
    ):
        """Joins the evaluators of both translations.

        Args:
            a_to_b: compares translations of A with images of B.
            b_to_a: compares translations of B with images of A.
            metric: "fid" or "kid".
            inputs: fingerprints of what is translated, of A and of B.
        """
        self._pair = pair = (a_to_b, b_to_a)
        self.num_samples = sum(one.num_samples for one in pair)
        features = a_to_b.name.removeprefix(f"{metric}_").removesuffix(
            f"_{a_to_b.num_samples}"
        )
        self.name = f"{metric}_both_{features}_{self.num_samples}"
        self.real = " and ".join(one.real for one in pair)
        self.features = " and ".join(
            dict.fromkeys(one.features for one in pair)
        )
        self.protocol = {
            "inputs": list(inputs),
            **{
                name: one.protocol
                for name, one in zip(cyclegan.DIRECTIONS, pair, strict=True)
            },
        }

    def __call__(self, batches: Iterable[np.ndarray]) -> scores.Score:
        """Scores translations, those of A first, then those of B.

        Args:
            batches: `num_samples` images, [n, height, width, 1 or 3] uint8.

        Returns:
            The mean of both scores; less is better.

        Raises:
            errors.UserError: features are NaN or infinite.
        """
        images = _Images(batches)
        found = [one(images.take(one.num_samples)) for one in self._pair]
        low = high = ideal = None
        value = _mean(score.value for score in found)
        if all(score.low is not None for score in found):
            # The errors of both are independent of each other.
            reach = float(np.hypot(*(s.high - s.value for s in found))) / 2
            low, high = value - reach, value + reach
        if all(score.ideal is not None for score in found):
            ideal = _mean(score.ideal for score in found)
        warnings = itertools.chain(*(score.warnings for score in found))
        return scores.Score(
            self.name,
            value,
            low,
            high,
            ideal=ideal,
            warnings=tuple(dict.fromkeys(warnings)),
        )


class _Images:
    """Batches of images, cut where one asks for so many."""

    def __init__(self, batches: Iterable[np.ndarray]):
        self._batches = iter(batches)
        self._rest = None

    def take(self, count: int) -> Iterator[np.ndarray]:
        """Yields the next images, as many as are wanted in all."""
        while count:
            batch = self._rest
            if batch is None:
                batch = next(self._batches)
            self._rest = batch[count:] if len(batch) > count else None
            batch = batch[:count]
            count -= len(batch)
            yield batch


def prepare(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> TranslationEvaluator:
    """Makes everything ready that scores during a training need.

    Args:
        config: the settings of the training, which translates.
        image_shape: (height, width, channels) of its networks.

    Returns:
        What scores `translation.Translation.draw`.

    Raises:
        errors.UserError: the features cannot be had, or there are too few
            images.
    """
    pair = domains.find(config)
    names = [None, None]
    if config.evaluate_features == "classifier":
        names = [domain.train.name for domain in pair]
    training_features.announce(config, *dict.fromkeys(filter(None, names)))
    try:
        sources = [
            translation_sources.real(config, domain, image_shape)
            for domain in pair
        ]
        _check_counts(config, pair, sources)
        networks = {
            name: training_features.network(config, name)
            for name in dict.fromkeys(names)
        }
    except errors.UserError as error:
        raise training_features.in_flags_of_training(error) from error
    made = TranslationEvaluator(
        *(
            periodic.against(
                translation_sources.some(goal, periodic.REAL_IMAGES),
                networks[name],
                config,
                num_samples=translators.scored_images(config, start.count),
                fingerprint=goal.fingerprint,
            )
            for start, goal, name in zip(
                sources, reversed(sources), reversed(names), strict=True
            )
        ),
        metric=config.evaluate_metric,
        inputs=tuple(source.fingerprint for source in sources),
    )
    periodic.tell(made, config, *networks.values())
    return made


def _check_counts(
    config: schema.Config,
    pair: Sequence[domains.Domain],
    sources: Sequence[image_sources.ImageSource],
) -> None:
    """Refuses sets too small for any score before a step is made."""
    fewest = _FEWEST[config.evaluate_metric]
    for domain, source in zip(pair, sources, strict=True):
        if source.count < fewest:
            raise errors.UserError(
                f"{config.evaluate_metric} needs {fewest} images of each set "
                f"to translate, and of {domain.given} there are "
                f"{source.count}: put more aside"
            )


def _mean(values: Iterable[float]) -> float:
    one, other = values
    return (one + other) / 2
