"""CycleGAN: two generators and two discriminators over two sets of images.

After Zhu et al. 2017. A generator halves an image's sides twice, changes it
in residual blocks and doubles the sides again; a discriminator judges patches
of 70x70 pixels, each with an output of its own. All are convolutions, so the
same weights serve images of any size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import itertools

import keras

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.models import layers

DIRECTIONS = ("a_to_b", "b_to_a")
# Sides that generators take: two halvings, and room for the reflections.
SIDE_MULTIPLE = 4
SMALLEST_SIDE = 8
_NEAREST_TO_PIXELS = 64  # Channels of G's and D's largest maps.
_SMALLEST_TRAINED_SIDE = 24  # D has no output for a smaller image.
_SMALLEST_SIDE_OF_9_BLOCKS = 256


def cyclegan_stages(image_size: tuple[int, int]) -> int:
    """Returns 2, or 0 for sides that are not multiples of 4 from 24 up.

    Args:
        image_size: (height, width) in pixels.

    Returns:
        How often a generator halves the sides and doubles them again.
    """
    fits = all(
        side % 4 == 0 and side >= _SMALLEST_TRAINED_SIDE for side in image_size
    )
    return 2 if fits else 0


def number_of_blocks(config: schema.Config, image_size: tuple[int, int]) -> int:
    """Returns how many residual blocks a generator has.

    Args:
        config: its `residual_blocks` decides if it is set.
        image_size: (height, width) in pixels, of the images to train on.

    Returns:
        The config's number, else 9 from 256 pixels on and 6 below.

    Source: Zhu et al. 2017, appendix 7.2 (arXiv:1703.10593).
    """
    if config.residual_blocks is not None:
        return config.residual_blocks
    return 9 if min(image_size) >= _SMALLEST_SIDE_OF_9_BLOCKS else 6


def first_channels(config: schema.Config) -> int:
    """Returns the channels of a generator's maps next to the pixels."""
    return layers.generator_channels(_NEAREST_TO_PIXELS, config)


def generator_a_to_b(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds the generator of the recipe `cyclegan` from A to B.

    Args:
        config: `width`, `residual_blocks` and `seed` are used.
        image_shape: (height, width, channels) of both sets' images, a size
            that `cyclegan_stages` allows.

    Returns:
        A model as `generator` makes it, with initial weights of its own.
    """
    purpose = randomness.Purpose.GENERATOR_WEIGHTS
    return _generator(config, image_shape, purpose, "generator_a_to_b")


def generator_b_to_a(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds the generator from B to A; see `generator_a_to_b`."""
    purpose = randomness.Purpose.GENERATOR_B_WEIGHTS
    return _generator(config, image_shape, purpose, "generator_b_to_a")


def discriminator_a(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds the discriminator of the recipe `cyclegan` that judges A.

    Args:
        config: `width`, `discriminator_width` and `seed` are used.
        image_shape: (height, width, channels) of both sets' images, a size
            that `cyclegan_stages` allows.

    Returns:
        A model as `discriminator` makes it, with initial weights of its own.
    """
    purpose = randomness.Purpose.DISCRIMINATOR_WEIGHTS
    seeds = randomness.weight_seeds(config.seed, purpose)
    return discriminator(
        config, image_shape, seeds=seeds, name="discriminator_a"
    )


def discriminator_b(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> keras.Model:
    """Builds the discriminator that judges B; see `discriminator_a`."""
    purpose = randomness.Purpose.DISCRIMINATOR_B_WEIGHTS
    seeds = randomness.weight_seeds(config.seed, purpose)
    return discriminator(
        config, image_shape, seeds=seeds, name="discriminator_b"
    )


def generator(
    config: schema.Config,
    image_shape: tuple[int | None, int | None, int],
    *,
    blocks: int,
    seeds: Iterator[int],
    name: str,
) -> keras.Model:
    """Builds a network that makes images from images.

    Args:
        config: `width` is used.
        image_shape: (height, width, channels); sides are multiples of 4 from
            8 up, or None for all such sides.
        blocks: how many residual blocks, as `number_of_blocks` says.
        seeds: from `randomness.weight_seeds`; each convolution takes one.
        name: the name of the model.

    Returns:
        Images [n, height, width, channels] float32 in [-1, 1] to images of
        the same shape, dtype and range.

    Source: Zhu et al. 2017, appendix 7.2 (arXiv:1703.10593).
    """
    narrow, middle, wide = (
        layers.generator_channels(_NEAREST_TO_PIXELS * factor, config)
        for factor in (1, 2, 4)
    )
    originals = keras.Input(image_shape, name="originals")
    x = _reflected(originals, 3)
    x = _rectified(_convolution(narrow, 7, 1, seeds, "from_pixels"), x)
    for number, channels in enumerate((middle, wide), 1):
        # With "same", Keras pads an even side at its far end alone; the
        # transposed convolutions below crop that end, so nothing is shifted.
        layer = _convolution(channels, 3, 2, seeds, f"down_{number}", "same")
        x = _rectified(layer, x)
    for number in range(1, blocks + 1):
        x = _residual_block(x, seeds, f"block_{number}")
    for number, channels in enumerate((middle, narrow), 1):
        layer = keras.layers.Conv2DTranspose(
            channels,
            3,
            strides=2,
            padding="same",
            kernel_initializer=layers.initializer(seeds),
            name=f"up_{number}",
        )
        x = _rectified(layer, x)
    x = _reflected(x, 3)
    x = _convolution(image_shape[2], 7, 1, seeds, "to_pixels")(x)
    return keras.Model(originals, layers.images(x), name=name)


def discriminator(
    config: schema.Config,
    image_shape: tuple[int | None, int | None, int],
    *,
    seeds: Iterator[int],
    name: str,
) -> keras.Model:
    """Builds a network that judges patches of 70x70 pixels.

    Args:
        config: `width` and `discriminator_width` are used.
        image_shape: (height, width, channels); sides are at least 24, or
            None for all such sides.
        seeds: from `randomness.weight_seeds`; each convolution takes one.
        name: the name of the model.

    Returns:
        Images [n, height, width, channels] float32 in [-1, 1] to outputs
        [n, rows, columns, 1] float32, one for each of the overlapping
        patches: 30x30 of 256x256 pixels.

    Source: Zhu et al. 2017, appendix 7.2 (arXiv:1703.10593); the padding and
        the last two strides of 1 as in its authors' program.
    """
    images = keras.Input(image_shape, name="images")
    x = images
    for number, stride in enumerate((2, 2, 2, 1), 1):
        channels = _NEAREST_TO_PIXELS * 2 ** (number - 1)
        channels = layers.discriminator_channels(channels, config)
        layer = _convolution(channels, 4, stride, seeds, f"down_{number}")
        # Keras's "same" would pad by less, and give 32x32 outputs.
        x = keras.layers.ZeroPadding2D(1, name=f"{layer.name}_padding")(x)
        x = layer(x) if number == 1 else _normalized(layer, x)
        x = layers.leaky_relu(f"{layer.name}_leaky_relu")(x)
    x = keras.layers.ZeroPadding2D(1, name="to_score_padding")(x)
    # In float32 whatever the precision, as `layers.dense_logits`.
    x = keras.layers.Conv2D(
        1,
        4,
        kernel_initializer=layers.initializer(seeds),
        dtype="float32",
        name="to_score",
    )(x)
    return keras.Model(images, x, name=name)


def for_any_size(
    config: schema.Config,
    generators: Sequence[keras.Model],
    image_shape: tuple[int, int, int],
) -> list[keras.Model]:
    """Returns copies of the generators that accept images of any size.

    Args:
        config: the settings that the generators were trained with.
        generators: A to B and B to A, in float32.
        image_shape: (height, width, channels) that they were trained at.

    Returns:
        Models with the weights that the generators have now. The height and
        width of their images must be multiples of 4 and at least 8.
    """
    with layers.in_float32():
        copies = [
            generator(
                config,
                (None, None, image_shape[2]),
                blocks=number_of_blocks(config, image_shape[:2]),
                seeds=itertools.repeat(0),
                name=f"generator_{direction}",
            )
            for direction in DIRECTIONS
        ]
    for copy, trained in zip(copies, generators, strict=True):
        copy.set_weights(trained.get_weights())
    return copies


def bytes_per_pixel(config: schema.Config) -> int:
    """Returns roughly how much memory translating one pixel takes.

    Fitted to the peaks of one forward pass at 0.3 to 2.4 million pixels on a
    CPU, which hold three to four copies of a generator's first maps.

    Args:
        config: its `width`.
    """
    return 20 * first_channels(config)


def _generator(config, image_shape, purpose, name):
    return generator(
        config,
        image_shape,
        blocks=number_of_blocks(config, image_shape[:2]),
        seeds=randomness.weight_seeds(config.seed, purpose),
        name=name,
    )


def _residual_block(x, seeds, name):
    """Adds to x the output of two convolutions, of the same shape."""
    channels = x.shape[-1]
    first = _convolution(channels, 3, 1, seeds, f"{name}_first")
    second = _convolution(channels, 3, 1, seeds, f"{name}_second")
    change = _rectified(first, _reflected(x, 1))
    change = _normalized(second, _reflected(change, 1))
    return keras.layers.Add(name=f"{name}_sum")([x, change])


def _convolution(channels, kernel, stride, seeds, name, padding="valid"):
    return keras.layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding=padding,
        kernel_initializer=layers.initializer(seeds),
        name=name,
    )


def _reflected(x, width):
    """Pads both sides with their mirror image, the edge itself left out."""
    sides = (width, width)
    return keras.ops.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")


def _normalized(layer, x):
    """Applies a layer and instance normalisation without scale and offset.

    Each channel of each image gets mean 0 and variance 1 over its pixels.

    Source: Ulyanov et al. 2016, section 2 (arXiv:1607.08022).
    """
    return keras.layers.GroupNormalization(
        groups=-1,  # As many as channels.
        center=False,
        scale=False,
        epsilon=1e-5,
        name=f"{layer.name}_normalization",
    )(layer(x))


def _rectified(layer, x):
    """Applies a layer, instance normalisation and ReLU."""
    return keras.layers.ReLU(name=f"{layer.name}_relu")(_normalized(layer, x))
