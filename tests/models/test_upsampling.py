import keras
import networks
import numpy as np
import pytest

from tf_dcgan.models import upsampling


@pytest.fixture(scope="module")
def full():
    return networks.build("dcgan_upsampling", (32, 32, 1))


@pytest.mark.slow
def test_it_has_the_parameters_of_the_lecture(full):
    counts = [networks.trainable_count(model) for model in full]
    assert counts == [1_049_985, 98_113]


def test_the_generator_resizes_before_it_convolves(full):
    generator = full[0]
    block = ["UpSampling2D", "Conv2D", "BatchNormalization", "LeakyReLU"]
    assert networks.kinds(generator) == [
        *["Dense", "Reshape", "BatchNormalization"],
        *block * 2,
        *["Conv2D", "Activation"],
    ]
    assert networks.shapes(generator, keras.layers.Reshape) == [(8, 8, 128)]
    assert networks.shapes(generator, keras.layers.UpSampling2D) == [
        (16, 16, 128),
        (32, 32, 128),
    ]
    assert networks.shapes(generator, keras.layers.Conv2D) == [
        (16, 16, 128),
        (32, 32, 64),
        (32, 32, 1),
    ]


def test_the_discriminator_normalises_all_but_its_first_block(full):
    discriminator = full[1]
    block = ["ZeroPadding2D", "Conv2D", "LeakyReLU", "SpatialDropout2D"]
    assert networks.kinds(discriminator) == [
        *block,
        *[*block, "BatchNormalization"] * 3,
        *["Flatten", "Dense"],
    ]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (16, 16, 16),
        (8, 8, 32),
        (4, 4, 64),
        (2, 2, 128),
    ]
    assert networks.shapes(discriminator, keras.layers.Flatten) == [(512,)]
    rates = [
        layer.rate
        for layer in networks.layers(
            discriminator, keras.layers.SpatialDropout2D
        )
    ]
    assert rates == [0.25] * 4


@pytest.mark.slow
def test_both_networks_compute_what_the_tables_say():
    generator, discriminator = networks.build(
        "dcgan_upsampling", (16, 32, 3), width=1 / 16, latent_dim=4
    )
    for model in (generator, discriminator):
        networks.randomize(model)
    latents = networks.noise(3, 4)
    reference = networks.Reference(generator)
    x = reference.dense(latents, "project").reshape(3, 4, 8, 8)
    x = reference.normalization(x, "project")
    for name in ("up_1", "up_2"):
        x = x.repeat(2, axis=1).repeat(2, axis=2)
        x = reference.convolution(x, name, padding=1)
        x = networks.leaky_relu(reference.normalization(x, name))
    images = np.tanh(reference.convolution(x, "to_pixels", padding=1))
    assert images.shape == (3, 16, 32, 3)
    actual = networks.infer(generator, latents)
    np.testing.assert_allclose(actual, images, atol=1e-5)
    assert images.std() > 0.3

    reference = networks.Reference(discriminator)
    x = images = networks.noise(3, 16, 32, 3)
    for number in (1, 2, 3, 4):
        name = f"down_{number}"
        x = reference.convolution(x, name, stride=2, padding=1)
        x = networks.leaky_relu(x)
        if number > 1:
            x = reference.normalization(x, name)
    logits = reference.dense(x.reshape(3, -1), "logits")
    actual = networks.infer(discriminator, images)
    np.testing.assert_allclose(actual, logits, atol=1e-5)
    assert logits.std() > 0.01


def test_dropout_silences_whole_channels(full):
    layer = full[1].get_layer("down_2_dropout")
    outputs = layer(np.ones([40, 8, 8, 32], np.float32), training=True).numpy()
    assert (outputs == outputs[:, :1, :1]).all()
    # 1,280 channels: a deviation of 0.012 around a quarter.
    assert abs((outputs[:, 0, 0] == 0).mean() - 0.25) < 0.06


@pytest.mark.slow
def test_width_scales_all_but_the_pixels():
    generator, discriminator = networks.build(
        "dcgan_upsampling", (32, 32, 3), width=0.25
    )
    assert generator.get_layer("reshape").output.shape == (None, 8, 8, 32)
    assert [
        [shape[-1] for shape in networks.shapes(model, keras.layers.Conv2D)]
        for model in (generator, discriminator)
    ] == [[32, 16, 3], [4, 8, 16, 32]]


def test_sides_are_multiples_of_sixteen():
    stages = upsampling.dcgan_upsampling_stages
    assert [s for s in range(4, 70) if stages((s, s))] == [16, 32, 48, 64]
    assert stages((48, 64)) == 2
    assert stages((32, 28)) == stages((28, 32)) == 0
    with pytest.raises(ValueError, match="image_shape=\\(28, 32, 1\\)"):
        networks.build("dcgan_upsampling", (28, 32, 1))
