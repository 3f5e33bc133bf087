import contextlib
import json
import shutil
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
import tiny_data

from tf_dcgan.common import errors, terminal
from tf_dcgan.data import cache, loading, reading
from tf_dcgan.metrics.features.classifier import classifier, files, training
from tf_dcgan.metrics.features.classifier import model as classifier_model

_SETTINGS = training.Settings(width=4, epochs=2, batch_size=50)


@pytest.fixture(autouse=True)
def _tiny_settings(monkeypatch):
    monkeypatch.setattr(training, "settings_for", lambda *_: _SETTINGS)


@pytest.fixture(scope="module")
def cached(tiny_mnist, tmp_path_factory):
    """A cache with a classifier in it, and the network; tests only read."""
    folder = tmp_path_factory.mktemp("classifier_cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "settings_for", lambda *_: _SETTINGS)
        return folder, _network(tiny_mnist, folder)


def _network(data_dir, cache_dir, name="mnist", progress=False, crop=None):
    return classifier.classifier_network(
        name,
        data_dir=str(data_dir),
        cache_dir=str(cache_dir),
        read_as=reading.Reading(crop=crop),
        progress=progress,
    )


def _entry(cache_dir):
    (folder,) = cache_dir.glob("mnist-classifier-*")
    return folder


def _images(count, *, size=28, channels=1):
    return tiny_data.images(
        count, height=size, width=size, channels=channels, seed=5
    )


def _forbid_training(monkeypatch):
    def train(*_, **__):
        raise RuntimeError("trained again")

    monkeypatch.setattr(training, "train", train)


@pytest.mark.slow
def test_the_network_gives_features_and_logits(cached):
    _, network = cached
    outputs = network.extract([_images(7)], outputs=("features", "logits"))
    assert outputs["features"].shape == (7, network.feature_dim) == (7, 128)
    assert outputs["logits"].shape == (7, 10)
    assert outputs["features"].min() >= 0
    assert np.isfinite(outputs["logits"]).all()


@pytest.mark.slow
def test_a_crop_has_a_classifier_of_its_own(cached, tiny_mnist, tmp_path):
    whole = cached[1].protocol
    cropped = _network(tiny_mnist, tmp_path, crop=(20, 16)).protocol
    assert cropped["resize"].startswith("to 20x16 ")
    for name in ("weights_sha256", "dataset_fingerprint"):
        assert cropped[name] != whole[name]


@pytest.mark.slow
def test_features_do_not_depend_on_the_batches(cached):
    _, network = cached
    images = _images(7)
    whole = network.extract([images])["features"]
    parts = network.extract([images[:3], images[3:]], batch_size=2)["features"]
    np.testing.assert_allclose(parts, whole, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_the_protocol_says_what_a_score_rests_on(cached, tiny_mnist):
    folder, network = cached
    test = loading.load(
        "mnist",
        "test",
        image_size=(28, 28),
        data_dir=str(tiny_mnist),
        cache_dir=str(folder),
    )
    logits = network.extract([test.images], outputs=("logits",))["logits"]
    right = np.count_nonzero(logits.argmax(axis=1) == test.labels)

    protocol = json.loads(json.dumps(network.protocol))

    assert protocol["network"] == "classifier"
    assert protocol["dataset"] == "mnist"
    assert protocol["test_accuracy"] == right / 40
    assert f"{right / 40:.2%} of the test split right" in protocol["weights"]
    assert protocol["test_images"] == 40
    assert protocol["num_classes"] == 10
    assert protocol["weights_sha256"] == network.weights_hash
    assert protocol["trained_with"]["tensorflow"] == tf.__version__
    assert "28x28" in protocol["resize"]


def test_an_accuracy_below_the_sets_is_a_named_warning(cached):
    (warning,) = cached[1].protocol["warnings"]
    assert warning.startswith("low_accuracy: ")
    assert "should have 99%" in warning


def test_an_accuracy_that_suffices_is_no_warning(
    cached, tiny_mnist, monkeypatch
):
    monkeypatch.setitem(classifier._LEAST_ACCURACY, "mnist", 0.0)
    network = _network(tiny_mnist, cached[0])
    assert network.protocol["warnings"] == []


@pytest.mark.slow
def test_a_cached_classifier_is_not_trained_again(
    cached, tiny_mnist, monkeypatch
):
    folder, network = cached
    _forbid_training(monkeypatch)
    again = _network(tiny_mnist, folder)
    assert again.digests == network.digests
    assert again.protocol == network.protocol
    images = _images(3)
    np.testing.assert_array_equal(
        again.extract([images])["features"],
        network.extract([images])["features"],
    )


@pytest.mark.slow
def test_a_classifier_that_another_process_has_just_trained_is_read(
    cached, tiny_mnist, tmp_path, monkeypatch
):
    folder, network = cached
    own_cache = tmp_path / "cache"

    @contextlib.contextmanager
    def wait(path, what):
        assert what == "classifier of mnist"
        shutil.copytree(_entry(folder), path)
        yield True

    monkeypatch.setattr(cache, "alone", wait)
    _forbid_training(monkeypatch)
    assert _network(tiny_mnist, own_cache).digests == network.digests


@pytest.mark.slow
def test_training_again_gives_the_same_weights_to_the_bit(
    cached, tiny_mnist, tmp_path
):
    # Whatever else drew random numbers meanwhile.
    keras.utils.set_random_seed(7)
    again = _network(tiny_mnist, tmp_path)
    assert again.digests == cached[1].digests
    assert again.protocol == cached[1].protocol


def test_other_settings_make_another_classifier(
    cached, tiny_mnist, monkeypatch
):
    _forbid_training(monkeypatch)
    other = training.Settings(width=4, epochs=3, batch_size=50)
    monkeypatch.setattr(training, "settings_for", lambda *_: other)
    with pytest.raises(RuntimeError, match="trained again"):
        _network(tiny_mnist, cached[0])
    _entry(cached[0])  # Nothing half-made beside the first.
    assert not list(cached[0].glob(".unfinished*"))


def _cut_short(path):
    path.write_bytes(path.read_bytes()[:2000])


def _change_weights(path):
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["logits/bias"] = arrays["logits/bias"] + 1
    np.savez(path, **arrays)


def _claim_more(path):
    path.write_text(path.read_text().replace('"epochs": 2', '"epochs": 9'))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (files.WEIGHTS, _cut_short),
        (files.WEIGHTS, _change_weights),
        (files.WEIGHTS, lambda path: path.unlink()),
        (files.INFO, lambda path: path.write_text("{}")),
        (files.INFO, lambda path: path.write_text("[]")),
        (files.INFO, lambda path: path.write_text("{")),
        (files.INFO, _claim_more),
    ],
)
def test_a_damaged_classifier_is_made_again(
    cached, tiny_mnist, tmp_path, monkeypatch, name, damage
):
    expected = cached[1]
    monkeypatch.setattr(training, "accuracy", lambda *_, **__: 0.125)
    trained = []
    train = training.train
    monkeypatch.setattr(
        training,
        "train",
        lambda *args, **kwargs: trained.append(train(*args, **kwargs)),
    )
    shutil.copytree(cached[0], tmp_path, dirs_exist_ok=True)
    assert _network(tiny_mnist, tmp_path).digests == expected.digests
    assert trained == []
    damage(_entry(tmp_path) / name)

    rebuilt = _network(tiny_mnist, tmp_path)

    assert len(trained) == 1
    assert rebuilt.digests == expected.digests
    _forbid_training(monkeypatch)
    assert _network(tiny_mnist, tmp_path).digests == expected.digests


def test_the_logits_layer_moves_only_the_logits_digest():
    model = classifier_model.build((28, 28, 1), 10, width=4, seed=0)
    before = classifier_model.digests(model)
    model.get_layer("logits").bias.assign(np.ones(10))
    after = classifier_model.digests(model)
    assert after["features"] == before["features"]
    assert after["logits"] != before["logits"]
    model.get_layer("last_normalization").moving_mean.assign(np.ones(128))
    assert classifier_model.digests(model)["features"] != before["features"]


def test_other_sizes_are_resized_and_colours_become_luma(cached):
    _, network = cached
    flat = np.full([2, 32, 40, 3], 0, np.uint8)
    flat[:, :, :] = (200, 100, 50)
    # 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
    prepared = network._prepare(flat)
    assert prepared.shape == (2, 28, 28, 1)
    np.testing.assert_allclose(prepared, 124.2, rtol=1e-5)


def test_grey_images_get_the_three_channels_of_a_coloured_set():
    grey = _images(2, size=32)
    prepared = classifier._prepare((32, 32, 3))(grey).numpy()
    np.testing.assert_array_equal(prepared, np.repeat(grey, 3, axis=-1))


def test_images_of_the_sets_own_size_stay_as_they_are(cached):
    images = _images(2)
    np.testing.assert_array_equal(cached[1]._prepare(images), images)


def test_images_that_are_not_uint8_are_refused(cached):
    with pytest.raises(TypeError, match="float32"):
        cached[1].extract([np.zeros([2, 28, 28, 1], np.float32)])


def _refusal(root, cache_dir, name):
    with pytest.raises(errors.UserError) as caught:
        _network(root, cache_dir, name=name)
    message = str(caught.value)
    assert "\n" not in message
    assert "--features=inception" in message
    assert name in message
    return message


@pytest.mark.slow
def test_a_set_without_labels_is_refused(tmp_path):
    images = list(_images(4))
    tiny_data.write_tfds(
        tmp_path,
        "mnist",
        {"train": (images, None), "test": (images, None)},
    )
    assert "no labels" in _refusal(tmp_path, tmp_path / "cache", "mnist")


def test_a_set_without_a_test_split_is_refused(tmp_path):
    images = list(_images(4))
    tiny_data.write_tfds(tmp_path, "mnist", {"train": (images, [0, 1, 2, 3])})
    assert "test split" in _refusal(tmp_path, tmp_path / "cache", "mnist")


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ((None, None, 3), "different sizes"),
        ((218, 178, 3), "218x178"),
        ((8, 8, 1), "8x8"),
    ],
)
def test_sizes_that_do_not_suit_are_refused(
    tmp_path, monkeypatch, shape, reason
):
    asked = []

    def find(*_, **keywords):
        asked.append(keywords)
        return types.SimpleNamespace(shape=shape)

    monkeypatch.setattr(loading, "find", find)
    assert reason in _refusal(tmp_path, tmp_path / "cache", "celeb_a")
    # Where the headers of a folder's files are kept.
    assert [a["cache_dir"] for a in asked] == [str(tmp_path / "cache")]


def test_augmentation_is_a_function_of_seed_and_step():
    images = tf.constant(_images(20))
    first, again, other = (
        training.augment(
            images, tf.constant(step, tf.int64), settings=_SETTINGS
        ).numpy()
        for step in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("flips", [False, True])
def test_augmentation_shifts_and_only_where_wanted_flips(flips):
    image = np.arange(28 * 28 * 1).reshape(28, 28, 1) % 251
    images = np.repeat(image[np.newaxis].astype(np.uint8), 400, axis=0)
    settings = training.Settings(width=4, epochs=1, shift=1, flips=flips)
    padded = np.pad(images[0], [(1, 1), (1, 1), (0, 0)], mode="reflect")
    allowed = [
        padded[top : top + 28, left : left + 28]
        for top in range(3)
        for left in range(3)
    ]
    if flips:
        allowed += [shifted[:, ::-1] for shifted in allowed]

    moved = training.augment(
        tf.constant(images), tf.constant(0, tf.int64), settings=settings
    ).numpy()

    kinds = [
        next(i for i, one in enumerate(allowed) if (one == each).all())
        for each in moved
    ]
    assert set(kinds) == set(range(len(allowed)))


@pytest.mark.slow
def test_training_learns_what_can_be_learnt():
    labels = np.arange(600) % 3
    images = (
        _images(600) // 4
        + (labels * 60).astype(np.uint8)[:, np.newaxis, np.newaxis, np.newaxis]
    )
    settings = training.Settings(width=4, epochs=8, batch_size=50)
    model = classifier_model.build((28, 28, 1), 3, width=4, seed=0)
    training.train(model, images, labels, settings=settings)
    accuracy = training.accuracy(model, images, labels)
    assert accuracy == 1.0


def test_accuracy_counts_right_answers():
    inputs = keras.Input((1, 1, 2))
    model = keras.Model(inputs, {"logits": keras.layers.Flatten()(inputs)})
    images = np.zeros([4, 1, 1, 2], np.uint8)
    images[:, 0, 0] = [(9, 0), (0, 9), (9, 0), (9, 0)]
    labels = np.array([0, 1, 1, 0])
    assert training.accuracy(model, images, labels) == 0.75


def test_the_network_is_float32_whatever_the_policy_is():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = classifier_model.build((28, 28, 1), 10, width=4, seed=0)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_training_in_one_kernel_is_keras_batch_normalization():
    chance = np.random.default_rng(0)
    images = chance.normal(3, 2, [64, 4, 4, 5]).astype(np.float32)
    fused = classifier_model.FusedNormalization(momentum=0.9, epsilon=1e-5)
    keras_own = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    for layer in (fused, keras_own):
        layer.build(images.shape)
    np.testing.assert_allclose(
        fused(images, training=True),
        keras_own(images, training=True),
        atol=1e-4,
    )
    # 1024 numbers a channel: their variance with and without Bessel's
    # correction differ by a thousandth.
    for one, other in zip(fused.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(
        fused(images, training=False),
        keras_own(images, training=False),
        rtol=2e-3,
        atol=1e-3,
    )


@pytest.mark.slow
def test_progress_is_said_in_lines_where_there_is_no_terminal(
    tiny_mnist, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(terminal, "_SECONDS_PER_LINE", 0.0)
    _network(tiny_mnist, tmp_path, progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "classifier of mnist: 2 of 12 steps  loss " in captured.err
    assert " s left" in captured.err
    assert "of the test images right" in captured.err


@pytest.mark.slow
def test_nothing_is_said_without_progress(
    tiny_mnist, tmp_path, monkeypatch, capsys
):
    for split in ("train", "test"):  # The preparation is said in any case.
        loading.load(
            "mnist",
            split,
            image_size=(28, 28),
            data_dir=str(tiny_mnist),
            cache_dir=str(tmp_path),
        )
    capsys.readouterr()
    monkeypatch.setattr(terminal, "_SECONDS_PER_LINE", 0.0)
    _network(tiny_mnist, tmp_path)
    lines = capsys.readouterr().err.splitlines()
    # So is what checks the prepared images.
    assert [line for line in lines if not line.startswith("checking ")] == []


def test_digits_are_not_flipped_and_cifar10_is(monkeypatch):
    monkeypatch.undo()
    settings_for = training.settings_for
    assert not settings_for("mnist", (28, 28, 1)).flips
    assert not settings_for("svhn_cropped", (32, 32, 3)).flips
    assert settings_for("cifar10", (32, 32, 3)).flips


def test_a_classifier_that_may_not_be_read_is_not_made_again(
    tmp_path, monkeypatch
):
    def fail(path, *unused, **unused_too):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(tmp_path), "read_text", fail)
    model = classifier_model.build((28, 28, 1), 10, width=4, seed=0)
    with pytest.raises(errors.UserError, match=r"info\.json in the cache cann"):
        files.read(tmp_path, model, key={})
