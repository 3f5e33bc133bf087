"""The protocol by which a training is scored."""

import json

import keras
import numpy as np
import pytest
import tiny_data

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.data import loading
from tf_dcgan.evaluation import image_sources, networks, periodic
from tf_dcgan.metrics.features import feature_network


def _network(name="tiny"):
    """Two features: the mean pixel and half of it, from any image."""
    pixels = keras.Input((4, 4, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)[:, :1]
    both = keras.layers.Concatenate()([mean, mean * 0.5])
    return feature_network.FeatureNetwork(
        name,
        keras.Model(pixels, {"features": both}),
        prepare=feature_network.resize_to(4, "pytorch"),
        digests={"features": "f" * 64},
        protocol={"resize": "pytorch"},
    )


def _evaluator(real, *, metric="fid", num_samples=4, name="tiny"):
    network = _network(name)
    return periodic.FeatureEvaluator(
        network,
        network.extract([real])["features"],
        metric=metric,
        num_samples=num_samples,
        real="numbers",
        real_fingerprint="abc",
        seed=0,
    )


def _flat(*values):
    """Images of one value each."""
    values = np.array(values, np.uint8)[:, None, None, None]
    return np.tile(values, (1, 4, 4, 3))


def test_the_fid_is_that_of_the_features():
    real = _flat(10, 12, 14, 16)
    # Means 13 and 113, their halves 50 apart; the same spread.
    score = _evaluator(real)([_flat(110, 112), _flat(114, 116)])
    assert score.value == pytest.approx(100**2 + 50**2, rel=1e-6)
    assert score.name == "fid_tiny_4"
    # One direction of variance 20/3 (1 + 1/4): (1/4 + 1/4) (5/4 + 1/4) of it.
    assert score.ideal == pytest.approx(0.75 * 20 / 3 * 1.25, rel=1e-6)
    assert score.low is None
    assert any(w.startswith("few_samples") for w in score.warnings)


def test_the_kid_has_an_interval_around_it():
    chance = np.random.default_rng(0)
    real = _flat(*chance.integers(0, 50, 200))
    fake = _flat(*chance.integers(30, 80, 200))
    score = _evaluator(real, metric="kid", num_samples=200)([fake])
    assert score.name == "kid_tiny_200"
    assert 0 < score.low < score.value < score.high
    middle = (score.low + score.high) / 2
    assert score.value == pytest.approx(middle, rel=1e-9)
    assert score.ideal is None


@pytest.mark.parametrize(("metric", "fewest"), [("fid", 2), ("kid", 4)])
def test_too_few_real_images_are_told_before_the_first_step(metric, fewest):
    request = periodic._request(schema.Config(evaluate_metric=metric))
    real = image_sources.from_array(_flat(*range(fewest - 1)), "these images")
    with pytest.raises(errors.UserError) as raised:
        periodic._against(
            real, _network(), request, num_samples=4, fingerprint="abc"
        )
    assert str(raised.value).startswith(
        f"--evaluate_every cannot score: {metric} needs {fewest} real images, "
        "and these are these images: put more aside"
    )


def test_a_score_of_inception_carries_its_layer():
    evaluator = _evaluator(_flat(1, 2, 3, 4), name="inception", num_samples=100)
    assert evaluator.name == "fid_inception2_100"


def test_the_protocol_is_json_and_tells_what_changes_the_score():
    evaluator = _evaluator(_flat(1, 2, 3, 4))
    protocol = evaluator.protocol
    assert json.loads(json.dumps(protocol)) == protocol
    assert protocol["features"]["weights_sha256"] == "f" * 64
    for other in (
        _evaluator(_flat(1, 2, 3, 4), metric="kid"),
        _evaluator(_flat(1, 2, 3, 4), num_samples=5),
    ):
        assert other.protocol != protocol
    assert _evaluator(_flat(1, 2, 3, 4)).protocol == protocol


def _split(count, box=(0, 0, 8, 8)):
    images = tiny_data.images(count, height=8, width=8)
    return loading.ImageArray(
        images, None, (), "mine", "test", box, "as is", "abc"
    )


def test_real_images_are_evenly_spread_and_without_padding(
    monkeypatch, tmp_path, capsys
):
    split = _split(25, box=(1, 2, 4, 5))
    asked = []

    def load(*_, **keywords):
        asked.append(keywords)
        return split

    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(periodic, "REAL_IMAGES", 10)
    seen = []

    class Network:
        name, feature_dim, key, asked = "tiny", 2, "tiny", 0

        def __init__(self):
            self.digests = {"features": "f" * 64}
            self.protocol = {
                "test_accuracy": 0.98765,
                "weights_sha256": "0123456789abcdef" * 4,
            }

        def extract(self, batches, **_):
            seen.extend(np.concatenate(list(batches)))
            self.asked += 1
            rows = np.arange(10, dtype=np.float32)[:, None]
            return {"features": np.tile(rows, (1, 2))}

    network = Network()
    monkeypatch.setattr(networks, "create", lambda *_, **__: network)
    config = schema.Config(
        evaluate_every=5, cache_dir=str(tmp_path), crop="6x7"
    )
    evaluator = periodic.prepare(config, (8, 8, 3))
    words = "tiny, right on 98.77% of test images, weights 0123456789ab"
    assert evaluator.features == words
    assert f"by {words} against mine:test, 10" in capsys.readouterr().out
    assert evaluator.real == "mine:test, 10 images"
    indices = [0, 2, 5, 7, 10, 12, 15, 17, 20, 22]
    np.testing.assert_array_equal(
        np.array(seen), split.images[indices][:, 1:5, 2:7]
    )
    # As the training's own images were.
    assert asked[0]["read_as"].crop == (6, 7)
    assert asked[0]["image_size"] == (8, 8)
    # The next start finds them in the cache.
    periodic.prepare(config, (8, 8, 3))
    assert network.asked == 1


@pytest.mark.slow
def test_a_set_without_labels_is_told_what_to_give_instead(
    tmp_path, cache_home
):
    images = list(tiny_data.images(20))
    tiny_data.write_tfds(
        tmp_path, "plain", {"train": (images, None), "test": (images, None)}
    )
    config = schema.Config(
        dataset="plain", data_dir=str(tmp_path), evaluate_every=5
    )
    with pytest.raises(errors.UserError) as raised:
        periodic.prepare(config, (28, 28, 1))
    text = str(raised.value)
    assert "it has no labels" in text
    assert "--evaluate_features=inception" in text
    assert " --features" not in text
    assert text.endswith("or leave --evaluate_every out")
