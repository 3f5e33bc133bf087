"""What an evaluation needs, found out before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from tf_dcgan.common import errors
from tf_dcgan.evaluation import image_sources, statistics
from tf_dcgan.metrics import scores
from tf_dcgan.metrics.features import feature_network

_MISSING_OUTPUT = {
    "logits": "{} needs classes, and these features have none: give "
    "--features=classifier, or --features=inception with weights of the whole "
    "network",
    "spatial": "{} needs the spatial features of --features=inception: give "
    "that, or leave it out of --metrics",
}


def check_images(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    metrics: Sequence[str],
    train: image_sources.ImageSource | None,
) -> None:
    """Refuses what these images lack, before a network is made ready.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        metrics: keys of `scores.METRICS`.
        train: the training images, or None.

    Raises:
        errors.UserError: a metric needs what is not there.
    """
    for name in metrics:
        if (
            isinstance(real, statistics.Statistics)
            and not scores.METRICS[name].takes_statistics
        ):
            raise errors.UserError(
                f"{name} needs the real images themselves, and "
                f"{real.description} holds only the mean and covariance of "
                "their features: give images as --real, or --metrics=fid"
            )
    if "label_accuracy" in metrics and fake.labels is None:
        raise errors.UserError(
            "label_accuracy needs the class that each image should be of, "
            f"and {fake.description} has none: give a run that was trained "
            "with --conditional, or labelled images, or leave it out of "
            "--metrics"
        )
    if "memorization" in metrics:
        if train is None:
            raise errors.UserError(
                "memorization needs the images that the generator was "
                "trained on: give --train=SOURCE, as --real; --real is then "
                "what it has not seen"
            )
        if train.fingerprint == real.fingerprint:
            raise errors.UserError(
                f"memorization compares training images with others, and "
                f"{real.description} is given as both: give held-out images "
                "as --real, or --split=test"
            )


def check_network(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
    metrics: Sequence[str],
) -> None:
    """Refuses what the network cannot make, or not of these images' classes.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        network: makes the features.
        metrics: keys of `scores.METRICS`, which `check_images` has passed.

    Raises:
        errors.UserError: a metric needs what is not there.
    """
    if isinstance(real, statistics.Statistics):
        real.check_protocol(network.protocol, network.feature_dim)
    for name in metrics:
        output = scores.METRICS[name].output
        if output not in network.outputs:
            raise errors.UserError(_MISSING_OUTPUT[output].format(name))
    if "modes" in metrics:
        if not network.class_names:
            raise errors.UserError(
                "modes needs the classes of the real images: give "
                "--features=classifier, or leave modes out of --metrics"
            )
        real.labels_among(network.class_names)
    if "label_accuracy" in metrics:
        if not network.class_names:
            raise errors.UserError(
                "label_accuracy needs to know the classes of its logits: give "
                "--features=classifier, or leave it out of --metrics"
            )
        fake.labels_among(network.class_names)


def class_names(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
) -> tuple[str, ...]:
    """Returns the classes that scores are to be taken of.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        network: makes the features, and perhaps predicts classes.

    Returns:
        A name for each class.

    Raises:
        errors.UserError: the classes of either side cannot be known, or are
            others than the other's.
    """
    if isinstance(real, statistics.Statistics):
        raise errors.UserError(
            f"--per_class needs real images, and {real.description} holds "
            "only the mean and covariance of their features: give images as "
            "--real"
        )
    if fake.labels is None and not network.class_names:
        raise errors.UserError(
            f"--per_class needs to know the classes of {fake.description}, "
            "which has no labels: give --features=classifier, which predicts "
            "them, or labelled images"
        )
    names = network.class_names if fake.labels is None else ()
    names = names or real.class_names or fake.class_names
    if not names and real.labels is not None:
        names = tuple(str(n) for n in range(int(real.labels.max()) + 1))
    real.labels_among(names)
    if fake.labels is not None:
        fake.labels_among(names)
    return names
