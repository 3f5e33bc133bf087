"""DCGANs without dense layers: noise is a map of 1x1, a score is one too.

The generator widens the latent vector with transposed convolutions alone, and
the discriminator narrows an image with convolutions down to a single number.
`dcgan_cifar10` and `dcgan_celeba` share their shape and differ in biases;
`dcgan_28` has a shape of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import keras

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.models import dcgan, layers

_NEAREST_TO_PIXELS = 64


@dataclasses.dataclass(frozen=True)
class _Convolution:
    """A convolution or a transposed one.

    Attributes:
        channels: of the output.
        kernel: (height, width).
        stride: the same in both directions.
        padding: "same" or "valid", as Keras means them.
    """

    channels: int
    kernel: tuple[int, int]
    stride: int
    padding: str


def dcgan_28_stages(image_size: tuple[int, int]) -> int:
    """Returns 4 for 28x28, else 0.

    Args:
        image_size: (height, width) in pixels.

    Returns:
        The number of transposed convolutions.
    """
    return 4 if tuple(image_size) == (28, 28) else 0


def dcgan_cifar10_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `dcgan_cifar10`.

    Args:
        config: `width`, `latent_dim` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan.dcgan_stages` allows.

    Returns:
        Latents [n, latent_dim] float32 to images [n, height, width, channels]
        float32 in [-1, 1].
    """
    return _generator(config, _doublings(image_shape), use_bias=True)


def dcgan_cifar10_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `dcgan_cifar10`.

    Args:
        config: `width`, `discriminator_width`,
            `discriminator_batch_norm` and what `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan.dcgan_stages` allows.

    Returns:
        Images [n, height, width, channels] float32 to logits [n, 1] float32.
    """
    return _discriminator(
        config,
        image_shape,
        _halvings(image_shape),
        use_bias=True,
        first_normalised=2,
    )


def dcgan_celeba_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipe `dcgan_celeba`.

    Args:
        config: `width`, `latent_dim` and what
            `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan.dcgan_stages` allows.

    Returns:
        A model of the same inputs and outputs as `dcgan_cifar10_generator`'s.

    Source: Radford et al. 2016, figure 1 (arXiv:1511.06434).
    Deviation: half the width and kernels of 4x4, as in the recipe's source.
    """
    return _generator(config, _doublings(image_shape), use_bias=False)


def dcgan_celeba_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipe `dcgan_celeba`.

    Args:
        config: `width`, `discriminator_width`,
            `discriminator_batch_norm` and what `layers.Start` takes.
        image_shape: (height, width, channels), a size that
            `dcgan.dcgan_stages` allows.

    Returns:
        A model of the same inputs and outputs as
        `dcgan_cifar10_discriminator`'s.

    Source: Radford et al. 2016, section 3 (arXiv:1511.06434).
    Deviation: kernels of 4x4, as in the recipe's source.
    """
    return _discriminator(
        config,
        image_shape,
        _halvings(image_shape),
        use_bias=False,
        first_normalised=2,
    )


def dcgan_28_generator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds G of the recipes `dcgan_28` and `lsgan_28`.

    The sides go 1, 3, 6, 13, 28.

    Args:
        config: `width`, `latent_dim` and what
            `layers.Start` takes.
        image_shape: (28, 28, channels).

    Returns:
        A model of the same inputs and outputs as `dcgan_cifar10_generator`'s.
    """
    up = [
        _Convolution(256, (3, 3), 2, "valid"),
        _Convolution(128, (4, 4), 1, "valid"),
        _Convolution(64, (3, 3), 2, "valid"),
        _Convolution(image_shape[2], (4, 4), 2, "valid"),
    ]
    return _generator(config, up, use_bias=True)


def dcgan_28_discriminator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds D of the recipes `dcgan_28` and `lsgan_28`.

    The sides go 28, 13, 5, 1.

    Args:
        config: `width`, `discriminator_width`,
            `discriminator_batch_norm` and what `layers.Start` takes.
        image_shape: (28, 28, channels).

    Returns:
        A model of the same inputs and outputs as
        `dcgan_cifar10_discriminator`'s.
    """
    down = [
        _Convolution(16, (4, 4), 2, "valid"),
        _Convolution(32, (4, 4), 2, "valid"),
        _Convolution(1, (4, 4), 2, "valid"),
    ]
    return _discriminator(
        config, image_shape, down, use_bias=True, first_normalised=1
    )


def _doublings(image_shape):
    """Returns G's layers: a base, then doublings down to 64 channels."""
    base, channels = _base_and_channels(image_shape)
    return [
        _Convolution(channels[-1], base, 1, "valid"),
        *(
            _Convolution(out_channels, (4, 4), 2, "same")
            for out_channels in [*channels[-2::-1], image_shape[2]]
        ),
    ]


def _halvings(image_shape):
    """Returns D's layers: halvings from 64 channels up, then one number."""
    base, channels = _base_and_channels(image_shape)
    return [
        *(
            _Convolution(out_channels, (4, 4), 2, "same")
            for out_channels in channels
        ),
        _Convolution(1, base, 1, "valid"),
    ]


def _base_and_channels(image_shape):
    """Returns the sides of the smallest map, and channels from pixels in."""
    height, width, _ = image_shape
    stages = dcgan.dcgan_stages((height, width))
    base = (height // 2**stages, width // 2**stages)
    return base, [_NEAREST_TO_PIXELS * 2**stage for stage in range(stages)]


def _generator(config, convolutions: Sequence[_Convolution], *, use_bias):
    start = layers.Start(config, randomness.Purpose.GENERATOR_WEIGHTS)
    latents = keras.Input((config.latent_dim,), name="latents")
    x = keras.layers.Reshape((1, 1, config.latent_dim), name="reshape")(latents)
    for number, convolution in enumerate(convolutions, 1):
        is_last = number == len(convolutions)
        channels = convolution.channels
        if not is_last:
            channels = layers.generator_channels(channels, config)
        x = keras.layers.Conv2DTranspose(
            channels,
            **_options(convolution),
            **start.weights(math.prod(convolution.kernel) * channels),
            use_bias=use_bias,
            name="to_pixels" if is_last else f"up_{number}",
        )(x)
        if not is_last:
            x = start.normalization(f"up_{number}_normalization")(x)
            x = keras.layers.ReLU(name=f"up_{number}_relu")(x)
    return keras.Model(latents, layers.images(x), name="generator")


def _discriminator(
    config,
    image_shape,
    convolutions: Sequence[_Convolution],
    *,
    use_bias,
    first_normalised,
):
    """Builds a discriminator; `first_normalised` counts from 1."""
    start = layers.Start(config, randomness.Purpose.DISCRIMINATOR_WEIGHTS)
    images = keras.Input(image_shape, name="images")
    x = images
    for number, convolution in enumerate(convolutions[:-1], 1):
        is_normalised = number >= first_normalised
        has_norm = is_normalised and config.discriminator_batch_norm
        x = keras.layers.Conv2D(
            layers.discriminator_channels(convolution.channels, config),
            **_options(convolution),
            **start.weights(math.prod(convolution.kernel) * x.shape[-1]),
            # Batch normalisation that is left out leaves its bias here.
            use_bias=use_bias or (is_normalised and not has_norm),
            name=f"down_{number}",
        )(x)
        if has_norm:
            x = start.normalization(f"down_{number}_normalization")(x)
        x = layers.leaky_relu(f"down_{number}_leaky_relu")(x)
    x = layers.with_minibatch_stddev(x, config)
    last = convolutions[-1]
    # In float32 whatever the precision, as `layers.dense_logits`.
    x = keras.layers.Conv2D(
        last.channels,
        **_options(last),
        **start.weights(math.prod(last.kernel) * x.shape[-1]),
        use_bias=use_bias,
        dtype="float32",
        name="to_score",
    )(x)
    logits = keras.layers.Flatten(dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="discriminator")


def _options(convolution):
    return {
        "kernel_size": convolution.kernel,
        "strides": convolution.stride,
        "padding": convolution.padding,
    }
