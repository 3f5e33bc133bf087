"""The "standard CNN" of spectral normalisation (Miyato et al. 2018).

Its discriminator has no batch normalisation, so that what bounds D's slope does
what its source says. Every other convolution of it halves the sides.
"""

from __future__ import annotations

import keras

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.models import dcgan, layers

_NEAREST_TO_PIXELS = 64  # Channels.
_MOST_CHANNELS = 512
_SLOPE = 0.1  # Of the leaky ReLU.


def sndcgan_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `sndcgan`.

    Args:
        config: `width`, `latent_dim` and what `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan.dcgan_stages` allows.

    Returns:
        Latents [n, latent_dim] float32 to images [n, height, width, channels]
        float32 in [-1, 1].

    Source: Miyato et al. 2018, appendix B.4, table 3 (arXiv:1802.05957).
    Deviation: the dense layer is normalised too, as in their program, here a
        channel at a time.
    """
    start = layers.Start(config, randomness.Purpose.GENERATOR_WEIGHTS)
    base, channels = _base_and_channels(image_shape)
    channels = [layers.generator_channels(n, config) for n in channels]
    latents = keras.Input((config.latent_dim,), name="latents")
    x = keras.layers.Dense(
        base[0] * base[1] * channels[-1],
        **start.weights(config.latent_dim),
        name="project",
    )(latents)
    x = keras.layers.Reshape((*base, channels[-1]), name="reshape")(x)
    x = start.normalization("project_normalization")(x)
    x = keras.layers.ReLU(name="project_relu")(x)
    for number, out_channels in enumerate(channels[-2::-1], 1):
        x = keras.layers.Conv2DTranspose(
            out_channels,
            4,
            strides=2,
            padding="same",
            use_bias=False,  # Batch normalisation follows and has its own.
            **start.weights(4 * 4 * out_channels),
            name=f"up_{number}",
        )(x)
        x = start.normalization(f"up_{number}_normalization")(x)
        x = keras.layers.ReLU(name=f"up_{number}_relu")(x)
    x = keras.layers.Conv2D(
        image_shape[2],
        3,
        padding="same",
        **start.weights(3 * 3 * x.shape[-1]),
        name="to_pixels",
    )(x)
    return keras.Model(latents, layers.images(x), name="generator")


def sndcgan_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `sndcgan`, before spectral normalisation.

    Args:
        config: `width`, `discriminator_width` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan.dcgan_stages` allows.

    Returns:
        Images [n, height, width, channels] float32 to logits [n, 1] float32.

    Source: Miyato et al. 2018, appendix B.4, table 3 (arXiv:1802.05957).
    Deviation: the convolutions that halve the sides double the channels, as in
        their program; in the table the following ones do.
    """
    start = layers.Start(config, randomness.Purpose.DISCRIMINATOR_WEIGHTS)
    _, channels = _base_and_channels(image_shape)
    channels = [layers.discriminator_channels(n, config) for n in channels]
    images = keras.Input(image_shape, name="images")
    x = _convolution(images, start, channels[0], "same_0")
    for number, out_channels in enumerate(channels[1:], 1):
        x = _convolution(x, start, out_channels, f"down_{number}", stride=2)
        x = _convolution(x, start, out_channels, f"same_{number}")
    x = layers.with_minibatch_stddev(x, config)
    x = keras.layers.Flatten(name="flatten")(x)
    logits = layers.dense_logits(x, start)
    return keras.Model(images, logits, name="discriminator")


def _base_and_channels(image_shape):
    """Returns the sides of the smallest map, and channels from pixels in."""
    height, width, _ = image_shape
    stages = dcgan.dcgan_stages((height, width))
    channels = [
        min(_NEAREST_TO_PIXELS * 2**stage, _MOST_CHANNELS)
        for stage in range(stages + 1)
    ]
    return (height // 2**stages, width // 2**stages), channels


def _convolution(x, start, channels, name, *, stride=1):
    """A 4x4 convolution with a stride of 2, or a 3x3 one without."""
    kernel = 4 if stride == 2 else 3
    x = keras.layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        **start.weights(kernel**2 * x.shape[-1]),
        name=name,
    )(x)
    return layers.leaky_relu(f"{name}_leaky_relu", slope=_SLOPE)(x)
