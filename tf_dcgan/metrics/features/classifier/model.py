"""The network behind `--features=classifier`."""

from __future__ import annotations

from collections.abc import Iterator
import hashlib

import keras
import numpy as np
import tensorflow as tf

FEATURE_DIM = 128
# Keeps this use of the seed apart from every other.
_PURPOSE = 0xC1A5
_LOGITS = "logits"


def build(
    image_shape: tuple[int, int, int],
    num_classes: int,
    *,
    width: int,
    seed: int,
) -> keras.Model:
    """Builds the network with its initial weights.

    A convolution, then twice a pooling, a convolution and a residual block,
    then a last pooling and convolution whose channels are averaged.

    Args:
        image_shape: (height, width, channels), sides of at least the first
            of `sizes.CLASSIFIER_SIDES`.
        num_classes: of the logits.
        width: channels of the first convolution.
        seed: of the weights, at least 0.

    Returns:
        From [n, *image_shape] float32 in [0, 255] to `features` [n,
        FEATURE_DIM], at least 0, and `logits` [n, num_classes], float32
        whatever Keras's policy is.

    Source: He et al. 2016 (arXiv:1512.03385), figure 2, for the blocks.
    Deviation: activations before the sum, and none after it.
    """
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        images = keras.Input(image_shape, name="images")
        return keras.Model(
            images,
            _outputs(images, num_classes, width, seed),
            name="classifier",
        )
    finally:
        keras.config.set_dtype_policy(policy)


def arrays(model: keras.Model) -> dict[str, np.ndarray]:
    """Returns all weights by layer and name, moving averages included."""
    return {
        f"{layer.name}/{weight.name}": weight.numpy()
        for layer in model.layers
        for weight in layer.weights
    }


def set_arrays(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Gives a network the weights of another of the same shape.

    Args:
        model: changed in place.
        weights: as `arrays` returns them.

    Raises:
        KeyError: one is missing.
        ValueError: one has another shape.
    """
    for layer in model.layers:
        layer.set_weights(
            [weights[f"{layer.name}/{weight.name}"] for weight in layer.weights]
        )


def digests(model: keras.Model) -> dict[str, str]:
    """Returns for each output the SHA-256 of the weights it depends on."""
    of_outputs = {}
    digest = hashlib.sha256()
    weights = arrays(model)
    for output in ("features", _LOGITS):
        for name, array in weights.items():
            if name.startswith(f"{_LOGITS}/") == (output == _LOGITS):
                digest.update(f"{name} {array.shape}\n".encode())
                digest.update(np.ascontiguousarray(array, dtype="<f4"))
        # The logits depend on all that the features do, and on more.
        of_outputs[output] = digest.hexdigest()
    return of_outputs


def _outputs(images, num_classes, width, seed):
    seeds = _weight_seeds(seed)
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scaled")(images)
    x = _convolution(x, width, "stem", seeds)
    for stage in (1, 2):
        name, channels = f"stage_{stage}", width * 2**stage
        x = keras.layers.MaxPooling2D(name=f"{name}_pool")(x)
        x = _convolution(x, channels, name, seeds)
        residual = _convolution(x, channels, f"{name}_residual_1", seeds)
        residual = _convolution(residual, channels, f"{name}_residual_2", seeds)
        x = keras.layers.Add(name=f"{name}_sum")([x, residual])
    x = keras.layers.MaxPooling2D(name="last_pool")(x)
    x = _convolution(x, FEATURE_DIM, "last", seeds)
    features = keras.layers.GlobalAveragePooling2D(name="features")(x)
    logits = keras.layers.Dense(
        num_classes, kernel_initializer=_initializer(seeds), name=_LOGITS
    )(features)
    return {"features": features, "logits": logits}


def _convolution(x, channels, name, seeds):
    x = keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        use_bias=False,  # Batch normalisation follows and has its own.
        kernel_initializer=_initializer(seeds),
        name=name,
    )(x)
    x = FusedNormalization(
        momentum=0.95, epsilon=1e-5, name=f"{name}_normalization"
    )(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


class FusedNormalization(keras.layers.BatchNormalization):
    """Batch normalisation that trains in one kernel.

    Keras computes it from a dozen operations, each of which goes through
    the memory again.
    """

    def call(self, inputs, training=None, mask=None):
        """Normalises, and in training moves the averages."""
        if not training:
            return super().call(inputs, training=False)
        results = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        for average, now in (
            (self.moving_mean, results.batch_mean),
            (self.moving_variance, results.batch_variance),
        ):
            average.assign(
                self.momentum * average.value + (1 - self.momentum) * now
            )
        return results.y


def _initializer(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=next(seeds))


def _weight_seeds(seed: int) -> Iterator[int]:
    chance = np.random.default_rng([seed, _PURPOSE])
    while True:
        yield int(chance.integers(2**31))
