"""DCGAN with resize and convolution in place of transposed convolutions.

After a POSTECH lecture. The generator projects the latent vector to a map of
a quarter of the sides and doubles it twice, each time by resizing before a
3x3 convolution; the discriminator halves the sides four times. The lecture
leaves open how to resize, how to pad and how much to drop out: here pixels
are repeated, each side is padded by one pixel, and a quarter is dropped.
"""

from __future__ import annotations

import keras

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.models import layers

_BASE_CHANNELS = 128
_GENERATOR_CHANNELS = (128, 64)
_DISCRIMINATOR_CHANNELS = (16, 32, 64, 128)
_KERNEL = 3
_DROPOUT_RATE = 0.25


def dcgan_upsampling_stages(image_size: tuple[int, int]) -> int:
    """Returns 2, or 0 for sides that are no multiples of 16.

    Args:
        image_size: (height, width) in pixels.

    Returns:
        How often G doubles the sides; D halves them twice as often.
    """
    return 0 if any(side % 16 for side in image_size) else 2


def dcgan_upsampling_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `dcgan_upsampling`.

    Args:
        config: `width`, `latent_dim` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), sides multiples of 16.

    Returns:
        Latents [n, latent_dim] float32 to images [n, height, width, channels]
        float32 in [-1, 1].
    """
    start = layers.Start(config, randomness.Purpose.GENERATOR_WEIGHTS)
    height, width, image_channels = image_shape
    base_channels = layers.generator_channels(_BASE_CHANNELS, config)
    base = (height // 4, width // 4, base_channels)
    latents = keras.Input((config.latent_dim,), name="latents")
    x = keras.layers.Dense(
        base[0] * base[1] * base[2],
        **start.weights(config.latent_dim),
        name="project",
    )(latents)
    x = keras.layers.Reshape(base, name="reshape")(x)
    x = start.normalization("project_normalization")(x)
    for number, channels in enumerate(_GENERATOR_CHANNELS, 1):
        x = keras.layers.UpSampling2D(
            2, interpolation="nearest", name=f"up_{number}_resize"
        )(x)
        out_channels = layers.generator_channels(channels, config)
        x = _convolution(x, start, out_channels, f"up_{number}")
        x = start.normalization(f"up_{number}_normalization")(x)
        x = layers.leaky_relu(f"up_{number}_leaky_relu")(x)
    x = _convolution(x, start, image_channels, "to_pixels")
    return keras.Model(latents, layers.images(x), name="generator")


def dcgan_upsampling_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `dcgan_upsampling`.

    Args:
        config: `width`, `discriminator_width`,
            `discriminator_batch_norm` and what `layers.Start` takes.
        image_shape: (height, width, channels), sides multiples of 16.

    Returns:
        Images [n, height, width, channels] float32 to logits [n, 1] float32.
    """
    start = layers.Start(config, randomness.Purpose.DISCRIMINATOR_WEIGHTS)
    images = keras.Input(image_shape, name="images")
    x = images
    for number, channels in enumerate(_DISCRIMINATOR_CHANNELS, 1):
        name = f"down_{number}"
        # Keras's "same" would pad an even side on its far end alone.
        x = keras.layers.ZeroPadding2D(1, name=f"{name}_padding")(x)
        x = keras.layers.Conv2D(
            layers.discriminator_channels(channels, config),
            _KERNEL,
            strides=2,
            padding="valid",
            **start.weights(_KERNEL**2 * x.shape[-1]),
            name=name,
        )(x)
        x = layers.leaky_relu(f"{name}_leaky_relu")(x)
        x = keras.layers.SpatialDropout2D(
            _DROPOUT_RATE, seed=start.seed(), name=f"{name}_dropout"
        )(x)
        if number > 1 and config.discriminator_batch_norm:
            x = start.normalization(f"{name}_normalization")(x)
    x = layers.with_minibatch_stddev(x, config)
    x = keras.layers.Flatten(name="flatten")(x)
    logits = layers.dense_logits(x, start)
    return keras.Model(images, logits, name="discriminator")


def _convolution(x, start, channels, name):
    return keras.layers.Conv2D(
        channels,
        _KERNEL,
        padding="same",
        **start.weights(_KERNEL**2 * x.shape[-1]),
        name=name,
    )(x)
