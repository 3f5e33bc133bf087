"""What an evaluation needs of its images, checked before features are made.

What the flags alone decide has been checked before, in `request`.
"""

from __future__ import annotations

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.evaluation import image_sources, statistics
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import scores
from tf_dcgan.metrics.features import feature_network

_MISSING_OUTPUT = {
    "logits": "{} needs classes, and these features have none: give "
    "--features=classifier, or --features=inception with weights of the whole "
    "network",
    "spatial": "{} needs the spatial features of --features=inception: give "
    "that, or leave it out of --metrics",
}


def check_scales(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    train: image_sources.ImageSource | None,
    request: evaluation_request.Request,
) -> None:
    """Refuses images whose values have no common scale.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        train: the training images, or None.
        request: its `value_range`.

    Raises:
        errors.UserError: some images have 8 bits and others more, another
            range was black to white, or a range is given for 8-bit images.
    """
    for flag, source in (("fake", fake), ("train", train)):
        if source is None or source.value_range == real.value_range:
            continue
        advice = f"give images of one depth as --real and --{flag}"
        if source.value_range is None:
            advice += ", such as those of `sample --format=tiff16`"
        raise errors.UserError(
            f"--real={request.real} ({_scale_in_words(real)}) and "
            f"--{flag}={getattr(request, flag)} ({_scale_in_words(source)}) "
            f"cannot be compared: {advice}"
        )
    if request.value_range is not None and real.value_range is None:
        raise errors.UserError(
            f"--value_range={request.value_range} is for folders of images of "
            f"more than 8 bits, and --real={request.real} has 8-bit images: "
            "leave it out"
        )


def _scale_in_words(
    source: image_sources.ImageSource | statistics.Statistics,
) -> str:
    if source.value_range is None:
        return "8-bit values"
    return f"values {value_ranges.in_words(source.value_range)}"


def check_images(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    train: image_sources.ImageSource | None,
    request: evaluation_request.Request,
) -> None:
    """Refuses images that lack what the metrics need.

    Call it before the feature network is made: a classifier may have to be
    trained first, which takes minutes.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        train: the training images; None where no metric needs them.
        request: its metrics.

    Raises:
        errors.UserError: a metric needs what is not there.
    """
    for name in request.metric_names:
        if (
            isinstance(real, statistics.Statistics)
            and not scores.METRICS[name].takes_statistics
        ):
            raise errors.UserError(
                f"{name} needs the real images themselves, and "
                f"{real.description} holds only the mean and covariance of "
                "their features: give images as --real, or --metrics=fid"
            )
    for name in request.metrics_with("needs_fake_classes"):
        if fake.labels is None:
            raise errors.UserError(
                f"{name} needs the class that each image should be of, "
                f"and {fake.description} has none: give a run that was trained "
                "with --conditional, or labelled images, or leave it out of "
                "--metrics"
            )
    for name in request.metrics_with("needs_training_images"):
        if train.fingerprint == real.fingerprint:
            raise errors.UserError(
                f"{name} compares training images with others, and "
                f"{real.description} is given as both: give held-out images "
                "as --real, or --split=test"
            )


def check_network(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
    request: evaluation_request.Request,
) -> None:
    """Refuses a network that lacks what the metrics need.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        network: makes the features.
        request: its metrics.

    Raises:
        errors.UserError: the network lacks an output or classes, or the
            images have classes that it does not know.
    """
    if isinstance(real, statistics.Statistics):
        real.check_protocol(network.protocol, network.feature_dim)
    for name in request.metric_names:
        output = scores.METRICS[name].output
        if output not in network.outputs:
            raise errors.UserError(_MISSING_OUTPUT[output].format(name))
    for trait, images, what in (
        ("needs_real_classes", real, "the classes of the real images"),
        ("needs_fake_classes", fake, "to know the classes of its logits"),
    ):
        for name in request.metrics_with(trait):
            if not network.class_names:
                raise errors.UserError(
                    f"{name} needs {what}: give --features=classifier, or "
                    f"leave {name} out of --metrics"
                )
            images.labels_among(network.class_names)


def class_names(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
) -> tuple[str, ...]:
    """Finds the classes that are scored one by one.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        network: makes the features, and perhaps predicts classes.

    Returns:
        A name for each class.

    Raises:
        errors.UserError: the classes of one side cannot be known, or are not
            the classes of the other side.
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
