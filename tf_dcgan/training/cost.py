"""What a step costs, computed from the networks without running them."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import math

import keras

from tf_dcgan.config import losses, schema
from tf_dcgan.models import families, layers

_FLOAT_BYTES = 4
# TensorFlow's own code and buffers. This and the factors of two below were
# fitted to the peaks that benchmarks/training_speed.py measured on a CPU.
_FRAMEWORK_BYTES = 700 * 2**20


@dataclasses.dataclass(frozen=True)
class StepCost:
    """The cost of one training step.

    Attributes:
        operations: floating-point operations, multiplications and additions
            counted apart, of all convolutions and dense layers.
        memory_bytes: rough peak of the process's memory.
    """

    operations: int
    memory_bytes: int


def estimate(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> StepCost:
    """Adds up what a step of the config's schedule does.

    A pass back through a network costs two forward passes, one for the
    inputs' gradients and one for the weights'; through a discriminator that
    is not updated it costs one.

    Args:
        config: the networks, the schedule and the batch size.
        image_shape: (height, width, channels).
        num_classes: of conditional networks; 0 for others.

    Returns:
        The cost of one step. No weight is allocated for it.
    """
    generators, discriminators = without_weights(
        config, image_shape, num_classes
    )
    passes_g, passes_d = _passes(config)
    per_image = passes_g * sum(map(forward_operations, generators))
    per_image += passes_d * sum(map(forward_operations, discriminators))
    return StepCost(
        operations=per_image * config.batch_size,
        memory_bytes=_memory_bytes(config, generators, discriminators),
    )


def _passes(config: schema.Config) -> tuple[int, int]:
    """Returns how many forward passes of G and of D a step is worth."""
    if config.translates:
        # Each generator translates an image, closes a cycle and maps an image
        # of its target; each discriminator judges a new image for G, a real
        # one and one out of the buffer.
        return 3 * _generator_calls(config), 2 + 2 * 3
    shares_first = config.generator_latents == "shared"
    generator_forwards = config.generator_updates + (0 if shares_first else 1)
    # Forth, back to the images, and back through both; R1's pass forth and
    # back to the weights is that of the real images.
    has_penalty = losses.LOSSES[config.loss].penalty_weight > 0
    penalty_forwards = 6 * has_penalty + 3 * (config.r1_gamma > 0)
    return (
        generator_forwards + 2 * config.generator_updates,
        2 * 3 + penalty_forwards + 2 * config.generator_updates,
    )


def without_weights(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> tuple[tuple[keras.Model, ...], tuple[keras.Model, ...]]:
    """Builds a config's networks, but allocates no weight.

    Keras keeps variables that a stateless scope leaves without a value in a
    list of the thread, and allocates them at the end of the thread's next
    stateless scope, even if that scope builds another network. Here the list
    ends with a thread of its own.

    Args:
        config: the settings that the networks depend on.
        image_shape: (height, width, channels).
        num_classes: of conditional networks; 0 for others.

    Returns:
        (generators, discriminators), which know their shapes and cannot be
        called.
    """
    arguments = (config, image_shape, num_classes)

    def build():
        with keras.StatelessScope(initialize_variables=False):
            return (
                families.generators(*arguments),
                families.discriminators(*arguments),
            )

    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(build).result()


def forward_operations(model: keras.Model) -> int:
    """Counts a forward pass of one image, two operations per product.

    Args:
        model: built functional model.

    Returns:
        Floating-point operations of its dense layers and convolutions.
    """
    total = 0
    for outer in layers.all_of(model):
        is_wrapper = isinstance(outer, keras.layers.Wrapper)
        layer = outer.layer if is_wrapper else outer
        if isinstance(layer, keras.layers.Dense):
            total += 2 * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            # Every input pixel meets the whole kernel.
            _, height, width, _ = outer.input.shape
            total += 2 * height * width * math.prod(layer.kernel.shape)
        elif isinstance(layer, keras.layers.Conv2D):
            _, height, width, _ = outer.output.shape
            total += 2 * height * width * math.prod(layer.kernel.shape)
    return total


def _generator_calls(config: schema.Config) -> int:
    """Returns how often a generator is called before it is updated."""
    if not config.translates:
        return 1
    return 3 if config.lambda_identity > 0 else 2


def _memory_bytes(config, generators, discriminators) -> int:
    weights_g, weights_d = (
        sum(model.count_params() for model in models)
        for models in (generators, discriminators)
    )
    # Weight, gradient and Adam's two moments; G's average besides.
    state = 5 * weights_g + 4 * weights_d
    kept_for_gradients = config.batch_size * (
        _generator_calls(config) * sum(map(_activations, generators))
        + sum(map(_activations, discriminators))
    )
    # Copies in other layouts and gradients live beside them for a while.
    return _FRAMEWORK_BYTES + 2 * _FLOAT_BYTES * (state + kept_for_gradients)


def _activations(model: keras.Model) -> int:
    return sum(
        math.prod(layer.output.shape[1:])
        for layer in layers.all_of(model)
        if not isinstance(layer, keras.layers.Reshape | keras.layers.Flatten)
    )
