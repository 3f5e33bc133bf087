"""Scores of a run that translates: both directions, and there and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import images
from tf_dcgan.config import schema
from tf_dcgan.data import domain_images, domains, reading
from tf_dcgan.evaluation import image_sources, networks, score_sets
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import scores
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.models import cyclegan
from tf_dcgan.runs import runs
from tf_dcgan.sampling import translators

_CHUNK = 256
_CYCLE_PIXELS = 2**18  # Pixels that are translated there and back at once.
_SEEN = (
    "{} has no images put aside: its training images are scored, which the "
    "generators have seen"
)


@dataclasses.dataclass(frozen=True)
class Direction:
    """The scores of one translation.

    Attributes:
        name: `a_to_b` or `b_to_a`.
        title: from what to what, in words.
        translated: the translations against real images of the other set.
        untranslated: the images before their translation against the same
            real images: the scores that the translation has to improve on.
        cycle_error: of the images translated there and back.
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
            for prefix, evaluation in self._prefixed()
            for score in evaluation.scores
        ]
        return [*named, self.cycle_error]

    def scalars(self) -> dict[str, float]:
        """Returns the scores for the logs; see `score_sets.Evaluation`."""
        scalars = {
            f"{prefix}_{name}": value
            for prefix, evaluation in self._prefixed()
            for name, value in evaluation.scalars().items()
        }
        return {**scalars, self.cycle_error.name: self.cycle_error.value}

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
    """The scores of both translations of a run.

    Attributes:
        directions: A to B and B to A.
        generators: whose generators they are, in words.
        notes: what a reader of the scores should know, one line each.
    """

    directions: tuple[Direction, Direction]
    generators: str
    notes: tuple[str, ...]

    @property
    def scores(self) -> tuple[scores.Score, ...]:
        """The scores of both directions, under names that tell which."""
        return tuple(score for one in self.directions for score in one.scores())

    @property
    def protocol(self) -> dict[str, Any]:
        """JSON-able, what the scores of both directions were computed from."""
        first = self.directions[0].translated.protocol
        return {
            "fake": self.generators,
            **{one.name: one.protocol() for one in self.directions},
            "features": {
                name: first["features"].get(name)
                for name in ("network", "feature_dim")
            },
            "seed": first["seed"],
            "versions": first["versions"],
        }

    def to_json(self) -> dict[str, Any]:
        """Returns everything, ready for JSON.

        At the top is what every evaluation has, with names that tell the
        directions; each direction also has a section with all details.
        """
        return score_sets.finite(
            {
                "scores": [dataclasses.asdict(score) for score in self.scores],
                "protocol": self.protocol,
                "notes": list(self.notes),
                **{one.name: one.to_json() for one in self.directions},
            }
        )

    def log_line(self) -> dict[str, float | str]:
        """Returns the scores with their protocol in words, for the logs."""
        line: dict[str, float | str] = {}
        for one in self.directions:
            line |= one.scalars()
        words = "; ".join(
            f"{one.name}: {one.protocol()}" for one in self.directions
        )
        return {**line, "protocol": f"{self.generators}; {words}"}


def score(
    run: runs.Run,
    request: evaluation_request.Request,
    generators: tuple[keras.Model, keras.Model],
    *,
    words: str,
    notes: tuple[str, ...],
) -> TranslationEvaluation:
    """Scores the translations of the images that a run's sets put aside.

    Args:
        run: a run whose system translates.
        request: the metrics, the features, and how many images of each set to
            translate at most.
        generators: A to B, and B to A.
        words: whose generators these are.
        notes: what a reader should know of the generators.

    Returns:
        The scores of both directions.

    Raises:
        errors.UserError: the images or the features cannot be had, or a metric
            cannot be computed from them.
    """
    config = dataclasses.replace(
        run.config, data_dir=request.data_dir, cache_dir=request.cache_dir
    )
    pair = tuple(
        dataclasses.replace(domain, is_fixed=True)
        for domain in domains.find(config)
    )
    sources = [
        images_to_score(config, domain, run.data.image_shape) for domain in pair
    ]
    networks_of_sets = create_networks(config, request, pair)
    directions = []
    for index, name in enumerate(cyclegan.DIRECTIONS):
        start = image_sources.at_most(sources[index], request.num_samples)
        goal = sources[1 - index]
        there, back = generators[index], generators[1 - index]
        network = networks_of_sets[1 - index]
        translations = translations_of(
            start, there, description=f"{words}, {name}"
        )
        directions.append(
            Direction(
                name,
                f"{pair[index].title} to {pair[1 - index].title}",
                score_sets.evaluate(goal, translations, network, request),
                score_sets.evaluate(goal, start, network, request),
                cycle_error(f"cycle_error_{name[0]}", start, there, back),
            )
        )
    all_notes = [
        note
        for direction in directions
        for evaluation in (direction.translated, direction.untranslated)
        for note in evaluation.notes
    ]
    all_notes += notes
    return TranslationEvaluation(
        tuple(directions), words, tuple(dict.fromkeys(all_notes))
    )


def create_networks(
    config: schema.Config,
    request: evaluation_request.Request,
    pair: tuple[domains.Domain, domains.Domain],
) -> list[feature_network.FeatureNetwork]:
    """Makes the feature networks for images of A and for images of B.

    Args:
        config: the run's settings, which say how its sets are read.
        request: which features.
        pair: A and B.

    Returns:
        The classifier of each set, or twice the same network.

    Raises:
        errors.UserError: a network cannot be had.
    """
    if request.features != "classifier":
        return [networks.create(request, None)] * 2
    names = [domain.train.name for domain in pair]
    by_name: dict[str, feature_network.FeatureNetwork] = {}
    for domain in pair:
        name = domain.train.name
        if name not in by_name:
            by_name[name] = networks.create(
                request,
                name,
                read_as=reading.of_set(config, name, domain.number),
            )
    return [by_name[name] for name in names]


def cycle_error(
    name: str,
    source: image_sources.ImageSource,
    there: keras.Model,
    back: keras.Model,
) -> scores.Score:
    """Measures how much images differ once translated there and back.

    The mean absolute difference over pixels and channels of images in
    [-1, 1], so at most 2; between the two translations nothing is rounded.

    Args:
        name: the name of the score.
        source: the images.
        there: the first generator.
        back: the generator that translates back.

    Returns:
        The mean over the images, with its 95 % interval where there are at
        least two images.
    """

    @tf.function(reduce_retracing=True, autograph=False)
    def measure(uint8_images):
        start = images.to_float(uint8_images)
        again = back(there(start, training=False), training=False)
        return tf.reduce_mean(tf.abs(again - start), axis=[1, 2, 3])

    errors = []
    for batch in source.batches():
        at_once = max(1, _CYCLE_PIXELS // (batch.shape[1] * batch.shape[2]))
        for first in range(0, len(batch), at_once):
            errors.append(measure(batch[first : first + at_once]).numpy())
    errors = np.concatenate(errors).astype(np.float64)
    mean = float(errors.mean())
    if len(errors) < 2:
        return scores.Score(name, mean, ideal=0.0)
    reach = 1.96 * float(errors.std(ddof=1)) / len(errors) ** 0.5
    return scores.Score(
        name, mean, max(0.0, mean - reach), mean + reach, ideal=0.0
    )


def images_to_score(
    config: schema.Config,
    domain: domains.Domain,
    image_shape: tuple[int, int, int],
) -> image_sources.ImageSource:
    """Opens the images of a domain that were put aside.

    Args:
        config: the settings of the run, with the folders to look in.
        domain: A or B.
        image_shape: (height, width, channels) of the networks.

    Returns:
        All these images, as the networks see them; where none were put aside,
        the training images with a note that says so.

    Raises:
        errors.UserError: the images cannot be had.
    """
    *size, channels = image_shape
    dataset, is_held_out = domain_images.images_to_show(
        config, domain, tuple(size)
    )
    part = domain.test if is_held_out else domain.train
    of_class = "" if part.class_name is None else f":{part.class_name}"
    notes = () if is_held_out else (_SEEN.format(domain.title),)

    def batches():
        for first in range(0, len(dataset.images), _CHUNK):
            chunk = np.asarray(dataset.images[first : first + _CHUNK])
            yield images.to_channels(chunk, channels)

    return image_sources.ImageSource(
        f"{part.name}:{part.split}{of_class} ({dataset.preparation})",
        f"{dataset.fingerprint}-{image_shape}",
        len(dataset.images),
        batches,
        notes=(*dataset.notes, *notes),
        dataset=part.name,
        shape=image_shape,
    )


def translations_of(
    source: image_sources.ImageSource,
    generator: keras.Model,
    *,
    description: str,
) -> image_sources.ImageSource:
    """Makes a source of translations, made anew at every reading.

    Args:
        source: the images to translate.
        generator: images to images.
        description: whose translations they are.
    """
    translate = translators.Translator(generator)
    text = f"{description}, of {source.description}"
    return dataclasses.replace(
        source,
        description=text,
        fingerprint=text,
        batches=lambda: map(translate, source.batches()),
        dataset=None,
    )
