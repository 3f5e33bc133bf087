import zipfile

import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.data import moved


def test_images_that_are_where_they_were_pass(tmp_path):
    moved.check(schema.Config(dataset=str(tmp_path)), run_dir="runs/0")
    moved.check(schema.Config(dataset="mnist"), run_dir="runs/0")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("cat/a.png", "dog/b.png"):
            archive.writestr(name, b"")
    inside = schema.Config(dataset=f"{tmp_path}/x.zip/cat")
    moved.check(inside, run_dir="runs/0")


@pytest.mark.parametrize(
    ("settings", "flag"),
    [
        ({"dataset": "/gone/photos"}, "--dataset=NEW"),
        (
            {
                "recipe": "cyclegan",
                "dataset_a": "mnist:7",
                "dataset_b": "/gone/photos:train:cat",
                "dataset": None,
            },
            "--dataset_b=NEW:train:cat",
        ),
    ],
)
def test_moved_images_can_be_named_anew(settings, flag):
    with pytest.raises(errors.UserError) as caught:
        moved.check(schema.Config(**settings), run_dir="my runs/0")
    assert str(caught.value) == (
        "/gone/photos, the images of the run my runs/0, does not exist: put "
        "it back; or, if it was moved to NEW, go on with `python -m tf_dcgan "
        f"train --run_dir='my runs/0' {flag}`, which makes sure that the "
        "images are the same"
    )
