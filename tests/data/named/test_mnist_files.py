import gzip
import hashlib

import numpy as np
import pytest
import tiny_data

from tf_dcgan.common import errors
from tf_dcgan.data import loading
from tf_dcgan.data.named import mnist_files

IMAGES = "train-images-idx3-ubyte"
LABELS = "train-labels-idx1-ubyte"


@pytest.fixture
def load(tmp_path):
    """Loads from `tmp_path / "data"`; the cache is beside it."""
    (tmp_path / "data").mkdir()

    def load_set(name="mnist", split="train", image_size=(28, 28)):
        return loading.load(
            name,
            split,
            image_size=image_size,
            data_dir=str(tmp_path / "data"),
            cache_dir=str(tmp_path / "cache"),
        )

    return load_set


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnist", "mnist"),
        ("mnist", "MNIST/raw"),
        ("fashion_mnist", "fashion_mnist/raw"),
        ("fashion_mnist", "FashionMNIST/raw"),
        ("kmnist", "KMNIST/raw"),
    ],
)
def test_raw_files_in_a_folder_named_after_the_set_are_read(
    load, tmp_path, name, folder, suffix
):
    images, labels = tiny_data.write_raw_mnist(
        tmp_path / "data" / folder, suffix=suffix
    )
    array = load(name)
    np.testing.assert_array_equal(array.images, images)
    np.testing.assert_array_equal(array.labels, labels)
    assert array.labels.dtype == np.int64
    assert len(array.class_names) == 10


def test_the_test_split_is_read_from_the_t10k_files(load, tmp_path):
    folder = tmp_path / "data" / "mnist"
    tiny_data.write_raw_mnist(folder, count=20)
    tiny_data.write_raw_mnist(folder, count=7, prefix="t10k")
    assert len(load(split="test").images) == 7


def test_names_with_a_dot_for_the_first_hyphen_of_idx_are_read(load, tmp_path):
    folder = tmp_path / "data" / "mnist"
    tiny_data.write_raw_mnist(folder)
    (folder / IMAGES).rename(folder / "train-images.idx3-ubyte")
    (folder / LABELS).rename(folder / "train-labels.idx1-ubyte")
    assert len(load().images) == 20


def test_keras_npz_is_read_for_mnist(load, tmp_path):
    images = tiny_data.images(5)
    np.savez(
        tmp_path / "data" / "mnist.npz",
        x_train=images[..., 0],
        y_train=np.arange(5, dtype=np.uint8),
        x_test=images[:2, ..., 0],
        y_test=np.arange(2, dtype=np.uint8),
    )
    np.testing.assert_array_equal(load().images, images)
    np.testing.assert_array_equal(load(split="test").labels, [0, 1])


def test_files_directly_in_the_folder_are_known_by_their_checksum(
    load, tmp_path, monkeypatch
):
    tiny_data.write_raw_mnist(tmp_path / "data", suffix=".gz")
    for name in (IMAGES, LABELS):
        # Of the unpacked content: however it was packed, it is the same file.
        content = (tmp_path / "data" / f"{name}.gz").read_bytes()
        checksum = hashlib.md5(gzip.decompress(content)).hexdigest()
        stem = name.removesuffix("-ubyte")
        monkeypatch.setitem(mnist_files.SOURCES, checksum, ("kmnist", stem))
    assert len(load("kmnist").images) == 20
    with pytest.raises(errors.UserError, match="is kmnist's train-images-idx3"):
        load("mnist")


def test_files_of_unknown_origin_directly_in_the_folder_are_refused(
    load, tmp_path
):
    tiny_data.write_raw_mnist(tmp_path / "data")
    with pytest.raises(errors.UserError, match="may be any of mnist, fashion"):
        load()


def test_another_sets_file_in_the_named_folder_is_refused(
    load, tmp_path, monkeypatch
):
    folder = tmp_path / "data" / "mnist"
    tiny_data.write_raw_mnist(folder)
    checksum = hashlib.md5((folder / IMAGES).read_bytes()).hexdigest()
    source = ("fashion_mnist", "train-images-idx3")
    monkeypatch.setitem(mnist_files.SOURCES, checksum, source)
    with pytest.raises(errors.UserError, match="is fashion_mnist's"):
        load()


def test_every_published_checksum_is_of_one_file():
    assert len(mnist_files.SOURCES) == 20


def damage_truncated(folder):
    content = (folder / IMAGES).read_bytes()
    (folder / IMAGES).write_bytes(content[:-1])


def damage_trailing(folder):
    with open(folder / IMAGES, "ab") as file:
        file.write(b"\0")


def damage_magic(folder):
    (folder / IMAGES).write_bytes((folder / LABELS).read_bytes())


def damage_header(folder):
    (folder / IMAGES).write_bytes((folder / IMAGES).read_bytes()[:9])


def damage_emptied(folder):
    (folder / IMAGES).write_bytes(b"")


def damage_no_images(folder):
    tiny_data.write_idx(folder / IMAGES, np.zeros((0, 28, 28), np.uint8))


def damage_size(folder):
    tiny_data.write_idx(folder / IMAGES, np.zeros((20, 32, 28), np.uint8))


def damage_count(folder):
    tiny_data.write_idx(folder / LABELS, np.zeros(19, np.uint8))


def damage_label(folder):
    tiny_data.write_idx(folder / LABELS, np.full(20, 10, np.uint8))


def damage_missing(folder):
    (folder / LABELS).unlink()


def damage_gzip(folder):
    packed = gzip.compress((folder / IMAGES).read_bytes())
    (folder / IMAGES).unlink()
    (folder / f"{IMAGES}.gz").write_bytes(packed[:-20])


def damage_not_gzip(folder):
    (folder / IMAGES).rename(folder / f"{IMAGES}.gz")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_truncated, "is truncated: 15695 bytes, not 15696"),
        (damage_trailing, "is too long: 15697 bytes, not 15696"),
        (damage_magic, "does not begin like an IDX file of images"),
        (damage_header, "is truncated: 9 bytes"),
        (damage_emptied, "does not begin like an IDX file"),
        (damage_no_images, "is empty"),
        (damage_size, "holds images of 32x28, not 28x28"),
        (damage_count, "20 images and 19 labels"),
        (damage_label, "labels go from 10 to 10, not from 0 to 9"),
        (damage_missing, "but no train-labels-idx1-ubyte"),
        (damage_gzip, "is damaged: gzip says"),
        (damage_not_gzip, "is damaged: gzip says"),
    ],
)
def test_damaged_raw_files_end_in_one_line_that_names_them(
    load, tmp_path, damage, message
):
    folder = tmp_path / "data" / "mnist"
    tiny_data.write_raw_mnist(folder)
    damage(folder)
    with pytest.raises(errors.UserError) as caught:
        load()
    assert message in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "cache").glob("*")) == []


@pytest.mark.parametrize(
    "arrays",
    [
        {"x_train": np.zeros((3, 28, 28), np.uint8)},
        {
            "x_train": np.zeros((3, 32, 32), np.uint8),
            "y_train": np.zeros(3, int),
        },
        {"x_train": np.zeros((3, 28, 28)), "y_train": np.zeros(3, int)},
        {"x_train": np.array([None]), "y_train": np.zeros(1, int)},
        {
            "x_train": np.zeros((3, 28, 28), np.uint8),
            "y_train": np.zeros(2, int),
        },
    ],
    ids=[
        "no labels",
        "wrong size",
        "floats",
        "pickled objects",
        "too few labels",
    ],
)
def test_an_npz_of_something_else_is_refused(load, tmp_path, arrays):
    path = tmp_path / "data" / "mnist.npz"
    np.savez(path, **arrays)
    with pytest.raises(errors.UserError, match=str(path)):
        load()


def test_a_truncated_npz_is_refused(load, tmp_path):
    path = tmp_path / "data" / "mnist.npz"
    np.savez(path, x_train=np.zeros(100))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(errors.UserError, match="is damaged"):
        load()


def test_an_npy_under_the_name_of_an_npz_is_refused(load, tmp_path):
    path = tmp_path / "data" / "mnist.npz"
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(errors.UserError, match="is not Keras's mnist.npz"):
        load()


def test_a_changed_file_is_prepared_anew(load, tmp_path):
    folder = tmp_path / "data" / "mnist"
    tiny_data.write_raw_mnist(folder, count=20)
    assert len(load().images) == 20
    tiny_data.write_raw_mnist(folder, count=21)
    assert len(load().images) == 21
