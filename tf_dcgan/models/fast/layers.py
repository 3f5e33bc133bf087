"""Keras's layers as they are trained: faster on a CPU, and on several devices.

A network is described by Keras's own layers. The layers of this module have the
same weights under the same names and compute the same.
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from tf_dcgan.common import devices, replicas
from tf_dcgan.models.fast import convolutions


def for_training(
    model: keras.Model, *, sync_batch_norm: bool = True
) -> keras.Model:
    """Builds a network anew of the layers of this module.

    Args:
        model: a functional model with its initial weights. It must not be used
            afterwards.
        sync_batch_norm: whether batch normalisation takes the statistics of
            the batch of all replicas, not of each replica's rows.

    Returns:
        A model of the same inputs, outputs, initial weights and names of
        layers and variables; on a single GPU the model itself, since cuDNN is
        fast at what it is.
    """
    is_on_cpu, is_split = not devices.gpus(), replicas.count() > 1
    if not is_on_cpu and not is_split:
        return model
    classes = {keras.layers.BatchNormalization: BatchNormalization}
    if is_on_cpu:
        classes[keras.layers.Conv2D] = Conv2D
        classes[keras.layers.Conv2DTranspose] = Conv2DTranspose
        classes[keras.layers.GroupNormalization] = InstanceNormalization
    if is_split:
        classes[keras.layers.Dropout] = Dropout
        classes[keras.layers.SpatialDropout2D] = SpatialDropout2D

    def layer_of(layer):
        layer_class = classes.get(type(layer), type(layer))
        config = layer.get_config()
        if layer_class is BatchNormalization:
            config["synchronized"] = sync_batch_norm
        if isinstance(layer, keras.Layer):  # Not an operation, such as a pad.
            # Some layers leave their precision out of their config.
            config["dtype"] = layer.dtype_policy
        return layer_class.from_config(config)

    return keras.models.clone_model(
        model, clone_function=layer_of, recursive=True
    )


def working_bytes(
    layer: keras.Layer, inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> int:
    """Returns what a layer takes beside its inputs and outputs, about.

    Args:
        layer: of a network, `for_training` or not.
        inputs: the shape of a batch of its inputs.
        outputs: the same of its outputs.
    """
    is_transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    if devices.gpus() or not (
        is_transposed or isinstance(layer, keras.layers.Conv2D)
    ):
        return 0
    large = outputs if is_transposed else inputs
    return convolutions.working_bytes(
        keras.KerasTensor(inputs, layer.compute_dtype),
        layer.kernel.shape,
        _geometry(layer, large[1:3]),
        is_transposed=is_transposed,
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

    On one device it is one operation, and its gradient another. Statistics of
    several replicas are products with a vector of ones, and the gradient is
    written out. The derivative of either gradient, which penalties need, is
    whole; the derivative of Keras's layer (3.15) lacks a part, since the mean
    counts as a constant in the variance of `tf.nn.moments`.
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
        shape = inputs.shape
        # Where the shape is known, the graph has no operations that find out.
        count = math.prod(shape[:-1]) if shape.is_fully_defined() else -1
        dtype = inputs.dtype if inputs.dtype == tf.bfloat16 else tf.float32
        rows = tf.reshape(tf.cast(inputs, dtype), [count, shape[-1]])
        gamma = tf.convert_to_tensor(self.gamma)
        beta = tf.convert_to_tensor(self.beta)
        if self.synchronized and replicas.count() > 1:
            outputs, mean, variance = _normalized(
                tf.cast(rows, tf.float32), gamma, beta, self.epsilon
            )
        else:
            outputs, *moments = _normalized_alone(
                rows, gamma, beta, self.epsilon
            )
            # The replicas' copies of the moving statistics must not part.
            mean, variance = replicas.mean(moments)
        for moving, value in (
            (self.moving_mean, mean),
            (self.moving_variance, variance),
        ):
            moving.assign(
                moving * self.momentum + value * (1.0 - self.momentum)
            )
        if not shape.is_fully_defined():
            shape = tf.shape(inputs)
        return tf.cast(tf.reshape(outputs, shape), self.compute_dtype)


class InstanceNormalization(keras.layers.GroupNormalization):
    """Keras's normalisation of each channel of each image, in fewer operations.

    A generator has one after nearly every convolution, and each of Keras's
    takes some seventy operations in the graph of a step.
    """

    def call(self, inputs):
        """Gives each channel of each image mean 0 and variance 1.

        Args:
            inputs: [n, height, width, channels].

        Returns:
            The shape of the inputs, in the layer's compute dtype.
        """
        if self.groups not in (-1, inputs.shape[-1]) or (
            self.center or self.scale
        ):
            return super().call(inputs)
        values = tf.cast(inputs, tf.float32)
        return tf.cast(
            _normalized_images(values, self.epsilon), self.compute_dtype
        )


class _DropoutOfBatch:
    """Makes a dropout's mask follow the position in the batch of all replicas.

    A base class before Keras's.
    """

    def call(self, inputs, training=False):
        """Drops some of the inputs while training.

        Args:
            inputs: [rows, …], of this replica.
            training: whether anything is dropped.

        Returns:
            The shape of the inputs.
        """
        if not training:
            return super().call(inputs, training=training)
        rows = inputs.shape[0] * replicas.count()
        ones = tf.ones([rows, *inputs.shape[1:]], inputs.dtype)
        return inputs * replicas.shard(super().call(ones, training=True))


class Dropout(_DropoutOfBatch, keras.layers.Dropout):
    """Keras's dropout on several replicas."""


class SpatialDropout2D(_DropoutOfBatch, keras.layers.SpatialDropout2D):
    """Keras's dropout of whole maps on several replicas."""


def _normalized_alone(rows, gamma, beta, epsilon):
    """Normalises the columns of [n, channels] float32 or bfloat16.

    Args:
        rows: [n, channels].
        gamma: [channels] float32, the scale.
        beta: [channels] float32, the shift.
        epsilon: added to the variance.

    Returns:
        (outputs, mean, variance): the outputs in the dtype of the rows, the
        others float32; the variance is of the batch as it is, as Keras's.

    Source: Ioffe and Szegedy 2015, section 3 (arXiv:1502.03167).
    """
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(rows, [-1, 1, 1, rows.shape[1]]),
        scale=gamma,
        offset=beta,
        mean=tf.zeros([0]),
        variance=tf.zeros([0]),
        epsilon=epsilon,
        is_training=True,
    )
    # The operation returns the unbiased variance, over n - 1.
    count = tf.cast(rows.shape[0] or tf.shape(rows)[0], tf.float32)
    outputs = tf.reshape(outputs, [rows.shape[0] or -1, rows.shape[1]])
    return outputs, mean, variance * ((count - 1.0) / count)


def _normalized(rows, gamma, beta, epsilon):
    """Normalises the columns of [n, channels] float32 of all replicas.

    Args:
        rows: [n, channels], of this replica.
        gamma: [channels], the scale.
        beta: [channels], the shift.
        epsilon: added to the variance.

    Returns:
        (outputs, mean, variance): the variance is of the batch as it is, as
        Keras's; neither of the two is to be differentiated.

    Source: Ioffe and Szegedy 2015, section 3 (arXiv:1502.03167).
    """
    length = rows.shape[0] or tf.shape(rows)[0]
    ones = tf.ones([1, length], rows.dtype)

    def column_sums(rows):
        return tf.squeeze(tf.matmul(ones, rows), 0)

    @tf.custom_gradient
    def call(rows, gamma, beta):
        count = tf.cast(replicas.count() * length, rows.dtype)
        mean = replicas.total(column_sums(rows)) / count
        centred = rows - mean
        variance = replicas.total(column_sums(tf.square(centred))) / count
        inverse_stddev = tf.math.rsqrt(variance + epsilon)
        scale = gamma * inverse_stddev

        def gradient(upstream, *_):
            of_beta = column_sums(upstream)
            of_gamma = column_sums(upstream * centred) * inverse_stddev
            of_rows = upstream * scale - (
                centred
                * (scale * inverse_stddev * replicas.total(of_gamma) / count)
                + scale * replicas.total(of_beta) / count
            )
            return of_rows, of_gamma, of_beta

        return (centred * scale + beta, mean, variance), gradient

    return call(rows, gamma, beta)


def _normalized_images(images, epsilon):
    """Normalises each channel of each image of [n, height, width, channels].

    Source: Ulyanov et al. 2016, section 2 (arXiv:1607.08022).
    """

    def mean(values):
        return tf.reduce_mean(values, [1, 2], keepdims=True)

    @tf.custom_gradient
    def call(images):
        centred = images - mean(images)
        inverse_stddev = tf.math.rsqrt(mean(tf.square(centred)) + epsilon)
        outputs = centred * inverse_stddev

        def gradient(upstream):
            along = outputs * mean(upstream * outputs)
            return inverse_stddev * (upstream - mean(upstream) - along)

        return outputs, gradient

    return call(images)
