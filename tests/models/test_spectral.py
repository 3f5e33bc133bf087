import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import schema
from tf_dcgan.gan import gan
from tf_dcgan.models import families, spectral

SHAPE = (16, 16, 1)


@pytest.fixture(autouse=True)
def float32_again():
    yield
    keras.config.set_dtype_policy("float32")


def tiny(**settings):
    return schema.Config(
        recipe="dcgan_small",
        image_size="16",
        width=0.05,
        latent_dim=4,
        **({"spectral_norm": True} | settings),
    )


def discriminator(**settings):
    (model,) = families.discriminators(tiny(**settings), SHAPE)
    return model


def images(count=4):
    return tf.random.stateless_uniform([count, *SHAPE], [1, 2], -1, 1)


def wrapped(model):
    return [
        layer
        for layer in model.layers
        if isinstance(layer, spectral.SpectralNormalization)
    ]


def largest_singular_value(layer):
    kernel = layer.layer.kernel.numpy()
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]))[1][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dcgan", "dcgan_small"])
def test_all_layers_with_a_kernel_are_wrapped_and_weights_stay(name):
    config = schema.Config(recipe=name, width=0.05, spectral_norm=True)
    (plain,) = families.discriminators(
        schema.Config(recipe=name, width=0.05), (32, 32, 1)
    )
    (normalized,) = families.discriminators(config, (32, 32, 1))
    kernels = [v for v in plain.variables if v.name == "kernel"]
    assert len(wrapped(normalized)) == len(kernels) > 2
    for one, other in zip(
        plain.trainable_variables, normalized.trainable_variables, strict=True
    ):
        assert one.path == other.path
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.slow
def test_the_count_of_trainable_weights_is_that_of_the_recipe():
    config = schema.Config(recipe="dcgan_small", spectral_norm=True)
    generator, network = networks.of_config(config, (28, 28, 1))
    for model, count in ((generator, 840_001), (network, 213_057)):
        sizes = [np.prod(v.shape) for v in model.trainable_variables]
        assert sum(sizes) == count
    assert not wrapped(generator)


@pytest.mark.slow
def test_the_estimate_becomes_the_largest_singular_value():
    model = discriminator()
    for _ in range(100):
        model(images(), training=True)
    for layer in wrapped(model):
        kernel = layer.layer.kernel.numpy()
        matrix = kernel.reshape(-1, kernel.shape[-1])
        vector = layer.vector.numpy()[0]
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        assert np.linalg.norm(matrix @ vector) == pytest.approx(
            largest_singular_value(layer), rel=1e-3
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "inner",
    [
        keras.layers.Conv2D(5, 3, strides=2, padding="same"),
        keras.layers.Conv2D(5, 4, padding="valid", activation="relu"),
        keras.layers.Dense(5, activation="tanh"),
    ],
    ids=["same", "valid", "dense"],
)
def test_a_layer_computes_with_its_kernel_divided_and_its_bias_whole(inner):
    inputs = tf.random.stateless_normal([2, 8, 8, 3], [0, 1])
    inner = inner.__class__.from_config(inner.get_config())
    inner.build(inputs.shape)
    inner.bias.assign(np.linspace(-1, 1, 5))
    layer = spectral.SpectralNormalization(inner, seed=3)
    for _ in range(200):
        outputs = layer(inputs, training=True)
    divided = inner.kernel.numpy() / largest_singular_value(layer)
    kernel = inner.kernel.numpy()
    inner.kernel.assign(divided)
    np.testing.assert_allclose(outputs, inner(inputs), atol=1e-5)
    # As large or small as the kernel may be.
    inner.kernel.assign(1e-3 * kernel)
    np.testing.assert_allclose(outputs, layer(inputs), atol=1e-5)


def test_the_gradient_goes_through_the_singular_value():
    # W / |W| of a single output channel: its slope is at right angles to W.
    inner = keras.layers.Dense(1)
    inner.build([None, 3])
    inner.kernel.assign([[3.0], [0.0], [4.0]])
    layer = spectral.SpectralNormalization(inner, seed=0)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(tf.constant([[1.0, 2.0, 0.0]])))
    assert float(value) == pytest.approx(0.6, abs=1e-6)
    # (x - (x·W) W / |W|²) / |W| with x = (1, 2, 0), W = (3, 0, 4)
    np.testing.assert_allclose(
        tape.gradient(value, inner.kernel.value)[:, 0],
        [0.128, 0.4, -0.096],
        atol=1e-6,
    )


@pytest.mark.slow
def test_training_passes_alone_move_the_vectors_and_none_the_kernels():
    model = discriminator()
    kernels = [layer.layer.kernel.numpy() for layer in wrapped(model)]
    start = [layer.vector.numpy() for layer in wrapped(model)]
    first = model(images(), training=False)
    np.testing.assert_array_equal(first, model(images(), training=False))
    for layer, vector in zip(wrapped(model), start, strict=True):
        np.testing.assert_array_equal(layer.vector.numpy(), vector)
    model(images(), training=True)
    for layer, vector, kernel in zip(
        wrapped(model), start, kernels, strict=True
    ):
        matrix = kernel.reshape(-1, kernel.shape[-1])
        # One step of power iteration.
        expected = vector @ matrix.T @ matrix
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(layer.vector.numpy(), expected, atol=1e-5)
        np.testing.assert_array_equal(layer.layer.kernel.numpy(), kernel)


@pytest.mark.slow
def test_vectors_are_a_function_of_the_seed_and_differ_by_layer():
    def vectors(seed):
        return [x.vector.numpy() for x in wrapped(discriminator(seed=seed))]

    keras.utils.set_random_seed(1)
    first = vectors(5)
    keras.utils.set_random_seed(2)
    for one, again, other in zip(first, vectors(5), vectors(6), strict=True):
        np.testing.assert_array_equal(one, again)
        assert not np.allclose(one, other)
    assert first[0][0, 0] != first[1][0, 0]


@pytest.mark.slow
def test_vectors_are_in_the_checkpoint_and_the_optimizer_knows_none():
    state = gan.create_state(tiny(), SHAPE)
    names = [name for name in state.variables() if "vector" in name]
    assert names == [
        "discriminator/down_1/vector",
        "discriminator/down_2/vector",
        "discriminator/logits/vector",
    ]


@pytest.mark.slow
def test_half_precision_estimates_in_float32():
    expected = discriminator()(images(), training=True)
    keras.config.set_dtype_policy("mixed_float16")
    model = discriminator()
    outputs = model(images(), training=True)
    assert outputs.dtype == tf.float32
    first, *_, last = wrapped(model)
    assert first.layer.compute_dtype == "float16"
    assert last.layer.compute_dtype == "float32"
    assert first.vector.dtype == "float32"
    np.testing.assert_allclose(outputs, expected, rtol=0.02, atol=0.01)
    reference = wrapped(discriminator())[0]
    np.testing.assert_allclose(
        np.linalg.norm(first.vector.numpy()), 1, atol=1e-6
    )
    assert reference.layer.kernel.dtype == "float32"


def test_a_kernel_of_zeros_gives_the_bias_and_finite_gradients():
    inner = keras.layers.Dense(2, kernel_initializer="zeros")
    inner.build([None, 3])
    inner.bias.assign([1.0, -2.0])
    layer = spectral.SpectralNormalization(inner, seed=0)
    with tf.GradientTape() as tape:
        outputs = layer(tf.ones([1, 3]), training=True)
    np.testing.assert_array_equal(outputs, [[1.0, -2.0]])
    gradient = tape.gradient(outputs, inner.kernel.value)
    assert np.isfinite(gradient).all()


@pytest.mark.slow
def test_layers_inside_an_inner_model_are_wrapped_too():
    inner = keras.Sequential([keras.Input([4]), keras.layers.Dense(3)])
    model = keras.Sequential(
        [keras.Input([4]), keras.layers.Dropout(0.5), inner]
    )
    normalized = spectral.normalized(model, 0)
    x = tf.ones([1, 4])
    kernel = inner.layers[0].kernel.numpy()
    for _ in range(50):
        normalized(x, training=True)
    np.testing.assert_allclose(
        normalized(x), np.ones([1, 4]) @ kernel / np.linalg.norm(kernel, 2),
        atol=1e-4,
    )  # fmt: skip
