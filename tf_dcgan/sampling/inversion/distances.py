"""How far images are from each other: in pixels, and in features."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses

import numpy as np
import tensorflow as tf

from tf_dcgan.common import images
from tf_dcgan.data import cache, loading, reading
from tf_dcgan.metrics import neighbours
from tf_dcgan.metrics.features.classifier import classifier
from tf_dcgan.models import conditional, taps
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generators

_ROWS = 64
_BACKGROUND = -1.0


@dataclasses.dataclass(frozen=True)
class Frame:
    """Which part of a generator's images counts.

    Attributes:
        size: (height, width) of the images that the networks see.
        content_box: (top, left, height, width) of what is not padding.
    """

    size: tuple[int, int]
    content_box: tuple[int, int, int, int]

    def content(self, network_images):
        """Cuts the padding off; see `images.crop`."""
        return images.crop(network_images, self.content_box)

    def floats(self, uint8_images: np.ndarray) -> np.ndarray:
        """Brings images to the networks' range and size.

        Args:
            uint8_images: [n, *content size, channels] uint8.

        Returns:
            [n, *size, channels] float32 in [-1, 1], padded with background.
        """
        top, left, height, width = self.content_box
        count, channels = len(uint8_images), uint8_images.shape[-1]
        floats = np.full([count, *self.size, channels], _BACKGROUND, np.float32)
        floats[:, top : top + height, left : left + width] = images.to_float(
            uint8_images
        )
        return floats


def pixels(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Measures the distance in pixels between images and their counterparts.

    Args:
        first: [n, height, width, channels] uint8.
        second: [n, height, width, channels] uint8.

    Returns:
        [n] float64 in [0, 1], the root of the mean squared difference of the
        values, where 1 is the way from black to white.
    """
    difference = (np.float64(first) - second) / 255
    return np.sqrt(np.mean(difference**2, axis=(1, 2, 3)))


class Features:
    """What makes the features in which images are compared."""

    def __init__(self, of_tensors: Callable, words: str):
        """Takes a function that makes features.

        Args:
            of_tensors: from images [n, height, width, channels] float32 in
                [-1, 1], of the networks' size, and labels [n] int32 to
                [n, k] float32; gradients flow back to the images.
            words: what the features are.
        """
        self.of_tensors, self.words = of_tensors, words
        self._compute = tf.function(
            of_tensors, autograph=False, reduce_retracing=True
        )

    def __call__(
        self, network_images: np.ndarray, labels: np.ndarray
    ) -> np.ndarray:
        """Computes the features of any number of images, as `of_tensors`."""
        return np.concatenate(
            [
                self._compute(
                    network_images[first : first + _ROWS],
                    labels[first : first + _ROWS],
                ).numpy()
                for first in range(0, len(network_images), _ROWS)
            ]
        )

    def distances(
        self, first: np.ndarray, second: np.ndarray, labels: np.ndarray
    ) -> np.ndarray:
        """Measures distances between images and their counterparts.

        Args:
            first: as `of_tensors` takes images.
            second: as `of_tensors` takes images.
            labels: [n] int32, of both.

        Returns:
            [n] float64, Euclidean, in the units of the features.
        """
        difference = np.float64(self(first, labels)) - self(second, labels)
        return np.sqrt(np.sum(difference**2, axis=1))


def of_discriminator(run: runs.Run, checkpoint: str) -> Features:
    """Makes features of what the run's own D sees before its score.

    Args:
        run: has its checkpoints on the disk.
        checkpoint: "last" or "best".

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    discriminator, _ = generators.load_discriminator(run, checkpoint)
    tap = taps.before_score(discriminator)

    def of_tensors(network_images, labels):
        inputs = conditional.inputs(
            network_images, labels if run.num_classes else None
        )
        return tap(inputs, training=False)

    return Features(
        of_tensors, f"{tap.output_shape[-1]:,} features of the discriminator"
    )


def of_classifier(
    run: runs.Run,
    frame: Frame,
    *,
    data_dir: str | None,
    cache_dir: str | None,
) -> Features:
    """Makes features of the classifier of the run's set.

    The classifier is trained first if the cache has none, which takes minutes.

    Args:
        run: its data set has classes.
        frame: of the run's images.
        data_dir: where data sets are prepared; None for the run's folder.
        cache_dir: where the classifier is kept; None for the run's folder.

    Raises:
        classifier.UnusableError: no classifier can be trained on the set.
    """
    network = classifier.network_of_run(
        run.config, data_dir=data_dir, cache_dir=cache_dir
    )
    return Features(
        lambda network_images, labels: network.of_floats(
            (frame.content(network_images) + 1.0) * 127.5
        ),
        f"{network.feature_dim:,} features of the classifier",
    )


def nearest_training(
    originals: np.ndarray,
    run: runs.Run,
    *,
    data_dir: str | None,
    cache_dir: str | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the training images that are nearest in pixels.

    Args:
        originals: [n, height, width, channels] uint8, of the size of what is
            not padding.
        run: whose training images are searched.
        data_dir: as for `of_classifier`.
        cache_dir: as for `of_classifier`.

    Returns:
        (images, numbers): [n, height, width, channels] uint8, and [n] int64,
        their places in the training split.

    Raises:
        errors.UserError: the training images cannot be had.
    """
    config = run.config
    train = loading.load(
        config.dataset,
        image_size=run.data.image_shape[:2],
        read_as=reading.of_run(config),
        flag=None,
        data_dir=data_dir or config.data_dir,
        cache_dir=cache_dir or cache.of_run(config.cache_dir),
    )
    content = images.crop(train.images, run.data.content_box)
    _, indices = neighbours.nearest(
        originals.reshape(len(originals), -1),
        content.reshape(len(content), -1),
        num_neighbours=1,
        progress="training images",
    )
    return np.array(content[indices[:, 0]]), indices[:, 0]
