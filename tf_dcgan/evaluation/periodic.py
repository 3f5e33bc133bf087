"""The cheap protocol by which a training is scored while it goes on.

`prepare` makes what scores images, of the kind that the training needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import contextlib
import dataclasses
import itertools
import json

import numpy as np

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import kinds, schema
from tf_dcgan.data import domains, held_out, reading
from tf_dcgan.evaluation import (
    feature_cache,
    image_sources,
    networks,
    translation,
)
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import frechet, kernel, scores
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.metrics.moments import Moments
from tf_dcgan.models import cyclegan
from tf_dcgan.sampling import translators

REAL_IMAGES = 10_000
_KERNEL_SUBSETS = 20
_STANDARD_ERRORS = 1.96  # To either side of 95 %.
# Images of a set that a metric needs: two for a covariance, four for pairs of
# pairs.
_FEWEST = {"fid": 2, "kid": 4}


class TrainingRequest(evaluation_request.Request):
    """What the flags of a training ask of its scores."""

    flag_prefix = "evaluate_"


def prepare(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> FeatureEvaluator | TranslationEvaluator:
    """Makes everything ready that scores during a training need.

    The first time, the classifier of a data set is trained here.

    Args:
        config: the settings of the training.
        image_shape: (height, width, channels) of the images that its networks
            make.

    Returns:
        A `scoring.Evaluator` of the kind of the training, which has the real
        images' features at hand.

    Raises:
        errors.UserError: the images or the features cannot be had, or there
            are too few images.
    """
    request = _request(config)
    return _PREPARE[config.kind](config, request, image_shape)


class FeatureEvaluator:
    """Scores images by their features; see `scoring.Evaluator`."""

    def __init__(
        self,
        network: feature_network.FeatureNetwork,
        real_features: np.ndarray,
        *,
        metric: str,
        num_samples: int,
        real: str,
        real_fingerprint: str,
        seed: int,
    ):
        """Computes what all scores of a training share.

        Args:
            network: makes the features.
            real_features: [n, dimension] float32 of the real images.
            metric: "fid" or "kid".
            num_samples: images that each score takes.
            real: the real images in words.
            real_fingerprint: changes with the real images.
            seed: determines the subsets of "kid".

        Raises:
            errors.UserError: there are too few real images, or features that
                are NaN or infinite.
        """
        features_name = network.name
        if features_name == "inception":
            features_name += str(network.feature_dim)
        self.name = f"{metric}_{features_name}_{num_samples}"
        self.num_samples = num_samples
        self.real = real
        self.features = _in_words(network)
        protocol = {
            "metric": metric,
            "num_samples": num_samples,
            "real": real,
            "real_fingerprint": real_fingerprint,
            "seed": seed,
            "features": network.protocol,
        }
        # As it comes back from a checkpoint.
        self.protocol = json.loads(json.dumps(protocol))
        self._network = network
        self._real_features = real_features
        self._seed = seed
        self._compute = {"fid": self._fid, "kid": self._kid}[metric]
        if metric == "fid":
            self._moments = Moments.from_features(real_features, what="real")
            self._floor = frechet.frechet_floor(
                self._moments, (len(real_features), num_samples)
            )

    def __call__(self, batches: Iterable[np.ndarray]) -> scores.Score:
        """Scores generated images.

        Args:
            batches: `num_samples` images, [n, height, width, 1 or 3] uint8.

        Returns:
            The score; less is better.

        Raises:
            errors.UserError: there are too few images or features that are
                NaN or infinite.
        """
        return self._compute(self._network.extract(batches)["features"])

    def _fid(self, fake_features: np.ndarray) -> scores.Score:
        distance = frechet.frechet_distance(
            self._moments,
            Moments.from_features(fake_features, what="generated"),
        )
        return scores.Score(
            self.name,
            distance.value,
            ideal=self._floor.value,
            warnings=(*distance.warnings, *self._floor.warnings),
        )

    def _kid(self, fake_features: np.ndarray) -> scores.Score:
        distance = kernel.kernel_distance(
            self._real_features,
            fake_features,
            seed=self._seed,
            num_subsets=_KERNEL_SUBSETS,
        )
        reach = _STANDARD_ERRORS * distance.standard_error
        return scores.Score(
            self.name,
            distance.value,
            distance.value - reach,
            distance.value + reach,
            warnings=distance.warnings,
        )


class TranslationEvaluator:
    """Scores both translations and takes the mean; see `scoring.Evaluator`."""

    def __init__(
        self,
        a_to_b: FeatureEvaluator,
        b_to_a: FeatureEvaluator,
        *,
        metric: str,
        inputs: tuple[str, str],
    ):
        """Joins the evaluators of both translations.

        Args:
            a_to_b: compares translations of A with images of B.
            b_to_a: compares translations of B with images of A.
            metric: "fid" or "kid".
            inputs: fingerprints of the images of A and of B that are
                translated.
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
        """Scores translations, first of images of A, then of images of B.

        Args:
            batches: `num_samples` images, [n, height, width, 1 or 3] uint8.

        Returns:
            The mean of both scores; less is better.

        Raises:
            errors.UserError: features are NaN or infinite.
        """
        images = _Images(batches)
        both = [one(images.take(one.num_samples)) for one in self._pair]
        low = high = ideal = None
        value = _mean(score.value for score in both)
        if all(score.low is not None for score in both):
            # The errors of both are independent of each other.
            reach = float(np.hypot(*(s.high - s.value for s in both))) / 2
            low, high = value - reach, value + reach
        if all(score.ideal is not None for score in both):
            ideal = _mean(score.ideal for score in both)
        warnings = itertools.chain(*(score.warnings for score in both))
        return scores.Score(
            self.name,
            value,
            low,
            high,
            ideal=ideal,
            warnings=tuple(dict.fromkeys(warnings)),
        )


class _Images:
    """Batches of images, from which any number can be taken in turn."""

    def __init__(self, batches: Iterable[np.ndarray]):
        self._batches = iter(batches)
        self._rest = None

    def take(self, count: int) -> Iterator[np.ndarray]:
        """Yields batches with the next `count` images in all."""
        while count:
            batch = self._rest
            if batch is None:
                batch = next(self._batches)
            self._rest = batch[count:] if len(batch) > count else None
            batch = batch[:count]
            count -= len(batch)
            yield batch


def _request(config: schema.Config) -> TrainingRequest:
    """Puts the settings of a training into the words of a request."""
    return TrainingRequest(
        metrics=config.evaluate_metric,
        features=config.evaluate_features,
        feature_dim=config.evaluate_feature_dim,
        inception_weights=config.inception_weights,
        num_samples=config.evaluate_samples,
        split=config.evaluate_split,
        seed=config.seed,
        data_dir=config.data_dir,
        cache_dir=config.cache_dir,
    )


@contextlib.contextmanager
def _told_as_scoring() -> Iterator[None]:
    """Says of a mistake that it keeps a training from being scored."""
    try:
        yield
    except errors.UserError as error:
        raise errors.UserError(
            f"--evaluate_every cannot score: {error}; or leave "
            "--evaluate_every out"
        ) from error


def _prepare_generation(
    config: schema.Config,
    request: TrainingRequest,
    image_shape: tuple[int, int, int],
) -> FeatureEvaluator:
    """Prepares the scores of images that are made of noise."""
    _announce(request, config.dataset)
    dataset = held_out.load(config, image_shape[:2])
    with _told_as_scoring():
        network = networks.create(
            request, config.dataset, read_as=reading.of_run(config)
        )
    count = min(len(dataset.images), REAL_IMAGES)
    real = dataclasses.replace(
        image_sources.evenly_spread(image_sources.from_dataset(dataset), count),
        description=f"{dataset.name}:{dataset.split}, {count:,} images",
    )
    evaluator = _against(
        real,
        network,
        request,
        num_samples=request.num_samples,
        fingerprint=dataset.fingerprint,
    )
    _tell(evaluator, config, network)
    return evaluator


def _prepare_translation(
    config: schema.Config,
    request: TrainingRequest,
    image_shape: tuple[int, int, int],
) -> TranslationEvaluator:
    """Prepares the scores of both translations."""
    pair = domains.find(config)
    _announce(request, *dict.fromkeys(domain.train.name for domain in pair))
    with _told_as_scoring():
        sources = [
            translation.images_to_score(config, domain, image_shape)
            for domain in pair
        ]
        _check_counts(request, pair, sources)
        networks_of_sets = translation.create_networks(config, request, pair)
    evaluators = []
    for start, goal, network in zip(
        sources, reversed(sources), reversed(networks_of_sets), strict=True
    ):
        evaluators.append(
            _against(
                image_sources.at_most(goal, REAL_IMAGES),
                network,
                request,
                num_samples=translators.scored_images(config, start.count),
                fingerprint=goal.fingerprint,
            )
        )
    evaluator = TranslationEvaluator(
        *evaluators,
        metric=request.metrics,
        inputs=tuple(source.fingerprint for source in sources),
    )
    _tell(evaluator, config, *dict.fromkeys(networks_of_sets))
    return evaluator


def _against(
    real: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
    request: TrainingRequest,
    *,
    num_samples: int,
    fingerprint: str,
) -> FeatureEvaluator:
    """Makes an evaluator that compares with real images.

    Args:
        real: the real images.
        network: makes the features.
        request: the metric, the seed and the cache.
        num_samples: images that each score takes.
        fingerprint: of the whole set that the real images are from.

    Raises:
        errors.UserError: there are too few real images.
    """
    fewest = _FEWEST[request.metrics]
    if real.count < fewest:
        raise errors.UserError(
            f"--evaluate_every cannot score: {request.metrics} needs {fewest} "
            f"real images, and these are {real.description}: put more aside, "
            "or leave --evaluate_every out"
        )
    return FeatureEvaluator(
        network,
        feature_cache.extract(
            real,
            network,
            ["features"],
            batch_size=request.batch_size,
            cache_dir=request.cache_dir,
            title="real images",
        )["features"],
        metric=request.metrics,
        num_samples=num_samples,
        real=real.description,
        real_fingerprint=fingerprint,
        seed=request.seed,
    )


def _announce(request: TrainingRequest, *datasets: str) -> None:
    """Says that the features are being prepared, which may take long.

    Args:
        request: which features.
        *datasets: the sets whose classifiers are meant, each once.
    """
    text = f"evaluation: preparing {request.features} features"
    if request.features == "classifier":
        text += (
            f" (the classifier of {' and that of '.join(datasets)} is trained "
            "once, then kept)"
        )
    terminal.say(text)


def _tell(
    evaluator: FeatureEvaluator | TranslationEvaluator,
    config: schema.Config,
    *networks_in_use: feature_network.FeatureNetwork,
) -> None:
    """Says what will be scored and how, and what the networks warn of.

    Args:
        evaluator: makes the scores.
        config: its `evaluate_every`.
        *networks_in_use: the evaluator's networks, each once.
    """
    terminal.say(
        f"evaluation: {evaluator.name} by {evaluator.features} against "
        f"{evaluator.real} every {config.evaluate_every:,} steps and at "
        "the end"
    )
    for network in networks_in_use:
        for warning in network.protocol.get("warnings", ()):
            terminal.say(f"warning: {warning}")


def _in_words(network: feature_network.FeatureNetwork) -> str:
    """Says by which features, as exactly as a line of a log allows."""
    protocol = network.protocol
    words = [network.name]
    if network.name == "inception":
        words.append(f"layer of {network.feature_dim}")
    if "test_accuracy" in protocol:
        words.append(f"right on {protocol['test_accuracy']:.2%} of test images")
    if "weights_sha256" in protocol:
        words.append(f"weights {protocol['weights_sha256'][:12]}")
    return ", ".join(words)


def _check_counts(
    request: TrainingRequest,
    pair: Sequence[domains.Domain],
    sources: Sequence[image_sources.ImageSource],
) -> None:
    """Refuses sets too small for any score before a step is made."""
    fewest = _FEWEST[request.metrics]
    for domain, source in zip(pair, sources, strict=True):
        if source.count < fewest:
            raise errors.UserError(
                f"{request.metrics} needs {fewest} images of each set "
                f"to translate, and of {domain.flag_and_title} there are "
                f"{source.count}: put more aside"
            )


def _mean(values: Iterable[float]) -> float:
    one, other = values
    return (one + other) / 2


_PREPARE = {
    kinds.GENERATION: _prepare_generation,
    kinds.TRANSLATION: _prepare_translation,
}
