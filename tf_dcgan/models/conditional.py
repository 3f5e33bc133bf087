"""Gives any generator or discriminator the class of each image as an input.

By concatenation a label enters G as further numbers of the latent vector, one
for each class, and D as further channels of the image, a constant map for each
class: 1 for the image's class and 0 for all others. So the first layer of
either network has the weights that depend on the class.

By projection each class has scales and shifts of its own after every batch
normalisation of G, and a direction of its own among D's last features. Either
way no network needs code of its own.
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


def normalized_generator(network: keras.Model, num_classes: int) -> keras.Model:
    """Gives each class scales and shifts after every batch normalisation.

    Of the normalised maps x, an image of class c has scale_c · x + shift_c;
    all scales begin at 1 and all shifts at 0.

    Args:
        network: a chain of layers from latents [n, latent_dim] float32 to
            images. It must not be used afterwards.
        num_classes: how many classes there are.

    Returns:
        (latents [n, latent_dim] float32, labels [n] int32) to the images. All
        layers are Keras's own, so that others can load what is exported.

    Source: Miyato and Koyama 2018, section 5 (arXiv:1802.05637), after
        de Vries et al. 2017 (arXiv:1707.00683).
    Deviation: the scale and the shift of all classes stay, too.
    """
    latents = keras.Input(network.input_shape[1:], name="latents")
    labels = keras.Input((), dtype="int32", name="labels")
    x = latents
    for layer in network.layers[1:]:
        x = layer(x)
        if isinstance(layer, keras.layers.BatchNormalization):
            x = _scaled_and_shifted(x, labels, num_classes, layer.name)
    return keras.Model([latents, labels], x, name=network.name)


def _scaled_and_shifted(x, labels, num_classes, name):
    channels = x.shape[-1]
    shape = (*[1] * (len(x.shape) - 2), channels)

    def of_class(initial, what):
        values = keras.layers.Embedding(
            num_classes,
            channels,
            embeddings_initializer=initial,
            name=f"{name}_class_{what}",
        )(labels)
        return keras.layers.Reshape(shape, name=f"{name}_{what}_map")(values)

    scaled = keras.layers.Multiply(name=f"{name}_scaled")(
        [x, of_class("ones", "scale")]
    )
    return keras.layers.Add(name=f"{name}_shifted")(
        [scaled, of_class("zeros", "shift")]
    )


def projection_discriminator(
    network: keras.Model,
    num_classes: int,
    initializer: keras.initializers.Initializer,
) -> keras.Model:
    """Adds to D's output how far its features lie in the class's direction.

    Args:
        network: images [n, height, width, channels] float32 to [n, 1]; its
            last layer with weights is called `to_score` or `logits`.
        num_classes: how many classes there are.
        initializer: of the directions.

    Returns:
        (images, labels [n] int32) to [n, 1] float32, the network's output plus
        the product of the inputs of its last layer with the vector of the
        class.

    Source: Miyato and Koyama 2018, equation 4 (arXiv:1802.05637).
    Deviation: the features of all places are taken, not their sum, as the last
        layers here see them.
    """
    labels = keras.Input((), dtype="int32", name="labels")
    names = [layer.name for layer in network.layers]
    last = "to_score" if "to_score" in names else "logits"
    features = keras.layers.Flatten(dtype="float32", name="features")(
        network.get_layer(last).input
    )
    # A dense layer, so that spectral normalisation covers it.
    vectors = keras.layers.Dense(
        features.shape[-1],
        use_bias=False,
        kernel_initializer=initializer,
        dtype="float32",
        name="class_vectors",
    )(keras.ops.one_hot(labels, num_classes))
    product = keras.layers.Dot(1, dtype="float32", name="projection")(
        [features, vectors]
    )
    outputs = keras.layers.Add(dtype="float32", name="outputs")(
        [network.output, product]
    )
    return keras.Model([network.input, labels], outputs, name=network.name)


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
