import errno
import json
import pathlib
import subprocess
import sys
import threading

from absl import logging
import numpy as np
import pytest
import tiny_data

from tf_dcgan.common import errors, files, locks
from tf_dcgan.data import cache, loading
from tf_dcgan.data.named import mnist_files
from tf_dcgan.data.preparing import preparation

needs_locks = pytest.mark.skipif(
    not locks.ARE_SUPPORTED, reason="needs a system with flock"
)


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
    entry_names = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert [name.rsplit("-", 1)[0] for name in entry_names] == [
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


def flip_a_bit_of(name):
    def flip(folder):
        content = bytearray((folder / name).read_bytes())
        content[-5] ^= 1
        (folder / name).write_bytes(content)

    return flip


def invert_images(folder):
    np.save(folder / "images.npy", ~np.load(folder / "images.npy"))


def order_labels(folder):
    np.save(folder / "labels.npy", np.sort(np.load(folder / "labels.npy")))


def order_as_fortran(folder):
    path = folder / "images.npy"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"False", b"True ", 1))


def rename_a_class(folder):
    path = folder / "info.json"
    path.write_text(path.read_text().replace('"7"', '"1"'))


def make_old(folder):
    """Makes an entry as it was before there were checksums."""
    path = folder / "info.json"
    info = json.loads(path.read_text())
    del info["file_crc32"], info["info_crc32"]
    path.write_text(json.dumps(info, indent=2) + "\n")


def invert_images_of_an_old_entry(folder):
    make_old(folder)
    invert_images(folder)


def order_labels_of_an_old_entry(folder):
    make_old(folder)
    order_labels(folder)


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
        flip_a_bit_of("images.npy"),
        flip_a_bit_of("labels.npy"),
        invert_images,
        order_labels,
        order_as_fortran,
        rename_a_class,
        invert_images_of_an_old_entry,
        order_labels_of_an_old_entry,
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


def test_an_entry_without_checksums_is_taken_and_gets_them(
    load, tmp_path, monkeypatch
):
    first = load()
    path = entry_folder(tmp_path) / "info.json"
    with_checksums = json.loads(path.read_text())
    make_old(entry_folder(tmp_path))
    monkeypatch.setattr(mnist_files, "_read_raw", forbid_reading)
    np.testing.assert_array_equal(load().images, first.images)
    assert json.loads(path.read_text()) == with_checksums


def test_an_old_entry_that_cannot_be_changed_is_taken_as_it_is(
    load, tmp_path, monkeypatch
):
    first = load()
    make_old(entry_folder(tmp_path))
    before = (entry_folder(tmp_path) / "info.json").read_bytes()
    monkeypatch.setattr(mnist_files, "_read_raw", forbid_reading)

    def fail(path):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(files, "atomic_file", fail)
    np.testing.assert_array_equal(load().images, first.images)
    assert (entry_folder(tmp_path) / "info.json").read_bytes() == before


def test_an_entry_that_may_not_be_read_is_not_called_damaged(
    load, tmp_path, monkeypatch
):
    load()

    def fail(folder):
        path = str(folder / "images.npy")
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(cache, "_open", fail)
    with pytest.raises(errors.UserError) as caught:
        load()
    assert str(caught.value).startswith(
        f"{entry_folder(tmp_path) / 'images.npy'} in the cache cannot be read "
        "(Permission denied): give --cache_dir=FOLDER"
    )


def test_a_checksum_is_the_crc_of_all_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "_CHUNK_BYTES", 4)
    (tmp_path / "file").write_bytes(b"123456789")
    assert cache.checksum(tmp_path / "file") == 0xCBF43926  # Of the standard.


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
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert process.stdout == "3 set()\n", process.stderr


def test_a_run_chooses_no_folder_that_is_not_a_cache_already(tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("a")
    for name in ("photos", "nowhere"):
        assert cache.of_run(str(tmp_path / name)) is None
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"note: the run's --cache_dir={tmp_path / name} ")
        assert err.count("\n") == 1
    entry = cache.Entry(str(tmp_path / "cache"), "entry", key={})
    with entry.replaced() as folder:
        (folder / cache.INFO).write_text("{}")
    assert cache.of_run(str(tmp_path / "cache")) == str(tmp_path / "cache")
    assert cache.of_run(None) is None
    assert capsys.readouterr() == ("", "")


@needs_locks
def test_a_part_is_made_by_one_process_at_a_time(tmp_path, capsys):
    path = tmp_path / "cache" / "digits"
    events = []

    def make():
        with cache.alone(path, "the digits") as may_be_there:
            events.append(may_be_there)

    thread = threading.Thread(target=make)
    with cache.alone(path, "the digits") as may_be_there:
        events.append(may_be_there)
        thread.start()
        while "waiting" not in capsys.readouterr().err:
            assert thread.is_alive()
        events.append("end")
    thread.join(60)
    assert events == [False, "end", True]
    assert list((tmp_path / "cache").iterdir()) == []


@needs_locks
def test_a_part_that_another_user_locks_is_made_all_the_same(
    tmp_path, monkeypatch
):
    def fail(*_, **__):
        raise PermissionError

    monkeypatch.setattr(cache.locks, "locked", fail)
    with cache.alone(tmp_path / "digits", "it") as waited:
        assert not waited


@needs_locks
def test_a_lock_that_another_user_has_made_stays(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "unlink", fail)
        with cache.alone(tmp_path / "digits", "it") as waited:
            assert not waited
    assert len(list(tmp_path.iterdir())) == 1
