"""Scores of a run that translates: both directions, and the way back."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import devices, images
from tf_dcgan.data import domains
from tf_dcgan.evaluation import (
    evaluate,
    image_sources,
    report,
    score_sets,
    translation_scores,
    translation_sources,
)
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import scores
from tf_dcgan.models import cyclegan
from tf_dcgan.runs import best_checkpoint, runs, summaries
from tf_dcgan.sampling import generators, translators

_CYCLE_PIXELS = 2**18  # At once.


def evaluate_run(
    run: runs.Run,
    request: evaluation_request.Request,
    *,
    num_samples: int,
    weights: str,
    checkpoint: str = "last",
    output: str | None = None,
) -> translation_scores.TranslationEvaluation:
    """Scores a run's translations of the images that were put aside.

    Writes `evaluation.json` and a line of the logs, at the checkpoint's step.

    Args:
        run: the run, which translates.
        request: the metrics and the features.
        num_samples: images to translate, at most, of each set.
        weights: "ema" or "raw".
        checkpoint: "last" or "best".
        output: a further JSON file for the scores, or None.

    Returns:
        What was found.

    Raises:
        errors.UserError: there is no checkpoint, or something cannot be
            computed.
    """
    devices.share_gpus()
    request = evaluation_request.of_run(request, run.config)
    config = dataclasses.replace(
        run.config, data_dir=request.data_dir, cache_dir=request.cache_dir
    )
    pair, step = generators.load_translators(run, weights, checkpoint)
    origin = best_checkpoint.origin(run, step, checkpoint)
    words = f"{run.path}, {origin}, {weights} weights"
    directions = _directions(run, config, pair, request, num_samples, words)
    notes = [
        note
        for one in directions
        for found in (one.translated, one.untranslated)
        for note in found.notes
    ]
    notes += evaluate.notes_on_weights(weights, checkpoint)
    found = translation_scores.TranslationEvaluation(
        directions, words, tuple(dict.fromkeys(notes))
    )
    for path in filter(None, (run.path / "evaluation.json", output)):
        report.write_json(path, found, step=step)
    with summaries.Summaries(run.path) as log:
        log.write_scalars("evaluation", found.scalars(), step=step)
    return found


def cycle_error(
    name: str,
    source: image_sources.ImageSource,
    there: keras.Model,
    back: keras.Model,
) -> scores.Score:
    """Measures how far images come back from where they were.

    The mean absolute difference over pixels and channels of images in
    [-1, 1], so at most 2; between the translations nothing is rounded.

    Args:
        name: of the score.
        source: the images.
        there: the generator that comes first.
        back: the other one.

    Returns:
        The mean over the images, with its 95 % interval where there are two
        at least.
    """

    @tf.function(reduce_retracing=True)
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


def _directions(
    run, config, pair, request, num_samples, words
) -> tuple[translation_scores.Direction, ...]:
    """Opens images and features, and scores A to B and B to A."""
    sets = domains.find(config)
    sources = [
        translation_sources.real(config, domain, run.data.image_shape)
        for domain in sets
    ]
    networks = _networks(request, sets)
    return tuple(
        _direction(
            name,
            title=f"{sets[index].title} to {sets[1 - index].title}",
            start=translation_sources.some(sources[index], num_samples),
            goal=sources[1 - index],
            there=pair[index],
            back=pair[1 - index],
            network=networks[1 - index],
            request=request,
            words=words,
        )
        for index, name in enumerate(cyclegan.DIRECTIONS)
    )


def _networks(request, sets) -> list:
    """Makes the features for images of A and of B, each network once."""
    made = {}
    networks = []
    for domain in sets:
        # Only a classifier is of a set.
        name = domain.train.name if request.features == "classifier" else None
        if name not in made:
            made[name] = evaluation_request.network(request, name)
        networks.append(made[name])
    return networks


def _direction(
    name, *, title, start, goal, there, back, network, request, words
) -> translation_scores.Direction:
    """Scores one translation, and what it begins with."""
    translated, untranslated = (
        score_sets.evaluate(
            goal,
            fake,
            network,
            metrics=request.metrics,
            seed=request.seed,
            batch_size=request.batch_size,
            cache_dir=request.cache_dir,
        )
        for fake in (
            translation_sources.translated(
                start,
                translators.Translator(there),
                description=f"{words}, {name}",
            ),
            start,
        )
    )
    letter = name[0]
    return translation_scores.Direction(
        name,
        title,
        translated,
        untranslated,
        cycle_error(f"cycle_error_{letter}", start, there, back),
    )
