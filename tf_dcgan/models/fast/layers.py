"""Keras's layers with faster training passes, and networks made of them."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.models.fast import convolutions


def accelerated(model: keras.Model) -> keras.Model:
    """Builds a network anew of the layers of this module.

    Args:
        model: a functional model with its initial weights. It must not be used
            afterwards.

    Returns:
        A model of the same inputs, outputs, initial weights and names of
        layers and variables; where a GPU is used the model itself, since
        cuDNN is fast at what it is.
    """
    if devices.gpus():
        return model
    fast = {
        keras.layers.Conv2D: Conv2D,
        keras.layers.Conv2DTranspose: Conv2DTranspose,
        keras.layers.BatchNormalization: BatchNormalization,
    }

    def layer_of(layer):
        layer_class = fast.get(type(layer), type(layer))
        config = layer.get_config()
        if isinstance(layer, keras.Layer):  # Not an operation, such as a pad.
            # Some layers leave their precision out of their config.
            config["dtype"] = layer.dtype_policy
        return layer_class.from_config(config)

    return keras.models.clone_model(
        model, clone_function=layer_of, recursive=True
    )


class Conv2D(keras.layers.Conv2D):
    """Keras's convolution with faster gradients; see `convolutions`."""

    def convolution_op(self, inputs, kernel):
        """Convolves; Keras's hook.

        Args:
            inputs: [n, height, width, in_channels].
            kernel: [height, width, in_channels, out_channels].

        Returns:
            [n, rows, columns, out_channels].
        """
        large = tuple(inputs.shape[1:3])
        if None in large:
            return super().convolution_op(inputs, kernel)
        return convolutions.conv2d(
            inputs, tf.convert_to_tensor(kernel), _geometry(self, large)
        )


class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """Keras's transposed convolution, faster; see `convolutions`."""

    def call(self, inputs):
        """Convolves transposedly.

        Args:
            inputs: [n, height, width, in_channels].

        Returns:
            [n, height, width, out_channels], the sides times the stride or
            more.
        """
        large = tuple(self.compute_output_shape(inputs.shape)[1:3])
        if None in large:
            return super().call(inputs)
        outputs = convolutions.conv2d_transpose(
            inputs, tf.convert_to_tensor(self.kernel), _geometry(self, large)
        )
        if self.use_bias:
            outputs += tf.convert_to_tensor(self.bias)
        return self.activation(outputs)


def _geometry(layer, large):
    """Returns the geometry of a layer whose larger map has these sides."""
    return convolutions.geometry(
        large,
        layer.kernel_size,
        stride=layer.strides[0],
        padding=layer.padding,
    )


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's batch normalisation with faster training passes.

    Means over pixels are products with a vector of ones, and the gradient is
    written out. Its own derivative, which penalties on gradients need, is
    whole; that of Keras's layer (3.15) lacks a part, since the mean counts as
    a constant in the variance of `tf.nn.moments`.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalises, and in training mode moves the moving statistics.

        Args:
            inputs: [n, …, channels].
            training: whether the batch's own statistics are used.
            mask: as Keras's layer takes it.

        Returns:
            The shape of the inputs, in the layer's compute dtype.
        """
        if not training or not self.trainable or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        rows = tf.reshape(tf.cast(inputs, tf.float32), [-1, inputs.shape[-1]])
        outputs, mean, variance = _normalized(
            rows,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            self.epsilon,
        )
        for moving, value in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            moving.assign(
                moving * self.momentum + value * (1.0 - self.momentum)
            )
        return tf.cast(
            tf.reshape(outputs, tf.shape(inputs)), self.compute_dtype
        )


def _normalized(rows, gamma, beta, epsilon):
    """Normalises the columns of [n, channels] float32.

    Returns:
        (outputs, mean, variance): the variance is of the batch as it is, as
        Keras's; neither of the two is to be differentiated.

    Source: Ioffe and Szegedy 2015, section 3 (arXiv:1502.03167).
    """

    @tf.custom_gradient
    def call(rows, gamma, beta):
        count = tf.cast(tf.shape(rows)[0], rows.dtype)
        mean = _column_sums(rows) / count
        centred = rows - mean
        variance = _column_sums(tf.square(centred)) / count
        inverse_stddev = tf.math.rsqrt(variance + epsilon)
        scale = gamma * inverse_stddev

        def gradient(upstream, *_):
            of_beta = _column_sums(upstream)
            of_gamma = _column_sums(upstream * centred) * inverse_stddev
            of_rows = upstream * scale - (
                centred * (scale * inverse_stddev * of_gamma / count)
                + scale * of_beta / count
            )
            return of_rows, of_gamma, of_beta

        return (centred * scale + beta, mean, variance), gradient

    return call(rows, gamma, beta)


def _column_sums(rows):
    return tf.matmul(tf.ones([1, tf.shape(rows)[0]], rows.dtype), rows)[0]
