import dataclasses
import io
import os
import pathlib
import zipfile

import numpy as np
import PIL.Image
import pytest
import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums
import tiny_data

from tf_dcgan.common import errors
from tf_dcgan.data import loading, reading
from tf_dcgan.data.tfds import downloads, sets, wanted_files


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "tfds"
    folder.mkdir()
    return folder


@pytest.fixture
def load(tmp_path, root):
    def load_set(
        name,
        split="train",
        image_size=(28, 28),
        data_dir=root,
        crop=None,
        **keywords,
    ):
        return loading.load(
            name,
            split,
            image_size=image_size,
            read_as=reading.Reading(crop=crop),
            data_dir=None if data_dir is None else str(data_dir),
            cache_dir=str(tmp_path / "cache"),
            **keywords,
        )

    return load_set


def respond(status, reason):
    response = requests.Response()
    response.status_code, response.reason = status, reason
    response.raw = io.BytesIO()
    return response


@pytest.fixture
def offline(monkeypatch):
    """Answers every request as a machine without a network does."""
    asked = []

    def refuse(method, url, **kwargs):
        asked.append((method, url, kwargs["timeout"]))
        raise requests.exceptions.ConnectionError("Failed to resolve")

    monkeypatch.setattr(requests, "request", refuse)
    return asked


@pytest.fixture
def online(monkeypatch):
    """Answers every request as if the file were there."""

    def answer(method, url, **kwargs):
        return respond(200, "OK")

    monkeypatch.setattr(requests, "request", answer)


@pytest.mark.slow
def test_a_prepared_set_is_read_in_order_with_its_labels(load, root):
    images = tiny_data.images(300)
    labels = np.arange(300) % 10
    tiny_data.write_tfds(root, "mnist", {"train": (images, labels)})
    array = load("mnist")
    np.testing.assert_array_equal(array.images, images)
    np.testing.assert_array_equal(array.labels, labels)
    assert array.class_names == tuple("0123456789")


def test_a_set_tfds_has_no_code_of_is_read_from_its_files(load, root):
    images = tiny_data.images(3, height=9, width=12, channels=3)
    tiny_data.write_tfds(
        root, "my_own", {"train": (images, None)}, shape=(9, 12, 3)
    )
    assert loading.find("my_own", str(root)).shape == (9, 12, 3)
    array = load("my_own", image_size=(9, 12))
    np.testing.assert_array_equal(array.images, images)
    assert array.labels is None
    assert array.class_names == ()


def test_a_configuration_is_read_from_its_own_folder(load, root):
    for config, count in (("small", 2), ("large", 5)):
        images = tiny_data.images(count)
        tiny_data.write_tfds(root, f"mine/{config}", {"train": (images, None)})
    assert len(load("mine/large").images) == 5


def test_the_newest_of_several_versions_is_read(load, root):
    for version, count in (("1.9.0", 2), ("1.10.0", 5)):
        tiny_data.write_tfds(
            root,
            "mnist",
            {"train": (tiny_data.images(count), [0] * count)},
            version=version,
        )
    assert len(load("mnist").images) == 5


def test_images_of_varying_sizes_are_each_cropped_and_resized(load, root):
    white = [np.full((h, w, 3), 255, np.uint8) for h, w in ((9, 30), (40, 8))]
    black = [np.zeros((16, 16, 3), np.uint8)]
    tiny_data.write_tfds(
        root,
        "mixed",
        {"train": (white + black, [0, 1, 0])},
        shape=(None, None, 3),
        num_classes=2,
    )
    assert loading.find("mixed", str(root)).shape == (None, None, 3)
    array = load("mixed", image_size=(16, 16))
    means = array.images.mean(axis=(1, 2, 3))
    np.testing.assert_array_equal(means, [255, 255, 0])
    assert array.preparation.startswith(
        "varying sizes, 3 channels, cropped to the"
    )
    assert array.class_names == ("0", "1")


def test_varying_sizes_are_counted_from_the_first_images(root, monkeypatch):
    images = [
        np.zeros((*size, 3), np.uint8) for size in [(9, 30)] * 2 + [(5, 8)]
    ]
    tiny_data.write_tfds(
        root,
        "mixed",
        {
            "test": ([np.zeros((7, 7, 3), np.uint8)], None),
            "train": (images, None),
        },
        shape=(None, None, 3),
    )
    image_set = loading.find("mixed", str(root))
    assert image_set.sizes == {(9, 30): 2, (5, 8): 1}
    monkeypatch.setattr(sets, "_LOOKED_AT", 2)
    assert sum(loading.find("mixed", str(root)).sizes.values()) == 2


def test_sizes_are_unknown_before_a_set_of_varying_sizes_is_prepared(
    root, monkeypatch
):
    monkeypatch.setattr(
        sets.TfdsSet, "original_shape", (None, None, 3), raising=True
    )
    assert sets.TfdsSet("mixed", str(root), reading.Reading()).sizes == {}


def test_counting_the_sizes_of_a_damaged_set_says_what_is_damaged(root):
    tiny_data.write_tfds(
        root,
        "mixed",
        {"train": ([np.zeros((9, 30, 3), np.uint8)], None)},
        shape=(None, None, 3),
    )
    for file in root.rglob("*tfrecord*"):
        file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(errors.UserError, match="is damaged: the train split"):
        _ = loading.find("mixed", str(root)).sizes


def test_a_split_that_is_not_there_lists_those_that_are(load, root):
    images = tiny_data.images(2)
    splits = {"training": (images, None), "validation": (images, None)}
    tiny_data.write_tfds(root, "my_own", splits)
    with pytest.raises(errors.UserError, match="training, validation"):
        load("my_own", "train")
    with pytest.raises(errors.UserError, match="mnist has no split 'valid'"):
        load("mnist", "valid")


def test_images_of_four_channels_are_refused(load, root):
    images = tiny_data.images(2, channels=4)
    tiny_data.write_tfds(
        root, "my_own", {"train": (images, None)}, shape=(28, 28, 4)
    )
    with pytest.raises(errors.UserError, match="images of 4 channels"):
        load("my_own")


def test_a_known_set_with_another_sets_images_is_refused(load, root):
    images = tiny_data.images(2, channels=3)
    tiny_data.write_tfds(
        root, "mnist", {"train": (images, [0, 1])}, shape=(28, 28, 3)
    )
    with pytest.raises(errors.UserError, match="28x28x1.*hold 28x28x3"):
        load("mnist")


def test_a_set_without_images_lists_its_features(load, root):
    folder = tiny_data.write_tfds(
        root, "my_own", {"train": (tiny_data.images(2), [0, 1])}
    )
    path = folder / "features.json"
    path.write_text(
        path.read_text().replace('"image": {"pyth', '"photo": {"pyth')
    )
    with pytest.raises(errors.UserError, match="features are label, photo"):
        load("my_own")


def truncate_records(folder):
    path = folder / "mnist-train.tfrecord-00000-of-00001"
    path.write_bytes(path.read_bytes()[:-10])


def flip_a_byte(folder):
    path = folder / "mnist-train.tfrecord-00000-of-00001"
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)


def remove_records(folder):
    (folder / "mnist-train.tfrecord-00000-of-00001").unlink()


def empty_records(folder):
    (folder / "mnist-train.tfrecord-00000-of-00001").write_bytes(b"")


def promise_more(folder):
    path = folder / "dataset_info.json"
    path.write_text(path.read_text().replace('["3"]', '["4"]'))


def promise_fewer(folder):
    path = folder / "dataset_info.json"
    path.write_text(path.read_text().replace('["3"]', '["2"]'))


def garble_info(folder):
    (folder / "dataset_info.json").write_text("{")


def remove_info(folder):
    (folder / "dataset_info.json").unlink()


def garble_features(folder):
    (folder / "features.json").write_text("{")


def remove_features(folder):
    (folder / "features.json").unlink()


@pytest.mark.parametrize(
    "damage",
    [
        truncate_records,
        flip_a_byte,
        remove_records,
        empty_records,
        promise_more,
        promise_fewer,
        garble_info,
        remove_info,
        garble_features,
        remove_features,
    ],
)
def test_a_damaged_set_ends_in_one_line_that_names_its_folder(
    load, root, tmp_path, offline, damage
):
    images = tiny_data.images(3)
    folder = tiny_data.write_tfds(root, "mnist", {"train": (images, [1, 2, 3])})
    damage(folder)
    with pytest.raises(errors.UserError) as caught:
        load("mnist")
    assert str(folder) in str(caught.value)
    assert "opy it again" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert offline == []
    assert list((tmp_path / "cache").glob("*")) == []


@pytest.mark.parametrize("name", ["fashion_mnist", "mine/small"])
def test_a_set_in_another_sets_folder_is_refused(load, root, offline, name):
    images = tiny_data.images(3)
    folder = tiny_data.write_tfds(root, "mnist", {"train": (images, [1, 2, 3])})
    wrong = root / name / "1.0.0"
    wrong.parent.mkdir(parents=True)
    folder.rename(wrong)
    for ask in (load, lambda name: loading.find("my_own", str(root)).shape):
        if ask is not load:
            (root / name).rename(root / "my_own")
            name, wrong = "my_own", root / "my_own" / "1.0.0"
        with pytest.raises(errors.UserError) as caught:
            ask(name)
        assert str(caught.value) == (
            f"{wrong} holds mnist, not {name}: give the folder its own name "
            "back, or choose the set mnist"
        )
    assert offline == []


def test_a_data_dir_that_cannot_be_meant_is_refused(load, root, monkeypatch):
    (root / "file").write_text("")
    with pytest.raises(errors.UserError, match="does not exist"):
        load("mnist", data_dir=root / "missing")
    with pytest.raises(errors.UserError, match="is not a folder"):
        load("mnist", data_dir=root / "file")
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(errors.UserError, match="cannot be read"):
        load("mnist", data_dir=root)


def test_a_data_dir_one_level_too_deep_names_the_right_one(load, root):
    images = tiny_data.images(1)
    folder = tiny_data.write_tfds(root, "mnist", {"train": (images, [1])})
    for inside in (folder, folder.parent):
        with pytest.raises(errors.UserError) as caught:
            load("mnist", data_dir=inside)
        assert str(caught.value).endswith(f"Give --data_dir={root}")


def test_a_download_out_of_reach_is_refused_at_once(
    load, tmp_path, root, offline
):
    with pytest.raises(errors.UserError) as caught:
        load("mnist")
    message = str(caught.value)
    assert f"mnist is not in --data_dir={root} (the folder is empty)" in message
    assert "no connection" in message
    assert "*-ubyte[.gz] files or mnist.npz" in message
    assert "--dataset=glyphs" in message
    assert "\n" not in message
    [(_, url, timeout)] = offline
    assert url in message
    assert timeout <= 10
    assert list(root.iterdir()) == []


def test_tfdss_own_folder_is_not_made_when_the_download_is_out_of_reach(
    load, tmp_path, monkeypatch, offline
):
    default = tmp_path / "not" / "yet"
    monkeypatch.setenv("TFDS_DATA_DIR", str(default))
    with pytest.raises(errors.UserError, match=f"cifar10 is not in {default}"):
        load("cifar10", data_dir=None)
    assert not default.parent.exists()


def test_tfdss_own_folder_is_where_sets_are_looked_for(load, root, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(root))
    images = tiny_data.images(1)
    tiny_data.write_tfds(root, "mnist", {"train": (images, [1])})
    assert len(load("mnist", data_dir=None).images) == 1


def test_a_host_that_answers_with_an_error_counts_as_out_of_reach(
    load, monkeypatch
):
    methods = []

    def answer(method, url, **kwargs):
        methods.append(method)
        return respond(403, "Forbidden")

    monkeypatch.setattr(requests, "request", answer)
    with pytest.raises(
        errors.UserError, match="the host answers 403 Forbidden"
    ):
        load("mnist")
    assert methods == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.ConnectTimeout, "no answer within 8 seconds"),
        (requests.exceptions.ProxyError, "the proxy does not let it through"),
    ],
)
def test_the_line_says_how_the_network_failed(load, monkeypatch, error, words):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(requests, "request", fail)
    with pytest.raises(errors.UserError, match=words):
        load("mnist")


class FakeBuilder:
    """Downloads as its function says."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = None

    def __init__(self, act):
        self.url_infos = {"https://example.org/file": None}
        self.download_and_prepare = act


def use_builder(monkeypatch, act):
    monkeypatch.setattr(
        downloads.reading, "new_builder", lambda *_: FakeBuilder(act)
    )
    monkeypatch.setattr(
        downloads.reading, "image_shape", lambda *_: (28, 28, 1)
    )


def test_a_download_that_succeeds_is_read(load, root, monkeypatch, online):
    def act():
        images = tiny_data.images(4)
        tiny_data.write_tfds(root, "mnist", {"train": (images, [0] * 4)})

    use_builder(monkeypatch, act)
    assert len(load("mnist").images) == 4


@pytest.mark.parametrize(
    "error", [ConnectionError("broken pipe"), KeyboardInterrupt()]
)
def test_a_download_that_breaks_off_leaves_nothing_it_made(
    load, tmp_path, monkeypatch, online, error
):
    root = tmp_path / "new" / "tfds"

    def act():
        for name in ("mnist/1.0.0.incomplete", "downloads/extracted"):
            (root / name).mkdir(parents=True)
            (root / name / "part").write_text("half")
        raise error

    use_builder(monkeypatch, act)
    monkeypatch.setenv("TFDS_DATA_DIR", str(root))
    expected = (errors.UserError, KeyboardInterrupt)
    with pytest.raises(expected):
        load("mnist", data_dir=None)
    assert not (tmp_path / "new").exists()


def test_a_download_that_breaks_off_keeps_what_was_there(
    load, root, monkeypatch, online
):
    (root / "downloads").mkdir()
    (root / "downloads" / "older").write_text("whole")

    def act():
        (root / "downloads" / "newer").write_text("half")
        raise ConnectionError("broken pipe:\n* Got: nothing")

    use_builder(monkeypatch, act)
    with pytest.raises(errors.UserError, match=r"failed: .*: broken pipe\. G"):
        load("mnist")
    left = [path.relative_to(root) for path in root.rglob("*")]
    assert sorted(left) == [
        pathlib.Path("downloads"),
        pathlib.Path("downloads/older"),
    ]


def test_a_full_disk_during_a_download_stays_an_os_error(
    load, monkeypatch, online
):
    def act():
        raise OSError(28, "No space left on device")

    use_builder(monkeypatch, act)
    with pytest.raises(OSError, match="No space left"):
        load("mnist")


def test_a_set_that_must_be_fetched_by_hand_says_so(load, root, offline):
    with pytest.raises(errors.UserError) as caught:
        load("imagenet2012")
    assert (
        f"must be fetched by hand and placed in {root}/downloads/manual, as "
        "https://www.tensorflow.org/datasets/catalog/imagenet2012 says"
        in str(caught.value)
    )
    assert offline == []


def test_only_the_chosen_configurations_files_are_wanted(load, root, offline):
    manual = root / "downloads" / "manual"
    with pytest.raises(errors.UserError) as caught:
        load("cycle_gan/horse2zebra", "trainA")
    assert f"or fetch horse2zebra.zip by hand and place it in {manual};" in str(
        caught.value
    )
    assert [url.rpartition("/")[2] for _, url, _ in offline] == [
        "horse2zebra.zip"
    ]
    manual.mkdir(parents=True)
    (manual / "horse2zebra.zip").write_text("")
    (manual / "facades.zip").write_text("")
    with pytest.raises(errors.UserError) as caught:
        load("cycle_gan/horse2zebra", "trainA")
    assert str(caught.value).startswith(
        f"horse2zebra.zip in {manual} is not what cycle_gan/horse2zebra is "
        "made of, by its checksum: fetch it again"
    )
    assert len(offline) == 1


@pytest.mark.parametrize(
    ("name", "files"),
    [
        (
            "imagenet_resized/8x8",
            ["Imagenet8_train_npz.zip", "Imagenet8_val_npz.zip"],
        ),
        ("cats_vs_dogs", ["kagglecatsanddogs_5340.zip"]),
        ("emnist/letters", ["gzip.zip"]),
        ("cifar10_corrupted/fog_1", ["CIFAR-10-C.tar"]),
    ],
)
def test_any_builder_tells_the_files_of_its_configuration(root, name, files):
    builder = tfds.builder(name, data_dir=str(root))
    names_by_url = wanted_files.find(builder, root / "manual")
    assert sorted(names_by_url.values()) == files
    assert list(root.iterdir()) == []


def test_the_shape_of_a_set_is_known_without_its_data(root, offline):
    assert loading.find("celeb_a", str(root)).shape == (218, 178, 3)
    assert loading.find("cats_vs_dogs", str(root)).shape == (None, None, 3)
    with pytest.raises(errors.UserError, match="features are label, text"):
        _ = loading.find("imdb_reviews", str(root)).shape
    assert list(root.iterdir()) == []
    assert offline == []


def test_the_classes_of_a_set_are_known_without_its_data(root, offline):
    assert loading.find("cats_vs_dogs", str(root)).class_names == ("cat", "dog")
    assert loading.find("celeb_a", str(root)).class_names == ()
    assert loading.find("kmnist", str(root)).class_names[2] == "su"
    tiny_data.write_tfds(
        root,
        "my_own",
        {"train": (tiny_data.images(3), np.arange(3))},
        num_classes=3,
    )
    assert loading.find("my_own", str(root)).class_names == ("0", "1", "2")
    assert offline == []


def test_the_splits_of_a_set_are_known_without_reading_it(root, offline):
    images = tiny_data.images(2)
    parts = {"training": (images, None), "validation": (images, None)}
    tiny_data.write_tfds(root, "my_own", parts)
    assert loading.find("my_own", str(root)).splits == (
        "training",
        "validation",
    )
    assert loading.find("mnist", str(root)).splits == ("train", "test")
    assert loading.find("cats_vs_dogs", str(root)).splits == ()
    assert offline == []


@pytest.mark.slow
def test_the_halves_of_a_pair_of_sets_are_splits_like_any_other(load, root):
    name = "cycle_gan/horse2zebra"
    parts = {
        split: (
            tiny_data.images(count, channels=3, seed=count),
            [label] * count,
        )
        for split, count, label in (
            ("trainA", 3, 0),
            ("trainB", 4, 1),
            ("testA", 1, 0),
            ("testB", 2, 1),
        )
    }
    tiny_data.write_tfds(
        root, name, parts, shape=(None, None, 3), num_classes=2
    )
    assert loading.find(name, str(root)).shape == (None, None, 3)
    assert sorted(loading.find(name, str(root)).splits) == sorted(parts)
    for split, (expected, labels) in parts.items():
        array = load(name, split)
        np.testing.assert_array_equal(array.images, expected)
        assert array.labels.tolist() == labels
    with pytest.raises(errors.UserError) as caught:
        load(name)
    assert "no split 'train': did you mean trainB or trainA?" in str(
        caught.value
    )


def test_a_pair_of_sets_out_of_reach_names_two_that_are_not(load, offline):
    with pytest.raises(errors.UserError) as caught:
        load("cycle_gan/horse2zebra", "trainA")
    message = str(caught.value)
    assert "cannot be downloaded" in message and "\n" not in message
    assert message.endswith(
        "; or --dataset_a=glyphs --dataset_b=PATH, which need no download"
    )
    assert len(offline) == 1


@pytest.mark.parametrize(
    ("flag", "name", "end"),
    [
        (
            "real",
            "mnist",
            "mnist.npz) or --real=glyphs, which needs no download",
        ),
        (
            "fake",
            "celeb_a",
            "give --fake=PATH, a folder of the images (img_align_celeba.zip "
            "unpacked); or --fake=glyphs, which needs no download",
        ),
        (None, "mnist", "files or mnist.npz)"),
        (None, "cifar10", "cifar-10-binary.tar.gz by hand and place it in {}"),
    ],
)
def test_advice_names_the_flag_that_the_command_has(
    load, root, offline, flag, name, end
):
    with pytest.raises(errors.UserError) as caught:
        load(name, flag=flag)
    message = str(caught.value)
    assert message.endswith(end.format(root / "downloads" / "manual"))
    assert "--dataset" not in message and "--crop" not in message


def faces(count):
    """[count, 218, 178, 3] uint8: a white square of 178 on noise."""
    images = tiny_data.images(count, height=218, width=178, channels=3)
    images[:, 20:198] = 255
    return images


def test_celeb_a_is_read_from_its_files_cropped_and_resized(
    load, root, offline
):
    tiny_data.write_celeb_a(root, {"train": faces(3), "test": faces(1)})
    assert loading.find("celeb_a", str(root)).shape == (218, 178, 3)
    array = load("celeb_a", image_size=(64, 64), crop=(178, 178))
    assert array.images.shape == (3, 64, 64, 3)
    assert array.images[:, 2:-2].min() >= 240
    assert array.labels is None
    assert array.preparation == (
        "218x178x3, centre crop of 178x178, resized to 64x64 (antialiased "
        "bicubic)"
    )
    with pytest.raises(errors.UserError, match="allowed: test, train"):
        load("celeb_a", "validation", image_size=(64, 64))
    assert offline == []


CELEB_A_FILES = (
    "identity_CelebA.txt",
    "img_align_celeba.zip",
    "list_attr_celeba.txt",
    "list_eval_partition.txt",
    "list_landmarks_align_celeba.txt",
)


def test_celeb_a_out_of_reach_names_the_files_and_where_to_place_them(
    load, root, offline
):
    with pytest.raises(errors.UserError) as caught:
        load("celeb_a")
    message = str(caught.value)
    manual = root / "downloads" / "manual"
    assert (
        f"fetch {', '.join(CELEB_A_FILES)} by hand and place them in {manual};"
        in message
    )
    assert "--dataset=PATH --crop=178x178, a folder of the images" in message
    assert "\n" not in message
    manual.mkdir(parents=True)
    for name in CELEB_A_FILES[1:]:
        (manual / name).write_text("")
    with pytest.raises(errors.UserError) as caught:
        load("celeb_a")
    assert "fetch identity_CelebA.txt by hand and place it in" in str(
        caught.value
    )


def test_celeb_a_refused_by_its_hosts_quota_says_the_same(
    load, root, monkeypatch, online
):
    def act():
        raise ValueError("Failed to obtain confirmation link for GDrive URL")

    builder = FakeBuilder(act)
    info = checksums.UrlInfo(1, "0", "img_align_celeba.zip")
    builder.url_infos = {"https://example.org/file": info}
    monkeypatch.setattr(downloads.reading, "new_builder", lambda *_: builder)
    monkeypatch.setattr(
        downloads.reading, "image_shape", lambda *_: (218, 178, 3)
    )
    with pytest.raises(errors.UserError) as caught:
        load("celeb_a")
    assert "confirmation link" in str(caught.value)
    assert (
        "fetch img_align_celeba.zip by hand and place it in "
        f"{root / 'downloads' / 'manual'}; or give --dataset=PATH "
        "--crop=178x178, a folder" in str(caught.value)
    )


def write_celeb_a_files(folder, *, names, splits):
    """Writes the five files of celeb_a as its authors offer them."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for name, image in zip(names, faces(len(names)), strict=True):
            jpeg = io.BytesIO()
            PIL.Image.fromarray(image).save(jpeg, "JPEG")
            archive.writestr(f"img_align_celeba/{name}", jpeg.getvalue())
    features = tfds.builder("celeb_a", data_dir=str(folder)).info.features
    for file, group in (("attr", "attributes"), ("landmarks_align", "landm")):
        keys = next(list(features[g]) for g in features if g.startswith(group))
        rows = [f"{name} {'1 ' * len(keys)}" for name in names]
        lines = [str(len(names)), " ".join(keys), *rows, ""]
        (folder / f"list_{file}_celeba.txt").write_text("\n".join(lines))
    rows = [f"{n} {split}" for n, split in zip(names, splits, strict=True)]
    (folder / "list_eval_partition.txt").write_text("\n".join([*rows, ""]))
    rows = [f"{name} 7" for name in names]
    (folder / "identity_CelebA.txt").write_text("\n".join([*rows, ""]))


def know_celeb_a_files(monkeypatch, folder):
    """Lets TFDS, which checks files placed by hand, expect a folder's.

    They are not the 1.4 GB that it knows.
    """
    builder_class = tfds.builder_cls("celeb_a")
    tiny = {
        url: dataclasses.replace(
            checksums.compute_url_info(folder / info.filename),
            filename=info.filename,
        )
        for url, info in builder_class.url_infos.items()
    }
    monkeypatch.setattr(builder_class, "url_infos", tiny)


@pytest.fixture
def placed_by_hand(root, monkeypatch):
    """The folder of celeb_a's files, tiny ones that TFDS takes for right."""
    manual = root / "downloads" / "manual"
    names = [f"00000{number}.jpg" for number in range(1, 6)]
    write_celeb_a_files(manual, names=names, splits=(0, 0, 0, 1, 2))
    know_celeb_a_files(monkeypatch, manual)
    return manual


@pytest.mark.slow
def test_files_of_celeb_a_placed_by_hand_are_prepared_without_a_network(
    load, placed_by_hand, offline
):
    array = load("celeb_a", image_size=(64, 64), crop=(178, 178))
    assert array.images.shape == (3, 64, 64, 3)
    assert array.images[:, 2:-2].min() >= 240
    assert len(load("celeb_a", "test", image_size=(64, 64)).images) == 1
    assert offline == []


def test_a_wrong_file_placed_by_hand_is_refused_by_its_checksum(
    load, root, offline
):
    manual = root / "downloads" / "manual"
    manual.mkdir(parents=True)
    for name in CELEB_A_FILES:
        (manual / name).write_text("a page that says the quota is used up")
    with pytest.raises(errors.UserError) as caught:
        load("celeb_a")
    assert str(caught.value) == (
        f"{', '.join(CELEB_A_FILES)} in {manual} are not what celeb_a is made "
        "of, by their checksums: fetch them again; or give --dataset=PATH "
        "--crop=178x178, a folder of the images (img_align_celeba.zip "
        "unpacked); or --dataset=glyphs, which needs no download"
    )
    assert sorted(path.name for path in manual.iterdir()) == sorted(
        CELEB_A_FILES
    )


def test_one_wrong_file_placed_by_hand_is_told_from_those_that_are_right(
    load, placed_by_hand, offline
):
    (placed_by_hand / "identity_CelebA.txt").write_text("a page of the host")
    with pytest.raises(errors.UserError) as caught:
        load("celeb_a")
    assert str(caught.value).startswith(
        f"identity_CelebA.txt in {placed_by_hand} is not what celeb_a is "
        "made of, by its checksum: fetch it again; or give --dataset="
    )


@pytest.mark.slow
def test_another_crop_is_another_entry_of_the_cache(load, root, tmp_path):
    images = tiny_data.images(3, height=8, width=8)
    tiny_data.write_tfds(
        root, "my_own", {"train": (images, None)}, shape=(8, 8, 1)
    )
    arrays = [
        load("my_own", image_size=(4, 4), crop=crop)
        for crop in (None, (4, 4), (6, 6), (4, 4))
    ]
    assert len(list((tmp_path / "cache").iterdir())) == 3
    assert len({array.fingerprint for array in arrays}) == 3
    np.testing.assert_array_equal(arrays[1].images, images[:, 2:6, 2:6])


def test_the_shape_of_a_set_is_that_of_its_crop(root):
    assert loading.find(
        "cifar10", read_as=reading.Reading(crop=(24, 20))
    ).shape == (24, 20, 3)
    assert loading.find(
        "celeb_a", str(root), read_as=reading.Reading(crop=(178, 178))
    ).shape == (178, 178, 3)
    with pytest.raises(errors.UserError, match="--crop=33x33 is larger"):
        _ = loading.find(
            "cifar10", read_as=reading.Reading(crop=(33, 33))
        ).shape


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mnst", "did you mean mnist"),
        ("celeba", "did you mean celeb_a"),
        ("folder/of/photos", "unknown dataset 'folder/of/photos'"),
        ("../photos", "unknown dataset '../photos'"),
        ("mnist/small", "mnist has no configurations"),
        ("caltech_birds", "caltech_birds2010"),
    ],
)
def test_an_unknown_name_gets_the_nearest_ones(load, offline, name, words):
    for ask in (lambda name: loading.find(name).shape, load):
        with pytest.raises(errors.UserError) as caught:
            ask(name)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    assert offline == []


def test_a_name_like_no_set_s_lists_the_usual_ones_and_how_to_give_a_folder(
    load, offline
):
    with pytest.raises(errors.UserError) as caught:
        load("photos")
    assert str(caught.value) == (
        "unknown dataset 'photos': allowed: celeb_a, cifar10, fashion_mnist, "
        "glyphs, kmnist, mnist, any other image set of TFDS, or a folder of "
        "images written as a path, such as ./photos"
    )


def test_a_part_of_a_set_says_where_it_can_be_given(load, offline):
    with pytest.raises(errors.UserError) as caught:
        load("cifar10:horse")
    assert str(caught.value) == (
        "unknown dataset 'cifar10:horse': a part of a set, such as name:class, "
        "can be given as --dataset_a and --dataset_b (--recipe=cyclegan) and "
        "to evaluate.py alone. Give --dataset=cifar10, or a folder of the "
        "images"
    )


def test_a_bare_name_of_a_folder_gets_the_path_to_give(
    load, offline, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    with pytest.raises(errors.UserError) as caught:
        load("photos")
    assert str(caught.value) == (
        "unknown dataset 'photos': write the folder of that name as ./photos"
    )


def test_folder_names_that_are_no_versions_are_no_sets(root):
    (root / "mnist" / "3.0.1.incompleteABC").mkdir(parents=True)
    assert sets.prepared_folder("mnist", root) is None
    assert sets.prepared_folder("..", root) is None


@pytest.mark.slow
def test_mnist_of_the_test_data_is_read(shared_data, load):
    array = load("mnist", "test", (32, 32), data_dir=shared_data / "tfds")
    assert array.images.shape == (10_000, 32, 32, 1)
    content = array.images[:, 2:30, 2:30]
    assert content.mean() == pytest.approx(33.791, abs=0.001)
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(array.labels).tolist() == counts


@pytest.mark.slow
def test_cifar10_of_the_test_data_has_its_class_names(shared_data, load):
    array = load("cifar10", "test", (32, 32), data_dir=shared_data / "tfds")
    assert array.images.shape == (10_000, 32, 32, 3)
    assert array.class_names[7] == "horse"
