"""What a step costs, computed from the networks without running them."""

from __future__ import annotations

from collections.abc import Sequence
import concurrent.futures
import dataclasses
import math

import keras

from tf_dcgan.config import schema
from tf_dcgan.models import families, layers
from tf_dcgan.models.fast import layers as fast_layers
from tf_dcgan.training import kinds

_FLOAT_BYTES = 4
# TensorFlow's own code and buffers. This number and the factor of two below
# were fitted to the peaks that benchmarks/training_speed.py measured on a CPU.
_FRAMEWORK_BYTES = 700 * 2**20


@dataclasses.dataclass(frozen=True)
class StepCost:
    """The cost of one training step.

    Attributes:
        operations: floating-point operations, multiplications and additions
            counted as one each, in all convolutions and dense layers.
        memory_bytes: rough peak of the process's memory.
    """

    operations: int
    memory_bytes: int


def estimate(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> StepCost:
    """Computes what a training step costs; no weight is allocated for it.

    Args:
        config: the networks, the schedule and the batch size.
        image_shape: (height, width, channels).
        num_classes: of conditional networks; 0 for others.
    """
    networks = without_weights(config, image_shape, num_classes)
    return of_networks(config, *networks)


def of_networks(
    config: schema.Config,
    generators: Sequence[keras.Model],
    discriminators: Sequence[keras.Model],
) -> StepCost:
    """Adds up what a training step of the config's schedule does.

    Args:
        config: the schedule and the batch size.
        generators: all generators of the config, with or without weights.
        discriminators: all discriminators of the config.
    """
    passes = kinds.of(config).passes(config)
    per_image = passes.generator * sum(map(forward_operations, generators))
    per_image += passes.discriminator * sum(
        map(forward_operations, discriminators)
    )
    weights_g, weights_d = (
        sum(model.count_params() for model in models)
        for models in (generators, discriminators)
    )
    # Weight, gradient and Adam's two moments; for G also the average.
    state = 5 * weights_g + 4 * weights_d
    kept_for_gradients = config.batch_size * (
        passes.generator_calls * sum(map(_activations, generators))
        + passes.discriminator_calls * sum(map(_activations, discriminators))
    )
    # D's passes over real and generated images may go on at the same time.
    working = sum(
        count * _working_bytes(model, config.batch_size)
        for count, models in ((1, generators), (2, discriminators))
        for model in models
    )
    return StepCost(
        operations=per_image * config.batch_size,
        # Copies in other layouts and gradients live beside them for a while.
        memory_bytes=_FRAMEWORK_BYTES
        + working
        + 2 * _FLOAT_BYTES * (state + kept_for_gradients),
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
        layer = _unwrapped(outer)
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


def _activations(model: keras.Model) -> int:
    return sum(
        math.prod(layer.output.shape[1:])
        for layer in layers.all_of(model)
        if not isinstance(layer, keras.layers.Reshape | keras.layers.Flatten)
    )


def _working_bytes(model: keras.Model, batch_size: int) -> int:
    sizes = [
        fast_layers.working_bytes(
            _unwrapped(layer),
            (batch_size, *layer.input.shape[1:]),
            (batch_size, *layer.output.shape[1:]),
        )
        for layer in layers.all_of(model)
        if hasattr(_unwrapped(layer), "kernel")
    ]
    return max(sizes, default=0)


def _unwrapped(layer: keras.Layer) -> keras.Layer:
    return layer.layer if isinstance(layer, keras.layers.Wrapper) else layer
