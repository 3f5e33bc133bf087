import os

import numpy as np
import pytest

from tf_dcgan.api import arrays
from tf_dcgan.common import errors
from tf_dcgan.data import array_files

_IMAGES = np.arange(4 * 5 * 5, dtype=np.uint8).reshape(4, 5, 5)
_LABELS = np.array([0, 1, 0, 1])


@pytest.mark.parametrize("value", [None, "mnist", os.path.dirname(__file__)])
def test_names_and_paths_are_no_arrays(value):
    assert arrays.named(value, argument="dataset") is None


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (_IMAGES, ["images"]),
        (list(_IMAGES), ["images"]),
        ((_IMAGES, _LABELS), ["images", "labels"]),
        (
            ((_IMAGES, _LABELS), (_IMAGES[:2], _LABELS[:2])),
            ["x_train", "y_train", "x_test", "y_test"],
        ),
        ({"x_train": _IMAGES, "y_train": _LABELS}, ["x_train", "y_train"]),
    ],
)
def test_arrays_are_named_as_in_an_npz(value, names, tmp_path):
    named = arrays.named(value, argument="dataset")
    assert list(named) == names
    path = arrays.as_file(named, str(tmp_path))
    splits = array_files.read_splits(path)
    assert splits["train"].count == 4
    assert (splits["train"].labels is None) == (len(names) == 1)
    (images,) = splits["train"].images(9, None)
    np.testing.assert_array_equal(images[..., 0], _IMAGES)


@pytest.mark.parametrize(
    "value", [7, object(), {}, [_IMAGES[0], _IMAGES[0, :2]], (_IMAGES, None)]
)
def test_what_holds_no_arrays_is_refused(value):
    with pytest.raises(errors.UserError, match="^fake .*: give an array of "):
        arrays.named(value, argument="fake")


def test_arrays_that_are_no_images_are_refused_before_they_are_written(
    tmp_path,
):
    with pytest.raises(errors.UserError, match="channels come last"):
        arrays.as_file({"images": np.zeros((2, 3, 8, 8))}, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_named_by_its_content_and_written_once(tmp_path):
    paths = [
        arrays.as_file(parts, str(tmp_path))
        for parts in (
            {"images": _IMAGES},
            {"images": np.asfortranarray(_IMAGES)},
            {"images": _IMAGES + 1},
            {"images": _IMAGES, "labels": _LABELS},
        )
    ]
    assert paths[0] == paths[1]
    assert len(set(paths)) == 3
    assert len(list(tmp_path.rglob("*.npz"))) == 3
    assert os.path.basename(paths[0]).startswith("array-4x5x5-")
    written = os.stat(paths[0]).st_mtime_ns
    assert arrays.as_file({"images": _IMAGES}, str(tmp_path)) == paths[0]
    assert os.stat(paths[0]).st_mtime_ns == written
