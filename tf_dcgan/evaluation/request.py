"""How an evaluation is to be made, and the feature network for it."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.metrics import scores
from tf_dcgan.metrics.features import feature_network, keras_inception
from tf_dcgan.metrics.features.classifier import classifier
from tf_dcgan.metrics.features.inception import weights as inception_weights


@dataclasses.dataclass(frozen=True)
class Request:
    """How an evaluation is to be made.

    Attributes:
        metrics: keys of `scores.METRICS`.
        features: "inception", "keras_inception" or "classifier".
        feature_dim: the tap of "inception".
        inception_weights: a file, or None for the cache or a download.
        resize: how images get to the network's size.
        seed: of generated images and of everything drawn at random.
        batch_size: images at once.
        data_dir: where data sets are prepared, or None.
        cache_dir: where prepared arrays and features are kept, or None.
        precision: "float32" or "mixed_bfloat16", of the Inception networks.
        per_class: whether to score each class on its own too.
        crop: (height, width) of the centre of a set's images that its
            classifier is trained on, or None for the whole.
    """

    metrics: Sequence[str]
    features: str
    feature_dim: int
    inception_weights: str | None
    resize: str
    seed: int
    batch_size: int
    data_dir: str | None
    cache_dir: str | None
    precision: str = "float32"
    per_class: bool = False
    crop: tuple[int, int] | None = None


def of_run(request: Request, config: schema.Config) -> Request:
    """Looks where a run looks, unless the request says where, and crops alike.

    Args:
        request: the evaluation.
        config: of the run.
    """
    return dataclasses.replace(
        request,
        data_dir=request.data_dir or config.data_dir,
        cache_dir=request.cache_dir or config.cache_dir,
        crop=config.crop_size,
    )


def network(
    request: Request, dataset: str | None
) -> feature_network.FeatureNetwork:
    """Makes the feature network that is asked for.

    Args:
        request: says which.
        dataset: the labelled set that a classifier is of, or None.

    Returns:
        The network.

    Raises:
        errors.UserError: its weights cannot be had or lack layers, or there
            is no labelled set.
    """
    if request.features == "classifier":
        if dataset is None:
            raise errors.UserError(
                "--features=classifier is trained on a labelled data set, and "
                "neither --real nor --fake names one: give one such as "
                "mnist:test, or --features=inception"
            )
        return classifier.classifier_network(
            dataset,
            data_dir=request.data_dir,
            cache_dir=request.cache_dir,
            crop=request.crop,
        )
    if request.features == "keras_inception":
        return keras_inception.keras_inception_network(
            resize=request.resize, precision=request.precision
        )
    weights = inception_weights.load(
        request.inception_weights, cache_dir=request.cache_dir
    )
    return feature_network.inception_network(
        weights,
        feature_dim=request.feature_dim,
        outputs=sorted({scores.METRICS[m].output for m in request.metrics}),
        resize=request.resize,
        precision=request.precision,
    )
