"""The cheap protocol by which a training is scored while it goes on."""

from __future__ import annotations

from collections.abc import Iterable
import json

import numpy as np

from tf_dcgan.common import errors, images, terminal
from tf_dcgan.config import schema
from tf_dcgan.data import loading
from tf_dcgan.evaluation import feature_cache, image_sources, training_features
from tf_dcgan.metrics import frechet, kernel, scores
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.metrics.moments import Moments

REAL_IMAGES = 10_000
_KERNEL_SUBSETS = 20
_BATCH = 50  # Images at once; changes nothing.
_STANDARD_ERRORS = 1.96  # To either side of 95 %.


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
        """Computes what all scores share.

        Args:
            network: makes the features.
            real_features: [n, dimension] float32 of the real images.
            metric: "fid" or "kid".
            num_samples: images that each score takes.
            real: the real images in words.
            real_fingerprint: changes with them.
            seed: of the subsets of "kid".

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
        found = frechet.frechet_distance(
            self._moments,
            Moments.from_features(fake_features, what="generated"),
        )
        warnings = (*found.warnings, *self._floor.warnings)
        return scores.Score(
            self.name, found.value, ideal=self._floor.value, warnings=warnings
        )

    def _kid(self, fake_features: np.ndarray) -> scores.Score:
        found = kernel.kernel_distance(
            self._real_features,
            fake_features,
            seed=self._seed,
            num_subsets=_KERNEL_SUBSETS,
        )
        reach = _STANDARD_ERRORS * found.standard_error
        return scores.Score(
            self.name,
            found.value,
            found.value - reach,
            found.value + reach,
            warnings=found.warnings,
        )


def prepare(
    config: schema.Config, image_size: tuple[int, int]
) -> FeatureEvaluator:
    """Makes everything ready that scores during a training need.

    The first time, the classifier of a data set is trained here.

    Args:
        config: the settings of the training.
        image_size: (height, width) of the images that its networks make.

    Returns:
        What scores images, the real ones at hand.

    Raises:
        errors.UserError: the data set has no such split, the features cannot
            be had, or there are too few images.
    """
    training_features.announce(config, config.dataset)
    try:
        real = loading.load(
            config.dataset,
            config.evaluate_split,
            image_size=image_size,
            crop=config.crop_size,
            data_dir=config.data_dir,
            cache_dir=config.cache_dir,
        )
        of_features = training_features.network(config, config.dataset)
    except errors.UserError as error:
        raise training_features.in_flags_of_training(error) from error
    evaluator = against(
        _evenly_spread(real, min(len(real.images), REAL_IMAGES)),
        of_features,
        config,
        num_samples=config.evaluate_samples,
        fingerprint=real.fingerprint,
    )
    tell(evaluator, config, of_features)
    return evaluator


def against(
    source: image_sources.ImageSource,
    of_features: feature_network.FeatureNetwork,
    config: schema.Config,
    *,
    num_samples: int,
    fingerprint: str,
) -> FeatureEvaluator:
    """Makes what scores images against real ones.

    Args:
        source: the real ones.
        of_features: makes the features.
        config: the metric, the seed and the cache.
        num_samples: images that each score takes.
        fingerprint: of the whole set that the real images are of.

    Raises:
        errors.UserError: there are too few real images.
    """
    return FeatureEvaluator(
        of_features,
        feature_cache.extract(
            source,
            of_features,
            ["features"],
            batch_size=_BATCH,
            cache_dir=config.cache_dir,
            title="real images",
        )["features"],
        metric=config.evaluate_metric,
        num_samples=num_samples,
        real=source.description,
        real_fingerprint=fingerprint,
        seed=config.seed,
    )


def tell(evaluator, config: schema.Config, *networks) -> None:
    """Says what will be scored and how, and what the networks warn of.

    Args:
        evaluator: `scoring.Evaluator`.
        config: the interval.
        *networks: `feature_network.FeatureNetwork`, each once.
    """
    terminal.say(
        f"evaluation: {evaluator.name} by {evaluator.features} against "
        f"{evaluator.real} every {config.evaluate_every:,} steps and at "
        "the end"
    )
    for one in networks:
        for warning in one.protocol.get("warnings", ()):
            terminal.say(f"warning: {warning}")


def _evenly_spread(
    real: loading.ImageArray, count: int
) -> image_sources.ImageSource:
    """Takes some images; the halves of MNIST's test split are not alike."""
    chosen = np.linspace(0, len(real.images), count, endpoint=False).astype(int)

    def batches():
        for indices in np.array_split(chosen, -(-count // 256)):
            yield images.crop(real.images[indices], real.content_box)

    return image_sources.ImageSource(
        f"{real.name}:{real.split}, {count:,} images",
        f"{real.fingerprint}-{real.content_box}-{count} evenly",
        count,
        batches,
    )


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
