"""DCGAN of AIRI's MNIST tutorial (2017), after Radford et al. 2016.

The generator projects the latent vector to a small, deep map and doubles its
sides with 5x5 transposed convolutions; the discriminator halves them again
with 5x5 convolutions. `dcgan` starts from 1024 channels and a map of about
4x4; `dcgan_small` from 128 channels and doubles twice (7x7 to 28x28).
"""

from __future__ import annotations

import keras

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.models import layers

_KERNEL = 5
_NEAREST_TO_PIXELS = 64  # D's channels.
_SMALLEST_SIDE = 16


def dcgan_stages(image_size: tuple[int, int]) -> int:
    """Returns how often `dcgan` doubles the sides of its first map.

    The first map has sides of 4 to 7 pixels, and images are at least 32 wide.

    Args:
        image_size: (height, width) in pixels.

    Returns:
        The number of transposed convolutions, or 0 for a size that they
        cannot make: each side must be a multiple of 2^stages.
    """
    shorter = min(image_size)
    stages = 0
    while shorter / 2**stages >= 8:
        stages += 1
    fits = all(side % 2**stages == 0 for side in image_size)
    return stages if fits and stages >= 3 else 0


def dcgan_small_stages(image_size: tuple[int, int]) -> int:
    """Returns 2, or 0 for sides that are not multiples of 4 from 16 up.

    Args:
        image_size: (height, width) in pixels.

    Returns:
        The number of transposed convolutions.
    """
    fits = all(side % 4 == 0 and side >= _SMALLEST_SIDE for side in image_size)
    return 2 if fits else 0


def dcgan_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `dcgan`.

    Args:
        config: `width`, `latent_dim`, `extra_layers` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), a size that `dcgan_stages`
            allows.

    Returns:
        Latents [n, latent_dim] float32 to images [n, height, width, channels]
        float32 in [-1, 1].

    Source: Radford et al. 2016, figure 1 (arXiv:1511.06434).
    Deviation: no batch normalisation or activation after the projection, as
        in AIRI's tutorial.
    """
    stages = dcgan_stages(image_shape[:2])
    return _generator(config, image_shape, stages, base_channels=1024)


def dcgan_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `dcgan`.

    Args:
        config: `width`, `discriminator_width`, `extra_layers`,
            `discriminator_batch_norm` and what `layers.Start` takes.
        image_shape: (height, width, channels), a size that `dcgan_stages`
            allows.

    Returns:
        Images [n, height, width, channels] float32 to logits [n, 1] float32.

    Source: Radford et al. 2016, section 3 (arXiv:1511.06434).
    Deviation: batch normalisation in the first layer too, as in AIRI's
        tutorial.
    """
    return _discriminator(config, image_shape, dcgan_stages(image_shape[:2]))


def dcgan_small_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `dcgan_small`.

    Args:
        config: `width`, `latent_dim`, `extra_layers` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan_small_stages` allows.

    Returns:
        A model of the same inputs and outputs as `dcgan_generator`'s.
    """
    stages = dcgan_small_stages(image_shape[:2])
    return _generator(config, image_shape, stages, base_channels=128)


def dcgan_small_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `dcgan_small`.

    Args:
        config: `width`, `discriminator_width`, `extra_layers`,
            `discriminator_batch_norm` and what `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan_small_stages` allows.

    Returns:
        A model of the same inputs and outputs as `dcgan_discriminator`'s.
    """
    stages = dcgan_small_stages(image_shape[:2])
    return _discriminator(config, image_shape, stages)


def _generator(config, image_shape, stages, *, base_channels):
    start = layers.Start(config, randomness.Purpose.GENERATOR_WEIGHTS)
    height, width, image_channels = image_shape
    channels = [
        layers.generator_channels(base_channels // 2**stage, config)
        for stage in range(stages)
    ]
    base = (height // 2**stages, width // 2**stages, channels[0])
    latents = keras.Input((config.latent_dim,), name="latents")
    x = keras.layers.Dense(
        base[0] * base[1] * base[2],
        **start.weights(config.latent_dim),
        name="project",
    )(latents)
    x = keras.layers.Reshape(base, name="reshape")(x)
    for number in range(1, config.extra_layers + 1):
        x = _convolution(x, start, base[2], 1, f"extra_{number}")
        x = start.normalization(f"extra_{number}_normalization")(x)
        x = keras.layers.ReLU(name=f"extra_{number}_relu")(x)
    for number, out_channels in enumerate(channels[1:], 1):
        x = keras.layers.Conv2DTranspose(
            out_channels,
            _KERNEL,
            strides=2,
            padding="same",
            use_bias=False,
            **start.weights(_KERNEL**2 * out_channels),
            name=f"up_{number}",
        )(x)
        x = start.normalization(f"up_{number}_normalization")(x)
        x = keras.layers.ReLU(name=f"up_{number}_relu")(x)
    x = keras.layers.Conv2DTranspose(
        image_channels,
        _KERNEL,
        strides=2,
        padding="same",
        **start.weights(_KERNEL**2 * image_channels),
        name="to_pixels",
    )(x)
    return keras.Model(latents, layers.images(x), name="generator")


def _discriminator(config, image_shape, stages):
    start = layers.Start(config, randomness.Purpose.DISCRIMINATOR_WEIGHTS)
    channels = [
        layers.discriminator_channels(_NEAREST_TO_PIXELS * 2**stage, config)
        for stage in range(stages)
    ]
    images = keras.Input(image_shape, name="images")
    x = images
    blocks = [(f"down_{i}", n, 2) for i, n in enumerate(channels, 1)]
    blocks += [
        (f"extra_{i}", channels[-1], 1)
        for i in range(1, config.extra_layers + 1)
    ]
    has_norm = config.discriminator_batch_norm
    for name, out_channels, stride in blocks:
        x = _convolution(
            x, start, out_channels, stride, name, use_bias=not has_norm
        )
        if has_norm:
            x = start.normalization(f"{name}_normalization")(x)
        x = layers.leaky_relu(f"{name}_leaky_relu")(x)
    x = layers.with_minibatch_stddev(x, config)
    x = keras.layers.Flatten(name="flatten")(x)
    logits = layers.dense_logits(x, start)
    return keras.Model(images, logits, name="discriminator")


def _convolution(x, start, channels, stride, name, *, use_bias=False):
    """A convolution; batch normalisation, if it follows, has its own bias."""
    return keras.layers.Conv2D(
        channels,
        _KERNEL,
        strides=stride,
        padding="same",
        use_bias=use_bias,
        **start.weights(_KERNEL**2 * x.shape[-1]),
        name=name,
    )(x)
