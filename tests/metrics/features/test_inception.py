import inception_arrays
import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from tf_dcgan.metrics.features import resizing
from tf_dcgan.metrics.features.inception import inception, layers


@pytest.fixture(scope="module")
def weights():
    return inception_arrays.random_weights()


@pytest.fixture(scope="module")
def images():
    chance = np.random.default_rng(1)
    return chance.integers(0, 256, (2, 299, 299, 3)).astype(np.float32)


def test_the_layers_have_as_many_numbers_as_the_network_is_known_to_have():
    shapes = layers.weight_shapes()

    # Keras's has scale-free batch normalisation: its trainable variables are
    # the kernels and one offset a channel, as many as are left when folded.
    count = sum(np.prod(shape) for shape in shapes.values())
    assert count == 21_768_352
    assert count + np.prod(layers.LOGITS_SHAPE) == 23_832_736
    assert len(shapes) == 2 * 94


@pytest.mark.slow
def test_every_tap_has_its_number_of_channels():
    for tap, stage in layers.TAPS.items():
        model = inception.build(
            _Zeros(), feature_dim=tap, outputs=("features",)
        )
        assert model.output["features"].shape == (None, tap), stage


@pytest.mark.slow
def test_all_outputs_have_the_documented_shapes_and_are_finite(weights, images):
    model = inception.build(weights, feature_dim=768, outputs=inception.OUTPUTS)

    results = {name: value.numpy() for name, value in model(images[:1]).items()}

    assert results["features"].shape == (1, 768)
    assert results["logits"].shape == (1, 1008)
    assert results["spatial"].shape == (1, 17 * 17 * 7)
    for values in results.values():
        assert values.dtype == np.float32 and np.isfinite(values).all()
    assert results["features"].min() >= 0 and results["features"].max() > 0
    assert results["logits"].min() < 0


@pytest.mark.slow
def test_the_network_is_no_deeper_than_its_outputs_need():
    names = _layer_names(feature_dim=192)
    assert "conv_4" in names and not any("mixed" in name for name in names)

    names = _layer_names(feature_dim=64, outputs=("features", "spatial"))
    assert "mixed_6.conv" in names
    assert "mixed_6.tower.conv" not in names
    assert not any(name.startswith("mixed_7") for name in names)


@pytest.mark.slow
def test_only_the_last_block_takes_a_maximum_beside_its_convolutions():
    model = inception.build(_Zeros(), feature_dim=2048)

    kinds = {
        layer.name: type(layer).__name__
        for layer in model.layers
        if "Pooling2D" in type(layer).__name__ and layer.name[0] in "mp"
    }
    halving = {"pool.max", "pool_1.max", "mixed_3.max", "mixed_8.max"}
    assert {n for n, k in kinds.items() if k == "MaxPooling2D"} == (
        halving | {"mixed_10.max"}
    )
    blocks = (*range(1, 3), *range(4, 8), 9)
    assert {n for n, k in kinds.items() if k == "AveragePooling2D"} == (
        {"mixed.average"} | {f"mixed_{block}.average" for block in blocks}
    )
    assert model.get_layer("mixed_10.max").strides == (1, 1)


@pytest.mark.slow
def test_averages_at_the_border_do_not_count_the_padding():
    model = inception.build(_Zeros(), feature_dim=768)
    layer = model.get_layer("mixed.average")

    averages = layer(np.ones([1, 5, 5, 1], np.float32)).numpy()

    np.testing.assert_allclose(averages, 1.0)


def test_images_are_scaled_around_128():
    model = inception.build(_Zeros(), feature_dim=64)
    layer = next(x for x in model.layers if "rescaling" in x.name)

    scaled = layer(np.array([0.0, 128.0, 192.0, 255.0], np.float32)).numpy()

    np.testing.assert_array_equal(scaled, [-1.0, 0.0, 0.5, 127 / 128])


def test_a_convolution_adds_its_bias_before_the_relu():
    weights = dict(_Zeros())
    weights["conv_2/biases"] = np.linspace(-1, 1, 64).astype(np.float32)
    model = inception.build(weights, feature_dim=64)

    features = model(np.zeros([1, 299, 299, 3], np.float32))["features"]

    expected = np.maximum(np.linspace(-1, 1, 64), 0)
    np.testing.assert_allclose(features[0], expected, atol=1e-6)


@pytest.mark.slow
def test_the_blocks_join_their_branches_in_the_order_of_the_graph():
    weights = dict(_Zeros())
    for scope, value in (
        ("mixed_8/tower/conv_1", 1.0),
        ("mixed_8/tower_1/conv_3", 2.0),
    ):
        biases = weights[f"{scope}/biases"]
        weights[f"{scope}/biases"] = np.full_like(biases, value)
    weights["mixed_7/conv/biases"] = np.full([192], 3.0, np.float32)
    model = inception.build(weights, feature_dim=1280)

    features = model(np.zeros([1, 299, 299, 3], np.float32))["features"]

    expected = np.repeat([1.0, 2.0, 3.0, 0.0], [320, 192, 192, 576])
    np.testing.assert_allclose(features[0], expected, atol=1e-6)


@pytest.mark.slow
def test_logits_have_no_biases(weights):
    model = inception.build(weights, outputs=("logits",))
    assert not model.get_layer("softmax").use_bias


@pytest.mark.slow
def test_bfloat16_layers_give_float32_features_near_the_exact_ones(images):
    weights = inception_arrays.random_weights("pool")
    exact = inception.build(weights, feature_dim=64)(images)["features"]
    model = inception.build(weights, feature_dim=64, precision="mixed_bfloat16")

    rounded = model(images)["features"]

    assert rounded.dtype == tf.float32
    difference = np.linalg.norm(rounded - exact) / np.linalg.norm(exact)
    assert 0 < difference < 0.02


@pytest.mark.parametrize(
    "change", [{"feature_dim": 512}, {"outputs": ("probabilities",)}]
)
def test_unknown_outputs_and_taps_are_refused(change):
    with pytest.raises(ValueError, match="Received"):
        inception.build(_Zeros(), **change)


@pytest.mark.slow
def test_features_agree_with_an_independent_implementation(shared_data):
    path = inception_arrays.given_weights(shared_data)
    weights = dict(np.load(path))
    reference = np.load(path.with_name("reference_features.npz"))
    for tap in (64, 192, 768):
        model = inception.build(weights, feature_dim=tap)
        for name in ("cifar10", "mnist"):
            images = resizing.resize(
                reference[f"{name}_images"], 299, method="tf1"
            )
            features = model.predict_on_batch(images)["features"]
            expected = reference[f"{name}_features_{tap}"]
            error = np.abs(features - expected).max() / expected.max()
            assert error < 5e-6, (tap, name, error)


def test_tf1_resizing_leaves_out_the_half_pixel():
    image = np.array([[0, 100, 200]], np.uint8).reshape(1, 1, 3, 1)

    resized = resizing.resize(image, 6, method="tf1")[0, 0, :, 0]

    # Output i is at i * 3 / 6 of the input; beyond the last pixel its value.
    np.testing.assert_allclose(resized, [0, 50, 100, 150, 200, 200])


def test_pytorch_resizing_keeps_the_half_pixel_and_does_not_smooth():
    image = np.array([[0, 100, 200]], np.uint8).reshape(1, 1, 3, 1)

    enlarged = resizing.resize(image, 6, method="pytorch")[0, 0, :, 0]
    np.testing.assert_allclose(enlarged, [0, 25, 75, 125, 175, 200])

    stripes = np.tile(np.array([0, 0, 240, 0], np.uint8), 3)
    # A quarter of the size: halfway between the 2nd and 3rd of each four.
    shrunk = resizing.resize(
        np.tile(stripes[None, None, :, None], (1, 12, 1, 1)),
        3,
        method="pytorch",
    )
    np.testing.assert_allclose(shrunk[0, :, :, 0], 120.0)


def test_legacy_resizing_equals_the_operation_of_tensorflow_1(images):
    small = images[:, :31, :40].astype(np.uint8)
    expected = tf.raw_ops.ResizeBilinear(
        images=tf.cast(small, tf.float32), size=[299, 299]
    )
    resized = resizing.resize(small, 299, method="tf1")
    np.testing.assert_array_equal(resized, expected)


@pytest.mark.parametrize("shape", [(28, 28), (320, 75), (299, 299), (3, 1)])
def test_clean_resizing_equals_pillow_on_floats(shape):
    chance = np.random.default_rng(2)
    image = chance.integers(0, 2, (*shape, 3)).astype(np.uint8) * 255
    expected = [
        PIL.Image.fromarray(channel.astype(np.float32)).resize(
            (299, 299), PIL.Image.Resampling.BICUBIC
        )
        for channel in np.moveaxis(image, -1, 0)
    ]

    resized = resizing.resize(image[np.newaxis], 299, method="clean")

    expected = np.clip(np.stack(expected, axis=-1), 0, 255)
    np.testing.assert_allclose(resized[0], expected, atol=1e-3)


def test_bicubic_weights_of_a_doubling_are_those_of_keys():
    weights = resizing.bicubic_weights(6, 12)

    # A quarter of a pixel off: the cubic with a = -1/2 at 1.75, 0.75, 0.25
    # and 1.25, in 128ths.
    np.testing.assert_allclose(
        128 * weights[6], [0, -3, 29, 111, -9, 0], atol=1e-4
    )
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("method", resizing.RESIZES)
def test_grey_images_become_three_equal_channels(method):
    grey = np.random.default_rng(3).integers(0, 256, (2, 9, 8, 1), np.uint8)

    resized = resizing.resize(grey, 20, method=method)

    expected = resizing.resize(np.repeat(grey, 3, -1), 20, method=method)
    assert resized.shape == (2, 20, 20, 3)
    np.testing.assert_array_equal(resized, expected)


@pytest.mark.parametrize("method", resizing.RESIZES)
def test_the_resizes_agree_on_a_constant_image_and_differ_on_others(method):
    constant = np.full((1, 5, 7, 3), 77, np.uint8)
    resized = resizing.resize(constant, 12, method=method)
    np.testing.assert_allclose(resized, 77.0, rtol=1e-6)


def test_images_that_are_not_uint8_are_refused():
    with pytest.raises(TypeError, match="float32"):
        resizing.resize(np.zeros((1, 4, 4, 3), np.float32), 9, method="tf1")


@pytest.mark.parametrize(
    "shape, method",
    [((4, 4, 3), "tf1"), ((1, 4, 4, 4), "tf1"), ((1, 4, 4, 3), "area")],
)
def test_other_shapes_and_resizes_are_refused(shape, method):
    with pytest.raises(ValueError, match="Received"):
        resizing.resize(np.zeros(shape, np.uint8), 9, method=method)


class _Zeros(dict):
    """Arrays of zeros of the true shapes."""

    def __init__(self):
        shapes = layers.weight_shapes()
        shapes[layers.LOGITS_WEIGHTS] = layers.LOGITS_SHAPE
        super().__init__(
            (name, np.zeros(shape, np.float32))
            for name, shape in shapes.items()
        )


def _layer_names(**settings):
    keras.backend.clear_session()
    return [x.name for x in inception.build(_Zeros(), **settings).layers]
