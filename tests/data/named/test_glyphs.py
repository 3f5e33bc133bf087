import numpy as np
import pytest

from tf_dcgan.data import loading
from tf_dcgan.data.named import glyphs


@pytest.fixture(scope="module")
def drawn():
    [(images, labels)] = glyphs._chunks("train", 400)
    return images, labels


@pytest.mark.slow
def test_digits_are_grey_images_of_mnists_shape(drawn):
    images, labels = drawn
    assert images.shape == (400, 28, 28, 1)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64


@pytest.mark.slow
def test_every_digit_is_as_frequent_and_the_order_is_mixed(drawn):
    _, labels = drawn
    assert np.bincount(labels).tolist() == [40] * 10
    assert len(set(labels[:40])) == 10
    assert np.count_nonzero(np.diff(labels)) > 300


@pytest.mark.slow
def test_digits_are_bright_on_black_about_as_much_as_mnists(drawn):
    images, _ = drawn
    assert np.all(images.max(axis=(1, 2, 3)) > 200)
    assert 0.7 < np.mean(images == 0) < 0.9
    assert 25 < images.mean() < 42  # MNIST: 33.3.


@pytest.mark.slow
def test_digits_are_centred_by_mass_and_seldom_touch_the_border(drawn):
    images, _ = drawn
    weights = images[..., 0] / images.sum(axis=(1, 2, 3))[:, None, None]
    rows, columns = np.indices((28, 28))
    for coordinate in (rows, columns):
        centres = (weights * coordinate).sum(axis=(1, 2))
        assert abs(centres.mean() - 13.5) < 0.3
        assert np.all(np.abs(centres - 13.5) < 4)
    edge = np.concatenate(
        [images[:, [0, -1]], images[:, :, [0, -1]].swapaxes(1, 2)]
    )
    assert np.mean(edge > 60) < 0.01


@pytest.mark.slow
def test_a_digit_looks_more_like_its_own_kind_than_like_the_others(drawn):
    images, labels = drawn
    [(others, other_labels)] = glyphs._chunks("test", 400)
    flat, other_flat = (
        a.reshape(400, -1).astype(float) for a in (images, others)
    )
    # Squared distance but for a term that is the same for every candidate.
    distances = (flat**2).sum(1) - 2 * other_flat @ flat.T
    nearest = labels[distances.argmin(1)]
    assert np.mean(nearest == other_labels) > 0.8


@pytest.mark.slow
def test_no_two_images_are_alike_and_the_splits_differ(drawn):
    images, _ = drawn
    [(others, _)] = glyphs._chunks("test", 400)
    every = {image.tobytes() for image in np.concatenate([images, others])}
    assert len(every) == 800


@pytest.mark.slow
def test_the_set_is_the_same_every_time(drawn):
    [(images, labels)] = glyphs._chunks("train", 400)
    np.testing.assert_array_equal(images, drawn[0])
    np.testing.assert_array_equal(labels, drawn[1])


@pytest.mark.slow
def test_chunks_together_hold_every_image(monkeypatch):
    monkeypatch.setattr(glyphs, "_CHUNK", 40)
    lengths = [len(images) for images, _ in glyphs._chunks("test", 100)]
    assert lengths == [40, 40, 20]


@pytest.mark.slow
def test_glyphs_load_by_name_without_any_data(tmp_path, monkeypatch):
    monkeypatch.setattr(glyphs, "NUM_IMAGES", {"train": 60, "test": 20})
    array = loading.load(
        "glyphs", "test", image_size=(32, 32), cache_dir=str(tmp_path)
    )
    assert array.images.shape == (20, 32, 32, 1)
    assert array.class_names == tuple("0123456789")
    assert array.content_box == (2, 2, 28, 28)
