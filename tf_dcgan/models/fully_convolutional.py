"""DCGANs without dense layers: noise is a map of 1x1, a score is one too.

The generator widens the latent vector with transposed convolutions alone, and
the discriminator narrows an image with convolutions down to a single number.
`dcgan_cifar10` and `dcgan_celeba` share their shape and differ in biases;
`dcgan_28` has a shape of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

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


def dcgan_cifar10(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> tuple[keras.Model, keras.Model]:
    """Builds the networks of the recipe `dcgan_cifar10`.

    Args:
        config: `width`, `latent_dim` and `seed` are used.
        image_shape: (height, width, channels), as `dcgan.dcgan_stages`
            allows; the stages follow from it.

    Returns:
        (generator, discriminator): latents [n, latent_dim] float32 to images
        [n, height, width, channels] float32 in [-1, 1], and images to logits
        [n, 1] float32.

    Raises:
        ValueError: the size is none that `dcgan.dcgan_stages` allows.
    """
    return _doubling(config, image_shape, use_bias=True)


def dcgan_celeba(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> tuple[keras.Model, keras.Model]:
    """Builds the networks of the recipe `dcgan_celeba`.

    Args:
        config: `width`, `latent_dim` and `seed` are used.
        image_shape: (height, width, channels), as for `dcgan_cifar10`.

    Returns:
        (generator, discriminator), as `dcgan_cifar10` does.

    Raises:
        ValueError: the size is none that `dcgan.dcgan_stages` allows.

    Source: Radford et al. 2016, figure 1 (arXiv:1511.06434).
    Deviation: half the width and kernels of 4x4, as in the recipe's source.
    """
    return _doubling(config, image_shape, use_bias=False)


def dcgan_28(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> tuple[keras.Model, keras.Model]:
    """Builds the networks of the recipes `dcgan_28` and `lsgan_28`.

    Sides go 1, 3, 6, 13, 28 in the generator and 28, 13, 5, 1 in the
    discriminator.

    Args:
        config: `width`, `latent_dim` and `seed` are used.
        image_shape: (28, 28, channels).

    Returns:
        (generator, discriminator), as `dcgan_cifar10` does.

    Raises:
        ValueError: the size is another one.
    """
    if not dcgan_28_stages(image_shape[:2]):
        raise ValueError(f"No network makes this. Received: {image_shape=}")
    up = [
        _Convolution(256, (3, 3), 2, "valid"),
        _Convolution(128, (4, 4), 1, "valid"),
        _Convolution(64, (3, 3), 2, "valid"),
        _Convolution(image_shape[2], (4, 4), 2, "valid"),
    ]
    down = [
        _Convolution(16, (4, 4), 2, "valid"),
        _Convolution(32, (4, 4), 2, "valid"),
        _Convolution(1, (4, 4), 2, "valid"),
    ]
    return (
        _generator(config, up, use_bias=True),
        _discriminator(
            config, image_shape, down, use_bias=True, first_normalised=1
        ),
    )


def _doubling(config, image_shape, *, use_bias):
    """Builds a pair with 64 channels next to the pixels, doubling inwards."""
    stages = dcgan.dcgan_stages(image_shape[:2])
    if not stages:
        raise ValueError(f"No network makes this. Received: {image_shape=}")
    height, width, image_channels = image_shape
    base = (height // 2**stages, width // 2**stages)
    channels = [_NEAREST_TO_PIXELS * 2**stage for stage in range(stages)]
    down = [_Convolution(n, (4, 4), 2, "same") for n in channels]
    down.append(_Convolution(1, base, 1, "valid"))
    up = [_Convolution(channels[-1], base, 1, "valid")]
    for out_channels in [*channels[-2::-1], image_channels]:
        up.append(_Convolution(out_channels, (4, 4), 2, "same"))
    return (
        _generator(config, up, use_bias=use_bias),
        _discriminator(
            config, image_shape, down, use_bias=use_bias, first_normalised=2
        ),
    )


def _generator(config, convolutions: Sequence[_Convolution], *, use_bias):
    seeds = randomness.weight_seeds(
        config.seed, randomness.Purpose.GENERATOR_WEIGHTS
    )
    latents = keras.Input((config.latent_dim,), name="latents")
    x = keras.layers.Reshape((1, 1, config.latent_dim), name="reshape")(latents)
    for number, convolution in enumerate(convolutions[:-1], 1):
        x = keras.layers.Conv2DTranspose(
            layers.scaled(convolution.channels, config.width),
            **_options(convolution, seeds),
            use_bias=use_bias,
            name=f"up_{number}",
        )(x)
        x = layers.normalization(f"up_{number}_normalization")(x)
        x = keras.layers.ReLU(name=f"up_{number}_relu")(x)
    x = keras.layers.Conv2DTranspose(
        convolutions[-1].channels,
        **_options(convolutions[-1], seeds),
        use_bias=use_bias,
        name="to_pixels",
    )(x)
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
    seeds = randomness.weight_seeds(
        config.seed, randomness.Purpose.DISCRIMINATOR_WEIGHTS
    )
    images = keras.Input(image_shape, name="images")
    x = images
    for number, convolution in enumerate(convolutions[:-1], 1):
        x = keras.layers.Conv2D(
            layers.scaled(convolution.channels, config.width),
            **_options(convolution, seeds),
            use_bias=use_bias,
            name=f"down_{number}",
        )(x)
        if number >= first_normalised:
            x = layers.normalization(f"down_{number}_normalization")(x)
        x = layers.leaky_relu(f"down_{number}_leaky_relu")(x)
    # In float32 whatever the precision, as `layers.dense_logits`.
    x = keras.layers.Conv2D(
        convolutions[-1].channels,
        **_options(convolutions[-1], seeds),
        use_bias=use_bias,
        dtype="float32",
        name="to_score",
    )(x)
    logits = keras.layers.Flatten(dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name="discriminator")


def _options(convolution, seeds):
    return {
        "kernel_size": convolution.kernel,
        "strides": convolution.stride,
        "padding": convolution.padding,
        "kernel_initializer": layers.initializer(seeds),
    }
