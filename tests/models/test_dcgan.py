import keras
import networks
import numpy as np
import pytest

from tf_dcgan.models import dcgan

BLOCK = ["Conv2D", "BatchNormalization", "LeakyReLU"]
UP_BLOCK = ["Conv2DTranspose", "BatchNormalization", "ReLU"]


def small(**settings):
    """A pair that is built in no time."""
    settings = {"width": 1 / 32, "latent_dim": 8} | settings
    return networks.build("dcgan_small", (28, 28, 1), **settings)


@pytest.fixture(scope="module")
def full():
    return networks.build("dcgan", (32, 32, 1))


@pytest.fixture(scope="module")
def full_small():
    return networks.build("dcgan_small", (28, 28, 1))


@pytest.fixture(scope="module")
def full_64():
    return networks.build("dcgan", (64, 64, 3))


@pytest.mark.slow
def test_dcgan_at_32_pixels_has_the_parameters_of_the_paper(full):
    assert [networks.trainable_count(m) for m in full] == [
        18_046_721,
        1_030_593,
    ]


@pytest.mark.slow
def test_dcgan_at_64_pixels_has_the_parameters_of_the_paper(full_64):
    assert [networks.trainable_count(m) for m in full_64] == [
        18_869_379,
        4_315_713,
    ]


def test_dcgan_small_has_the_parameters_of_the_tutorial(full_small):
    assert [networks.trainable_count(m) for m in full_small] == [
        840_001,
        213_057,
    ]


def test_the_generator_is_projection_then_blocks_then_tanh(full):
    assert networks.kinds(full[0]) == [
        "Dense",
        "Reshape",
        *UP_BLOCK,
        *UP_BLOCK,
        "Conv2DTranspose",
        "Activation",
    ]
    generator = full[0]
    assert networks.shapes(generator, keras.layers.Dense) == [(16384,)]
    assert networks.shapes(generator, keras.layers.Reshape) == [(4, 4, 1024)]
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (8, 8, 512),
        (16, 16, 256),
        (32, 32, 1),
    ]
    assert generator.input_shape == (None, 100)
    assert generator.output_shape == (None, 32, 32, 1)


def test_the_discriminator_normalises_every_convolution(full):
    discriminator = full[1]
    assert networks.kinds(discriminator) == [*BLOCK * 3, "Flatten", "Dense"]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (16, 16, 64),
        (8, 8, 128),
        (4, 4, 256),
    ]
    assert discriminator.input_shape == (None, 32, 32, 1)
    assert discriminator.output_shape == (None, 1)


def test_64_pixels_take_one_stage_more(full_64):
    generator, discriminator = full_64
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (8, 8, 512),
        (16, 16, 256),
        (32, 32, 128),
        (64, 64, 3),
    ]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (32, 32, 64),
        (16, 16, 128),
        (8, 8, 256),
        (4, 4, 512),
    ]


def test_dcgan_small_doubles_twice(full_small):
    generator, discriminator = full_small
    assert networks.kinds(generator) == [
        "Dense",
        "Reshape",
        *UP_BLOCK,
        "Conv2DTranspose",
        "Activation",
    ]
    assert networks.shapes(generator, keras.layers.Reshape) == [(7, 7, 128)]
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (14, 14, 64),
        (28, 28, 1),
    ]
    assert networks.kinds(discriminator) == [*BLOCK * 2, "Flatten", "Dense"]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (14, 14, 64),
        (7, 7, 128),
    ]


def test_convolutions_are_5x5_of_stride_2_with_same_padding(full):
    for model in full:
        for layer in networks.layers(
            model, keras.layers.Conv2D
        ) + networks.layers(model, keras.layers.Conv2DTranspose):
            assert layer.kernel_size == (5, 5)
            assert layer.strides == (2, 2)
            assert layer.padding == "same"


def test_only_layers_without_normalisation_have_a_bias(full):
    biased = [
        layer.name
        for model in full
        for layer in model.layers
        if getattr(layer, "use_bias", False)
    ]
    assert biased == ["project", "to_pixels", "logits"]


def test_no_layer_hides_an_activation(full):
    generator, discriminator = full
    hidden = [
        layer.name
        for model in full
        for layer in model.layers
        if getattr(layer, "activation", None)
        not in (None, keras.activations.linear)
    ]
    assert hidden == ["images"]
    assert generator.get_layer("images").activation is keras.activations.tanh
    assert discriminator.layers[-1].activation is keras.activations.linear


def test_activations_are_relu_in_g_and_leaky_relu_of_slope_02_in_d(full):
    inputs = np.array([-1.0, 0.0, 2.0], np.float32)
    for layer in networks.layers(full[0], keras.layers.ReLU):
        assert layer(inputs).numpy().tolist() == [0.0, 0.0, 2.0]
    for layer in networks.layers(full[1], keras.layers.LeakyReLU):
        np.testing.assert_allclose(layer(inputs), [-0.2, 0.0, 2.0], rtol=1e-6)


def test_kernels_are_normal_with_deviation_002(full):
    for model in full:
        for layer in model.layers:
            if not hasattr(layer, "kernel"):
                continue
            kernel = layer.kernel.numpy()
            error = 0.02 / kernel.size**0.5
            assert abs(kernel.mean()) < 5 * error, layer.name
            assert abs(kernel.std() - 0.02) < 5 * error, layer.name
            if kernel.size > 100_000:
                # A truncated normal would end at 2 deviations.
                assert abs(kernel).max() > 0.08, layer.name


def test_a_seed_means_the_same_weights_as_ever():
    generator, discriminator = small(seed=3)
    project = generator.get_layer("project").kernel.numpy()
    down = discriminator.get_layer("down_1").kernel.numpy()
    np.testing.assert_allclose(
        project[0, :3], [0.01427302, 0.01563993, 0.02762534], rtol=1e-5
    )
    np.testing.assert_allclose(
        down[0, 0, 0, :2], [0.03114531, 0.01336447], rtol=1e-5
    )


def test_biases_begin_at_zero_and_scales_at_one():
    for model in small():
        for weight in model.trainable_weights:
            if weight.name in ("bias", "beta"):
                assert not weight.numpy().any()
            elif weight.name == "gamma":
                assert (weight.numpy() == 1).all()


@pytest.mark.slow
def test_no_two_layers_share_their_numbers():
    pair = small(extra_layers=3)
    kernels = [
        layer.kernel.numpy().ravel()[:32]
        for model in pair
        for layer in model.layers
        if hasattr(layer, "kernel")
    ]
    assert len({tuple(kernel) for kernel in kernels}) == len(kernels) == 12
    assert len(np.unique(np.concatenate(kernels))) == sum(map(len, kernels))


@pytest.mark.slow
def test_width_scales_every_channel_count():
    generator, discriminator = networks.build(
        "dcgan", (32, 32, 3), width=0.25, latent_dim=4
    )
    assert networks.shapes(generator, keras.layers.Reshape) == [(4, 4, 256)]
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (8, 8, 128),
        (16, 16, 64),
        (32, 32, 3),
    ]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (16, 16, 16),
        (8, 8, 32),
        (4, 4, 64),
    ]


def test_the_smallest_width_leaves_one_channel():
    generator, discriminator = small(width=1e-6)
    assert networks.shapes(generator, keras.layers.Reshape) == [(7, 7, 1)]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (14, 14, 1),
        (7, 7, 1),
    ]


def test_a_width_may_give_any_number_of_channels():
    generator, discriminator = small(width=0.4)
    # 0.4 * (128, 64) = (51.2, 25.6), 0.4 * (64, 128) = (25.6, 51.2).
    assert networks.shapes(generator, keras.layers.Reshape) == [(7, 7, 51)]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (14, 14, 26),
        (7, 7, 51),
    ]


def test_extra_layers_follow_each_networks_narrowest_resolution():
    generator, discriminator = small(extra_layers=2)
    assert networks.kinds(generator) == [
        "Dense",
        "Reshape",
        *["Conv2D", "BatchNormalization", "ReLU"] * 2,
        *UP_BLOCK,
        "Conv2DTranspose",
        "Activation",
    ]
    assert (
        networks.shapes(generator, keras.layers.Conv2D)[:2] == [(7, 7, 4)] * 2
    )
    assert networks.kinds(discriminator) == [*BLOCK * 4, "Flatten", "Dense"]
    assert networks.shapes(discriminator, keras.layers.Conv2D) == [
        (14, 14, 2),
        (7, 7, 4),
        (7, 7, 4),
        (7, 7, 4),
    ]
    for model in (generator, discriminator):
        for number in (1, 2):
            layer = model.get_layer(f"extra_{number}")
            assert layer.kernel_size == (5, 5)
            assert layer.strides == (1, 1)
            assert not layer.use_bias


def test_networks_are_built_for_oblong_images():
    generator, discriminator = networks.build(
        "dcgan", (48, 64, 3), width=1 / 64, latent_dim=4
    )
    assert generator.get_layer("reshape").output.shape == (None, 6, 8, 16)
    images = generator(np.zeros([2, 4], np.float32), training=False)
    assert images.shape == (2, 48, 64, 3)
    assert discriminator(images, training=False).shape == (2, 1)


@pytest.mark.parametrize(
    "side, stages",
    [
        (16, 0),
        (24, 0),
        (28, 0),
        (32, 3),
        (36, 0),
        (40, 3),
        (48, 3),
        (56, 3),
        (60, 0),
        (64, 4),
        (72, 0),
        (80, 4),
        (96, 4),
        (112, 4),
        (128, 5),
        (1024, 8),
    ],
)
def test_dcgan_makes_base_4_to_7_doubled_three_times_or_more(side, stages):
    assert dcgan.dcgan_stages((side, side)) == stages


def test_dcgan_stages_of_oblong_images_follow_the_shorter_side():
    assert dcgan.dcgan_stages((48, 64)) == 3
    assert dcgan.dcgan_stages((64, 32)) == 3
    assert dcgan.dcgan_stages((64, 72)) == 0
    assert dcgan.dcgan_stages((32, 36)) == 0


def test_dcgan_small_makes_multiples_of_four_from_sixteen():
    sides = [s for s in range(4, 41) if dcgan.dcgan_small_stages((s, s))]
    assert sides == [16, 20, 24, 28, 32, 36, 40]
    assert dcgan.dcgan_small_stages((28, 28)) == 2
    assert dcgan.dcgan_small_stages((28, 30)) == 0
    assert dcgan.dcgan_small_stages((12, 28)) == 0


@pytest.mark.parametrize("recipe", ["dcgan", "dcgan_small"])
def test_sizes_that_cannot_be_made_are_refused(recipe):
    with pytest.raises(ValueError, match="image_shape=\\(30, 30, 1\\)"):
        networks.build(recipe, (30, 30, 1))


def test_images_lie_within_minus_one_and_one():
    generator, _ = small()
    latents = 1e4 * np.random.default_rng(0).normal(size=[4, 8])
    images = generator(latents.astype(np.float32), training=False).numpy()
    assert images.min() < -0.5 and images.max() > 0.5
    assert abs(images).max() <= 1
