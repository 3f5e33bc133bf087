"""A buffer of earlier generated images, from which a discriminator learns.

A discriminator that sees images of the past too cannot forget how it told
them apart, and the pair of networks oscillates less.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tf_dcgan.common import randomness, replicas

SIZE = 50  # Zhu et al. 2017, section 4.


def create(image_shape: Sequence[int]) -> tf.Variable:
    """Makes an empty buffer.

    The number of the step tells how many places are filled, so the buffer
    holds nothing but images.

    Args:
        image_shape: (height, width, channels).

    Returns:
        [50, height, width, channels] float32.
    """
    return tf.Variable(
        tf.zeros([SIZE, *image_shape]), trainable=False, name="image_buffer"
    )


def exchange(
    buffer: tf.Variable,
    images: tf.Tensor,
    *,
    seed: int,
    step: tf.Tensor,
    stream: int,
) -> tf.Tensor:
    """Puts a step's images in, and takes some earlier images out.

    This happens to one image after the other. While there are free places, the
    image is stored in the next place and also returned. Later, with probability
    1/2, the image takes the place of a random stored image, which is returned;
    else the image is returned and not stored.

    Args:
        buffer: changed in place; must have had the images of every step since
            step 0.
        images: [batch, height, width, channels] float32 in [-1, 1]; on
            several replicas each one's rows. The buffer of each replica holds
            the images of all.
        seed: the run's seed, below 2^31.
        step: scalar integer, finished steps.
        stream: which of several buffers.

    Returns:
        [batch, height, width, channels] float32 in [-1, 1], one image for
        each of the new images.

    Source: Zhu et al. 2017, section 4, after Shrivastava et al. 2017,
        section 2.3 (arXiv:1703.10593, arXiv:1612.07828).
    Deviation: the papers do not say when which image is exchanged; the rule
        is the one of CycleGAN's authors' program.
    """
    images = replicas.gather(images)
    batch_size = images.shape[0]
    exchanged, places = randomness.buffer_draws(
        seed, step, batch_size=batch_size, size=SIZE, stream=stream
    )
    returned_images = []
    for position in range(batch_size):
        image = images[position]
        number = tf.cast(step, tf.int64) * batch_size + position
        is_free = number < SIZE
        place = tf.where(is_free, tf.cast(number, tf.int32), places[position])
        stored = buffer[place]
        swaps = tf.logical_and(tf.logical_not(is_free), exchanged[position])
        returned_images.append(tf.where(swaps, stored, image))
        to_store = tf.where(tf.logical_or(is_free, swaps), image, stored)
        # `scatter_nd_update` does not know the variables of replicas.
        tf.raw_ops.ResourceScatterNdUpdate(
            ref=buffer.handle, indices=[[place]], updates=[to_store]
        )
    return replicas.shard(tf.stack(returned_images))
