"""What all networks share: initial weights, constants and last layers."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import math
from typing import Any

import keras
import tensorflow as tf

from tf_dcgan.common import randomness, replicas
from tf_dcgan.config import schema

_WEIGHT_STDDEV = 0.02  # Radford et al. 2016, section 4 (arXiv:1511.06434).
_LEAKY_RELU_SLOPE = 0.2  # The same section.
_STDDEV_EPSILON = 1e-8


def initializer(seeds: Iterator[int]) -> keras.initializers.Initializer:
    """Returns the normal distribution of one kernel's initial weights.

    Args:
        seeds: from `randomness.weight_seeds`; the next one is taken.
    """
    return keras.initializers.RandomNormal(
        stddev=_WEIGHT_STDDEV, seed=next(seeds)
    )


class Start:
    """The initial values of one network's weights, layer after layer."""

    def __init__(self, config: schema.Config, purpose: randomness.Purpose):
        """Draws nothing yet.

        Args:
            config: `seed`, `batch_norm_scale` and `initial_bias` are used.
            purpose: which network.
        """
        self._config = config
        self._kernels, self._scales, self._biases, self._classes = (
            randomness.weight_seeds(config.seed, purpose, stream)
            for stream in randomness.WeightStream
        )

    def seed(self) -> int:
        """Draws the seed of a random layer, such as dropout."""
        return next(self._kernels)

    def weights(self, fan_in: int) -> dict[str, Any]:
        """Draws the initialisers of a dense layer or a convolution.

        Args:
            fan_in: how many inputs an output sums, as PyTorch counts them: of
                a transposed convolution the kernel's area times its *output*
                channels.

        Returns:
            Arguments of the layer.

        Source of the uniform biases: `torch.nn.Linear`, `Conv2d` and
            `ConvTranspose2d`, uniform in ±1/sqrt(fan_in).
        """
        arguments = {"kernel_initializer": initializer(self._kernels)}
        if self._config.initial_bias == "uniform":
            bound = 1 / math.sqrt(fan_in)
            arguments["bias_initializer"] = keras.initializers.RandomUniform(
                -bound, bound, seed=next(self._biases)
            )
        return arguments

    def class_vectors(self) -> keras.initializers.Initializer:
        """Draws the initialiser of the vectors of all classes."""
        return initializer(self._classes)

    def normalization(self, name: str) -> keras.layers.Layer:
        """Returns batch normalisation with the constants of all recipes.

        Its shifts begin at 0. Its scales begin at 1, or under
        `batch_norm_scale` "normal" are drawn from N(0, 0.02), as in the
        course whose assignment `dcgan_28` is.

        Args:
            name: of the layer.
        """
        scale = "ones"
        if self._config.batch_norm_scale == "normal":
            scale = initializer(self._scales)
        return keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, gamma_initializer=scale, name=name
        )


class MinibatchStddev(keras.layers.Layer):
    """Adds a channel that tells how much the images of a batch differ.

    Of each feature at each place it takes the standard deviation over the
    batch; the mean of all of these is the channel's one value.

    Source: Karras et al. 2018, section 3 (arXiv:1710.10196).
    """

    def call(self, inputs):
        """Concatenates the channel.

        Args:
            inputs: [n, …, channels]; on several replicas each one's rows.

        Returns:
            [n, …, channels + 1] in the same dtype.
        """
        rows = tf.cast(inputs, tf.float32)
        count = tf.cast(tf.shape(rows)[0] * replicas.count(), tf.float32)

        def mean(values):
            return replicas.total(tf.reduce_sum(values, axis=0)) / count

        variance = mean(tf.square(rows - mean(rows)))
        # The root's slope at 0 is infinite.
        value = tf.reduce_mean(tf.sqrt(variance + _STDDEV_EPSILON))
        shape = tf.concat([tf.shape(inputs)[:-1], [1]], axis=0)
        channel = tf.fill(shape, tf.cast(value, inputs.dtype))
        return tf.concat([inputs, channel], axis=-1)

    def get_config(self):
        """Returns what makes the layer again; Keras's hook."""
        return super().get_config()

    def compute_output_shape(self, input_shape):
        """Returns the shape with one channel more."""
        return (*input_shape[:-1], input_shape[-1] + 1)


def with_minibatch_stddev(
    x: keras.KerasTensor, config: schema.Config
) -> keras.KerasTensor:
    """Adds the channel of `MinibatchStddev` if a config asks for it."""
    if not config.minibatch_stddev:
        return x
    return MinibatchStddev(name="minibatch_stddev")(x)


def leaky_relu(
    name: str, *, slope: float = _LEAKY_RELU_SLOPE
) -> keras.layers.Layer:
    """Returns the layer that computes max(x, slope · x)."""
    return keras.layers.LeakyReLU(negative_slope=slope, name=name)


def images(x: keras.KerasTensor) -> keras.KerasTensor:
    """Ends a generator with tanh, so that images lie in [-1, 1].

    In float32 whatever the precision, so that images are not quantised.

    Args:
        x: [n, height, width, channels] in the precision of the layers.

    Returns:
        [n, height, width, channels] float32.
    """
    return keras.layers.Activation("tanh", dtype="float32", name="images")(x)


def dense_logits(x: keras.KerasTensor, start: Start) -> keras.KerasTensor:
    """Ends a discriminator with a dense layer.

    Args:
        x: [n, features] in the precision of the layers.
        start: of the discriminator.

    Returns:
        [n, 1] float32 whatever the precision: the loss needs the digits.
    """
    return keras.layers.Dense(
        1,
        **start.weights(x.shape[-1]),
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


def generator_channels(channels: int, config: schema.Config) -> int:
    """Returns how many channels a layer of G has where its recipe has these."""
    return max(1, round(channels * config.width))


def discriminator_channels(channels: int, config: schema.Config) -> int:
    """Returns how many channels a layer of D has where its recipe has these."""
    return max(1, round(channels * config.width * config.discriminator_width))


@contextlib.contextmanager
def in_float32() -> Iterator[None]:
    """Builds networks in float32, whatever the precision of the training."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
