"""Gives any generator or discriminator the class of each image as an input.

A label enters G as further numbers of the latent vector, one for each class,
and D as further channels of the image, a constant map for each class: 1 for
the image's class and 0 for all others. So the first layer of either network
has the weights that depend on the class, and no network needs code of its own.
"""

from __future__ import annotations

import keras
import tensorflow as tf


def generator(network: keras.Model, num_classes: int) -> keras.Model:
    """Gives a generator a second input, the labels.

    Args:
        network: vectors [n, latent_dim + num_classes] float32 to images.
        num_classes: how many numbers of the vectors stand for the label.

    Returns:
        (latents [n, latent_dim] float32, labels [n] int32) to the images. For
        a label that is no class all of the label's numbers are 0.

    Source: Mirza and Osindero 2014, section 3.2 (arXiv:1411.1784).
    Deviation: latents and label have no hidden layers of their own.
    """
    latents = keras.Input(
        (network.input_shape[-1] - num_classes,), name="latents"
    )
    labels = keras.Input((), dtype="int32", name="labels")
    joined = keras.layers.Concatenate(name="latents_and_label")(
        [latents, keras.ops.one_hot(labels, num_classes)]
    )
    return keras.Model([latents, labels], network(joined), name="generator")


def discriminator(network: keras.Model, num_classes: int) -> keras.Model:
    """Gives a discriminator a second input, the labels.

    Args:
        network: [n, height, width, channels + num_classes] float32 to [n, 1].
        num_classes: how many channels stand for the label.

    Returns:
        (images [n, height, width, channels] float32, labels [n] int32) to
        [n, 1], the network's outputs.

    Source: Mirza and Osindero 2014, section 3.2 (arXiv:1411.1784).
    Deviation: maps instead of vectors, since the layers are convolutions.
    """
    *sides, channels = network.input_shape[1:]
    images = keras.Input((*sides, channels - num_classes), name="images")
    labels = keras.Input((), dtype="int32", name="labels")
    one_hot = keras.ops.one_hot(labels, num_classes)
    pixel = keras.layers.Reshape((1, 1, num_classes), name="label")(one_hot)
    maps = keras.layers.UpSampling2D(tuple(sides), name="label_maps")(pixel)
    joined = keras.layers.Concatenate(name="image_and_label")([images, maps])
    return keras.Model([images, labels], network(joined), name="discriminator")


def inputs(
    latents_or_images: tf.Tensor, labels: tf.Tensor | None
) -> tf.Tensor | list[tf.Tensor]:
    """Returns the inputs of a network, conditional or not.

    Args:
        latents_or_images: [n, …] float32.
        labels: [n] int32, or None for a network that is not conditional.
    """
    if labels is None:
        return latents_or_images
    return [latents_or_images, labels]
