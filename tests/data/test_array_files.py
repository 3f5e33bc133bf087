import os
import zipfile

import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.data import array_files, loading, reading
from tf_dcgan.evaluation import named_sources


def noise(count=5, *shape):
    chance = np.random.default_rng(0)
    return chance.integers(0, 256, (count, *shape), dtype=np.uint8)


@pytest.fixture
def load(tmp_path):
    def load_file(path, split="train", **keywords):
        return loading.load(
            str(path),
            split,
            image_size=(6, 4),
            cache_dir=str(tmp_path / "cache"),
            **keywords,
        )

    return load_file


def compressed(path, images):
    np.savez_compressed(path, images)


def fortran(path, images):
    np.savez(path, np.asfortranarray(images))


@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 1), (6, 4, 3)])
@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("x.npy", np.save),
        ("x.npz", np.savez),
        ("X.NPZ", compressed),
        ("x.npz", fortran),
    ],
)
def test_the_images_of_a_file_are_a_set(load, tmp_path, name, save, shape):
    images = noise(5, *shape)
    path = tmp_path / name
    with open(path, "wb") as file:
        save(file, images)
    array = load(path)
    np.testing.assert_array_equal(array.images, images.reshape(5, 6, 4, -1))
    assert array.labels is None and array.class_names == array.notes == ()
    assert loading.find(str(path)).shape == (*shape, 1)[:3]
    assert loading.find(str(path)).splits == ("train",)
    source = named_sources.open_source(str(path), flag="real")
    (batch,) = source.batches()
    np.testing.assert_array_equal(batch, array.images)


def test_a_large_file_is_read_in_pieces(tmp_path):
    images = noise(1000, 8, 8)
    for name, save in (("x.npy", np.save), ("x.npz", np.savez)):
        save(tmp_path / name, images)
        split = array_files.read_splits(str(tmp_path / name))["train"]
        pieces = list(split.images(300, None))
        assert [len(piece) for piece in pieces] == [300, 300, 300, 100]
        np.testing.assert_array_equal(np.concatenate(pieces)[..., 0], images)


@pytest.mark.parametrize(
    ("arrays", "labels", "class_names"),
    [
        ({"labels": [2, 0, 0]}, [2, 0, 0], ("0", "1", "2")),
        ({"labels": [[1], [0], [1]]}, [1, 0, 1], ("0", "1")),
        (
            {"labels": [0, 1, 0], "class_names": ["cat", "dog", "猫"]},
            [0, 1, 0],
            ("cat", "dog", "猫"),
        ),
        ({"labels": ["dog", "cat", "dog"]}, [1, 0, 1], ("cat", "dog")),
        (
            {"labels": ["b", "a", "b"], "class_names": ["b", "a"]},
            [0, 1, 0],
            ("b", "a"),
        ),
    ],
)
def test_labels_lie_beside_the_images(
    load, tmp_path, arrays, labels, class_names
):
    np.savez(tmp_path / "x.npz", images=noise(3, 6, 4), **arrays)
    array = load(tmp_path / "x.npz")
    assert array.labels.tolist() == labels
    assert array.class_names == class_names
    assert loading.find(str(tmp_path / "x.npz")).class_names == class_names
    one = load(tmp_path / "x.npz", class_name=class_names[0])
    assert len(one.images) == labels.count(0)


@pytest.mark.parametrize("names", ["x_{} y_{}", "{}_images {}_labels"])
def test_splits_are_arrays_of_their_own(load, tmp_path, names):
    arrays = {}
    for number, split in enumerate(("train", "val", "test"), 1):
        images, labels = names.format(split, split).split()
        arrays[images] = np.full((number, 6, 4), number, np.uint8)
        arrays[labels] = np.full((number, 1), number)
    path = tmp_path / "x.npz"
    np.savez(path, **arrays)
    assert loading.find(str(path)).splits == ("train", "validation", "test")
    for number, split in ((1, "train"), (2, "val"), (3, "test")):
        array = load(path, split)
        assert array.images.shape == (number, 6, 4, 1)
        assert set(array.labels) == {number}
    source = named_sources.open_source(f"{path}:test", flag="fake")
    assert (source.count, source.description) == (3, f"{path}:test")
    with pytest.raises(errors.UserError, match="train, validation, test: give"):
        named_sources.open_source(str(path), flag="fake")
    with pytest.raises(errors.UserError, match="has no split 'dev': allowed"):
        load(path, "dev")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": noise(4, 6)}, "should hold one array of images"),
        ({}, "it holds nothing"),
        ({"a": noise(2, 6, 4), "b": noise(2, 6, 4)}, "or one for each split"),
        ({"x": noise(6, 4, 3)}, "looks like one image: give images[numpy.new"),
        ({"x": noise(2, 3, 6, 4)}, "give images.transpose(0, 2, 3, 1)"),
        ({"x": noise(2, 6, 4, 4)}, "[2, 6, 4, 4]: give [n, height"),
        ({"x": noise(0, 6, 4)}, "has no pixels"),
        ({"x": noise(2, 6, 4) > 9}, "x is bool [2, 6, 4], and images are num"),
        ({"x": noise(2, 6, 4), "labels": [0]}, "labels should be [2] whole"),
        (
            {"x": noise(2, 6, 4), "labels": [0, 2], "class_names": ["a", "b"]},
            "has the number 2, and there are 2 class_names",
        ),
        (
            {"x": noise(2, 6, 4), "labels": [0, 2**40]},
            "at most 100,000 classes: number them from 0",
        ),
        (
            {"x": noise(1, 6, 4), "labels": ["c"], "class_names": ["a", "b"]},
            "labels has 'c', which is none of the class_names",
        ),
        ({"x": np.array([[[None]]])}, "and images are numbers"),
    ],
)
def test_what_cannot_be_images_is_refused(load, tmp_path, arrays, words):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(errors.UserError) as caught:
        load(tmp_path / "x.npz")
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/x.npz")


@pytest.mark.parametrize("dtype", ["uint16", ">u2", "int32", "float64", "f2"])
@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_other_numbers_have_one_scale_for_the_file(load, tmp_path, dtype, name):
    values = np.arange(48).reshape(2, 6, 4).astype(dtype)
    np.savez(tmp_path / "x.npz", x_train=values, x_test=values[1:] + 4)
    if name == "x.npy":
        np.save(tmp_path / "x.npy", np.concatenate([values, values + 4]))
    array = load(tmp_path / name)
    assert array.value_range == (0, 51)
    expected = np.rint(np.arange(48) / 51 * 255).reshape(2, 6, 4, 1)
    np.testing.assert_array_equal(array.images[:2], expected)
    assert array.preparation == (
        f"6x4x1 as they are, {np.dtype(dtype).name} values 0 to 51 mapped to "
        "black to white"
    )
    narrow = load(tmp_path / name, read_as=reading.Reading(value_range=(0, 10)))
    assert narrow.images[0, 2, 2, 0] == 255
    of_file = np.concatenate([values, values + 4])[: len(narrow.images)]
    outside, num = (of_file > 10).mean(), len(of_file)
    assert narrow.notes[0] == (
        f"{outside:.2%} of all values, in {num} of {num} images, lie outside "
        "--value_range=0,10 and become black or white"
    )
    assert not any("outside" in note for note in array.notes)


@pytest.mark.parametrize("value_range", [None, (0.0, 10.0)])
def test_values_that_are_not_finite_are_refused(load, tmp_path, value_range):
    values = np.ones((3, 6, 4), np.float32)
    values[0], values[1, 2, 3] = 0, np.nan
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(errors.UserError, match=r"1 of 3 .*\(numbers 1, from 0"):
        load(
            tmp_path / "x.npy", read_as=reading.Reading(value_range=value_range)
        )


def test_a_range_for_8_bit_arrays_is_refused(load, tmp_path):
    np.save(tmp_path / "x.npy", noise(2, 6, 4))
    with pytest.raises(errors.UserError, match="is for images of more than 8"):
        load(tmp_path / "x.npy", read_as=reading.Reading(value_range=(0, 10)))


def test_nan_and_infinity_are_named(load, tmp_path):
    values = np.random.default_rng(0).random((9, 6, 4), np.float32)
    values[3, 0, 0], values[7, 1, 1] = np.nan, np.inf
    np.save(tmp_path / "x.npy", values)
    with pytest.raises(errors.UserError) as caught:
        load(tmp_path / "x.npy")
    assert str(caught.value) == (
        f"{tmp_path}/x.npy: 2 of 9 images of train have values that are NaN "
        "or infinite (numbers 3, 7, from 0): mend or remove them"
    )


class _Bomb:
    def __reduce__(self):
        return os.mkdir, ("unpickled",)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_nothing_is_unpickled(load, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    objects = np.array([_Bomb()], object)
    if name == "x.npy":
        np.save(name, objects, allow_pickle=True)
    else:
        np.savez(name, images=noise(1, 6, 4), labels=objects)
    with pytest.raises(errors.UserError, match="other things than arrays"):
        load(tmp_path / name)
    assert not (tmp_path / "unpickled").exists()


def test_a_file_that_is_cut_or_absent_is_refused(load, tmp_path):
    with pytest.raises(errors.UserError, match="none.npy does not exist"):
        load(tmp_path / "none.npy")
    np.save(tmp_path / "x.npy", noise(50, 6, 4))
    os.truncate(tmp_path / "x.npy", 900)
    with pytest.raises(errors.UserError, match="x.npy cannot be read"):
        load(tmp_path / "x.npy")
    content = (tmp_path / "x.npy").read_bytes()
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("images.npy", content)
    with pytest.raises(errors.UserError, match="ends before its 50 rows"):
        load(tmp_path / "x.npz")
    assert not list(tmp_path.glob("cache/x*"))


def test_a_changed_file_is_prepared_anew(load, tmp_path):
    for value in (1, 2):
        np.save(tmp_path / "x.npy", np.full((2, 6, 4), value, np.uint8))
        os.utime(tmp_path / "x.npy", ns=(value, value))
        assert load(tmp_path / "x.npy").images[0, 0, 0, 0] == value
