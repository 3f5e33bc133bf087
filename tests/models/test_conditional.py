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
    "dcgan_quick": (40, 32),
    "dcgan_steady": (32, 32),
    "dcgan_celeba": (32, 32),
    "dcgan_28": (28, 28),
    "lsgan_28": (28, 28),
    "sndcgan": (32, 32),
}
BY_PROJECTION = {**SIZES, "vanilla_gan": (12, 16)}


@pytest.fixture(autouse=True)
def float32():
    yield
    keras.config.set_dtype_policy("float32")


def build(recipe="dcgan_small", *, num_classes=3, channels=1, **settings):
    settings = {"width": 1 / 16, "latent_dim": 6} | settings
    config = overrides.from_flags(
        {"recipe": recipe, "conditional": bool(num_classes), **settings}
    )
    shape = (*BY_PROJECTION[recipe], channels)
    return networks.of_config(config, shape, num_classes)


def labels(*values):
    return np.array(values, np.int32)


def inner(model):
    (network,) = [
        layer for layer in model.layers if isinstance(layer, keras.Model)
    ]
    return network


def call(model, inputs, classes):
    inputs = np.asarray(inputs, np.float32)
    return model([inputs, classes], training=False).numpy()


def _assert_labels_count(generator, discriminator, size):
    """Another label makes another image and another score, and only there."""
    latents = networks.noise(2, 6)
    images = call(generator, latents, labels(0, 2))
    assert images.shape == (2, *size, 3)
    assert images.dtype == np.float32
    other = call(generator, latents, labels(1, 2))
    assert not np.allclose(images[0], other[0])
    np.testing.assert_allclose(images[1], other[1], atol=1e-6)
    scores = call(discriminator, images, labels(0, 2))
    assert scores.shape == (2, 1)
    other = call(discriminator, images, labels(1, 2))
    assert abs(scores[0] - other[0]) > 1e-4
    np.testing.assert_allclose(scores[1], other[1], atol=1e-5)


def test_every_recipe_of_noise_can_be_told_classes():
    assert set(BY_PROJECTION) == set(recipes.RECIPES) - {"cyclegan"}
    for conditioning, tested in (
        ("concatenation", SIZES),
        ("projection", BY_PROJECTION),
    ):
        assert set(tested) == set(
            recipes.names(
                lambda recipe, c=conditioning: c in recipe.conditionings
            )
        )


@pytest.mark.slow
@pytest.mark.parametrize("recipe", SIZES)
def test_both_networks_of_a_recipe_take_labels_and_heed_them(recipe):
    generator, discriminator = build(recipe, channels=3)
    for network in (generator, discriminator):
        networks.randomize(network)
    _assert_labels_count(generator, discriminator, SIZES[recipe])


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
    for conditional, plain in zip(build(), build(num_classes=0), strict=True):
        pairs = list(zip(conditional.weights, plain.weights, strict=True))
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
    images = generator(
        [tf.constant(networks.noise(2, 6)), tf.constant([0, 1])], training=True
    )
    scores = discriminator([images, tf.constant([0, 1])], training=True)
    assert images.dtype == scores.dtype == "float32"
    assert inner(generator).get_layer("project").compute_dtype == "bfloat16"


@pytest.mark.slow
@pytest.mark.parametrize("recipe", BY_PROJECTION)
def test_projection_heeds_the_label_in_both_networks(recipe):
    generator, discriminator = build(
        recipe, channels=3, conditioning="projection"
    )
    for network in (generator, discriminator):
        _randomize_classes(network)
    _assert_labels_count(generator, discriminator, BY_PROJECTION[recipe])


def _randomize_classes(network):
    networks.randomize(network)
    for variable in network.weights:
        if "class_scale" in variable.path or "class_shift" in variable.path:
            variable.assign(networks.noise(*variable.shape))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["vanilla_gan", "dcgan_28"])
def test_projection_scales_and_shifts_what_is_normalised(recipe):
    generator, _ = build(recipe, conditioning="projection")
    _randomize_classes(generator)
    names = [
        layer.name
        for layer in generator.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert len(names) == 3
    inner_maps = keras.Model(
        generator.inputs,
        [
            generator.get_layer(name + ending).output
            for name in names
            for ending in ("", "_shifted")
        ],
    )
    latents = networks.noise(2, 6).astype(np.float32)
    maps = inner_maps([latents, labels(2, 0)], training=False)
    for name, normalised, result in zip(
        names, maps[::2], maps[1::2], strict=True
    ):
        scale, shift = (
            generator.get_layer(f"{name}_class_{what}").embeddings.numpy()
            for what in ("scale", "shift")
        )
        for image, label in enumerate((2, 0)):
            np.testing.assert_allclose(
                result[image],
                normalised[image] * scale[label] + shift[label],
                rtol=1e-5,
                atol=1e-6,
            )


@pytest.mark.slow
def test_projection_begins_as_the_unconditional_generator():
    generator, _ = build(conditioning="projection")
    plain, _ = build(num_classes=0)
    latents = networks.noise(3, 6).astype(np.float32)
    np.testing.assert_array_equal(
        call(generator, latents, labels(0, 1, 2)),
        plain(latents, training=False).numpy(),
    )


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["dcgan_small", "dcgan_28"])
def test_projection_adds_the_features_product_with_the_classs_vector(recipe):
    _, discriminator = build(recipe, conditioning="projection")
    _, plain = build(recipe, num_classes=0)
    networks.randomize(plain)
    vectors = discriminator.get_layer("class_vectors").kernel
    for variable in plain.weights:
        (same,) = [v for v in discriminator.weights if v.path == variable.path]
        same.assign(variable)
    last = "to_score" if recipe == "dcgan_28" else "logits"
    features = keras.Model(plain.input, plain.get_layer(last).input)
    images = networks.noise(2, *SIZES[recipe], 1).astype(np.float32)
    product = (
        features(images, training=False).numpy().reshape(2, -1)
        * vectors.numpy()[[2, 0]]
    ).sum(1, keepdims=True)
    assert np.abs(product).max() > 1e-3
    np.testing.assert_allclose(
        call(discriminator, images, labels(2, 0)),
        plain(images, training=False).numpy() + product,
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.slow
def test_spectral_normalisation_covers_the_classes_vectors():
    _, discriminator = build(spectral_norm=True, conditioning="projection")
    wrapped = [
        layer.name
        for layer in families.layers.all_of(discriminator)
        if isinstance(layer, families.spectral.SpectralNormalization)
    ]
    assert sorted(wrapped) == ["class_vectors", "down_1", "down_2", "logits"]


@pytest.mark.slow
def test_a_generator_by_projection_is_loaded_by_keras_alone(tmp_path):
    config = overrides.from_flags(
        {
            "recipe": "dcgan_small",
            "width": 1 / 16,
            "latent_dim": 6,
            "conditional": True,
            "conditioning": "projection",
        }
    )
    (averaged,) = families.averaged_generators(config, (16, 20, 1), 3)
    networks.randomize(averaged)
    averaged.save(tmp_path / "generator.keras")
    loaded = keras.saving.load_model(
        tmp_path / "generator.keras", custom_objects={}, safe_mode=True
    )
    latents = networks.noise(2, 6)
    np.testing.assert_array_equal(
        call(loaded, latents, labels(2, 0)),
        call(averaged, latents, labels(2, 0)),
    )
