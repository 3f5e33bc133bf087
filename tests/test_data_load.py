import pytest

from tf_dcgan import data, errors
from tf_dcgan.data import glyphs


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
    assert data.native_shape(name) == shape


def test_glyphs_ignore_a_data_dir(tmp_path, monkeypatch):
    monkeypatch.setattr(glyphs, "NUM_IMAGES", {"train": 20, "test": 10})
    array = data.load(
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
        data.load(
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
        data.load("glyphs", "all", image_size=(28, 28), cache_dir=str(tmp_path))
