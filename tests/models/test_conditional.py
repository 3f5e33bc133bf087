"""Networks that are told the class of each image."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import overrides, recipes
from tf_dcgan.models import families

SIZES = {
    "dcgan": (32, 32),
    "dcgan_small": (16, 20),
    "dcgan_upsampling": (16, 32),
    "dcgan_cifar10": (32, 40),
    "dcgan_celeba": (32, 32),
    "dcgan_28": (28, 28),
    "lsgan_28": (28, 28),
}


@pytest.fixture(autouse=True)
def float32():
    yield
    keras.config.set_dtype_policy("float32")


def build(recipe="dcgan_small", *, num_classes=3, channels=1, **settings):
    settings = {"width": 1 / 16, "latent_dim": 6} | settings
    config = overrides.from_flags(
        {"recipe": recipe, "conditional": bool(num_classes), **settings}
    )
    return networks.of_config(config, (*SIZES[recipe], channels), num_classes)


def labels(*values):
    return np.array(values, np.int32)


def inner(model):
    (network,) = [
        layer for layer in model.layers if isinstance(layer, keras.Model)
    ]
    return network


def call(model, given, classes):
    given = np.asarray(given, np.float32)
    return model([given, classes], training=False).numpy()


def test_every_recipe_with_maps_can_be_told_classes():
    assert set(SIZES) == set(recipes.RECIPES) - {"vanilla_gan", "cyclegan"}
    assert set(SIZES) == set(recipes.names(lambda recipe: recipe.takes_labels))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", SIZES)
def test_both_networks_of_a_recipe_take_labels_and_heed_them(recipe):
    generator, discriminator = build(recipe, channels=3)
    for network in (generator, discriminator):
        networks.randomize(network)
    latents = networks.noise(2, 6)
    made = call(generator, latents, labels(0, 2))
    assert made.shape == (2, *SIZES[recipe], 3)
    assert made.dtype == np.float32
    other = call(generator, latents, labels(1, 2))
    assert not np.allclose(made[0], other[0])
    np.testing.assert_allclose(made[1], other[1], atol=1e-6)
    scores = call(discriminator, made, labels(0, 2))
    assert scores.shape == (2, 1)
    other = call(discriminator, made, labels(1, 2))
    assert abs(scores[0] - other[0]) > 1e-4
    np.testing.assert_allclose(scores[1], other[1], atol=1e-5)


@pytest.mark.slow
def test_a_label_is_further_numbers_of_the_latent_vector():
    generator, _ = build()
    networks.randomize(generator)
    latents = networks.noise(2, 6)
    joined = np.concatenate([latents, [[0, 0, 1], [1, 0, 0]]], axis=1)
    np.testing.assert_array_equal(
        call(generator, latents, labels(2, 0)),
        networks.infer(inner(generator), joined),
    )


@pytest.mark.slow
def test_a_label_is_further_channels_of_the_image():
    _, discriminator = build(channels=3)
    networks.randomize(discriminator)
    images = networks.noise(2, 16, 20, 3)
    maps = np.zeros((2, 16, 20, 3))
    maps[0, :, :, 2] = 1
    maps[1, :, :, 0] = 1
    np.testing.assert_array_equal(
        call(discriminator, images, labels(2, 0)),
        networks.infer(
            inner(discriminator), np.concatenate([images, maps], axis=-1)
        ),
    )


@pytest.mark.slow
def test_ten_classes_widen_only_the_first_layers():
    config = overrides.from_flags(
        {"recipe": "dcgan_small", "conditional": True}
    )
    generator, discriminator = networks.of_config(config, (28, 28, 1), 10)
    # 10 more rows of the projection to 7x7x128.
    assert networks.trainable_count(generator) == 840_001 + 10 * 6272
    # 10 more input channels of 5x5 kernels with 64 outputs.
    assert networks.trainable_count(discriminator) == 213_057 + 10 * 25 * 64


@pytest.mark.slow
def test_all_other_weights_begin_as_without_labels():
    for told, plain in zip(build(), build(num_classes=0), strict=True):
        pairs = list(zip(told.weights, plain.weights, strict=True))
        differing = [
            one.path
            for one, other in pairs
            if one.shape != other.shape
            or not np.array_equal(one.numpy(), other.numpy())
        ]
        assert len(pairs) > 5
        assert differing in (["project/kernel"], ["down_1/kernel"])


@pytest.mark.slow
def test_spectral_normalisation_goes_with_labels():
    _, discriminator = build(spectral_norm=True)
    wrapped = [
        layer
        for layer in families.layers.all_of(discriminator)
        if isinstance(layer, families.spectral.SpectralNormalization)
    ]
    assert [layer.name for layer in wrapped] == ["down_1", "down_2", "logits"]
    assert wrapped[0].layer.kernel.shape == (5, 5, 4, 4)


@pytest.mark.slow
def test_mixed_precision_still_gives_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    generator, discriminator = build()
    made = generator(
        [tf.constant(networks.noise(2, 6)), tf.constant([0, 1])], training=True
    )
    scores = discriminator([made, tf.constant([0, 1])], training=True)
    assert made.dtype == scores.dtype == "float32"
    assert inner(generator).get_layer("project").compute_dtype == "bfloat16"
