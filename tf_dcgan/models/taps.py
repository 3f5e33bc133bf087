"""What a discriminator sees in images, before it makes one number of it."""

from __future__ import annotations

import keras

# The last layer with weights has one of these names.
_LAST = ("to_score", "logits")


def before_score(discriminator: keras.Model) -> keras.Model:
    """Cuts a discriminator off before its last layer with weights.

    Args:
        discriminator: as `families.discriminators` builds it for images of
            noise, conditional or not. The result has its layers.

    Returns:
        A model of the same inputs to [n, k] float32, what the last layer sees
        of each image: without the channel of `minibatch_stddev`, which tells
        of the batch.
    """
    for layer in discriminator.layers:
        if isinstance(layer, keras.Model):
            # A label became channels of the image: the network is within.
            tensor = _input_of_last(layer)
            inner = keras.Model(layer.input, tensor)
            tensor = inner(discriminator.get_layer("image_and_label").output)
            break
    else:
        tensor = _input_of_last(discriminator)
    features = keras.layers.Flatten(dtype="float32", name="tap")(tensor)
    return keras.Model(discriminator.input, features, name="features")


def _input_of_last(network: keras.Model) -> keras.KerasTensor:
    names = {layer.name for layer in network.layers}
    if "minibatch_stddev" in names:
        return network.get_layer("minibatch_stddev").input
    last = next(name for name in _LAST if name in names)
    return network.get_layer(last).input
