"""What all networks share: initial weights, constants and last layers."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib

import keras

_WEIGHT_STDDEV = 0.02  # Radford et al. 2016, section 4 (arXiv:1511.06434).
_LEAKY_RELU_SLOPE = 0.2  # The same section.


def initializer(seeds: Iterator[int]) -> keras.initializers.Initializer:
    """Returns the normal distribution of one kernel's initial weights.

    Args:
        seeds: from `randomness.weight_seeds`; the next one is taken.
    """
    return keras.initializers.RandomNormal(
        stddev=_WEIGHT_STDDEV, seed=next(seeds)
    )


def normalization(name: str) -> keras.layers.Layer:
    """Returns batch normalisation with the constants of all recipes."""
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, name=name
    )


def leaky_relu(name: str) -> keras.layers.Layer:
    """Returns the layer that computes max(x, 0.2 x)."""
    return keras.layers.LeakyReLU(negative_slope=_LEAKY_RELU_SLOPE, name=name)


def images(x: keras.KerasTensor) -> keras.KerasTensor:
    """Ends a generator with tanh, so that images lie in [-1, 1].

    In float32 whatever the precision, so that images are not quantised.

    Args:
        x: [n, height, width, channels] in the precision of the layers.

    Returns:
        [n, height, width, channels] float32.
    """
    return keras.layers.Activation("tanh", dtype="float32", name="images")(x)


def dense_logits(
    x: keras.KerasTensor, seeds: Iterator[int]
) -> keras.KerasTensor:
    """Ends a discriminator with a dense layer.

    Args:
        x: [n, features] in the precision of the layers.
        seeds: from `randomness.weight_seeds`; the next one is taken.

    Returns:
        [n, 1] float32 whatever the precision: the loss needs the digits.
    """
    return keras.layers.Dense(
        1,
        kernel_initializer=initializer(seeds),
        dtype="float32",
        name="logits",
    )(x)


def all_of(model: keras.Model) -> Iterator[keras.Layer]:
    """Yields a model's layers, and the layers of models within it.

    Args:
        model: a functional model.
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from all_of(layer)
        else:
            yield layer


def scaled(channels: int, width: float) -> int:
    """Returns a channel count times `--width`, at least 1."""
    return max(1, round(channels * width))


@contextlib.contextmanager
def in_float32() -> Iterator[None]:
    """Builds networks in float32, whatever the precision of the training."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
