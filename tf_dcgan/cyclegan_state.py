"""What training changes in CycleGAN: networks, optimizers and buffers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import dataclasses
import itertools

import keras
import tensorflow as tf

from tf_dcgan import config as configs
from tf_dcgan import image_buffer, models, states
from tf_dcgan.models import cyclegan as networks

DIRECTIONS = ("a_to_b", "b_to_a")
# Of images that generators take; two halvings, and room for the reflections.
SIDE_MULTIPLE = 4
SMALLEST_SIDE = 8


@dataclasses.dataclass(frozen=True)
class CycleGanState(states.State):
    """Everything that training changes.

    Attributes:
        generator_a_to_b: images of A to images as of B.
        generator_b_to_a: the reverse.
        discriminator_a: images to one output for each patch, whether it is
            of A.
        discriminator_b: the same for B.
        averaged_generator_a_to_b: with exponentially averaged weights, always
            in float32; samples and exports come from it.
        averaged_generator_b_to_a: likewise.
        generator_optimizer: over the variables of both generators.
        discriminator_optimizer: over those of both discriminators.
        buffer_a: [50, height, width, channels] float32, earlier generated
            images of A.
        buffer_b: the same of B.
    """

    generator_a_to_b: keras.Model
    generator_b_to_a: keras.Model
    discriminator_a: keras.Model
    discriminator_b: keras.Model
    averaged_generator_a_to_b: keras.Model
    averaged_generator_b_to_a: keras.Model
    generator_optimizer: keras.optimizers.Optimizer
    discriminator_optimizer: keras.optimizers.Optimizer
    buffer_a: tf.Variable
    buffer_b: tf.Variable

    @property
    def generators(self) -> tuple[keras.Model, keras.Model]:
        """A to B and B to A."""
        return self.generator_a_to_b, self.generator_b_to_a

    @property
    def discriminators(self) -> tuple[keras.Model, keras.Model]:
        """Of A and of B."""
        return self.discriminator_a, self.discriminator_b

    @property
    def averaged_generators(self) -> tuple[keras.Model, keras.Model]:
        """A to B and B to A."""
        return self.averaged_generator_a_to_b, self.averaged_generator_b_to_a


def create_state(
    config: configs.Config, image_shape: tuple[int, int, int]
) -> CycleGanState:
    """Builds networks, optimizers and buffers; the weights follow the seed.

    Args:
        config: widths, blocks, precision, learning rates and seed.
        image_shape: (height, width, channels).

    Returns:
        The state before the first step.
    """
    keras.config.set_dtype_policy(config.precision)
    *generators, discriminator_a, discriminator_b = networks.cyclegan(
        config, image_shape
    )
    return CycleGanState(
        states.new_step(),
        *generators,
        discriminator_a,
        discriminator_b,
        *create_averaged_generators(config, image_shape),
        states.create_optimizer(
            config,
            trainable(generators),
            config.generator_learning_rate,
        ),
        states.create_optimizer(
            config,
            trainable([discriminator_a, discriminator_b]),
            config.discriminator_learning_rate,
        ),
        image_buffer.create(image_shape),
        image_buffer.create(image_shape),
    )


def create_averaged_generators(
    config: configs.Config, image_shape: tuple[int, int, int]
) -> tuple[keras.Model, keras.Model]:
    """Builds both generators in float32, as samples and exports need them.

    Args:
        config: widths, blocks and seed.
        image_shape: (height, width, channels) that they are trained at; they
            take other sizes too.

    Returns:
        (A to B, B to A) with the initial weights.
    """
    with models.in_float32():
        a_to_b, b_to_a, *_ = networks.cyclegan(config, image_shape)
    return a_to_b, b_to_a


def for_any_size(
    config: configs.Config,
    generators: Sequence[keras.Model],
    image_shape: tuple[int, int, int],
) -> list[keras.Model]:
    """Copies generators into such as take images of any size.

    Args:
        config: of the run.
        generators: A to B and B to A, in float32.
        image_shape: (height, width, channels) that they were trained at.

    Returns:
        Models with the weights that the generators have now. Height and
        width of their images must be multiples of 4 and at least 8.
    """
    with models.in_float32():
        copies = [
            networks.generator(
                config,
                (None, None, image_shape[2]),
                blocks=networks.number_of_blocks(config, image_shape[:2]),
                seeds=itertools.repeat(0),
                name=f"generator_{direction}",
            )
            for direction in DIRECTIONS
        ]
    for copy, generator in zip(copies, generators, strict=True):
        copy.set_weights(generator.get_weights())
    return copies


def bytes_per_pixel(config: configs.Config) -> int:
    """Returns about the memory that translating one pixel of an image takes.

    Fitted to the peaks of one forward pass at 0.3 to 2.4 million pixels on a
    CPU: a generator's first maps, in three to four copies.

    Args:
        config: its `width`.
    """
    return 20 * networks.first_channels(config)


def trainable(pair: Iterable[keras.Model]) -> list[keras.Variable]:
    """Returns the trainable variables of two models, one after the other."""
    return [v for model in pair for v in model.trainable_variables]
