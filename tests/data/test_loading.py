import numpy as np
import pytest
import tiny_data

from tf_dcgan.common import errors, images, terminal
from tf_dcgan.data import loading
from tf_dcgan.data.named import glyphs


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("glyphs", (28, 28, 1)),
        ("mnist", (28, 28, 1)),
        ("fashion_mnist", (28, 28, 1)),
        ("kmnist", (28, 28, 1)),
        ("cifar10", (32, 32, 3)),
    ],
)
def test_the_shapes_of_the_usual_sets_are_known(name, shape):
    assert loading.find(name).shape == shape


@pytest.mark.slow
def test_glyphs_ignore_a_data_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(glyphs, "NUM_IMAGES", {"train": 20, "test": 10})
    array = loading.load(
        "glyphs",
        image_size=(28, 28),
        data_dir=str(tmp_path),
        cache_dir=str(tmp_path),
    )
    assert (array.name, array.split) == ("glyphs", "train")
    assert len(array.images) == len(array.labels) == 20


def test_glyphs_with_a_data_dir_that_does_not_exist_are_refused(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(glyphs, "NUM_IMAGES", {"train": 20, "test": 10})
    missing = tmp_path / "missing"
    with pytest.raises(errors.UserError) as caught:
        loading.load(
            "glyphs",
            image_size=(28, 28),
            data_dir=str(missing),
            cache_dir=str(tmp_path / "cache"),
        )
    message = str(caught.value)
    assert message.startswith(f"--data_dir={missing} does not exist. ")
    assert not (tmp_path / "cache").exists()


def test_a_split_that_no_usual_set_has_is_refused(tmp_path):
    with pytest.raises(errors.UserError, match="test, train"):
        loading.load(
            "glyphs", "all", image_size=(28, 28), cache_dir=str(tmp_path)
        )


@pytest.fixture
def load_class(tmp_path):
    """Loads a class of 20 images of MNIST, or of two images without labels."""
    root = tmp_path / "data"
    pixels, _ = tiny_data.write_raw_mnist(root / "mnist")
    tiny_data.write_tfds(root, "unlabelled", {"train": (pixels[:2], None)})

    def load(class_name, name="mnist"):
        return loading.load(
            name,
            image_size=(32, 32),
            class_name=class_name,
            data_dir=str(root),
            cache_dir=str(tmp_path / "cache"),
        )

    load.images = pixels
    return load


def test_a_class_keeps_its_images_and_says_so(load_class):
    array = load_class("3")
    np.testing.assert_array_equal(
        array.images[:, 2:30, 2:30], load_class.images[[3, 13]]
    )
    assert array.images.shape == (2, 32, 32, 1)
    assert array.labels.tolist() == [3, 3]
    assert array.preparation == (
        "28x28x1, padded to 32x32 with background, class 3 alone"
    )


def test_while_a_class_is_prepared_the_bar_counts_all_images(
    load_class, monkeypatch
):
    seen = {"updates": 0}

    class Progress(terminal.Progress):
        def __init__(self, title, total, unit, **keywords):
            super().__init__(title, total, unit, **keywords)
            self.counts_images = unit == "images"
            if self.counts_images:
                seen["total"] = total

        def update(self, count=1):
            if self.counts_images:
                seen["updates"] += count

    monkeypatch.setattr(terminal, "Progress", Progress)
    load_class("3")
    assert seen == {"total": 20, "updates": 20}


def test_an_unknown_class_is_refused_with_those_that_are(load_class, tmp_path):
    with pytest.raises(errors.UserError) as caught:
        load_class("33")
    assert str(caught.value) == (
        "mnist has no class '33': allowed: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    )
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_class_of_a_set_without_labels_is_refused(load_class):
    with pytest.raises(errors.UserError, match="unlabelled has no labels"):
        load_class("cat", "unlabelled")


def test_a_class_without_an_image_leaves_no_entry(tmp_path):
    tiny_data.write_tfds(
        tmp_path, "my_own", {"train": (tiny_data.images(2), [0, 0])}
    )
    with pytest.raises(errors.UserError) as caught:
        loading.load(
            "my_own",
            image_size=(28, 28),
            class_name="7",
            data_dir=str(tmp_path),
            cache_dir=str(tmp_path / "cache"),
        )
    assert str(caught.value) == (
        "my_own has no images of class '7' in its split train: choose another "
        "part of it, or another --dataset"
    )
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.fixture
def load_photos(tmp_path):
    """Loads a class of a folder that has two, of names as long as they get."""
    long = "a_name_that_is_longer_than_any_part_of_an_entry_"
    for name, colour, side in (("cat", 10, 8), ("dog", 20, 9)):
        for number in range(3):
            images.write_png(
                tmp_path / "photos" / f"{long}{name}" / f"{number}.png",
                np.full((side, side, 1), colour + number, np.uint8),
            )

    def load(name):
        return loading.load(
            str(tmp_path / "photos"),
            image_size=(16, 16),
            class_name=f"{long}{name}",
            cache_dir=str(tmp_path / "cache"),
        )

    return load


def test_a_class_of_a_folder_is_its_sub_folder(load_photos):
    # The sizes vary, so each image is read and resized on its own.
    for name, colours in (("cat", [10, 11, 12]), ("dog", [20, 21, 22])):
        array = load_photos(name)
        assert array.images[:, 0, 0, 0].tolist() == colours
        assert array.images.shape == (3, 16, 16, 1)
