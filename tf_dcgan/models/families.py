"""Networks: one module per family, functions from sizes to Keras models."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import itertools

import keras

from tf_dcgan.common import errors
from tf_dcgan.config import schema, sizes
from tf_dcgan.models import (
    conditional,
    cyclegan,
    dcgan,
    fully_convolutional,
    layers,
    spectral,
    upsampling,
    vanilla_gan,
)

_LARGEST_DEFAULT_SIDE = 64
_LARGEST_DEFAULT_SIDE_OF_TRANSLATIONS = 256
_SIDES = range(4, 1025)  # What `--image_size` takes.


@dataclasses.dataclass(frozen=True)
class Network:
    """The networks of a system and the image sizes that they can make.

    Attributes:
        build: (config, (height, width, channels)) to the networks.
        stages: (height, width) to a positive number for a size that they
            can make, else 0.
    """

    build: Callable[..., tuple[keras.Model, ...]]
    stages: Callable[[tuple[int, int]], int]


NETWORKS = {
    "dcgan": Network(dcgan.dcgan, dcgan.dcgan_stages),
    "dcgan_small": Network(dcgan.dcgan_small, dcgan.dcgan_small_stages),
    "vanilla_gan": Network(
        vanilla_gan.vanilla_gan, vanilla_gan.vanilla_gan_stages
    ),
    "dcgan_upsampling": Network(
        upsampling.dcgan_upsampling, upsampling.dcgan_upsampling_stages
    ),
    "dcgan_cifar10": Network(
        fully_convolutional.dcgan_cifar10, dcgan.dcgan_stages
    ),
    "dcgan_celeba": Network(
        fully_convolutional.dcgan_celeba, dcgan.dcgan_stages
    ),
    "dcgan_28": Network(
        fully_convolutional.dcgan_28, fully_convolutional.dcgan_28_stages
    ),
    "cyclegan": Network(cyclegan.cyclegan, cyclegan.cyclegan_stages),
}


def build(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> tuple[keras.Model, ...]:
    """Builds a config's networks.

    Args:
        config: what the networks depend on.
        image_shape: (height, width, channels).
        num_classes: of conditional networks; 0 for others.

    Returns:
        (generator, discriminator): latents [n, latent_dim] float32 to images
        [n, height, width, channels] float32 in [-1, 1], and images to logits
        [n, 1] float32. Conditional ones take labels [n] int32 as a second
        input. Of a translation, what `cyclegan.cyclegan` returns. Their
        weights are a function of the arguments alone.
    """
    if config.translates:
        return NETWORKS[config.network].build(config, image_shape)
    pair = NETWORKS[config.network].build
    if num_classes:
        *sides, channels = image_shape
        wider = dataclasses.replace(
            config, latent_dim=config.latent_dim + num_classes
        )
        # Of each pair one network is too wide at its other end.
        generator, _ = pair(wider, image_shape)
        _, discriminator = pair(config, (*sides, channels + num_classes))
    else:
        generator, discriminator = pair(config, image_shape)
    if config.spectral_norm:
        discriminator = spectral.normalized(discriminator, config.seed)
    if num_classes:
        generator = conditional.generator(generator, num_classes)
        discriminator = conditional.discriminator(discriminator, num_classes)
    return generator, discriminator


def image_size(
    config: schema.Config, native: tuple[int | None, int | None]
) -> tuple[int, int]:
    """Chooses the size of the images that a config's networks make.

    Args:
        config: its `image_size` if it has one.
        native: (height, width) of the data set's images, None where they
            vary.

    Returns:
        (height, width) in pixels: the config's, else the smallest square
        that holds the native images, up to 64x64 (of a translation 256x256),
        or the largest if none is large enough.

    Raises:
        errors.UserError: the networks cannot make the config's size; names
            the nearest that they can.
    """
    stages = NETWORKS[config.network].stages
    if config.image_size is None:
        largest = (
            _LARGEST_DEFAULT_SIDE_OF_TRANSLATIONS
            if config.translates
            else _LARGEST_DEFAULT_SIDE
        )
        wanted = min(largest, max(side or largest for side in native))
        sides = [side for side in _SIDES if stages((side, side))]
        side = min((s for s in sides if s >= wanted), default=sides[-1])
        return side, side
    size = sizes.parse_image_size(config.image_size)
    if not stages(size):
        near = " or ".join(
            f"{height}x{width}" for height, width in _nearest(stages, size)
        )
        raise errors.UserError(
            f"--image_size={config.image_size} is a size that recipe "
            f"{config.recipe} cannot make: the nearest it can is {near}"
        )
    return size


def _nearest(
    stages: Callable[[tuple[int, int]], int], size: tuple[int, int]
) -> list[tuple[int, int]]:
    """Finds the one or two sizes nearest to one that cannot be made."""
    height, width = size
    reach = range(-64, 65)
    if height == width:
        candidates = [(height + d, width + d) for d in reach]
    else:
        candidates = [
            (height + dh, width + dw)
            for dh, dw in itertools.product(reach, reach)
        ]
    possible = [c for c in candidates if min(c) >= _SIDES[0] and stages(c)]
    possible = possible or [(s, s) for s in _SIDES if stages((s, s))]

    def distance(candidate):
        return abs(candidate[0] - height) + abs(candidate[1] - width)

    return sorted(sorted(possible, key=distance)[:2])


def create_averaged_generator(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> keras.Model:
    """Builds a generator in float32, as samples and exports need it.

    Args:
        config: recipe, sizes and seed.
        image_shape: (height, width, channels).
        num_classes: of conditional networks; 0 for others.

    Returns:
        A generator with the initial weights.
    """
    with layers.in_float32():
        generator, _ = build(config, image_shape, num_classes)
    return generator
