"""What training changes in CycleGAN: networks, optimizers and buffers."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses

import keras
import tensorflow as tf

from tf_dcgan.config import schema
from tf_dcgan.gan import image_buffer, states
from tf_dcgan.models import families


@dataclasses.dataclass(frozen=True)
class CycleGanState(states.State):
    """Everything that training changes.

    Attributes:
        generator_a_to_b: translates images of A into B.
        generator_b_to_a: translates images of B into A.
        discriminator_a: images to one output for each patch: is it from A?
        discriminator_b: images to one output for each patch: is it from B?
        averaged_generator_a_to_b: `generator_a_to_b` with exponentially
            averaged weights, always in float32; samples and exported files
            come from it.
        averaged_generator_b_to_a: `generator_b_to_a` with averaged weights.
        generator_optimizer: over the variables of both generators.
        discriminator_optimizer: over the variables of both discriminators.
        buffer_a: [50, height, width, channels] float32, earlier generated
            images of A.
        buffer_b: [50, height, width, channels] float32, earlier generated
            images of B.
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
    config: schema.Config, image_shape: tuple[int, int, int]
) -> CycleGanState:
    """Builds networks, optimizers and buffers; the weights follow the seed.

    Args:
        config: widths, blocks, precision, learning rates and seed.
        image_shape: (height, width, channels).

    Returns:
        The state before the first step.
    """
    keras.config.set_dtype_policy(config.precision)
    generators = families.generators(config, image_shape)
    discriminators = families.discriminators(config, image_shape)
    return CycleGanState(
        states.new_step(),
        *generators,
        *discriminators,
        *families.averaged_generators(config, image_shape),
        states.create_optimizer(
            config,
            trainable(generators),
            config.generator_learning_rate,
        ),
        states.create_optimizer(
            config,
            trainable(discriminators),
            config.discriminator_learning_rate,
        ),
        image_buffer.create(image_shape),
        image_buffer.create(image_shape),
    )


def trainable(pair: Iterable[keras.Model]) -> list[keras.Variable]:
    """Returns the trainable variables of two models, one after the other."""
    return [v for model in pair for v in model.trainable_variables]
