import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.config import overrides
from tf_dcgan.models import cyclegan


def settings(**differences):
    return overrides.from_flags({"recipe": "cyclegan", **differences})


def seeds():
    return randomness.weight_seeds(0, randomness.Purpose.GENERATOR_WEIGHTS)


def generator(*shape, blocks=2, width=1 / 16):
    return cyclegan.generator(
        settings(width=width), shape, blocks=blocks, seeds=seeds(), name="g"
    )


def discriminator(*shape, width=1 / 16):
    return cyclegan.discriminator(
        settings(width=width), shape, seeds=seeds(), name="d"
    )


def instance_normalized(x):
    mean = x.mean(axis=(1, 2), keepdims=True)
    variance = x.var(axis=(1, 2), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5)


def reflected(x, width):
    sides = (width, width)
    return np.pad(x, ((0, 0), sides, sides, (0, 0)), mode="reflect")


@pytest.fixture(scope="module")
def four():
    return networks.of_config(settings(width=1 / 16), (24, 28, 3))


@pytest.mark.slow
def test_parameters_are_those_of_the_sources():
    assert [
        networks.trainable_count(model)
        for model in (
            generator(None, None, 3, blocks=9, width=1.0),
            generator(None, None, 3, blocks=6, width=1.0),
            discriminator(None, None, 3, width=1.0),
        )
    ] == [11_378_179, 7_837_699, 2_764_737]


@pytest.mark.parametrize(
    "blocks, size, expected",
    [
        (None, (256, 256), 9),
        (None, (512, 256), 9),
        (None, (256, 252), 6),
        (None, (128, 512), 6),
        (1, (256, 256), 1),
        (12, (32, 32), 12),
    ],
)
def test_blocks_follow_from_the_shorter_side_unless_they_are_given(
    blocks, size, expected
):
    config = settings(residual_blocks=blocks)
    assert cyclegan.number_of_blocks(config, size) == expected


@pytest.mark.slow
def test_the_networks_have_the_number_of_blocks_that_the_size_asks_for(four):
    for model in four[:2]:
        sums = networks.layers(model, keras.layers.Add)
        assert [layer.name for layer in sums] == [
            f"block_{number}_sum" for number in range(1, 7)
        ]


@pytest.mark.slow
def test_the_width_scales_every_channel_count_but_the_pixels():
    network = generator(32, 32, 3, blocks=1, width=1 / 8)
    assert networks.shapes(network, keras.layers.Conv2D) == [
        (32, 32, 8),
        (16, 16, 16),
        (8, 8, 32),
        (8, 8, 32),
        (8, 8, 32),
        (32, 32, 3),
    ]
    assert networks.shapes(network, keras.layers.Conv2DTranspose) == [
        (16, 16, 16),
        (32, 32, 8),
    ]
    assert networks.shapes(
        discriminator(32, 32, 3, width=1 / 8), keras.layers.Conv2D
    ) == [(16, 16, 8), (8, 8, 16), (4, 4, 32), (3, 3, 64), (2, 2, 1)]


@pytest.mark.slow
def test_the_discriminator_gives_30_by_30_outputs_of_256_by_256_pixels():
    shape = (256, 256, 3)
    for network in (
        discriminator(*shape, width=1 / 64),
        discriminator(None, None, 3, width=1 / 64),
    ):
        outputs = network(np.zeros((1, *shape), np.float32))
        assert outputs.shape == (1, 30, 30, 1)


@pytest.mark.slow
def test_a_generator_computes_what_the_table_says():
    network = generator(None, None, 3)
    networks.randomize(network)
    originals = networks.noise(2, 24, 32, 3)
    reference = networks.Reference(network)

    def rectified(x):
        return networks.relu(instance_normalized(x))

    x = reference.convolution(reflected(originals, 3), "from_pixels")
    x = rectified(x)
    for name in ("down_1", "down_2"):
        x = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
        x = rectified(reference.convolution(x, name, stride=2))
    for name in ("block_1", "block_2"):
        change = reference.convolution(reflected(x, 1), f"{name}_first")
        change = reflected(rectified(change), 1)
        change = reference.convolution(change, f"{name}_second")
        x = x + instance_normalized(change)
    for name in ("up_1", "up_2"):
        x = reference.transposed_convolution(x, name, stride=2)
        x = rectified(x[:, :-1, :-1])
    x = reference.convolution(reflected(x, 3), "to_pixels")
    images = np.tanh(x)
    assert images.shape == (2, 24, 32, 3)
    actual = networks.infer(network, originals)
    np.testing.assert_allclose(actual, images, atol=2e-5)
    assert images.std() > 0.2


def test_a_discriminator_computes_what_the_table_says():
    network = discriminator(None, None, 3)
    networks.randomize(network)
    x = images = networks.noise(2, 28, 40, 3)
    reference = networks.Reference(network)
    for number, stride in ((1, 2), (2, 2), (3, 2), (4, 1)):
        name = f"down_{number}"
        x = reference.convolution(x, name, stride=stride, padding=1)
        if number > 1:
            x = instance_normalized(x)
        x = networks.leaky_relu(x)
    outputs = reference.convolution(x, "to_score", padding=1)
    # 28, 14, 7, 3, 2, 1 and 40, 20, 10, 5, 4, 3
    assert outputs.shape == (2, 1, 3, 1)
    actual = networks.infer(network, images)
    np.testing.assert_allclose(actual, outputs, atol=2e-5)
    assert outputs.std() > 0.2


def test_padding_mirrors_the_pixels_beside_the_edge():
    network = generator(None, None, 1)
    padded = keras.Model(network.input, network.get_layer("from_pixels").input)
    rows = np.arange(8, dtype=np.float32)[:, np.newaxis]
    columns = 10 * np.arange(4, dtype=np.float32)
    output = padded((rows + columns)[np.newaxis, :, :, np.newaxis])
    mirrored_rows = [3, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4]
    mirrored_columns = [30, 20, 10, 0, 10, 20, 30, 20, 10, 0]
    np.testing.assert_array_equal(
        output[0, :, :, 0], np.add.outer(mirrored_rows, mirrored_columns)
    )


@pytest.mark.slow
@pytest.mark.parametrize("build", [generator, discriminator])
def test_each_image_of_a_batch_is_normalised_by_itself(build):
    network = build(24, 24, 3)
    networks.randomize(network)
    images = networks.noise(3, 24, 24, 3)
    images[0] *= 5
    together = networks.infer(network, images)
    for image, expected in zip(images, together, strict=True):
        alone = networks.infer(network, image[np.newaxis])
        np.testing.assert_allclose(alone[0], expected, atol=1e-5)
    assert abs(together[1] - together[2]).max() > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("build", [generator, discriminator])
def test_one_graph_without_sides_serves_every_size(build):
    network = build(None, None, 3)
    networks.randomize(network)

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3])])
    def serve(images):
        return network(images, training=False)

    for size in ((24, 28), (32, 24)):
        fixed = build(*size, 3)
        fixed.set_weights(network.get_weights())
        images = networks.noise(2, *size, 3).astype(np.float32)
        np.testing.assert_allclose(
            serve(images), networks.infer(fixed, images), atol=1e-5
        )


@pytest.mark.slow
def test_every_image_size_that_is_allowed_comes_back_and_is_judged():
    make = generator(None, None, 1, blocks=1, width=1 / 64)
    judge = discriminator(None, None, 1, width=1 / 64)
    for size in ((24, 24), (24, 52), (36, 28)):
        assert cyclegan.cyclegan_stages(size) == 2
        images = make(networks.noise(1, *size, 1))
        assert images.shape == (1, *size, 1)
        assert min(judge(images).shape) >= 1


@pytest.mark.slow
def test_sides_are_multiples_of_4_from_24_up():
    for side in (20, 25, 26, 27, 30, 255, 257):
        assert cyclegan.cyclegan_stages((side, 256)) == 0
        assert cyclegan.cyclegan_stages((256, side)) == 0
        with pytest.raises(ValueError, match="image_shape=") as caught:
            networks.of_config(settings(), (side, 256, 3))
        assert f"({side}, 256, 3)" in str(caught.value)
    for side in (24, 28, 256, 1024):
        assert cyclegan.cyclegan_stages((side, side)) == 2


def test_the_smallest_side_is_the_first_that_has_a_patch():
    assert discriminator(24, 24, 3).output_shape == (None, 1, 1, 1)
    with pytest.raises(ValueError, match="zero or negative"):
        discriminator(20, 20, 3)


def test_the_four_networks_are_named_after_what_they_do(four):
    assert [model.name for model in four] == [
        "generator_a_to_b",
        "generator_b_to_a",
        "discriminator_a",
        "discriminator_b",
    ]
    shapes = [(None, 24, 28, 3)] * 2 + [(None, 1, 1, 1)] * 2
    assert [model.output_shape for model in four] == shapes


def test_no_two_kernels_of_the_four_share_their_numbers(four):
    values = [
        weight.numpy().ravel()[:8]
        for model in four
        for weight in model.weights
        if weight.name == "kernel"
    ]
    assert len(values) == 2 * (6 + 2 * 6) + 2 * 5
    assert len(np.unique(np.concatenate(values))) == sum(map(len, values))


def test_kernels_are_normal_with_deviation_002_and_biases_zero(four):
    for model in four:
        for weight in model.weights:
            values = weight.numpy()
            if weight.name == "bias":
                assert (values == 0).all()
                continue
            error = 0.02 / values.size**0.5
            assert abs(values.mean()) < 5 * error, weight.path
            assert abs(values.std() - 0.02) < 5 * error, weight.path


@pytest.mark.slow
def test_the_same_config_gives_the_same_weights_under_the_same_paths(four):
    again = networks.of_config(settings(width=1 / 16), (24, 28, 3))
    other = networks.of_config(settings(width=1 / 16, seed=1), (24, 28, 3))
    for model, same, different in zip(four, again, other, strict=True):
        paths = [weight.path for weight in model.weights]
        assert len(set(paths)) == len(paths)
        assert [weight.path for weight in same.weights] == paths
        for a, b, c in zip(
            model.weights, same.weights, different.weights, strict=True
        ):
            np.testing.assert_array_equal(a, b)
            if a.name == "kernel":
                assert np.isin(a, c).mean() < 0.01, a.path


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_keeps_float32_at_both_ends(precision):
    keras.config.set_dtype_policy(precision)
    try:
        make, judge = generator(None, None, 3), discriminator(None, None, 3)
    finally:
        keras.config.set_dtype_policy("float32")
    for model in (make, judge):
        networks.randomize(model)
        outputs = model(networks.noise(1, 32, 32, 3), training=False)
        assert outputs.dtype == "float32"
        assert np.isfinite(outputs).all()
        # Nothing rounds the outputs after they were computed.
        assert np.any(outputs != outputs.numpy().astype(np.float16))
        half = precision.removeprefix("mixed_")
        dtypes = {layer.compute_dtype for layer in model.layers[1:-2]}
        assert dtypes == {half}
        assert {weight.dtype for weight in model.weights} == {"float32"}


@pytest.mark.slow
@pytest.mark.parametrize("build", [generator, discriminator])
def test_a_saved_network_needs_nothing_but_keras(build, tmp_path):
    network = build(None, None, 3)
    networks.randomize(network)
    assert "tf_dcgan" not in network.to_json()
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    images = networks.noise(2, 28, 24, 3)
    np.testing.assert_array_equal(
        networks.infer(loaded, images), networks.infer(network, images)
    )
    paths = [weight.path for weight in network.weights]
    assert [weight.path for weight in loaded.weights] == paths
