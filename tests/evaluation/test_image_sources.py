import dataclasses
import os
import shutil

import numpy as np
import PIL.Image
import pytest
import requests

from tf_dcgan.common import errors
from tf_dcgan.data import loading
from tf_dcgan.evaluation import (
    checks,
    image_sources,
    named_sources,
    statistics,
)
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import moments


def _images(count=3, height=4, width=5, channels=3, seed=0):
    chance = np.random.default_rng(seed)
    shape = (count, height, width, channels)
    return chance.integers(0, 256, shape).astype(np.uint8)


def _read(source):
    return np.concatenate(list(source.batches()))


def test_a_folder_gives_its_images_in_the_order_of_their_names(tmp_path):
    images = _images()
    for name, image in zip(
        ("b.png", "a.png", "sub/c.png"), images, strict=True
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        PIL.Image.fromarray(image).save(path)
    source = named_sources.open_source(str(tmp_path), flag="real")
    assert source.count == 3
    np.testing.assert_array_equal(_read(source), images[[1, 0, 2]])
    np.testing.assert_array_equal(_read(source), images[[1, 0, 2]])


def test_a_folder_of_several_sizes_says_so(tmp_path):
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    PIL.Image.new("RGB", (6, 5)).save(tmp_path / "b.png")
    source = image_sources.from_folder(tmp_path)
    assert [batch.shape for batch in source.batches()] == [
        (1, 4, 4, 3),
        (1, 5, 6, 3),
    ]
    assert source.notes == (
        f"{tmp_path}: 2 different sizes, each resized on its own",
    )


def test_images_of_one_size_are_read_together(tmp_path):
    images = _images(4)
    for number, image in enumerate(images):
        PIL.Image.fromarray(image).save(tmp_path / f"{number}.png")
    PIL.Image.new("RGB", (6, 6)).save(tmp_path / "1b.png")
    batches = list(image_sources.from_folder(tmp_path).batches())
    np.testing.assert_array_equal(batches[0], images[:2])
    assert batches[1].shape == (1, 6, 6, 3)
    np.testing.assert_array_equal(batches[2], images[2:])


def test_folders_within_a_folder_are_its_classes(tmp_path):
    for name in ("cat/1.png", "dog/2.png", "cat/3.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        PIL.Image.new("L", (4, 4)).save(path)
    source = image_sources.from_folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0, 0, 1]
    PIL.Image.new("L", (4, 4)).save(tmp_path / "4.png")
    assert image_sources.from_folder(tmp_path).labels is None


def test_a_file_of_labels_tells_the_classes_and_which_images_count(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, image in enumerate(_images(3)):
        PIL.Image.fromarray(image).save(folder / f"{number}.png")
    table = folder / "labels.csv"
    table.write_text("file,class\n2.png,dog\n0.png,cat\n")
    source = named_sources.open_source(
        str(folder), flag="real", labels=str(table)
    )
    assert source.count == 2
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0, 1]
    (batch,) = source.batches()
    np.testing.assert_array_equal(batch, _images(3)[[0, 2]])
    assert any("1 image" in note for note in source.notes)
    whole = named_sources.open_source(str(folder), flag="real")
    assert (whole.count, whole.labels) == (3, None)
    assert whole.fingerprint != source.fingerprint


def test_labels_of_what_is_no_folder_are_refused(tmp_path):
    with pytest.raises(errors.UserError, match="--real=mnist:test is neither"):
        named_sources.open_source(
            "mnist:test", flag="real", labels=str(tmp_path / "labels.csv")
        )


def test_labels_are_not_ignored_where_a_folder_has_a_known_sets_name(
    tmp_path, monkeypatch
):
    (tmp_path / "mnist").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match="--real=mnist is neither"):
        named_sources.open_source("mnist", flag="real", labels="labels.csv")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_packed_folder_is_the_folder(tmp_path, kind):
    images = _images(4)
    for name, image in zip(
        ("cat/1.png", "dog/2.png", "dog/3.png", "cat/4.png"),
        images,
        strict=True,
    ):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(image).save(path)
    packed = shutil.make_archive(
        str(tmp_path / "packed"),
        {"zip": "zip", "tar.gz": "gztar"}[kind],
        tmp_path,
        "folder",
    )
    cache = str(tmp_path / "cache")
    plain = named_sources.open_source(str(tmp_path / "folder"), flag="real")
    source = named_sources.open_source(packed, flag="real", cache_dir=cache)
    assert source.fingerprint == plain.fingerprint
    assert source.class_names == plain.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0, 0, 1, 1]
    assert source.shape == (4, 5, 3)
    np.testing.assert_array_equal(_read(source), images[[0, 3, 1, 2]])
    if kind == "tar.gz":
        assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [
            ".tar"
        ]


def test_splits_of_a_folder_are_no_classes(tmp_path):
    for name in ("Train/cat/1.png", "test/cat/2.png", "Train/dog/3.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(_images(1)[0]).save(path)
    source = image_sources.from_folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert source.labels.tolist() == [0, 1, 0]
    assert source.notes == (
        f"{tmp_path}: the images of all its splits together: give a folder in "
        "it for one split",
    )


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("1", 1), ("RGBA", 3), ("P", 3)]
)
def test_other_modes_become_gray_or_rgb(tmp_path, mode, channels):
    PIL.Image.new(mode, (4, 4)).save(tmp_path / "a.png")
    (batch,) = image_sources.from_folder(tmp_path).batches()
    assert batch.shape == (1, 4, 4, channels)
    assert batch.dtype == np.uint8


def test_a_few_damaged_files_are_named_and_skipped(tmp_path):
    for number in range(10):
        PIL.Image.new("L", (4, 4), number).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    source = image_sources.from_folder(tmp_path)
    assert source.count == 10
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / ".hidden").write_text("nor this")
    source = image_sources.from_folder(tmp_path)
    assert source.count == 10
    assert source.notes == (
        f"{tmp_path}: 1 of 11 files are damaged and left out: broken.png",
        f"{tmp_path}: 1 other file skipped: notes.txt",
    )


def deep_folder(folder, *values, dtype=np.uint16):
    folder.mkdir()
    for number, value in enumerate(values):
        pixels = np.full((4, 4), value, dtype)
        PIL.Image.fromarray(pixels).save(folder / f"{number}.tif")
    return folder


def test_a_folder_of_16_bits_is_read_on_one_scale(tmp_path):
    folder = deep_folder(tmp_path / "deep", 0, 1000, 4000)
    source = image_sources.from_folder(folder)
    (batch,) = source.batches()
    assert batch[:, 0, 0, 0].tolist() == [0, 64, 255]
    assert source.value_range == (0, 4000)
    assert source.notes == (
        f"{folder}: 16-bit values 0 to 4,000 mapped to black to white",
    )
    wider = image_sources.from_folder(folder, value_range=(0.0, 8000.0))
    (batch,) = wider.batches()
    assert batch[:, 0, 0, 0].tolist() == [0, 32, 128]
    # Features are kept by the fingerprint.
    assert wider.fingerprint != source.fingerprint


def compare(real, fake, **flags):
    """Opens both sides as `evaluate` does, and checks their scales."""
    request = evaluation_request.Request(
        real=str(real), fake=str(fake), **flags
    )
    opened = named_sources.open_source(
        request.real, flag="real", value_range=request.scale
    )
    generated = named_sources.open_images(
        request.fake,
        flag="fake",
        value_range=opened.value_range or request.scale,
    )
    checks.check_scales(opened, generated, None, request)
    return opened, generated


def test_both_sides_take_the_scale_of_the_real_images(tmp_path):
    real = deep_folder(tmp_path / "real", 0, 4000)
    fake = deep_folder(tmp_path / "fake", 1000, 2000)
    opened, generated = compare(real, fake)
    assert opened.value_range == generated.value_range == (0, 4000)
    opened, generated = compare(real, fake, value_range="0,8000")
    assert opened.value_range == generated.value_range == (0, 8000)


def test_8_bits_are_not_compared_with_16(tmp_path):
    real = deep_folder(tmp_path / "real", 0, 4000)
    fake = deep_folder(tmp_path / "fake", 0, 200, dtype=np.uint8)
    with pytest.raises(errors.UserError) as caught:
        compare(real, fake)
    assert str(caught.value) == (
        f"--real={real} (values 0 to 4,000) and --fake={fake} (8-bit values) "
        "cannot be compared: give images of one depth as --real and --fake, "
        "such as those of `sample --format=tiff16`"
    )
    with pytest.raises(errors.UserError, match="8-bit values.* 0 to 4,000"):
        compare(fake, real)
    with pytest.raises(errors.UserError, match="--real=.* has 8-bit images"):
        compare(fake, fake, value_range="0,4000")


def test_statistics_keep_the_scale_of_their_images(tmp_path):
    of_features = moments.Moments.from_features(
        np.random.default_rng(0).normal(size=(9, 3)).astype(np.float32),
        what="real",
    )
    path = tmp_path / "s.npz"
    statistics.write(
        path,
        of_features,
        protocol={},
        of="x",
        value_range=(0.0, 4000.0),
    )
    fake = deep_folder(tmp_path / "fake", 1000, 2000)
    _, generated = compare(path, fake)
    assert generated.value_range == (0, 4000)


def test_a_folder_of_other_files_is_an_error(tmp_path):
    PIL.Image.new("L", (4, 4)).save(tmp_path / "a.png")
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("x")
    with pytest.raises(errors.UserError, match="2 files that are no images"):
        image_sources.from_folder(tmp_path)


def test_many_damaged_files_are_an_error(tmp_path):
    PIL.Image.new("L", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(
        errors.UserError, match="1 of 2 images are damaged, .* be: broken"
    ):
        image_sources.from_folder(tmp_path)


def test_large_images_are_not_kept_waiting_for_others(tmp_path, monkeypatch):
    for number in range(5):
        PIL.Image.new("RGB", (10, 10), (number,) * 3).save(
            tmp_path / f"{number}.png"
        )
    monkeypatch.setattr(image_sources, "_CHUNK_BYTES", 700)  # Two and a bit.
    batches = list(image_sources.from_folder(tmp_path).batches())
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert np.concatenate(batches)[:, 0, 0, 0].tolist() == [0, 1, 2, 3, 4]


def test_names_that_are_not_utf_8_can_be_printed(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    for name in (b"b\xe9/1.png", b"c/2.png"):
        path = folder / os.fsdecode(name)
        path.parent.mkdir(parents=True)
        PIL.Image.new("L", (4, 4)).save(path)
    (folder / os.fsdecode(b"\xe9.txt")).write_text("x")
    source = image_sources.from_folder(folder)
    for text in (source.description, *source.notes, *source.class_names):
        text.encode()
    assert source.notes[0].endswith("skipped: \ufffd.txt")
    path = folder / os.fsdecode(b"\xe9.npz")
    for arrays in ({"x": _images()}, {"mu": np.zeros(2), "sigma": np.eye(2)}):
        np.savez(path, **arrays)
        file_source = named_sources.open_source(str(path), flag="real")
        assert file_source.description.endswith("caf\ufffd/\ufffd.npz")


def test_a_set_out_of_reach_is_told_with_its_flag(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise requests.exceptions.ConnectionError("Failed to resolve")

    monkeypatch.setattr(requests, "request", refuse)
    with pytest.raises(errors.UserError) as caught:
        named_sources.open_source(
            "cifar10:test", flag="real", data_dir=str(tmp_path)
        )
    message = str(caught.value)
    assert message.startswith("--real=cifar10:test: cifar10 is not in --data_d")
    assert message.endswith("; or --real=glyphs, which needs no download")
    assert "--dataset" not in message


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(errors.UserError, match="has no images"):
        named_sources.open_source(str(tmp_path), flag="real")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_an_array_file_gives_its_images(tmp_path, suffix):
    images = _images(300)
    save = {"npy": np.save, "npz": np.savez}[suffix]
    save(tmp_path / f"x.{suffix}", images)
    source = named_sources.open_source(
        str(tmp_path / f"x.{suffix}"), flag="fake"
    )
    assert source.count == 300
    np.testing.assert_array_equal(_read(source), images)


def test_an_array_of_other_values_is_scaled_by_its_own_range(tmp_path):
    values = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4, 1)
    np.save(tmp_path / "x.npy", values)
    path = str(tmp_path / "x.npy")
    source = named_sources.open_source(path, flag="fake")
    (batch,) = source.batches()
    expected = np.rint((values + 1) / 2 * 255)
    np.testing.assert_array_equal(batch, expected)
    assert source.value_range == (-1, 1)
    assert source.notes == (
        f"{path}: float32 values -1 to 1 mapped to black to white",
    )
    wider_source = named_sources.open_source(
        path, flag="fake", value_range=(-1.0, 3.0)
    )
    assert next(wider_source.batches()).max() == 128


def test_a_damaged_array_file_is_refused(tmp_path):
    (tmp_path / "x.npz").write_bytes(b"no archive")
    with pytest.raises(errors.UserError, match="cannot be read"):
        named_sources.open_source(str(tmp_path / "x.npz"), flag="fake")


def _with_other_method(path):
    """An .npz of a compression that nobody has."""
    np.savez(path, images=_images())
    data = bytearray(path.read_bytes())
    for begin, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(begin) + offset] = 99
    path.write_bytes(data)


def _with_damaged_stream(path):
    np.savez_compressed(path, images=np.zeros((3, 4, 4, 3), np.uint8))
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(range(100, 120))
    path.write_bytes(data)


def _with_header(header):
    def write(path):
        np.save(path, _images())
        data = path.read_bytes()
        path.write_bytes(data[:10] + header.ljust(118) + data[128:])

    return write


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        ("npz", _with_other_method),
        ("npz", _with_damaged_stream),
        ("npy", _with_header(b"{'descr': '|u1', 'fortran_order': (")),
        ("npy", _with_header(b"\x00{")),
        ("npy", _with_header(b"{'descr': '")),
    ],
)
def test_damage_of_any_kind_is_told_in_one_line(tmp_path, suffix, damage):
    path = tmp_path / f"x.{suffix}"
    damage(path)
    with pytest.raises(errors.UserError, match="cannot be read"):
        named_sources.open_source(str(path), flag="fake")


def test_nobody_is_told_to_load_pickles(tmp_path):
    (tmp_path / "x.npy").write_text("these are no numbers")
    with pytest.raises(errors.UserError) as raised:
        named_sources.open_source(str(tmp_path / "x.npy"), flag="fake")
    assert "x.npy cannot be read (it holds other things" in str(raised.value)
    assert "pickle" not in str(raised.value)


def test_statistics_of_other_tools_have_no_count_and_no_protocol(tmp_path):
    np.savez(tmp_path / "s.npz", mu=np.zeros(3), sigma=np.eye(3))
    reference = named_sources.open_source(str(tmp_path / "s.npz"), flag="real")
    assert isinstance(reference, statistics.Statistics)
    assert reference.moments.count is None and reference.protocol is None
    assert "taken on trust" in reference.notes[0]
    np.testing.assert_array_equal(reference.moments.covariance(), np.eye(3))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"mu": np.zeros(3), "sigma": np.zeros((3, 4))}, r"\[3, 4\]"),
        ({"mu": np.zeros(3), "sigma": np.eye(4)}, r"\[3\] and \[4, 4\]"),
        ({"mu": np.zeros((1, 3)), "sigma": np.eye(3)}, r"\[1, 3\]"),
        ({"mu": np.full(3, np.nan), "sigma": np.eye(3)}, "NaN or infinity"),
        (
            {"mu": np.zeros(3), "sigma": np.full((3, 3), np.inf)},
            "NaN or infinity",
        ),
        ({"mu": np.zeros(2), "sigma": [[1, 1], [0, 1]]}, "not symmetric"),
        ({"mu": np.zeros(2), "sigma": np.diag([1.0, -1.0])}, "negative eigen"),
        ({"mu": ["a"], "sigma": np.eye(1)}, "mu is <U1"),
        ({"mu": [1j], "sigma": np.eye(1)}, "mu is complex"),
        ({"mu": [1.0], "sigma": np.eye(1), "count": 1}, "at least 2 images"),
        ({"mu": [1.0], "sigma": np.eye(1), "protocol": "x"}, "cannot|can be"),
        ({"mu": [], "sigma": np.zeros((0, 0))}, "mu"),
    ],
)
def test_statistics_that_cannot_be_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "s.npz", **arrays)
    with pytest.raises(errors.UserError, match=message) as raised:
        named_sources.open_source(str(tmp_path / "s.npz"), flag="real")
    assert "s.npz" in str(raised.value)


def test_statistics_are_refused_where_images_are_needed(tmp_path):
    np.savez(tmp_path / "s.npz", mu=np.zeros(3), sigma=np.eye(3))
    with pytest.raises(errors.UserError, match="images are needed"):
        named_sources.open_images(str(tmp_path / "s.npz"), flag="fake")


def test_an_array_file_may_have_labels(tmp_path):
    np.savez(tmp_path / "x.npz", images=_images(3), labels=[2, 0, 1])
    source = named_sources.open_source(str(tmp_path / "x.npz"), flag="fake")
    assert source.labels_among(("a", "b", "c")).tolist() == [2, 0, 1]
    with pytest.raises(errors.UserError, match="classes 2, which are not"):
        source.labels_among(("a", "b"))


@pytest.mark.parametrize("labels", [[0, 1], [0, 1, -1], [0.0, 1.0, 2.0]])
def test_labels_that_are_none_are_refused(tmp_path, labels):
    np.savez(tmp_path / "x.npz", images=_images(3), labels=labels)
    with pytest.raises(errors.UserError, match="labels should be"):
        named_sources.open_source(str(tmp_path / "x.npz"), flag="fake")


def test_an_array_without_images_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((0, 4, 4, 3), np.uint8))
    with pytest.raises(errors.UserError, match=r"uint8 \[0, 4, 4, 3\]"):
        named_sources.open_source(str(tmp_path / "x.npy"), flag="fake")


def test_classes_are_matched_by_their_names():
    source = image_sources.from_array(
        _images(3), "x", labels=np.array([0, 1, 1]), class_names=("dog", "cat")
    )
    assert source.labels_among(("ant", "cat", "dog")).tolist() == [2, 1, 1]
    with pytest.raises(errors.UserError, match="classes dog, which are not"):
        source.labels_among(("ant", "cat"))


def test_single_images_can_be_taken_in_any_order():
    images = _images(600, 2, 2)
    source = image_sources.from_array(images, "x")
    pixels = image_sources.take(source, [599, 0, 256, 0])
    np.testing.assert_array_equal(pixels, images[[599, 0, 256, 0]])


def _prepared(labels=None, names=()):
    return loading.ImageArray(
        images=_images(4, 6, 6, 1),
        labels=labels,
        class_names=names,
        name="some",
        split="test",
        content_box=(1, 2, 3, 4),
        preparation="as they are",
        fingerprint="f",
    )


def test_padding_is_cropped_off_a_data_set():
    dataset = _prepared()
    source = image_sources.from_dataset(dataset)
    np.testing.assert_array_equal(_read(source), dataset.images[:, 1:4, 2:6])


def test_what_there_is_to_say_of_a_data_set_is_passed_on():
    dataset = dataclasses.replace(_prepared(), notes=("2 are damaged",))
    assert image_sources.from_dataset(dataset).notes == ("2 are damaged",)


def test_one_class_of_a_data_set_can_be_taken():
    dataset = _prepared(np.array([0, 1, 0, 1]), ("cat", "dog"))
    source = image_sources.from_dataset(dataset, class_name="dog")
    assert source.count == 2
    assert "some:test:dog" in source.description
    np.testing.assert_array_equal(
        _read(source), dataset.images[[1, 3], 1:4, 2:6]
    )
    everything = image_sources.from_dataset(dataset)
    assert source.fingerprint != everything.fingerprint


def test_an_unknown_class_is_refused_with_the_nearest():
    dataset = _prepared(np.array([0, 1, 0, 1]), ("cat", "dog"))
    with pytest.raises(errors.UserError, match="did you mean dog"):
        image_sources.from_dataset(dataset, class_name="dogs")


def test_a_word_that_is_no_split_is_a_class(tiny_mnist):
    source = named_sources.open_source(
        "mnist:7", flag="real", data_dir=str(tiny_mnist)
    )
    assert source.description.startswith("mnist:test:7")
    assert set(source.labels) == {7}


def test_a_split_is_taken_as_one(tiny_mnist):
    source = named_sources.open_source(
        "mnist:train", flag="real", data_dir=str(tiny_mnist)
    )
    assert source.count == 300


def test_a_bare_name_is_a_data_set_whatever_lies_here(
    tiny_mnist, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mnist").mkdir()
    PIL.Image.new("L", (4, 4)).save(tmp_path / "mnist" / "a.png")
    source = named_sources.open_source(
        "mnist", flag="real", data_dir=str(tiny_mnist)
    )
    assert source.description.startswith("mnist:test")
    assert named_sources.open_source("./mnist", flag="real").count == 1


def test_a_part_of_a_folder_is_named_by_its_path(tmp_path):
    with pytest.raises(errors.UserError, match=f"give {tmp_path}/test, a"):
        named_sources.open_source(f"{tmp_path}:test", flag="real")


@pytest.mark.parametrize("suffix", ["NPY", "Npy"])
def test_suffixes_count_in_any_case(tmp_path, suffix):
    with (tmp_path / f"x.{suffix}").open("wb") as file:
        np.save(file, _images())
    source = named_sources.open_source(
        str(tmp_path / f"x.{suffix}"), flag="fake"
    )
    assert (source.count, source.shape) == (3, (4, 5, 3))


@pytest.mark.parametrize("text", ["mnist:", ":test", "mnist:test:1:2"])
def test_a_malformed_name_is_refused(text):
    with pytest.raises(errors.UserError, match="names no images"):
        named_sources.open_source(text, flag="fake")


def test_a_path_that_does_not_exist_is_named():
    with pytest.raises(errors.UserError, match="--fake=/no/where does not"):
        named_sources.open_source("/no/where", flag="fake")


def test_generated_images_are_made_anew_at_every_reading():
    def sampler(seed, first, count):
        numbers = np.arange(first, first + count, dtype=np.uint8)
        return np.broadcast_to(numbers[:, None, None, None], (count, 2, 2, 1))

    source = image_sources.from_generator(
        sampler, seed=0, count=130, description="x"
    )
    for _ in range(2):
        assert _read(source)[:, 0, 0, 0].tolist() == list(range(130))


def test_some_images_are_evenly_spread_over_the_batches():
    pixels = np.arange(10, dtype=np.uint8)[:, None, None, None]
    source = image_sources.ImageSource(
        "ten", "f", 10, lambda: iter(np.array_split(pixels, 3))
    )
    some = image_sources.at_most(source, 4)
    assert (some.count, some.description) == (4, "4 of ten")
    values = np.concatenate(list(some.batches())).ravel()
    np.testing.assert_array_equal(values, [0, 2, 5, 7])
    assert image_sources.at_most(source, 10) is source


def test_spread_images_keep_their_labels():
    pixels = np.arange(6, dtype=np.uint8)[:, None, None, None]
    source = image_sources.from_array(pixels, "six", labels=np.arange(6))
    some = image_sources.evenly_spread(source, 3)
    np.testing.assert_array_equal(some.labels, [0, 2, 4])
    # Features of all of them, cached as a part, are not those of the whole.
    whole = image_sources.evenly_spread(source, 6)
    assert whole.fingerprint == f"{source.fingerprint}-6 evenly"
