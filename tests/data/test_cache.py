import errno
import json
import pathlib
import subprocess
import sys

from absl import logging
import numpy as np
import pytest
import tiny_data

from tf_dcgan.common import errors, files
from tf_dcgan.data import cache, loading, mnist_files, preparation


@pytest.fixture
def load(tmp_path):
    tiny_data.write_raw_mnist(tmp_path / "data" / "mnist")

    def load_set(image_size=(32, 32), cache_dir=tmp_path / "cache", **keywords):
        return loading.load(
            "mnist",
            image_size=image_size,
            **keywords,
            data_dir=str(tmp_path / "data"),
            cache_dir=str(cache_dir),
        )

    return load_set


def entry_folder(tmp_path):
    [folder] = (tmp_path / "cache").iterdir()
    return folder


def forbid_reading(*args, **kwargs):
    raise AssertionError("the source was read again")


def test_the_second_load_comes_from_the_cache(load, monkeypatch):
    first = load()
    monkeypatch.setattr(mnist_files, "_read_raw", forbid_reading)
    second = load()
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert second.preparation == "28x28x1, padded to 32x32 with background"
    assert second.content_box == (2, 2, 28, 28)
    assert first.fingerprint == second.fingerprint


def test_images_are_a_read_only_memory_map(load):
    array = load()
    assert isinstance(array.images, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array.images[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        array.labels[0] = 0


def test_another_image_size_is_another_entry(load, tmp_path):
    assert load((32, 32)).images.shape[1:3] == (32, 32)
    assert load((28, 28)).images.shape[1:3] == (28, 28)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_a_set_without_a_class_keeps_the_entry_it_always_had(load, tmp_path):
    load()
    source = mnist_files.find("mnist", "train", data_dir=tmp_path / "data")
    expected = cache.Entry(
        str(tmp_path / "cache"),
        "mnist-train-32x32",
        key={
            "preparation_version": 1,
            "name": "mnist",
            "split": "train",
            "image_size": [32, 32],
            "source": source.fingerprint,
        },
    )
    assert entry_folder(tmp_path) == expected.folder


def test_each_class_is_an_entry_of_its_own(load, tmp_path, monkeypatch):
    first = load(class_name="3")
    load(class_name="4")
    load()
    kept = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert [name.rsplit("-", 1)[0] for name in kept] == [
        "mnist-train-3-32x32",
        "mnist-train-32x32",
        "mnist-train-4-32x32",
    ]
    monkeypatch.setattr(mnist_files, "_read_raw", forbid_reading)
    again = load(class_name="3")
    np.testing.assert_array_equal(first.images, again.images)
    assert again.preparation == first.preparation


def test_another_version_of_the_preparation_is_another_entry(
    load, tmp_path, monkeypatch
):
    load()
    monkeypatch.setattr(preparation, "VERSION", 0)
    load()
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_the_fingerprint_is_of_the_prepared_bytes(load):
    assert load((28, 28)).fingerprint != load((32, 32)).fingerprint
    assert len(load().fingerprint) == 64


def truncate_images(folder):
    path = folder / "images.npy"
    path.write_bytes(path.read_bytes()[:-1])


def lengthen_images(folder):
    with open(folder / "images.npy", "ab") as file:
        file.write(b"0")


def remove_labels(folder):
    (folder / "labels.npy").unlink()


def garble_info(folder):
    (folder / "info.json").write_text("{")


def empty_info(folder):
    (folder / "info.json").write_text("[]")


def forget_class_names(folder):
    info = json.loads((folder / "info.json").read_text())
    del info["class_names"]
    (folder / "info.json").write_text(json.dumps(info))


def swap_dtype(folder):
    images = np.load(folder / "images.npy")
    np.save(folder / "images.npy", images.view(np.int8))


@pytest.mark.parametrize(
    "damage",
    [
        truncate_images,
        lengthen_images,
        remove_labels,
        garble_info,
        empty_info,
        forget_class_names,
        swap_dtype,
    ],
)
def test_a_damaged_entry_is_made_again_and_logged_in_one_line(
    load, tmp_path, monkeypatch, damage
):
    lines = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: lines.append(text % args)
    )
    before = np.array(load().images)
    damage(entry_folder(tmp_path))
    array = load()
    np.testing.assert_array_equal(array.images, before)
    assert array.images.dtype == np.uint8
    [line] = lines
    assert str(entry_folder(tmp_path)) in line
    assert "\n" not in line


def test_a_full_disk_leaves_nothing_half_made(load, tmp_path, monkeypatch):
    def fill(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(preparation, "apply_fit", fill)
    with pytest.raises(OSError, match="No space left"):
        load()
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_a_killed_process_left_is_removed(load, tmp_path):
    left = tmp_path / "cache" / f"{files.UNFINISHED}999999999-mnist"
    left.mkdir(parents=True)
    load()
    assert not left.exists()


def test_a_cache_that_cannot_be_written_to_names_the_flag(load, tmp_path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(errors.UserError, match="give --cache_dir=FOLDER"):
            load(cache_dir=folder)


def test_the_default_is_in_the_users_cache_home(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.default_folder() == pathlib.Path("/somewhere/tf_dcgan")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    expected = pathlib.Path("/home/someone/.cache/tf_dcgan")
    assert cache.default_folder() == expected


@pytest.mark.slow
def test_a_hit_imports_neither_tensorflow_nor_tfds(tmp_path):
    # A prepared TFDS folder is told by its names alone.
    root = tmp_path / "tfds"
    tiny_data.write_tfds(
        root, "mnist", {"train": (tiny_data.images(3), [1, 2, 3])}
    )
    options = {
        "image_size": (28, 28),
        "data_dir": str(root),
        "cache_dir": str(tmp_path / "cache"),
    }
    loading.load("mnist", **options)
    code = (
        "import sys\n"
        "from tf_dcgan.data import loading\n"
        f"array = loading.load('mnist', **{options!r})\n"
        "heavy = {'tensorflow', 'tensorflow_datasets', 'matplotlib', 'scipy'}\n"
        "print(len(array.images), heavy & set(sys.modules))\n"
    )
    project = pathlib.Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert result.stdout == "3 set()\n", result.stderr
