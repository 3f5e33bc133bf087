"""Random changes to real images, as functions of (seed, step, position)."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tf_dcgan import config as configs
from tf_dcgan import randomness


def augment(
    images: tf.Tensor,
    config: configs.Config,
    *,
    step: tf.Tensor,
    content_box: Sequence[int],
) -> tf.Tensor:
    """Changes a step's real images as the config asks for.

    Args:
        images: [batch_size, height, width, channels], any dtype; the global
            batch.
        config: its `horizontal_flip`, `seed` and `batch_size`.
        step: scalar integer, the number of finished steps.
        content_box: (top, left, height, width) in pixels, the part of each
            image that is not padding.

    Returns:
        The same shape and dtype.
    """
    if not config.horizontal_flip:
        return images
    chosen = randomness.horizontal_flips(
        config.seed, step, batch_size=config.batch_size
    )
    return flip_chosen(images, chosen, content_box=content_box)


def flip_chosen(
    images: tf.Tensor, chosen: tf.Tensor, *, content_box: Sequence[int]
) -> tf.Tensor:
    """Mirrors some images, so that left becomes right.

    Each image depends on its own entry of `chosen` alone. What is padding
    stays where it is, also where it is a pixel wider on one side.

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
