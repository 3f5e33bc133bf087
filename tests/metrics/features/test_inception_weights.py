import io
import tarfile
import time

import inception_arrays
import numpy as np
import pytest
import requests
import tensorflow as tf

from tf_dcgan.common import errors
from tf_dcgan.metrics.features.inception import files, fingerprint, layers
from tf_dcgan.metrics.features.inception import weights as inception_weights


@pytest.fixture(scope="module")
def shallow():
    """Arrays up to the second tap, with which files are small."""
    return inception_arrays.random_weights("pool_1")


@pytest.fixture(scope="module")
def npz(shallow, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "shallow.npz"
    np.savez(path, **shallow)
    return path


@pytest.fixture
def offline(monkeypatch):
    def refuse(*arguments, **settings):
        raise requests.exceptions.ConnectionError("no route to host")

    monkeypatch.setattr(requests, "get", refuse)


def test_folding_gives_numbers_worked_out_by_hand():
    # s = 3 / sqrt(0.249 + 0.001) = 6.  Weights 2 -> 12; bias 5 - 7 * 6.
    graph = _graph("conv", weights=2.0, variance=0.249)

    folded = files.fold(graph)

    np.testing.assert_allclose(folded["conv/weights"], 12.0, rtol=1e-6)
    np.testing.assert_allclose(folded["conv/biases"], -37.0, rtol=1e-6)
    assert folded["conv/weights"].shape == (3, 3, 3, 32)
    assert folded["conv/weights"].dtype == np.float32


def test_a_graph_that_does_not_scale_ignores_gamma():
    # s = 1 / sqrt(0.25) = 2.  Weights 2 -> 4; bias 5 - 7 * 2.
    graph = _graph("conv", weights=2.0, variance=0.249, scaled=False)

    folded = files.fold(graph)

    np.testing.assert_allclose(folded["conv/weights"], 4.0, rtol=1e-6)
    np.testing.assert_allclose(folded["conv/biases"], -9.0, rtol=1e-6)


def test_the_epsilon_is_the_graphs_own_or_a_thousandth():
    graph = _graph("conv", weights=2.0, variance=0.25, epsilon=0.75)
    folded = files.fold(graph)
    np.testing.assert_allclose(folded["conv/weights"], 6.0, rtol=1e-6)

    graph = _graph("conv", weights=2.0, variance=0.249)
    del graph.node[-1]  # The normalisation itself, with its attributes.
    folded = files.fold(graph)
    np.testing.assert_allclose(folded["conv/weights"], 12.0, rtol=1e-6)


def test_folding_equals_convolving_and_then_normalising():
    chance = np.random.default_rng(0)
    constants = {
        "conv2d_params": chance.normal(size=(3, 3, 3, 32)),
        "batchnorm/beta": chance.normal(size=32),
        "batchnorm/gamma": chance.normal(size=32),
        "batchnorm/moving_mean": chance.normal(size=32),
        "batchnorm/moving_variance": chance.uniform(0.1, 2, size=32),
    }
    graph = tf.compat.v1.GraphDef()
    for name, values in constants.items():
        _add_constant(graph, f"conv/{name}", values)
    image = chance.normal(size=(1, 3, 3, 3))

    folded = files.fold(graph)

    sums = np.einsum("nhwc,hwck->nk", image, constants["conv2d_params"])
    expected = tf.nn.batch_normalization(
        sums,
        constants["batchnorm/moving_mean"],
        constants["batchnorm/moving_variance"],
        constants["batchnorm/beta"],
        constants["batchnorm/gamma"],
        1e-3,
    )
    folded_sums = np.einsum("nhwc,hwck->nk", image, folded["conv/weights"])
    np.testing.assert_allclose(
        folded_sums + folded["conv/biases"], expected, rtol=1e-4, atol=1e-5
    )


def test_an_archive_a_graph_and_folded_weights_are_told_apart(tmp_path):
    graph = _graph("conv", weights=2.0, variance=0.249)
    data = graph.SerializeToString()
    # The names say nothing: the first bytes do.
    (tmp_path / "a.bin").write_bytes(data)
    _write_archive(tmp_path / "b.bin", "./classify_image_graph_def.pb", data)
    folded = files.fold(graph)
    np.savez(tmp_path / "c.npz", **folded)
    for name in ("a.bin", "b.bin", "c.npz"):
        weights = files.read(tmp_path / name)
        assert weights.keys() == folded.keys()
        for key, array in folded.items():
            np.testing.assert_array_equal(weights[key], array)


def test_the_softmax_of_a_graph_is_read_as_it_is():
    graph = _graph("conv", weights=2.0, variance=1.0)
    softmax = np.arange(2048 * 1008).reshape(2048, 1008)
    _add_constant(graph, "softmax/weights", softmax)
    folded = files.fold(graph)
    np.testing.assert_array_equal(folded["softmax/weights"], softmax)


def test_a_file_without_deeper_layers_serves_the_shallower_taps(npz):
    weights = inception_weights.load(npz)

    assert weights.taps == [64, 192]
    assert weights.outputs == ["features"]
    weights.require(192, ["features"])
    with pytest.raises(errors.UserError) as raised:
        weights.require(2048, ["features"])
    assert "--feature_dim=2048" in str(raised.value)
    assert (
        "It has those for --feature_dim=64, 192: give --feature_dim=192, or"
        in str(raised.value)
    )
    with pytest.raises(errors.UserError, match="Inception Score"):
        weights.require(192, ["features", "logits"])
    with pytest.raises(errors.UserError) as raised:
        weights.require(2048, ["features"], "evaluate_")
    assert "layers for --evaluate_feature_dim=2048. It" in str(raised.value)
    assert "give --evaluate_feature_dim=192, or" in str(raised.value)


@pytest.mark.slow
def test_the_given_weights_serve_all_taps_but_the_last(shared_data):
    path = inception_arrays.given_weights(shared_data)

    weights = inception_weights.load(path)

    assert weights.taps == [64, 192, 768, 1280]
    assert weights.outputs == ["features", "spatial"]
    assert weights.is_canonical
    with pytest.raises(errors.UserError) as raised:
        weights.require(2048, ["features"])
    assert (
        "It has those for --feature_dim=64, 192, 768, 1280 and for sfid: give "
        "--feature_dim=1280, or inception-2015-12-05.tgz" in str(raised.value)
    )


def test_the_fingerprint_sees_signs_but_not_rounding(shared_data):
    path = inception_arrays.given_weights(shared_data)
    name = "mixed_1/conv/weights"
    with np.load(path) as archive:
        array = archive[name]
    noise = np.random.default_rng(0).normal(1, 1e-6, array.shape)
    assert fingerprint.fits({name: array, "other": array})
    assert fingerprint.fits({name: array * noise})
    for changed in (-array, array[..., ::-1], array * 1.001):
        assert not fingerprint.fits({name: changed})


def test_all_known_layers_have_a_fingerprint(shared_data):
    with np.load(inception_arrays.given_weights(shared_data)) as archive:
        assert set(fingerprint._KNOWN) == set(archive.files)


def test_other_weights_are_not_taken_for_the_published_ones(npz):
    assert not inception_weights.load(npz).is_canonical


def test_the_digest_covers_exactly_the_layers_that_are_used(shallow):
    weights = inception_weights.InceptionWeights(shallow, "first")
    changed = {**shallow, "conv_4/biases": shallow["conv_4/biases"] + 1}
    other = inception_weights.InceptionWeights(changed, "second")

    assert len(weights.digest(64, ["features"])) == 64
    assert weights.digest(64, ["features"]) == other.digest(64, ["features"])
    assert weights.digest(192, ["features"]) != other.digest(192, ["features"])


def test_without_weights_and_network_the_way_out_is_named(tmp_path, offline):
    folder = tmp_path / "cache"
    began = time.monotonic()

    with pytest.raises(errors.UserError) as raised:
        inception_weights.load(cache_dir=str(folder))

    text = str(raised.value)
    assert inception_weights.URL in text
    assert "--inception_weights=FILE" in text
    assert "--features=classifier" in text
    assert "\n" not in text
    assert not list(folder.iterdir())
    assert time.monotonic() - began < 5


def test_a_host_that_says_no_is_quoted(tmp_path, monkeypatch):
    _answer(monkeypatch, b"", status=404)
    with pytest.raises(errors.UserError, match="answers 404"):
        inception_weights.load(cache_dir=str(tmp_path))


def test_a_download_of_another_length_is_not_kept(tmp_path, monkeypatch):
    _answer(monkeypatch, b"x" * 1000)
    with pytest.raises(errors.UserError, match="1,000 bytes instead of 88"):
        inception_weights.load(cache_dir=str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_download_of_other_weights_is_not_kept(tmp_path, monkeypatch):
    graph = _graph("conv", weights=2.0, variance=1.0)
    archive = _write_archive(
        tmp_path / "archive",
        files.GRAPH_NAME,
        graph.SerializeToString(),
    )
    cache_dir = tmp_path / "cache"
    _answer(monkeypatch, archive)
    with pytest.raises(errors.UserError, match="other weights"):
        inception_weights.load(cache_dir=str(cache_dir))
    assert not list(cache_dir.iterdir())


@pytest.mark.slow
def test_a_download_is_folded_and_cached(tmp_path, monkeypatch):
    data = _whole_graph().SerializeToString()
    archive = _write_archive(tmp_path / "archive", files.GRAPH_NAME, data)
    cache_dir = tmp_path / "cache"
    _answer(monkeypatch, archive)
    monkeypatch.setattr(fingerprint, "_KNOWN", {})

    downloaded = inception_weights.load(cache_dir=str(cache_dir))
    monkeypatch.undo()
    monkeypatch.setattr(requests, "get", None)
    cached = inception_weights.load(cache_dir=str(cache_dir))

    assert [path.name for path in cache_dir.iterdir()] == [
        inception_weights.CACHED
    ]
    assert cached.taps == list(layers.TAPS)
    assert cached.outputs == ["features", "logits", "spatial"]
    assert cached.digest(2048, ["logits"]) == downloaded.digest(
        2048, ["logits"]
    )


def test_a_damaged_file_in_the_cache_is_downloaded_again(
    npz, tmp_path, offline, caplog
):
    cached = tmp_path / inception_weights.CACHED
    cached.write_bytes(npz.read_bytes()[:5000])
    with pytest.raises(errors.UserError, match="cannot be downloaded"):
        inception_weights.load(cache_dir=str(tmp_path))
    assert "damaged or cut short" in caplog.text


def test_files_of_the_wrong_kind_are_refused(tmp_path):
    path = tmp_path / "weights"
    np.savez(tmp_path / "statistics.npz", mu=np.zeros(3), sigma=np.eye(3))
    _write_archive(tmp_path / "other.tgz", "readme.txt", b"hello")
    wrong = {
        "text": b"these are no weights at all",
        "empty": b"",
        "statistics": (tmp_path / "statistics.npz").read_bytes(),
        "other archive": (tmp_path / "other.tgz").read_bytes(),
    }
    for data in wrong.values():
        path.write_bytes(data)
        with pytest.raises(errors.UserError) as raised:
            inception_weights.load(path)
        assert str(path) in str(raised.value)
        assert "inception-2015-12-05.tgz" in str(raised.value)
        assert "\n" not in str(raised.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "nowhere.npz", tmp_path):
        with pytest.raises(errors.UserError, match="cannot be read"):
            inception_weights.load(path)


def test_files_cut_short_are_called_damaged(npz, tmp_path):
    data = _graph("conv", weights=2.0, variance=1.0).SerializeToString()
    noise = np.random.default_rng(0).bytes(200_000)
    archive = _write_archive(
        tmp_path / "archive", files.GRAPH_NAME, data + noise
    )
    path = tmp_path / "weights"
    for whole in (npz.read_bytes(), data, archive):
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(errors.UserError, match="damaged or cut short"):
            inception_weights.load(path)


@pytest.mark.parametrize(
    "error", [OSError("bad block"), NotImplementedError("method 99")]
)
def test_what_the_modules_below_raise_is_damage(npz, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(errors.UserError, match="damaged or cut short"):
        inception_weights.load(npz)


def test_a_flipped_bit_is_noticed(npz, tmp_path):
    data = bytearray(npz.read_bytes())
    data[len(data) // 2] ^= 4
    path = tmp_path / "weights.npz"
    path.write_bytes(data)
    with pytest.raises(errors.UserError, match="damaged"):
        inception_weights.load(path)


def test_wrong_shapes_and_values_that_are_not_finite_are_named(
    shallow, tmp_path
):
    path = tmp_path / "weights.npz"
    np.savez(path, **{**shallow, "conv_3/weights": np.zeros((1, 1, 64, 81))})
    with pytest.raises(errors.UserError, match=r"conv_3/weights is float64"):
        inception_weights.load(path)

    np.savez(path, **{**shallow, "conv_3/biases": np.full(80, np.nan)})
    with pytest.raises(errors.UserError, match="conv_3/biases .* not finite"):
        inception_weights.load(path)


def test_a_graph_without_its_normalisation_is_refused(tmp_path):
    graph = _graph("conv", weights=2.0, variance=1.0)
    del graph.node[1]
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(errors.UserError, match="no constant conv/batchnorm/b"):
        inception_weights.load(path)


def _graph(scope, *, weights, variance, scaled=True, epsilon=0.001):
    """One scope of the original: beta 5, gamma 3, mean 7."""
    graph = tf.compat.v1.GraphDef()
    shape = layers.weight_shapes()[f"{scope}/weights"]
    _add_scope(
        graph,
        scope,
        {
            "conv2d_params": np.full(shape, weights),
            "batchnorm/beta": np.full(shape[-1:], 5.0),
            "batchnorm/gamma": np.full(shape[-1:], 3.0),
            "batchnorm/moving_mean": np.full(shape[-1:], 7.0),
            "batchnorm/moving_variance": np.full(shape[-1:], variance),
        },
        scaled=scaled,
        epsilon=epsilon,
    )
    return graph


def _whole_graph():
    graph = tf.compat.v1.GraphDef()
    for key, shape in layers.weight_shapes().items():
        scope, _, kind = key.rpartition("/")
        if kind == "biases":
            continue
        one = np.ones(shape[-1:])
        constants = {"conv2d_params": np.ones(shape)}
        for name in ("beta", "gamma", "moving_mean", "moving_variance"):
            constants[f"batchnorm/{name}"] = one
        _add_scope(graph, scope, constants, scaled=False, epsilon=0.001)
    _add_constant(graph, "softmax/weights", np.ones(layers.LOGITS_SHAPE))
    return graph


def _add_scope(graph, scope, constants, *, scaled, epsilon):
    for name, values in constants.items():
        _add_constant(graph, f"{scope}/{name}", values)
    node = graph.node.add(
        name=f"{scope}/batchnorm", op="BatchNormWithGlobalNormalization"
    )
    node.attr["scale_after_normalization"].b = scaled
    node.attr["variance_epsilon"].f = epsilon


def _add_constant(graph, name, values):
    node = graph.node.add(name=name, op="Const")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(
        tf.make_tensor_proto(np.asarray(values), tf.float32)
    )


def _write_archive(path, name, data):
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return path.read_bytes()


def _answer(monkeypatch, content, *, status=200):
    """Makes requests answer, and the archive's length that of `content`."""

    def get(url, **settings):
        response = requests.Response()
        response.status_code = status
        response.raw = io.BytesIO(content)
        return response

    monkeypatch.setattr(requests, "get", get)
    if content.startswith(b"\x1f\x8b"):
        monkeypatch.setattr(inception_weights, "_ARCHIVE_BYTES", len(content))
