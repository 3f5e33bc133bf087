"""The GAN without convolutions of a POSTECH lecture.

Both networks see an image as one long vector, so they take any size. The idea
comes from Goodfellow et al. 2014 (arXiv:1406.2661). The lecture leaves the
dropout rate open: here it is 0.3.
"""

from __future__ import annotations

import math

import keras

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.models import layers

_GENERATOR_UNITS = (256, 512, 1024)
_DISCRIMINATOR_UNITS = (512, 256)
_DROPOUT_RATE = 0.3
_SMALLEST_SIDE = 4


def vanilla_gan_stages(image_size: tuple[int, int]) -> int:
    """Returns 1 for sides from 4 pixels up, else 0.

    Args:
        image_size: (height, width) in pixels.
    """
    return int(min(image_size) >= _SMALLEST_SIDE)


def vanilla_gan_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `vanilla_gan`.

    Args:
        config: `width`, `latent_dim` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), of any size.

    Returns:
        Latents [n, latent_dim] float32 to images [n, height, width, channels]
        float32 in [-1, 1].
    """
    start = layers.Start(config, randomness.Purpose.GENERATOR_WEIGHTS)
    latents = keras.Input((config.latent_dim,), name="latents")
    x = latents
    for number, units in enumerate(_GENERATOR_UNITS, 1):
        x = _dense(x, start, layers.generator_channels(units, config), number)
        x = layers.leaky_relu(f"dense_{number}_leaky_relu")(x)
        x = start.normalization(f"dense_{number}_normalization")(x)
    x = keras.layers.Dropout(_DROPOUT_RATE, seed=start.seed(), name="dropout")(
        x
    )
    x = keras.layers.Dense(
        math.prod(image_shape),
        **start.weights(x.shape[-1]),
        name="to_pixels",
    )(x)
    x = keras.layers.Reshape(image_shape, name="reshape")(x)
    return keras.Model(latents, layers.images(x), name="generator")


def vanilla_gan_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `vanilla_gan`.

    Args:
        config: `width`, `discriminator_width` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), of any size.

    Returns:
        Images [n, height, width, channels] float32 to logits [n, 1] float32.
    """
    start = layers.Start(config, randomness.Purpose.DISCRIMINATOR_WEIGHTS)
    images = keras.Input(image_shape, name="images")
    x = keras.layers.Flatten(name="flatten")(images)
    x = keras.layers.Dropout(_DROPOUT_RATE, seed=start.seed(), name="dropout")(
        x
    )
    for number, units in enumerate(_DISCRIMINATOR_UNITS, 1):
        x = _dense(
            x, start, layers.discriminator_channels(units, config), number
        )
        x = layers.leaky_relu(f"dense_{number}_leaky_relu")(x)
    x = layers.with_minibatch_stddev(x, config)
    logits = layers.dense_logits(x, start)
    return keras.Model(images, logits, name="discriminator")


def _dense(x, start, units, number):
    return keras.layers.Dense(
        units,
        **start.weights(x.shape[-1]),
        name=f"dense_{number}",
    )(x)
