import json
import sys

import inception_arrays
import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import devices, errors
from tf_dcgan.metrics.features import feature_network, keras_inception, resizing
from tf_dcgan.metrics.features.inception import fingerprint
from tf_dcgan.metrics.features.inception import weights as inception_weights


@pytest.fixture(scope="module")
def weights():
    return inception_weights.InceptionWeights(
        inception_arrays.random_weights("pool"), "random weights"
    )


@pytest.fixture(scope="module")
def network(weights):
    return feature_network.inception_network(weights, feature_dim=64)


@pytest.fixture(scope="module")
def deep_network():
    weights = inception_weights.InceptionWeights(
        inception_arrays.random_weights(), "random weights"
    )
    return feature_network.inception_network(
        weights, feature_dim=2048, outputs=("logits", "spatial")
    )


@pytest.fixture(scope="module")
def images():
    chance = np.random.default_rng(4)
    return chance.integers(0, 256, (7, 20, 24, 3)).astype(np.uint8)


@pytest.mark.slow
def test_features_do_not_depend_on_the_batches(deep_network, images):
    outputs = ("features", "logits", "spatial")
    whole = deep_network.extract([images], outputs=outputs)
    for batches, batch_size in (
        ([images[:1], images[1:6], images[6:]], 3),
        ([images], 1),
    ):
        parts = deep_network.extract(
            iter(batches), batch_size=batch_size, outputs=outputs
        )
        for output, values in whole.items():
            assert parts[output].dtype == np.float32
            np.testing.assert_allclose(
                parts[output],
                values,
                rtol=1e-5,
                atol=1e-5 * np.abs(values).max(),
            )


def test_several_devices_take_turns_and_give_the_same_features(
    weights, images, monkeypatch
):
    one = feature_network.inception_network(weights, feature_dim=64)
    whole = one.extract([images], batch_size=2)["features"]
    # Two names of one device: a copy of the network on each.
    monkeypatch.setattr(devices, "logical_gpus", lambda: ["CPU:0", "CPU:0"])
    two = feature_network.inception_network(weights, feature_dim=64)
    parts = two.extract([images], batch_size=2)["features"]
    np.testing.assert_array_equal(parts, whole)
    functions = two._functions_of(("features",))
    used = []
    monkeypatch.setattr(
        two,
        "_functions_of",
        lambda outputs: [
            (lambda batch, place=place, f=f: used.append(place) or f(batch))
            for place, f in enumerate(functions)
        ],
    )
    two.extract([images], batch_size=2)
    assert used == [0, 1, 0, 1]
    # Neither reads the weights of the other, nor those of the model.
    first, second = (
        {id(variable) for variable in f.get_concrete_function().variables}
        for f in functions
    )
    assert first and second and not first & second
    assert not (first | second) & {id(w.value) for w in two._model.weights}


def test_images_are_computed_in_full_batches_and_all_of_them(
    network, images, monkeypatch
):
    sizes = []

    def compute(batch):
        sizes.append(len(batch))
        return {"features": tf.reshape(batch[:, 0, :64, 0], [-1, 64])}

    monkeypatch.setattr(network, "_functions_of", lambda outputs: [compute])
    batches = [images[:1], images[1:3], images[:0], images[3:]]

    features = network.extract(batches, batch_size=3)["features"]

    assert sizes == [3, 3, 1]
    np.testing.assert_allclose(features[:, 0], images[:, 0, 0, 0], atol=1e-4)


def test_a_gpu_does_not_round_what_features_are_computed_from(network, images):
    rounds = tf.config.experimental.tensor_float_32_execution_enabled
    seen = []

    def batches():
        seen.append(rounds())
        yield images

    assert rounds()
    network.extract(batches())
    assert seen == [False] and rounds()


@pytest.mark.slow
def test_images_of_different_sizes_are_resized_each_on_its_own(network, images):
    other = images[:2, :10, :11]
    together = network.extract([images[:2], other], batch_size=3)["features"]
    alone = network.extract([other])["features"]
    np.testing.assert_allclose(together[2:], alone, rtol=1e-5)


def test_grey_images_have_the_features_of_their_copies_in_colour(
    network, images
):
    grey = images[:2, ..., :1]
    features = network.extract([grey])["features"]
    expected = network.extract([np.repeat(grey, 3, -1)])["features"]
    np.testing.assert_allclose(features, expected, rtol=1e-6)


def test_no_image_gives_no_feature(network):
    assert network.extract([])["features"].shape == (0, 64)


@pytest.mark.slow
def test_the_resize_changes_the_features(weights, images):
    features = [
        feature_network.inception_network(
            weights, feature_dim=64, resize=resize
        ).extract([images[:1]])["features"]
        for resize in resizing.RESIZES
    ]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(features[one], features[two], rtol=1e-4)


@pytest.mark.parametrize(
    "resize, white", [("tf1", 127 / 128), ("clean", 127 / 128), ("pytorch", 1)]
)
def test_images_are_scaled_as_the_tool_scales_them(weights, resize, white):
    network = feature_network.inception_network(
        weights, feature_dim=64, resize=resize
    )
    pixels = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1)

    prepared = network._prepare(pixels)

    rescaling = keras.layers.Rescaling(1 / 128, offset=-1.0)
    scaled = rescaling(prepared).numpy()
    np.testing.assert_allclose(scaled[0], -1.0)
    np.testing.assert_allclose(scaled[1], white, rtol=1e-6)


def test_the_protocol_says_what_shapes_the_features(network, weights):
    assert network.name == "inception" and network.feature_dim == 64
    assert network.weights_hash == weights.digest(64, ["features"])
    assert network.protocol == {
        "network": "inception",
        "feature_dim": 64,
        "resize": "tf1",
        "scaling": "(x - 128) / 128",
        "weights": "others than inception-2015-12-05",
        "precision": "float32",
        "comparable_with": "only scores of this very protocol",
        "weights_sha256": network.weights_hash,
    }
    json.dumps(network.protocol)


def test_the_key_tells_tap_resize_and_precision(network, weights):
    assert network.key == "inception_64"
    other = feature_network.inception_network(
        weights, feature_dim=64, resize="clean", precision="mixed_bfloat16"
    )
    assert other.key == "inception_64_clean_bfloat16"


@pytest.mark.slow
def test_bfloat16_changes_the_features_a_little_and_is_told(
    network, weights, images
):
    reduced = feature_network.inception_network(
        weights, feature_dim=64, precision="mixed_bfloat16"
    )
    assert reduced.protocol["precision"] == "mixed_bfloat16"
    exact = network.extract([images])["features"]
    features = reduced.extract([images])["features"]
    assert features.dtype == np.float32
    difference = np.abs(features - exact).max() / exact.max()
    assert 1e-5 < difference < 0.03


@pytest.mark.slow
def test_only_the_published_weights_compare_with_published_scores(
    monkeypatch, deep_network
):
    weights = inception_weights.InceptionWeights(
        inception_arrays.random_weights(), "random weights"
    )
    assert "this very" in deep_network.protocol["comparable_with"]
    monkeypatch.setattr(fingerprint, "_KNOWN", {})
    for resize, word in (("tf1", "original"), ("clean", "clean-fid")):
        network = feature_network.inception_network(weights, resize=resize)
        assert network.protocol["weights"] == "inception-2015-12-05"
        assert word in network.protocol["comparable_with"]


def test_a_tap_that_the_weights_lack_is_refused(weights):
    with pytest.raises(errors.UserError, match="lacks the layers"):
        feature_network.inception_network(weights, feature_dim=768)


def test_outputs_that_were_not_asked_for_are_refused(network, images):
    with pytest.raises(ValueError, match="logits"):
        network.extract([images], outputs=("logits",))


def test_images_that_are_not_uint8_are_refused(network, images):
    with pytest.raises(TypeError, match="float32"):
        network.extract([images.astype(np.float32)])


def test_an_unknown_resize_is_refused(weights):
    with pytest.raises(ValueError, match="area"):
        feature_network.inception_network(
            weights, feature_dim=64, resize="area"
        )


def test_a_bar_counts_images_in_a_terminal(
    network, images, capsys, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    network.extract([images], total=7, progress="real")
    shown = capsys.readouterr().err
    assert "real" in shown and "7/7" in shown


@pytest.mark.slow
def test_keras_inception_is_labelled_as_not_comparable(monkeypatch, images):
    built = keras.applications.InceptionV3
    monkeypatch.setattr(
        keras.applications,
        "InceptionV3",
        lambda **settings: built(**{**settings, "weights": None}),
    )

    network = keras_inception.keras_inception_network()
    features = network.extract([images[:2]])["features"]

    assert features.shape == (2, 2048) and network.feature_dim == 2048
    assert np.isfinite(features).all() and features.min() >= 0
    assert "no published FID" in network.protocol["comparable_with"]
    assert len(network.weights_hash) == 64


def test_keras_inception_scales_images_to_minus_one_and_one(monkeypatch):
    seen = keras.Input((299, 299, 3))
    monkeypatch.setattr(
        keras.applications,
        "InceptionV3",
        lambda **settings: keras.Model(seen, seen * 1.0),
    )
    network = keras_inception.keras_inception_network()
    images = np.zeros((1, 4, 4, 3), np.uint8)
    images[..., 1] = 255

    features = network.extract([images])["features"]

    np.testing.assert_allclose(features, [[-1.0, 1.0, -1.0]], atol=1e-5)


def test_keras_inception_without_network_names_the_way_out(monkeypatch):
    def fail(**settings):
        raise Exception("URL fetch failure on https://host: no route\nmore")

    monkeypatch.setattr(keras.applications, "InceptionV3", fail)
    policy = keras.config.dtype_policy().name
    with pytest.raises(errors.UserError) as raised:
        keras_inception.keras_inception_network(precision="mixed_bfloat16")
    assert "--features=classifier" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert keras.config.dtype_policy().name == policy
