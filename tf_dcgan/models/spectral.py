"""Spectral normalisation of any discriminator's layers."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_dcgan.common import randomness


def normalized(discriminator: keras.Model, seed: int) -> keras.Model:
    """Wraps every layer that has a kernel; weights stay as they are.

    Args:
        discriminator: a functional or sequential model. It must not be used
            afterwards, since the new model takes its layers.
        seed: the run's seed, from which the first singular vectors follow.

    Returns:
        A network with the same weights under the same names, in which each
        convolution and dense layer computes with its kernel divided by the
        kernel's largest singular value.
    """
    seeds = randomness.weight_seeds(seed, randomness.Purpose.SPECTRAL_VECTORS)

    def wrapped(layer):
        if hasattr(layer, "kernel"):
            return SpectralNormalization(layer, seed=next(seeds))
        return layer.__class__.from_config(layer.get_config())

    return keras.models.clone_model(
        discriminator, clone_function=wrapped, recursive=True
    )


class SpectralNormalization(keras.layers.Wrapper):
    """Computes a layer with W / sigma(W) in place of its kernel W.

    sigma(W), the largest singular value of the kernel as a matrix [the rest,
    output channels], is estimated with one step of power iteration per call.
    In training mode the vector is kept for the next call, so that it follows
    the slowly moving weights; it is part of a checkpoint. Gradients flow
    through sigma but not through the singular vectors.

    Source: Miyato et al. 2018, section 2.1 and algorithm 1
        (arXiv:1802.05957).
    Deviation from `keras.layers.SpectralNormalization` (3.15), which
        overwrites the kernel itself with the quotient: there the gradient
        leaves sigma out, and a pass of D that is to update G changes D's
        weights.
    """

    def __init__(self, layer: keras.Layer, *, seed: int):
        """Wraps a layer.

        Args:
            layer: a built dense layer or convolution, padded with zeros if
                at all, so that its output is linear in its `kernel`.
            seed: the first singular vector follows from it; below 2^31.
        """
        super().__init__(
            layer,
            name=layer.name,
            dtype=layer.dtype_policy,
            # The singular value is estimated in float32.
            autocast=False,
        )
        self._seed = seed

    def build(self, input_shape):
        """Makes the singular vector."""
        super().build(input_shape)
        self.vector = self.add_weight(
            shape=(1, self.layer.kernel.shape[-1]),
            initializer=keras.initializers.RandomNormal(
                stddev=1.0, seed=self._seed
            ),
            trainable=False,
            name="vector",
        )

    def call(self, inputs, training=False):
        """Passes inputs through the layer with its normalised kernel."""
        kernel = tf.convert_to_tensor(self.layer.kernel)
        matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
        left = _unit(tf.matmul(self.vector, matrix, transpose_b=True))
        right = _unit(tf.matmul(left, matrix))
        left, right = tf.stop_gradient(left), tf.stop_gradient(right)
        if training:
            self.vector.assign(right)
        sigma = tf.reduce_sum(tf.matmul(left, matrix) * right)
        # (x / sigma) W is x (W / sigma), and the bias is left alone. A kernel
        # of zeros gives the bias.
        scale = tf.math.divide_no_nan(1.0, sigma)
        return self.layer(inputs * tf.cast(scale, inputs.dtype))

    def compute_output_shape(self, input_shape):
        """Returns the output shape of the wrapped layer."""
        return self.layer.compute_output_shape(input_shape)


def _unit(vector: tf.Tensor) -> tf.Tensor:
    return tf.math.l2_normalize(vector, epsilon=1e-12)
