"""The network behind published FIDs, as a Keras model.

What differs from `keras.applications.InceptionV3` and changes the numbers:
the last block takes a maximum where the others take an average, there are
1008 classes, and the weights are of 2015-12-05.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from tf_dcgan.metrics.features.inception import layers

OUTPUTS = ("features", "logits", "spatial")


def build(
    weights: Mapping[str, np.ndarray],
    *,
    feature_dim: int = 2048,
    outputs: Sequence[str] = ("features",),
    precision: str = "float32",
) -> keras.Model:
    """Builds the network, as deep as the outputs need it.

    Args:
        weights: float32 arrays named and shaped as
            `layers.weight_shapes` says, and for the logits
            `softmax/weights` [2048, 1008].
        feature_dim: the tap, a key of `layers.TAPS`.
        outputs: some of OUTPUTS.
        precision: "float32", or "mixed_bfloat16" to compute the layers in
            bfloat16; averages and logits are float32 all the same.

    Returns:
        A model from images [n, 299, 299, 3] float32 in [0, 255], which it
        scales to (x - 128) / 128, to a dictionary of float32: "features"
        [n, feature_dim], the averages over the map of the tap, at least 0;
        "logits" [n, 1008], the scores before the softmax without their
        biases, as the Inception Score has always taken them; "spatial"
        [n, 2023], the first 7 channels of the 17x17 map `mixed_6/conv`, at
        least 0.

    Raises:
        ValueError: there is no such output or tap.
        KeyError: an array is missing.

    Source: Heusel et al. 2017 (arXiv:1706.08500) for the features; Salimans
        et al. 2016, section 4 (arXiv:1606.03498) for the logits; Nash et al.
        2021, section 4 (arXiv:2103.03841) for the spatial features.
    """
    stages = last_stages(feature_dim, outputs)
    network = _Network(weights, precision)
    images = keras.Input(
        (layers.IMAGE_SIDE, layers.IMAGE_SIDE, 3),
        name="images",
    )
    after = {}
    x = keras.layers.Rescaling(1 / 128, offset=-1.0, dtype="float32")(images)
    deepest = max(stages.values(), key=list(layers.STAGES).index)
    for stage in layers.stages_until(deepest):
        x = network.chain(x, layers.STAGES[stage], stage)
        after[stage] = x
    results = {}
    if "features" in outputs:
        results["features"] = network.average(after[stages["features"]])
    if "logits" in outputs:
        results["logits"] = network.logits(after[stages["logits"]])
    if "spatial" in outputs:
        results["spatial"] = network.spatial()
    # Layers that no output needs are left out of the model.
    return keras.Model(images, results, name="inception")


def last_stages(feature_dim: int, outputs: Sequence[str]) -> dict[str, str]:
    """Returns the stage that each output needs.

    Args:
        feature_dim: the tap, a key of `layers.TAPS`.
        outputs: some of OUTPUTS.

    Returns:
        Each of the outputs to a key of `layers.STAGES`.

    Raises:
        ValueError: there is no such output or tap.
    """
    unknown = set(outputs) - set(OUTPUTS)
    if unknown or not outputs or feature_dim not in layers.TAPS:
        raise ValueError(
            f"Outputs are {OUTPUTS}, taps {list(layers.TAPS)}. "
            f"Received: {outputs=}, {feature_dim=}"
        )
    stages = {
        "features": layers.TAPS[feature_dim],
        "logits": layers.TAPS[2048],
        "spatial": layers.SPATIAL_STAGE,
    }
    return {output: stages[output] for output in outputs}


class _Network:
    """Makes Keras layers of the layers as data."""

    def __init__(self, weights: Mapping[str, np.ndarray], precision: str):
        self._weights = weights
        self._precision = precision
        self._spatial = None

    def chain(self, x, chain, scope: str):
        """Applies steps one after the other; `scope` names its poolings."""
        for step in chain:
            if isinstance(step, layers.Convolution):
                x = self._convolution(x, step)
            elif isinstance(step, layers.Pooling):
                x = self._pooling(x, step, scope)
            else:
                x = keras.layers.Concatenate(dtype=self._precision)(
                    [self.chain(x, branch, scope) for branch in step.chains]
                )
        return x

    def average(self, x):
        """Averages over the map, in float32 whatever came before."""
        # One side after the other: a float32 sum over the 5,329 values of
        # the first tap would be wrong by 1e-5.
        x = keras.ops.cast(x, "float32")
        return keras.ops.mean(keras.ops.mean(x, axis=1), axis=1)

    def logits(self, x):
        return keras.layers.Dense(
            layers.NUM_CLASSES,
            use_bias=False,
            kernel_initializer=self._given(layers.LOGITS_WEIGHTS),
            dtype="float32",
            name="softmax",
        )(self.average(x))

    def spatial(self):
        """Returns the first channels of a convolution made before."""
        channels = layers.SPATIAL_CHANNELS
        return keras.layers.Flatten(dtype="float32")(
            self._spatial[..., :channels]
        )

    def _convolution(self, x, step: layers.Convolution):
        x = keras.layers.Conv2D(
            step.filters,
            step.kernel,
            strides=step.stride,
            padding=step.padding,
            activation="relu",
            kernel_initializer=self._given(f"{step.scope}/weights"),
            bias_initializer=self._given(f"{step.scope}/biases"),
            dtype=self._precision,
            name=step.scope.replace("/", "."),  # Keras allows no slashes.
        )(x)
        if step.scope == layers.SPATIAL_SCOPE:
            self._spatial = x
        return x

    def _pooling(self, x, step: layers.Pooling, scope: str):
        # An average at the border counts the pixels that are there.
        layer = {
            "max": keras.layers.MaxPooling2D,
            "average": keras.layers.AveragePooling2D,
        }[step.kind]
        return layer(
            3,
            strides=step.stride,
            padding=step.padding,
            dtype=self._precision,
            name=f"{scope}.{step.kind}",
        )(x)

    def _given(self, name: str):
        """Returns an initializer that gives an array of the weights."""
        array = self._weights[name]
        return lambda shape, dtype=None: keras.ops.cast(array, dtype)
