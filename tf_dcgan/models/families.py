"""The table of all networks, and what builds the networks of a config."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import functools
import itertools
import math

import keras

from tf_dcgan.common import errors, randomness
from tf_dcgan.config import recipes, schema, sizes
from tf_dcgan.data.preparing import shapes
from tf_dcgan.models import (
    conditional,
    cyclegan,
    dcgan,
    fully_convolutional,
    layers,
    sndcgan,
    spectral,
    upsampling,
    vanilla_gan,
)
from tf_dcgan.models.fast import layers as fast_layers

_SIDES = range(4, sizes.LARGEST_SIDE + 1)  # What `--image_size` takes.

_REACH = 64  # Pixels around a size in which another one is looked for.
# An image of which a smaller share is kept is much cut.
MUCH_KEPT = 0.9
_NEARLY_WHOLE = 0.95
_MORE_PIXELS = 4  # How many times the pixels of the default a shape may need.

# From a config and (height, width, channels) to a network.
_Builder = Callable[[schema.Config, tuple[int, int, int]], keras.Model]


@dataclasses.dataclass(frozen=True)
class Network:
    """The networks of a system and the image sizes that they can make.

    Attributes:
        generators: build the generators, in the order in which `generators`
            returns them: one that makes images of noise, or for a
            translation A to B and B to A.
        discriminators: build the discriminators, for a translation the one
            that judges A, then the one that judges B.
        stages: (height, width) to a positive number for a size that the
            networks can make, else 0.
        largest_default_side: in pixels; larger only if the user asks for it.
    """

    generators: tuple[_Builder, ...]
    discriminators: tuple[_Builder, ...]
    stages: Callable[[tuple[int, int]], int]
    largest_default_side: int = 64


NETWORKS = {
    "dcgan": Network(
        (dcgan.dcgan_generator,),
        (dcgan.dcgan_discriminator,),
        dcgan.dcgan_stages,
    ),
    "dcgan_small": Network(
        (dcgan.dcgan_small_generator,),
        (dcgan.dcgan_small_discriminator,),
        dcgan.dcgan_small_stages,
    ),
    "vanilla_gan": Network(
        (vanilla_gan.vanilla_gan_generator,),
        (vanilla_gan.vanilla_gan_discriminator,),
        vanilla_gan.vanilla_gan_stages,
    ),
    "dcgan_upsampling": Network(
        (upsampling.dcgan_upsampling_generator,),
        (upsampling.dcgan_upsampling_discriminator,),
        upsampling.dcgan_upsampling_stages,
    ),
    "dcgan_cifar10": Network(
        (fully_convolutional.dcgan_cifar10_generator,),
        (fully_convolutional.dcgan_cifar10_discriminator,),
        dcgan.dcgan_stages,
    ),
    "dcgan_celeba": Network(
        (fully_convolutional.dcgan_celeba_generator,),
        (fully_convolutional.dcgan_celeba_discriminator,),
        dcgan.dcgan_stages,
    ),
    "dcgan_28": Network(
        (fully_convolutional.dcgan_28_generator,),
        (fully_convolutional.dcgan_28_discriminator,),
        fully_convolutional.dcgan_28_stages,
    ),
    "sndcgan": Network(
        (sndcgan.sndcgan_generator,),
        (sndcgan.sndcgan_discriminator,),
        dcgan.dcgan_stages,
    ),
    "cyclegan": Network(
        (cyclegan.generator_a_to_b, cyclegan.generator_b_to_a),
        (cyclegan.discriminator_a, cyclegan.discriminator_b),
        cyclegan.cyclegan_stages,
        largest_default_side=256,
    ),
}


def generators(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> tuple[keras.Model, ...]:
    """Builds a config's generators for training, and nothing else.

    Args:
        config: the settings that the networks depend on.
        image_shape: (height, width, channels), a size that the networks can
            make.
        num_classes: how many classes a conditional generator is told of; 0
            for an unconditional one.

    Returns:
        The generator: latents [n, latent_dim] float32 to images [n, height,
        width, channels] float32 in [-1, 1]; a conditional one takes labels
        [n] int32 as a second input. For a translation the generators from A
        to B and from B to A, of images to images. The weights are a function
        of the arguments alone.

    Raises:
        ValueError: the networks cannot make the size.
    """
    return _generators(
        config, image_shape, num_classes, finish=_for_training(config)
    )


def _generators(config, image_shape, num_classes, *, finish):
    network = _network(config, image_shape)
    if num_classes and config.conditioning == "projection":
        return tuple(
            finish(
                conditional.normalized_generator(
                    build(config, image_shape), num_classes
                )
            )
            for build in network.generators
        )
    widened = dataclasses.replace(
        config, latent_dim=config.latent_dim + num_classes
    )
    models = tuple(
        finish(build(widened, image_shape)) for build in network.generators
    )
    if num_classes:
        models = tuple(
            conditional.generator(model, num_classes) for model in models
        )
    return models


def averaged_generators(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> tuple[keras.Model, ...]:
    """Builds the generators of samples and exports, in float32.

    They have Keras's own layers, so that others can load what is exported.

    Args:
        config: as for `generators`; its `precision` does not matter.
        image_shape: as for `generators`.
        num_classes: as for `generators`.

    Returns:
        What `generators` returns: the weights are the initial ones.
    """
    with layers.in_float32():
        return _generators(
            config, image_shape, num_classes, finish=lambda model: model
        )


def discriminators(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> tuple[keras.Model, ...]:
    """Builds a config's discriminators for training, and nothing else.

    Args:
        config: the settings that the networks depend on.
        image_shape: (height, width, channels), a size that the networks can
            make.
        num_classes: how many classes a conditional discriminator is told of;
            0 for an unconditional one.

    Returns:
        The discriminator: images [n, height, width, channels] float32 to
        logits [n, 1] float32; a conditional one takes labels [n] int32 as a
        second input. For a translation the discriminators of A and of B, to
        logits [n, rows, columns, 1]. The weights are a function of the
        arguments alone.

    Raises:
        ValueError: the networks cannot make the size.
    """
    network = _network(config, image_shape)
    *sides, channels = image_shape
    by_projection = num_classes > 0 and config.conditioning == "projection"
    num_maps = 0 if by_projection else num_classes
    models = tuple(
        build(config, (*sides, channels + num_maps))
        for build in network.discriminators
    )
    if by_projection:
        start = layers.Start(config, randomness.Purpose.DISCRIMINATOR_WEIGHTS)
        models = tuple(
            conditional.projection_discriminator(
                model, num_classes, start.class_vectors()
            )
            for model in models
        )
    models = tuple(map(_for_training(config), models))
    if config.spectral_norm:
        models = tuple(
            spectral.normalized(model, config.seed) for model in models
        )
    if num_maps:
        models = tuple(
            conditional.discriminator(model, num_classes) for model in models
        )
    return models


def _for_training(
    config: schema.Config,
) -> Callable[[keras.Model], keras.Model]:
    return functools.partial(
        fast_layers.for_training, sync_batch_norm=config.sync_batch_norm
    )


def image_size(
    config: schema.Config,
    native: tuple[int | None, int | None],
    counts: shapes.Counts | None = None,
) -> tuple[int, int]:
    """Chooses the size of the images that a config's networks make.

    Args:
        config: its `image_size` decides if it is set.
        native: (height, width) of the data set's images, None where they
            vary.
        counts: the images' sizes, for an `image_size` of `auto`.

    Returns:
        (height, width) in pixels: the config's; for `auto` what
        `size_of_shape` returns; without one the smallest square that holds
        the native images, up to the network's largest default side, or the
        largest possible square if none is large enough.

    Raises:
        errors.UserError: the networks cannot make the config's size; names
            the nearest sizes that they can make.
    """
    network = NETWORKS[config.network]
    stages = network.stages
    if config.image_size is None:
        largest = network.largest_default_side
        needed_side = min(largest, max(side or largest for side in native))
        sides = [side for side in _SIDES if stages((side, side))]
        side = min((s for s in sides if s >= needed_side), default=sides[-1])
        return side, side
    if config.image_size == sizes.AUTO:
        if not counts:
            raise errors.UserError(
                f"--image_size={sizes.AUTO} needs the sizes of the images, and "
                f"those of {config.title} vary and are not known before it is "
                "on this disk: give --image_size=HEIGHTxWIDTH, as in 48x64"
            )
        return size_of_shape(config, shapes.typical(counts))
    size = sizes.parse("image_size", config.image_size)
    if not stages(size):
        near = " or ".join(
            f"{height}x{width}" for height, width in _nearest(stages, size)
        )
        flag = "image_size" if config.crop_size is None else "crop_size"
        raise errors.UserError(
            f"--{flag}={config.image_size} is a size that recipe "
            f"{config.recipe} cannot make: the nearest it can is {near}"
            + _who_can(config, size)
        )
    return size


def size_of_shape(
    config: schema.Config, typical: tuple[float, float]
) -> tuple[int, int]:
    """Chooses a size that the networks can make for images of a shape.

    Of the sizes with at most as many pixels as the largest default square,
    and none that enlarges the images, it takes the one with the largest
    product of its side (the root of its pixels) and the fifth power of the
    share that `shapes.kept` tells: a percent of the image is worth five
    percent of the side. If this size keeps too little, such as of long
    strips, it takes the smallest size that keeps nearly all of them, of at
    most four times the pixels.

    Args:
        config: its recipe matters.
        typical: (height, width) in pixels of the images, as
            `shapes.typical` returns it.

    Returns:
        (height, width) in pixels.
    """
    network = NETWORKS[config.network]
    stages = network.stages
    most_pixels = network.largest_default_side**2
    candidates = [
        size
        for size in _sizes_like(typical, _MORE_PIXELS * most_pixels)
        if stages(size)
    ] or [(side, side) for side in _SIDES if stages((side, side))]
    most_of_best = min(most_pixels, round(math.prod(typical)))

    def kept(size):
        return shapes.kept(typical, size)

    best = max(
        (size for size in candidates if math.prod(size) <= most_of_best),
        key=lambda size: math.prod(size) ** 0.5 * kept(size) ** 5,
        default=None,
    )
    if best is not None and kept(best) >= MUCH_KEPT:
        return best
    whole = [size for size in candidates if kept(size) >= _NEARLY_WHOLE]
    if whole:
        return min(whole, key=lambda size: (math.prod(size), -kept(size)))
    return max(candidates, key=lambda size: (kept(size), -math.prod(size)))


def _who_can(config: schema.Config, size: tuple[int, int]) -> str:
    """Names the first recipe of the same kind that can make a size."""
    others = recipes.names(
        lambda recipe: (
            recipe.kind is config.kind
            and NETWORKS[recipe.network].stages(size) > 0
        )
    )
    if not others:
        return ""
    return f"; {size[0]}x{size[1]} can be made by --recipe={others[0]}"


def _sizes_like(
    typical: tuple[float, float], most_pixels: int
) -> Iterator[tuple[int, int]]:
    """Yields all squares, and all sizes shaped about as the images are."""
    height, width = typical
    if height > width:
        for size in _sizes_like((width, height), most_pixels):
            yield size[1], size[0]
        return
    for short in _SIDES:
        if short * short > most_pixels:
            return
        longest = min(most_pixels // short, _SIDES[-1])
        near = min(round(short * width / height), longest)
        first = max(short, near - _REACH)
        last = min(near + _REACH, longest)
        if first > short:
            yield short, short
        for long in range(first, last + 1):
            yield short, long


def _network(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> Network:
    """Looks up a config's network, which must be able to make the size."""
    network = NETWORKS[config.network]
    if not network.stages(image_shape[:2]):
        raise ValueError(
            f"Network {config.network} cannot make this size. Received: "
            f"{image_shape=}"
        )
    return network


def _nearest(
    stages: Callable[[tuple[int, int]], int], size: tuple[int, int]
) -> list[tuple[int, int]]:
    """Returns the one or two possible sizes nearest to an impossible one."""
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
