"""Features of a classifier of the set itself, `--features=classifier`.

The honest choice for digits, and the one that needs no download: a network
that knows ten thousand handwritten digits by heart tells more about them than
one that knows dogs. It is trained once on the training split of the set and
kept in the cache with its accuracy on the test split, which belongs beside
every score.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools
import sys
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import schema, sizes
from tf_dcgan.data import cache, loading, reading
from tf_dcgan.metrics.features import feature_network, resizing
from tf_dcgan.metrics.features.classifier import files, training
from tf_dcgan.metrics.features.classifier import model as classifier_model

# Part of every cached classifier's key: raise it whenever the same images and
# settings would give another one.
_VERSION = 1
# What the test accuracy must reach to be trusted; it does with a margin.
_LEAST_ACCURACY = {
    "mnist": 0.99,
    "glyphs": 0.98,
    "fashion_mnist": 0.9,
    "kmnist": 0.95,
    "cifar10": 0.8,
}
# ITU-R BT.601's weights of red, green and blue, as Pillow's "L" has them.
_LUMA = (0.299, 0.587, 0.114)


class UnusableError(errors.UserError):
    """No classifier can be trained on a set.

    Attributes:
        reason: why, as the end of a sentence.
    """

    def __init__(self, name: str, reason: str, flag_prefix: str):
        """Makes the message.

        Args:
            name: of the set.
            reason: why, as the end of a sentence.
            flag_prefix: as `classifier_network` takes it.
        """
        flag = f"--{flag_prefix}features"
        super().__init__(
            f"{flag}=classifier cannot be trained on {name}: {reason}. Use "
            f"{flag}=inception or {flag}=keras_inception, which take any images"
        )
        self.reason = reason


def network_of_run(
    config: schema.Config, *, data_dir: str | None, cache_dir: str | None
) -> feature_network.FeatureNetwork:
    """Opens the classifier of the set that a run has been trained on.

    Args:
        config: of the run.
        data_dir: as `classifier_network` takes it; None for the run's.
        cache_dir: as `classifier_network` takes it; None for the run's.

    Raises:
        UnusableError: as `classifier_network` raises it.
        errors.UserError: as `classifier_network` raises it.
    """
    return classifier_network(
        config.dataset,
        data_dir=data_dir or config.data_dir,
        cache_dir=cache_dir or cache.of_run(config.cache_dir),
        read_as=reading.of_run(config),
    )


def classifier_network(
    dataset_name: str,
    *,
    data_dir: str | None = None,
    cache_dir: str | None = None,
    read_as: reading.Reading = reading.WHOLE,
    progress: bool = True,
    flag_prefix: str = "",
) -> feature_network.FeatureNetwork:
    """Opens the classifier of a labelled set, training it first if need be.

    Its features are the 128 channels of the last convolution, averaged over
    the image; its logits serve the Inception Score and the modes. Images of
    another size than the set's are resized to it (antialiased bicubic), grey
    ones get three equal channels and coloured ones become their luma where
    the set has the other kind. The protocol has `test_accuracy`, between 0
    and 1, and a list of `warnings`, one if that is lower than it should be.

    Args:
        dataset_name: of a set with labels and the splits `train` and `test`,
            as `--dataset` takes it.
        data_dir: where the set's files are, see `loading.load`.
        cache_dir: where prepared images and the classifier are kept; None
            for the user's cache.
        read_as: how the images are read that the classifier is trained on.
        progress: whether training shows how far it is, on standard error: a
            bar in a terminal, lines elsewhere.
        flag_prefix: what stands before the names of the flags that messages
            name: "" for `--features`, "evaluate_" for `--evaluate_features`.

    Returns:
        A network with the outputs `features` and `logits`.

    Raises:
        UnusableError: the set has no labels, no test split or images that are
            too large or of different sizes.
        errors.UserError: it cannot be found, or the cache cannot be written
            to.
    """
    train, test = _load(dataset_name, data_dir, cache_dir, read_as, flag_prefix)
    model, info = _trained(train, test, cache_dir, progress)
    return feature_network.FeatureNetwork(
        "classifier",
        model,
        prepare=_prepare(train.images.shape[1:]),
        prepare_floats=functools.partial(
            _fitted, image_shape=train.images.shape[1:]
        ),
        digests=info["weights_sha256"],
        protocol=_protocol(train, test, info),
        class_names=train.class_names,
    )


def _trained(
    train: loading.ImageArray,
    test: loading.ImageArray,
    cache_dir: str | None,
    progress: bool,
) -> tuple[keras.Model, dict[str, Any]]:
    """Reads the classifier from the cache, or trains and keeps it."""
    image_shape = train.images.shape[1:]
    settings = training.settings_for(train.name, image_shape)
    key = {
        "classifier_version": _VERSION,
        "dataset": train.name,
        "train_fingerprint": train.fingerprint,
        "test_fingerprint": test.fingerprint,
        "settings": dataclasses.asdict(settings),
    }
    model = classifier_model.build(
        image_shape,
        len(train.class_names),
        width=settings.width,
        seed=settings.seed,
    )
    entry = cache.Entry(cache_dir, f"{train.name}-classifier", key=key)
    info = files.read(entry.folder, model, key=key)
    if info is not None:
        return model, info
    what = f"classifier of {train.name}"
    with cache.alone(entry.folder, what) as may_be_there:
        if may_be_there:
            info = files.read(entry.folder, model, key=key)
        if info is None:
            with entry.replaced() as folder:
                info = _train(
                    model, train, test, settings=settings, progress=progress
                )
                files.write(folder, model, {"key": key, **info})
    return model, info


def _load(
    name: str,
    data_dir: str | None,
    cache_dir: str | None,
    read_as: reading.Reading,
    flag_prefix: str,
) -> tuple[loading.ImageArray, loading.ImageArray]:
    """Opens both splits, at the size that the set or the crop has."""
    origin = {"data_dir": data_dir, "cache_dir": cache_dir, "read_as": read_as}
    size = loading.find(name, **origin).shape[:2]
    if None in size:
        raise UnusableError(
            name, "its images have different sizes", flag_prefix
        )
    smallest, largest = sizes.CLASSIFIER_SIDES
    if min(size) < smallest or max(size) > largest:
        raise UnusableError(
            name,
            f"its images have {size[0]}x{size[1]} pixels, and {smallest} to "
            f"{largest} a side are possible",
            flag_prefix,
        )
    # Where a classifier is asked for, the set has been chosen elsewhere.
    origin["flag"] = None
    train = loading.load(name, "train", image_size=size, **origin)
    if train.labels is None or not train.class_names:
        raise UnusableError(name, "it has no labels", flag_prefix)
    try:
        test = loading.load(name, "test", image_size=size, **origin)
    except errors.UserError as error:
        raise UnusableError(
            name, f"its test split cannot be had ({error})", flag_prefix
        ) from error
    if test.labels is None or np.any(test.labels < 0):
        raise UnusableError(name, "its test split has no labels", flag_prefix)
    return train, test


def _train(
    model: keras.Model,
    train: loading.ImageArray,
    test: loading.ImageArray,
    *,
    settings: training.Settings,
    progress: bool,
) -> dict[str, Any]:
    """Trains the model in place and says what came of it."""
    started = time.monotonic()
    training.train(
        model,
        train.images,
        train.labels,
        settings=settings,
        title=f"classifier of {train.name}" if progress else "",
    )
    accuracy = training.accuracy(model, test.images, test.labels)
    seconds = time.monotonic() - started
    if progress:
        terminal.show(
            f"classifier of {train.name}: {accuracy:.2%} of the test images "
            f"right after {seconds:.0f} s; kept for the next time",
            file=sys.stderr,
        )
    return {
        "test_accuracy": accuracy,
        "training_seconds": round(seconds, 1),
        "weights_sha256": classifier_model.digests(model),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
    }


def _protocol(
    train: loading.ImageArray, test: loading.ImageArray, info: dict[str, Any]
) -> dict[str, Any]:
    """Says all that must stand beside a score."""
    height, width, channels = train.images.shape[1:]
    accuracy = info["test_accuracy"]
    least = _LEAST_ACCURACY.get(train.name, 0.0)
    warnings = []
    if accuracy < least:
        warnings.append(
            f"low_accuracy: the classifier has {accuracy:.2%} of the test "
            f"images of {train.name} right, and should have {least:.0%}"
        )
    return {
        "dataset": train.name,
        "dataset_fingerprint": train.fingerprint,
        "num_classes": len(train.class_names),
        "test_accuracy": accuracy,
        "test_images": len(test.images),
        "weights": (
            f"trained on the training split of {train.name}, {accuracy:.2%} "
            f"of the test split right"
        ),
        "trained_with": info["versions"],
        "resize": f"to {height}x{width} (antialiased bicubic) if of other size",
        "channels": (
            "luma of coloured images (BT.601)"
            if channels == 1
            else "grey repeated three times"
        ),
        "scaling": "x / 127.5 - 1",
        "precision": "float32",
        "comparable_with": feature_network.ONLY_WITH_ITSELF,
        "warnings": warnings,
    }


def _prepare(
    image_shape: tuple[int, int, int],
) -> Callable[[np.ndarray], tf.Tensor]:
    """Returns what brings uint8 images to the shape of the network.

    Args:
        image_shape: (height, width, channels), channels 1 or 3.

    Returns:
        From [n, any height, any width, 1 or 3] uint8 to [n, *image_shape]
        float32 in [0, 255]. It raises TypeError if the images are not uint8.
    """

    def prepare(uint8_images):
        images = tf.convert_to_tensor(uint8_images)
        if images.dtype != tf.uint8:
            raise TypeError(
                f"Images to classify must be uint8. Received: "
                f"dtype={images.dtype.name}"
            )
        return _fitted(tf.cast(images, tf.float32), image_shape)

    return prepare


def _fitted(images: tf.Tensor, image_shape: tuple[int, int, int]) -> tf.Tensor:
    """Brings float32 images in [0, 255] to the shape of the network."""
    size, channels = image_shape[:2], image_shape[2]
    old_size, old_channels = images.shape[1:3], images.shape[3]
    if old_channels == 3 and channels == 1:
        images = tf.tensordot(images, [[part] for part in _LUMA], 1)
    if tuple(old_size) != tuple(size):
        rows = resizing.bicubic_weights(old_size[0], size[0])
        columns = resizing.bicubic_weights(old_size[1], size[1])
        images = tf.einsum("nhwc,xw->nhxc", images, columns)
        images = tf.einsum("nhxc,yh->nyxc", images, rows)
        images = tf.clip_by_value(images, 0.0, 255.0)
    if old_channels == 1 and channels == 3:
        images = tf.repeat(images, 3, axis=-1)
    return images
