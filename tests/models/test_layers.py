"""The initial values of all networks' weights."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import kinds, overrides, recipes
from tf_dcgan.models import families, layers

_SIDES = {"dcgan_28": 28, "lsgan_28": 28}
_RECIPES = recipes.names(lambda recipe: recipe.kind is kinds.GENERATION)
# At these, each layer's biases are many.
_SETTINGS = {"latent_dim": 50, "width": 1.0}


def _build(recipe, **settings):
    side = _SIDES.get(recipe, 32)
    return networks.build(recipe, (side, side, 3), **_SETTINGS, **settings)


def _values(model, name):
    return {
        layer.name: np.array(getattr(layer, name))
        for layer in model.layers
        if getattr(layer, name, None) is not None
    }


def _fan_in(layer):
    """PyTorch's count: of a transposed convolution it has the outputs."""
    if isinstance(layer, keras.layers.Dense):
        return layer.kernel.shape[0]
    # The kernel's third axis is the outputs of a transposed convolution.
    return np.prod(layer.kernel.shape[:3])


@pytest.mark.parametrize("recipe", ["dcgan_small", "dcgan_28"])
def test_scales_are_drawn_as_kernels_are(recipe):
    for one, normal in zip(
        _build(recipe, batch_norm_scale="one"),
        _build(recipe, batch_norm_scale="normal"),
        strict=True,
    ):
        scales = _values(normal, "gamma")
        assert all(
            (scale == 1).all() for scale in _values(one, "gamma").values()
        )
        everything = np.concatenate(list(scales.values()))
        assert len(set(everything)) == len(everything) > 40
        assert abs(everything.mean()) < 0.02 * 4 / len(everything) ** 0.5
        assert everything.std() == pytest.approx(0.02, rel=0.3)
        assert not any(beta.any() for beta in _values(normal, "beta").values())
        for name, kernel in _values(one, "kernel").items():
            np.testing.assert_array_equal(
                kernel, _values(normal, "kernel")[name]
            )
        kernels = np.concatenate(
            [each.ravel() for each in _values(normal, "kernel").values()]
        )
        # Draws of their own; float32 has a few values twice.
        assert np.isin(everything, kernels).mean() < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("recipe", _RECIPES)
def test_uniform_biases_are_pytorchs(recipe):
    for zero, uniform in zip(
        _build(recipe, initial_bias="zero"),
        _build(recipe, initial_bias="uniform"),
        strict=True,
    ):
        assert not any(bias.any() for bias in _values(zero, "bias").values())
        for layer in uniform.layers:
            if getattr(layer, "bias", None) is None:
                continue
            ratios = np.array(layer.bias) * _fan_in(layer) ** 0.5
            assert np.abs(ratios).max() <= 1, layer.name
            bound = layer.bias_initializer.maxval
            assert bound == pytest.approx(_fan_in(layer) ** -0.5), layer.name
            if len(ratios) >= 16:
                assert ratios.max() > 0.6 and ratios.min() < -0.6, layer.name
        for name, kernel in _values(zero, "kernel").items():
            np.testing.assert_array_equal(
                kernel, _values(uniform, "kernel")[name]
            )


def test_the_average_starts_from_the_drawn_values():
    config = overrides.from_flags({"recipe": "lsgan_28", "width": 0.1})
    (generator,) = families.generators(config, (28, 28, 1))
    (averaged,) = families.averaged_generators(config, (28, 28, 1))
    assert _values(generator, "gamma")
    for one, other in zip(generator.weights, averaged.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_the_recipes_at_28_pixels_start_so():
    for recipe in recipes.RECIPES:
        config = overrides.from_flags({"recipe": recipe})
        start = (config.batch_norm_scale, config.initial_bias)
        if recipe in _SIDES:
            assert start == ("normal", "uniform")
        else:
            assert start == ("one", "zero")


def test_minibatch_stddev_is_the_mean_deviation_over_the_batch():
    x = np.random.default_rng(0).normal(size=(5, 3, 2, 4)).astype(np.float32)
    outputs = layers.MinibatchStddev()(x).numpy()
    assert outputs.shape == (5, 3, 2, 5)
    np.testing.assert_array_equal(outputs[..., :4], x)
    np.testing.assert_allclose(outputs[..., 4], x.std(0).mean(), rtol=1e-6)
    vectors = layers.MinibatchStddev()(x[:, 0, 0]).numpy()
    np.testing.assert_allclose(vectors[:, 4], x[:, 0, 0].std(0).mean(), 1e-6)


def test_the_gradient_of_minibatch_stddev_is_numerical_differentiations():
    x = np.random.default_rng(0).normal(size=(3, 2, 1, 2)).astype(np.float32)
    weights = np.random.default_rng(1).normal(size=(3, 2, 1, 3))

    def value(x):
        return tf.reduce_sum(layers.MinibatchStddev()(x) * weights)

    with tf.GradientTape() as tape:
        inputs = tf.constant(x)
        tape.watch(inputs)
        total = value(inputs)
    gradient = tape.gradient(total, inputs).numpy()
    for place in np.ndindex(x.shape):
        around = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * 1e-2
            around.append(float(value(tf.constant(moved))))
        expected = (around[0] - around[1]) / 2e-2
        assert gradient[place] == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_minibatch_stddev_of_equal_images_has_a_finite_gradient(dtype):
    x = tf.ones([4, 2, 2, 3], dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layers.MinibatchStddev(dtype=dtype)(x)
        value = tf.reduce_sum(tf.cast(outputs[..., 3], tf.float32))
    assert outputs.dtype == dtype
    assert float(value) == pytest.approx(16 * 1e-4, rel=0.01)
    gradient = tf.cast(tape.gradient(value, x), tf.float32)
    assert np.isfinite(gradient.numpy()).all()


# How many places the last map of each discriminator has at these sizes.
_PLACES = {
    "dcgan": 4 * 4,
    "dcgan_small": 8 * 8,
    "vanilla_gan": 1,
    "dcgan_upsampling": 2 * 2,
    "dcgan_cifar10": 4 * 4,
    "dcgan_quick": 4 * 4,
    "dcgan_steady": 4 * 4,
    "dcgan_celeba": 4 * 4,
    "dcgan_28": 4 * 4,
    "lsgan_28": 4 * 4,
    "sndcgan": 4 * 4,
}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", _RECIPES)
def test_every_discriminator_can_be_told_how_much_images_differ(recipe):
    _, plain = _build(recipe)
    _, with_stddev = _build(recipe, minibatch_stddev=True)
    more = networks.trainable_count(with_stddev) - networks.trainable_count(
        plain
    )
    assert more == _PLACES[recipe]
    outputs = with_stddev(
        networks.noise(4, *with_stddev.input_shape[1:]), training=True
    )
    assert outputs.shape == (4, 1)
