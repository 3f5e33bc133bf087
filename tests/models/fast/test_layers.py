"""Accelerated networks are the networks that they are made of."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import overrides
from tf_dcgan.models import families
from tf_dcgan.models.fast import layers

_SIZES = {"dcgan_28": 28}


def _networks(recipe, monkeypatch):
    """Builds G and D of a recipe: of fast layers, then of Keras's."""
    flags = {"recipe": recipe, "width": 0.1}
    flags |= (
        {"residual_blocks": 1} if recipe == "cyclegan" else {"latent_dim": 9}
    )
    config = overrides.from_flags(flags)
    side = _SIZES.get(recipe, 32)

    def build():
        return [
            *families.generators(config, (side, side, 3)),
            *families.discriminators(config, (side, side, 3)),
        ]

    fast = build()
    monkeypatch.setattr(
        families.fast_layers, "for_training", lambda model, **_: model
    )
    return zip(fast, build(), strict=True)


# Seconds each: left to the whole suite.
_NETWORKS = [
    pytest.param(name, marks=pytest.mark.slow)
    if name in ("cyclegan", "sndcgan")
    else name
    for name in families.NETWORKS
]


@pytest.mark.parametrize("recipe", _NETWORKS)
def test_names_weights_and_outputs_of_networks_are_kerass(recipe, monkeypatch):
    chance = np.random.default_rng(1)
    for fast, plain in _networks(recipe, monkeypatch):
        inputs = tf.constant(
            chance.normal(size=(16, *plain.input_shape[1:])), tf.float32
        )
        named = []
        for model in (fast, plain):
            outputs = model(inputs, training=True)
            named.append(
                {"outputs": outputs}
                | {
                    variable.path: variable
                    for variable in model.variables
                    # Keras numbers these, and checkpoints do not have them.
                    if variable.name != "seed_generator_state"
                }
            )
        assert list(named[0]) == list(named[1])
        for name, value in named[1].items():
            np.testing.assert_allclose(
                named[0][name], value, rtol=1e-4, atol=1e-5, err_msg=name
            )


@pytest.mark.parametrize("recipe", _NETWORKS)
def test_gradients_of_layers_are_kerass(recipe, monkeypatch):
    chance = np.random.default_rng(1)
    tried = 0
    for fast, plain in _networks(recipe, monkeypatch):
        for layer, original in zip(fast.layers, plain.layers, strict=True):
            if type(layer) is type(original):
                continue
            tried += 1
            shape = original.input.shape
            inputs = tf.constant(
                chance.normal(size=(16, *shape[1:])), tf.float32
            )
            gradients = []
            for each in (layer, original):
                weights = [v.value for v in each.trainable_variables]
                with tf.GradientTape() as tape:
                    tape.watch(inputs)
                    outputs = each(inputs, training=True)
                    value = tf.reduce_sum(tf.square(outputs) + outputs**3)
                gradients.append(tape.gradient(value, [inputs, *weights]))
            for one, other in zip(*gradients, strict=True):
                reach = 1e-4 * max(np.abs(other).max(), 1e-3)
                np.testing.assert_allclose(one, other, rtol=0, atol=reach)
    assert tried > 1


def test_normalisation_keeps_statistics_in_float32_under_half_precision():
    chance = np.random.default_rng(2)
    inputs = tf.constant(chance.normal(3, 2, (40, 5, 4, 6)), tf.float32)
    values = []
    for layer_class in (
        layers.BatchNormalization,
        keras.layers.BatchNormalization,
    ):
        layer = layer_class(momentum=0.5, dtype="mixed_bfloat16")
        outputs = layer(inputs, training=True)
        assert outputs.dtype == "bfloat16"
        values.append([tf.cast(outputs, tf.float32), *layer.variables])
    for one, other in zip(*values, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.01, atol=0.01)
    np.testing.assert_array_equal(
        layer(inputs, training=False), layer(inputs, training=False)
    )


def test_instances_are_normalised_with_whole_derivatives():
    chance = np.random.default_rng(4)
    images = tf.constant(chance.normal(3, 2, (4, 5, 6, 7)), tf.float32)
    layer = layers.InstanceNormalization(
        groups=-1, center=False, scale=False, epsilon=1e-5
    )

    def plain(images):
        centred = images - tf.reduce_mean(images, [1, 2], keepdims=True)
        variance = tf.reduce_mean(centred**2, [1, 2], keepdims=True)
        return centred / tf.sqrt(variance + 1e-5)

    derivatives = []
    for normalise in (layer, plain):
        with tf.GradientTape() as outer:
            outer.watch(images)
            with tf.GradientTape() as tape:
                tape.watch(images)
                outputs = normalise(images)
                value = tf.reduce_sum(tf.tanh(outputs) ** 3)
            slopes = tape.gradient(value, images)
            penalty = tf.reduce_sum(slopes**2)
        derivatives.append([outputs, slopes, outer.gradient(penalty, images)])
    for one, other in zip(*derivatives, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5 * scale)


@pytest.mark.parametrize("settings", [{"groups": 1}, {"scale": True}])
def test_other_group_normalisations_are_kerass(settings):
    images = tf.random.stateless_normal([2, 4, 4, 6], [1, 2])
    options = {"groups": -1, "center": False, "scale": False} | settings
    np.testing.assert_array_equal(
        layers.InstanceNormalization(**options)(images),
        keras.layers.GroupNormalization(**options)(images),
    )


def test_the_variance_of_a_large_mean_is_not_lost():
    inputs = np.random.default_rng(3).normal(1000, 0.1, (4096, 3))
    layer = layers.BatchNormalization(momentum=0.0)
    layer(tf.constant(inputs, tf.float32), training=True)
    np.testing.assert_allclose(
        layer.moving_variance, inputs.var(axis=0), rtol=0.02
    )


def test_what_is_exported_has_kerass_own_layers():
    config = overrides.from_flags({"recipe": "dcgan_small", "width": 0.1})
    (model,) = families.averaged_generators(config, (28, 28, 1))
    modules = {type(layer).__module__.split(".")[0] for layer in model.layers}
    assert modules == {"keras"}


def test_nothing_is_replaced_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setattr(layers.devices, "gpus", lambda: ["GPU:0"])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    assert layers.for_training(model) is model


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (6, 5, 4, 3), (7, 3)])
@pytest.mark.parametrize("known", [True, False])
def test_batch_normalisation_by_one_operation_is_the_formula(shape, known):
    chance = np.random.default_rng(0)
    values = chance.normal(2.0, 3.0, size=shape).astype(np.float32)
    layer = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    layer.build(shape)
    layer.gamma.assign([1.0, 2.0, 0.5])
    layer.beta.assign([0.0, 1.0, -1.0])
    signature = tf.TensorSpec(shape if known else [None, *shape[1:]])
    normalize = tf.function(lambda x: layer(x, training=True), [signature])
    outputs = normalize(values).numpy()
    axes = tuple(range(len(shape) - 1))
    mean, variance = values.mean(axes), values.var(axes)
    expected = (values - mean) / np.sqrt(variance + 1e-5)
    expected = expected * [1.0, 2.0, 0.5] + [0.0, 1.0, -1.0]
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5)
    np.testing.assert_allclose(
        layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-5
    )
