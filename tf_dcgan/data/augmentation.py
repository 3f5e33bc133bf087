"""Random changes to real images, as functions of (seed, step, position)."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.config import schema


def augment(
    images: tf.Tensor,
    config: schema.Config,
    *,
    step: tf.Tensor,
    content_box: Sequence[int],
    stream: int = 0,
) -> tf.Tensor:
    """Mirrors a step's real images, if the config asks for it.

    Args:
        images: [batch_size, height, width, channels], any dtype; the global
            batch.
        config: the settings, of which `horizontal_flip`, `seed` and
            `batch_size` matter.
        step: scalar integer, the number of finished steps.
        content_box: (top, left, height, width) in pixels, the part of each
            image that is not padding.
        stream: the number of the set, of several under one seed.

    Returns:
        [batch_size, height, width, channels] of the same dtype.
    """
    if not config.horizontal_flip:
        return images
    chosen = randomness.horizontal_flips(
        config.seed, step, batch_size=config.batch_size, stream=stream
    )
    return flip_chosen(images, chosen, content_box=content_box)


def flip_chosen(
    images: tf.Tensor, chosen: tf.Tensor, *, content_box: Sequence[int]
) -> tf.Tensor:
    """Mirrors some images, so that left becomes right.

    Each image depends on its own entry of `chosen` alone. Padding stays in its
    place, since it may be a pixel wider on one side.

    Args:
        images: [batch, height, width, channels], any dtype.
        chosen: [batch] bool, whether to mirror each image.
        content_box: (top, left, height, width) in pixels, the part of each
            image that is not padding.

    Returns:
        [batch, height, width, channels] of the same dtype.
    """
    _, left, _, width = content_box
    right = left + width
    mirrored = tf.concat(
        [
            images[:, :, :left],
            tf.reverse(images[:, :, left:right], axis=[2]),
            images[:, :, right:],
        ],
        axis=2,
    )
    return tf.where(tf.reshape(chosen, [-1, 1, 1, 1]), mirrored, images)


def size_before_crop(
    config: schema.Config, image_size: tuple[int, int]
) -> tuple[int, int]:
    """Returns the size of the real images that `random_crop` cuts from.

    Args:
        config: the settings, of which `random_crop` matters.
        image_size: (height, width) of the networks in pixels.

    Returns:
        (height, width) in pixels: 286/256 of the networks' size if the config
        asks for random crops, else the networks' size.

    Source: the program of the authors of Zhu et al. 2017, which resizes to
        286 and crops to 256 (arXiv:1703.10593).
    """
    if not config.random_crop:
        return image_size
    height, width = image_size
    return round(height * 286 / 256), round(width * 286 / 256)


def random_crop(
    images: tf.Tensor,
    image_size: tuple[int, int],
    *,
    seed: int,
    step: tf.Tensor,
    stream: int,
) -> tf.Tensor:
    """Cuts a part out of each of a step's real images, each at its own place.

    Args:
        images: [batch_size, height, width, channels], any dtype; the global
            batch.
        image_size: (height, width) of the parts in pixels, at most the size
            of the images.
        seed: the run's seed, below 2^31.
        step: scalar integer, the number of finished steps.
        stream: the number of the set, of several under one seed.

    Returns:
        [batch_size, *image_size, channels] of the same dtype.
    """
    slack = tuple(
        side - part_side
        for side, part_side in zip(images.shape[1:3], image_size, strict=True)
    )
    if slack == (0, 0):
        return images
    offsets = randomness.crop_offsets(
        seed, step, batch_size=images.shape[0], slack=slack, stream=stream
    )
    rows = offsets[:, :1] + tf.range(image_size[0])  # [batch, height]
    columns = offsets[:, 1:] + tf.range(image_size[1])
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)
