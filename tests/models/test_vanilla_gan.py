import keras
import networks
import numpy as np
import pytest

from tf_dcgan.models import vanilla_gan


@pytest.fixture(scope="module")
def full():
    return networks.build("vanilla_gan", (28, 28, 1))


@pytest.mark.slow
def test_it_has_the_parameters_of_the_lecture(full):
    counts = [networks.trainable_count(model) for model in full]
    assert counts == [1_489_936, 533_505]
    # With moving statistics, as the slide counts.
    assert full[0].count_params() == 1_493_520


def test_the_generator_is_dense_with_dropout_before_the_pixels(full):
    generator = full[0]
    block = ["Dense", "LeakyReLU", "BatchNormalization"]
    assert networks.kinds(generator) == [
        *block * 3,
        "Dropout",
        "Dense",
        "Reshape",
        "Activation",
    ]
    assert networks.shapes(generator, keras.layers.Dense) == [
        (256,),
        (512,),
        (1024,),
        (784,),
    ]
    assert generator.get_layer("dropout").rate == 0.3


def test_the_discriminator_drops_pixels_and_normalises_nothing(full):
    discriminator = full[1]
    assert networks.kinds(discriminator) == [
        "Flatten",
        "Dropout",
        *["Dense", "LeakyReLU"] * 2,
        "Dense",
    ]
    assert networks.shapes(discriminator, keras.layers.Dense) == [
        (512,),
        (256,),
        (1,),
    ]
    assert discriminator.get_layer("dropout").rate == 0.3
    assert discriminator.get_layer("dropout").output.shape == (None, 784)


@pytest.mark.slow
def test_both_networks_compute_what_the_tables_say():
    generator, discriminator = networks.build(
        "vanilla_gan", (6, 5, 3), width=1 / 32, latent_dim=4
    )
    for model in (generator, discriminator):
        networks.randomize(model)
    latents = networks.noise(3, 4)
    reference = networks.Reference(generator)
    x = latents
    for number in (1, 2, 3):
        x = networks.leaky_relu(reference.dense(x, f"dense_{number}"))
        x = reference.normalization(x, f"dense_{number}")
    images = np.tanh(reference.dense(x, "to_pixels")).reshape(3, 6, 5, 3)
    actual = networks.infer(generator, latents)
    np.testing.assert_allclose(actual, images, atol=1e-5)
    assert images.std() > 0.3

    reference = networks.Reference(discriminator)
    images = networks.noise(3, 6, 5, 3)
    x = images.reshape(3, 90)
    for number in (1, 2):
        x = networks.leaky_relu(reference.dense(x, f"dense_{number}"))
    logits = reference.dense(x, "logits")
    actual = networks.infer(discriminator, images)
    np.testing.assert_allclose(actual, logits, atol=1e-5)
    assert logits.std() > 0.01


@pytest.mark.slow
def test_dropout_works_in_training_alone():
    generator, discriminator = networks.build(
        "vanilla_gan", (28, 28, 1), width=1 / 16, latent_dim=4
    )
    latents = networks.noise(4, 4).astype(np.float32)
    images = networks.noise(4, 28, 28, 1).astype(np.float32)
    for model, inputs in ((generator, latents), (discriminator, images)):
        for training, different in ((True, True), (False, False)):
            one, other = (model(inputs, training=training) for _ in range(2))
            assert np.any(np.not_equal(one, other)) == different


@pytest.mark.slow
def test_width_scales_all_but_the_pixels():
    pair = networks.build("vanilla_gan", (8, 8, 3), width=0.5)
    units = [networks.shapes(model, keras.layers.Dense) for model in pair]
    assert units == [
        [(128,), (256,), (512,), (192,)],
        [(256,), (128,), (1,)],
    ]


def test_any_size_from_four_pixels_can_be_made():
    stages = vanilla_gan.vanilla_gan_stages
    assert [stages((side, side)) for side in (3, 4, 17, 1024)] == [0, 1, 1, 1]
    assert stages((3, 8)) == stages((8, 3)) == 0
