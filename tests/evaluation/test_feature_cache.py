"""Features that are computed once and kept."""

import errno
import threading

from absl import logging
import numpy as np
import pytest

from tf_dcgan.common import errors, locks
from tf_dcgan.data import cache
from tf_dcgan.evaluation import feature_cache, image_sources


class _Network:
    """Counts how often it is asked, and gives the mean of each image."""

    key = "tiny"

    def __init__(self):
        self.asked = 0
        self.protocol = {"of": "tiny"}
        self.digests = {"features": "f" * 64}

    def extract(self, batches, **_):
        self.asked += 1
        images = np.concatenate(list(batches))
        return {"features": images.mean((1, 2), dtype=np.float32)}


IMAGES = np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3)


def _extract(network, folder, *, images=IMAGES, fingerprint=None):
    return feature_cache.extract(
        image_sources.from_array(images, "x", fingerprint=fingerprint),
        network,
        ["features"],
        batch_size=2,
        cache_dir=str(folder),
        title="",
    )["features"]


def test_features_are_computed_once(tmp_path):
    network = _Network()
    first = _extract(network, tmp_path)
    np.testing.assert_array_equal(first[0], [4.5, 5.5, 6.5])
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    assert network.asked == 1


@pytest.mark.skipif(not locks.ARE_SUPPORTED, reason="needs a system with flock")
def test_two_processes_do_not_compute_the_same_features(tmp_path, capsys):
    events = []

    class Slow(_Network):
        def extract(self, batches, **arguments):
            thread.start()
            while (
                "features of : another process" not in capsys.readouterr().err
            ):
                assert thread.is_alive()
            events.append("computed")
            return super().extract(batches, **arguments)

    other = _Network()

    def extract_too():
        events.append(_extract(other, tmp_path))

    thread = threading.Thread(target=extract_too)
    features = _extract(Slow(), tmp_path)
    thread.join(60)
    assert other.asked == 0
    assert events[0] == "computed"
    np.testing.assert_array_equal(events[1], features)


@pytest.mark.parametrize(
    "content",
    [
        np.full((4, 3), np.nan, np.float32),
        np.zeros((4, 3, 1), np.float32),
        np.zeros((3, 3), np.float32),
        np.zeros((4, 3)),
    ],
)
def test_a_file_that_cannot_be_right_is_made_anew(tmp_path, content):
    network = _Network()
    first = _extract(network, tmp_path)
    (path,) = tmp_path.glob("*.npy")
    np.save(path, content)
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    np.testing.assert_array_equal(np.load(path), first)


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f4', 'fortran_order': (",
        b"{'descr': '",
        b"\x00{",
        b"",
    ],
)
def test_a_damaged_header_is_made_anew(tmp_path, header):
    network = _Network()
    first = _extract(network, tmp_path)
    (path,) = tmp_path.glob("*.npy")
    data = path.read_bytes()
    path.write_bytes(data[:10] + header.ljust(118) + data[128:])
    np.testing.assert_array_equal(_extract(network, tmp_path), first)


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 128
    path.write_bytes(content)


def double(path):
    np.save(path, 2 * np.load(path))


@pytest.mark.parametrize("damage", [flip, double])
def test_changed_features_are_named_and_made_anew(
    tmp_path, monkeypatch, damage
):
    lines = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: lines.append(text % args)
    )
    network = _Network()
    first = _extract(network, tmp_path)
    (path,) = tmp_path.glob("*.npy")
    damage(path)
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    assert network.asked == 2
    (line,) = lines
    assert line.startswith(f"{path} is damaged and will be made again")
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    assert network.asked == 2


def test_features_of_before_checksums_are_taken_and_get_one(tmp_path):
    network = _Network()
    first = _extract(network, tmp_path)
    (path,) = tmp_path.glob("*.npy")
    (seal,) = tmp_path.glob("*.crc32")
    seal.unlink()
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    assert network.asked == 1
    flip(path)
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    assert network.asked == 2


def test_features_that_may_not_be_read_are_not_made_anew(tmp_path, monkeypatch):
    network = _Network()
    _extract(network, tmp_path)

    def fail(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(cache, "is_damaged", fail)
    with pytest.raises(errors.UserError, match="cannot be read"):
        _extract(network, tmp_path)
    assert network.asked == 1


def test_features_of_another_protocol_are_not_taken(tmp_path):
    network = _Network()
    network.protocol = {"of": "tiny", "resize": "tf1"}
    first = _extract(network, tmp_path)
    other = _Network()
    other.protocol = {"of": "tiny", "resize": "clean"}
    other.extract = lambda *_, **__: {"features": first + 1}
    np.testing.assert_array_equal(_extract(other, tmp_path), first + 1)
    # Both are kept, each for its own protocol.
    np.testing.assert_array_equal(_extract(network, tmp_path), first)
    assert network.asked == 1


def test_features_by_other_weights_are_not_taken(tmp_path):
    network, other = _Network(), _Network()
    other.digests = {"features": "e" * 64}
    for _ in range(2):  # Both are kept.
        _extract(network, tmp_path)
        _extract(other, tmp_path)
    assert (network.asked, other.asked) == (1, 1)


def test_features_of_other_images_are_not_taken(tmp_path):
    network = _Network()
    for _ in range(2):  # All three are kept.
        first = _extract(network, tmp_path, fingerprint="of a seed")
        # A fingerprint may be of all images that a seed gives.
        fewer = _extract(
            network, tmp_path, images=IMAGES[:2], fingerprint="of a seed"
        )
        other = _extract(
            network, tmp_path, images=IMAGES + 1, fingerprint="of another"
        )
    np.testing.assert_array_equal(fewer, first[:2])
    np.testing.assert_array_equal(other, first + 1)
    assert network.asked == 3


def test_other_code_does_not_take_what_it_finds(tmp_path, monkeypatch):
    network = _Network()
    _extract(network, tmp_path)
    monkeypatch.setattr(feature_cache, "_VERSION", feature_cache._VERSION + 1)
    _extract(network, tmp_path)
    assert network.asked == 2
