import keras
import networks
import numpy as np
import pytest

UP = ["Conv2DTranspose", "BatchNormalization", "ReLU"]
DOWN = ["Conv2D", "BatchNormalization", "LeakyReLU"]


@pytest.fixture(scope="module")
def cifar10():
    return networks.build("dcgan_cifar10", (32, 32, 3))


@pytest.fixture(scope="module")
def celeba():
    return networks.build("dcgan_celeba", (64, 64, 3))


@pytest.fixture(scope="module")
def of_28():
    return networks.build("dcgan_28", (28, 28, 1))


def convolutions(model):
    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]


@pytest.mark.slow
def test_parameters_are_those_of_the_sources(cifar10, celeba, of_28):
    assert [
        [networks.trainable_count(model) for model in pair]
        for pair in (cifar10, celeba, of_28)
    ] == [[1_069_379, 663_745], [3_576_704, 2_765_568], [747_841, 9_105]]


def test_the_generator_of_28_pixels_has_the_sources_count_for_latent_10():
    generator, _ = networks.build("dcgan_28", (28, 28, 1), latent_dim=10)
    assert networks.trainable_count(generator) == 623_425


@pytest.mark.parametrize(
    "recipe, stages, normalised_first",
    [("cifar10", 3, False), ("celeba", 4, False), ("of_28", 3, True)],
)
def test_all_but_the_ends_are_normalised(
    request, recipe, stages, normalised_first
):
    generator, discriminator = request.getfixturevalue(recipe)
    last = ["Conv2DTranspose", "Activation"]
    assert networks.kinds(generator) == ["Reshape", *UP * stages, *last]
    first = DOWN if normalised_first else ["Conv2D", "LeakyReLU"]
    downs = 1 if recipe == "of_28" else stages - 1
    assert networks.kinds(discriminator) == [
        *first,
        *DOWN * downs,
        *["Conv2D", "Flatten"],
    ]


def test_cifar10_goes_from_256_channels_to_64_and_back(cifar10):
    generator, discriminator = cifar10
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (4, 4, 256),
        (8, 8, 128),
        (16, 16, 64),
        (32, 32, 3),
    ]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (16, 16, 64),
        (8, 8, 128),
        (4, 4, 256),
        (1, 1, 1),
    ]


def test_celeba_goes_from_512_channels_to_64_and_back(celeba):
    generator, discriminator = celeba
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (4, 4, 512),
        (8, 8, 256),
        (16, 16, 128),
        (32, 32, 64),
        (64, 64, 3),
    ]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (32, 32, 64),
        (16, 16, 128),
        (8, 8, 256),
        (4, 4, 512),
        (1, 1, 1),
    ]


def test_28_pixels_grow_from_one_by_3_6_and_13(of_28):
    generator, discriminator = of_28
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (3, 3, 256),
        (6, 6, 128),
        (13, 13, 64),
        (28, 28, 1),
    ]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (13, 13, 16),
        (5, 5, 32),
        (1, 1, 1),
    ]
    kernels = [
        [layer.kernel_size[0] for layer in convolutions(m)] for m in of_28
    ]
    assert kernels == [[3, 4, 3, 4], [4, 4, 4]]


def test_celeba_alone_has_no_biases(cifar10, celeba, of_28):
    for pair, biased in ((cifar10, True), (celeba, False), (of_28, True)):
        for model in pair:
            assert {c.use_bias for c in convolutions(model)} == {biased}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["dcgan_cifar10", "dcgan_celeba"])
def test_doubling_networks_compute_what_the_tables_say(recipe):
    generator, discriminator = networks.build(
        recipe, (32, 48, 3), width=1 / 16, latent_dim=4
    )
    for model in (generator, discriminator):
        networks.randomize(model)
    latents = networks.noise(2, 4)
    reference = networks.Reference(generator)
    # The first kernel is as large as the map: 4x6.
    x = reference.transposed_convolution(latents[:, None, None], "up_1")
    x = networks.relu(reference.normalization(x, "up_1"))
    for name in ("up_2", "up_3"):
        x = reference.transposed_convolution(x, name, stride=2, padding=1)
        x = networks.relu(reference.normalization(x, name))
    x = reference.transposed_convolution(x, "to_pixels", stride=2, padding=1)
    images = np.tanh(x)
    assert images.shape == (2, 32, 48, 3)
    actual = networks.infer(generator, latents)
    np.testing.assert_allclose(actual, images, atol=1e-5)
    assert images.std() > 0.2

    reference = networks.Reference(discriminator)
    x = images = networks.noise(2, 32, 48, 3)
    for number in (1, 2, 3):
        name = f"down_{number}"
        x = reference.convolution(x, name, stride=2, padding=1)
        if number > 1:
            x = reference.normalization(x, name)
        x = networks.leaky_relu(x)
    logits = reference.convolution(x, "to_score").reshape(2, 1)
    actual = networks.infer(discriminator, images)
    np.testing.assert_allclose(actual, logits, atol=1e-5)
    assert logits.std() > 0.01


@pytest.mark.slow
def test_the_networks_of_28_pixels_compute_what_the_tables_say():
    generator, discriminator = networks.build(
        "dcgan_28", (28, 28, 3), width=1 / 16, latent_dim=4
    )
    for model in (generator, discriminator):
        networks.randomize(model)
    latents = networks.noise(2, 4)
    reference = networks.Reference(generator)
    x = latents[:, None, None]
    for name, stride in (("up_1", 2), ("up_2", 1), ("up_3", 2)):
        x = reference.transposed_convolution(x, name, stride=stride)
        x = networks.relu(reference.normalization(x, name))
    images = np.tanh(reference.transposed_convolution(x, "to_pixels", stride=2))
    assert images.shape == (2, 28, 28, 3)
    actual = networks.infer(generator, latents)
    np.testing.assert_allclose(actual, images, atol=1e-5)
    assert images.std() > 0.2

    reference = networks.Reference(discriminator)
    x = images = networks.noise(2, 28, 28, 3)
    for name in ("down_1", "down_2"):
        x = reference.convolution(x, name, stride=2)
        x = networks.leaky_relu(reference.normalization(x, name))
    logits = reference.convolution(x, "to_score", stride=2).reshape(2, 1)
    actual = networks.infer(discriminator, images)
    np.testing.assert_allclose(actual, logits, atol=1e-5)
    assert logits.std() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    "size, base, channels",
    [
        ((32, 32), (4, 4), [16, 8, 4, 3]),
        ((48, 64), (6, 8), [16, 8, 4, 3]),
        ((128, 128), (4, 4), [64, 32, 16, 8, 4, 3]),
    ],
)
def test_stages_follow_from_the_size_with_64_channels_at_the_pixels(
    size, base, channels
):
    generator, discriminator = networks.build(
        "dcgan_celeba", (*size, 3), width=1 / 16
    )
    shapes = networks.shapes(generator, keras.layers.Conv2DTranspose)
    assert [shape[-1] for shape in shapes] == channels
    assert shapes[0][:2] == base
    shapes = networks.shapes(discriminator, keras.layers.Conv2D)
    assert [shape[-1] for shape in shapes] == [*channels[-2::-1], 1]
    assert shapes[-2][:2] == base
    assert shapes[-1] == (1, 1, 1)


def test_other_sizes_are_refused():
    for recipe, shape in (
        ("dcgan_cifar10", (28, 28, 1)),
        ("dcgan_celeba", (30, 32, 3)),
        ("dcgan_28", (32, 32, 1)),
        ("dcgan_28", (28, 32, 1)),
    ):
        with pytest.raises(ValueError, match="image_shape=") as caught:
            networks.build(recipe, shape)
        assert str(shape) in str(caught.value)
