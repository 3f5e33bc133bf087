import dataclasses

import numpy as np
import PIL.Image
import pytest
import requests
import tiny_data

from tf_dcgan.common import errors, images
from tf_dcgan.config import overrides
from tf_dcgan.data import domain_images, domains
from tf_dcgan.data.named import glyphs

PAIR = "cycle_gan/horse2zebra"
HALVES = ("trainA", "trainB", "testA", "testB")
LOADERS = {"train": domain_images.load, "test": domain_images.load_held_out}


@pytest.fixture
def root(tmp_path):
    """A data_dir."""
    folder = tmp_path / "tfds"
    folder.mkdir()
    return folder


@pytest.fixture
def find(root):
    def find_domains(*, dataset=None, a=None, b=None):
        flags = {"dataset": dataset, "dataset_a": a, "dataset_b": b}
        flags = {name: value for name, value in flags.items() if value}
        return domains.find(
            overrides.from_flags(
                {"recipe": "cyclegan", "data_dir": str(root), **flags}
            )
        )

    return find_domains


@pytest.fixture
def refusal(find):
    def message(**keywords):
        with pytest.raises(errors.UserError) as caught:
            find(**keywords)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return message


@pytest.fixture
def config(root, tmp_path):
    """Says where sets and cache are, and that images are not cropped."""
    return overrides.from_flags(
        {
            "recipe": "cyclegan",
            "dataset": "not/asked",
            "data_dir": str(root),
            "cache_dir": str(tmp_path / "cache"),
        }
    )


@pytest.fixture
def few_glyphs(monkeypatch):
    monkeypatch.setattr(glyphs, "NUM_IMAGES", {"train": 20, "test": 10})


def write(path, colour=0, *, mode="L", size=(4, 4)):
    """Writes an image of one colour; `size` is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new(mode, size, colour).save(path)


def write_halves(folder, halves=HALVES):
    for number, half in enumerate(halves):
        write(folder / half / "a.png", number)
    return folder


def write_pair(root, halves=HALVES):
    pixels = tiny_data.images(len(halves), height=8, width=8, channels=3)
    splits = {
        half: (pixels[i : i + 1], [int(half[-1] == "B")])
        for i, half in enumerate(halves)
    }
    tiny_data.write_tfds(
        root, PAIR, splits, shape=(None, None, 3), num_classes=2
    )
    return dict(zip(halves, pixels, strict=True))


def write_cifar10(root):
    pixels = tiny_data.images(6, height=32, width=32, channels=3)
    splits = {
        "train": (pixels[:4], [7, 4, 7, 4]),
        "test": (pixels[4:], [4, 7]),
    }
    tiny_data.write_tfds(root, "cifar10", splits, shape=(32, 32, 3))
    return pixels


def part(*words):
    return domains.Part(*words)


def test_a_pair_of_tfds_has_its_splits_as_halves(find, root):
    write_pair(root)
    a, b = find(dataset=PAIR)
    assert (a.train, a.test) == (part(PAIR, "trainA"), part(PAIR, "testA"))
    assert (b.train, b.test) == (part(PAIR, "trainB"), part(PAIR, "testB"))
    assert (a.title, b.title) == (f"{PAIR}:trainA", f"{PAIR}:trainB")


def test_a_pair_without_test_images_has_no_test_part(find, root):
    write_pair(root, HALVES[:3])
    a, b = find(dataset=PAIR)
    assert a.test == part(PAIR, "testA")
    assert b.test is None


@pytest.mark.slow
def test_the_images_of_a_pair_of_tfds_are_those_of_its_splits(
    find, root, config
):
    by_half = write_pair(root)
    for domain, letter in zip(find(dataset=PAIR), "AB", strict=True):
        shape = domain_images.Unprepared(config, domain).shape
        assert shape == (None, None, 3)
        for which, load in LOADERS.items():
            array = load(config, domain, (8, 8))
            np.testing.assert_array_equal(
                array.images, by_half[f"{which}{letter}"][np.newaxis]
            )


@pytest.mark.slow
def test_a_pair_that_is_still_to_be_downloaded_is_found(find):
    a, b = find(dataset=PAIR)
    assert (a.train, a.test) == (part(PAIR, "trainA"), part(PAIR, "testA"))
    assert b.train == part(PAIR, "trainB")


def test_a_set_that_is_no_pair_tells_its_splits_and_the_other_flags(
    refusal, root
):
    write_pair(root, ("trainA", "testA"))
    for name, splits in (("mnist", "train, test"), (PAIR, "trainA, testA")):
        message = refusal(dataset=name)
        assert message.startswith(
            f"--dataset={name} has no splits trainA and trainB, only {splits}: "
            "give --dataset_a and --dataset_b, or a --dataset that has both"
        )


def test_a_class_is_no_pair_of_sets(refusal):
    message = refusal(dataset="cifar10:horse")
    assert message.startswith("--dataset=cifar10:horse is one set: give --data")


def test_an_unknown_pair_gets_the_nearest_configurations(refusal):
    message = refusal(dataset="cycle_gan/horse2zebr")
    assert message.startswith("--dataset=cycle_gan/horse2zebr: cycle_gan has ")
    assert "did you mean horse2zebra" in message


def test_a_folder_of_halves_has_each_as_a_folder_of_its_own(
    find, tmp_path, config
):
    folder = write_halves(tmp_path / "fruit")
    pair = find(dataset=str(folder))
    for number, (domain, letter) in enumerate(zip(pair, "AB", strict=True)):
        train, test = (f"{folder}/{half}{letter}" for half in ("train", "test"))
        assert domain.title == train
        assert domain.train == part(train, "train")
        assert domain.test == part(test, "train")
        shape = domain_images.Unprepared(config, domain).shape
        assert shape == (4, 4, 1)
        for which, colour in (("train", number), ("test", number + 2)):
            array = LOADERS[which](config, domain, (4, 4))
            assert array.images[:, 0, 0, 0].tolist() == [colour]


def test_a_folder_of_halves_needs_no_test_images(find, tmp_path, config):
    folder = write_halves(tmp_path / "fruit", HALVES[:3])
    a, b = find(dataset=str(folder))
    assert a.test is not None
    assert b.test is None
    assert domain_images.load_held_out(config, b, (4, 4)) is None


def test_an_empty_test_half_is_none(find, tmp_path):
    folder = write_halves(tmp_path / "fruit", HALVES[:3])
    (folder / "testB").mkdir()
    a, b = find(dataset=str(folder))
    assert a.test is not None
    assert b.test is None


@pytest.mark.parametrize(
    ("halves", "words"),
    [
        (("trainA",), "has no folder trainB: give --dataset_a and "),
        (("trainB",), "has no folder trainA: give --dataset_a and "),
        (("train",), "has no folder trainA and none trainB: give --dataset_a"),
    ],
)
def test_a_folder_that_lacks_a_half_is_refused(
    refusal, tmp_path, halves, words
):
    folder = write_halves(tmp_path / "fruit", halves)
    message = refusal(dataset=str(folder))
    assert message.startswith(f"--dataset={folder} {words}")


def test_a_folder_that_is_not_there_is_refused(refusal, tmp_path):
    message = refusal(dataset=f"{tmp_path}/none")
    assert message.startswith(f"--dataset={tmp_path}/none is no folder: give")
    message = refusal(a=f"{tmp_path}/none:cat", b="mnist")
    assert message.startswith(
        f"--dataset_a={tmp_path}/none:cat: {tmp_path}/none does not exist: give"
    )


def test_an_empty_half_is_told_with_its_folder(find, tmp_path, config):
    folder = write_halves(tmp_path / "fruit")
    (folder / "trainB" / "a.png").unlink()
    _, b = find(dataset=str(folder))
    with pytest.raises(errors.UserError) as caught:
        _ = domain_images.Unprepared(config, b).shape
    assert str(caught.value).startswith(
        f"{folder}/trainB (of --dataset): {folder}/trainB has no images"
    )


def test_an_empty_folder_is_told_with_its_flag(refusal, tmp_path):
    (tmp_path / "photos").mkdir()
    message = refusal(a="glyphs", b=f"{tmp_path}/photos")
    assert message.startswith(f"--dataset_b={tmp_path}/photos: ")
    assert f"{tmp_path}/photos has no images" in message


def test_an_empty_split_is_refused(find, root, config):
    splits = {"train": ([], None), "test": (tiny_data.images(1), None)}
    tiny_data.write_tfds(root, "my_own", splits)
    a, _ = find(a="my_own", b="glyphs")
    with pytest.raises(errors.UserError, match="^--dataset_a=my_own: "):
        domain_images.load(config, a, (28, 28))


def test_any_two_sets_make_a_pair_with_their_test_splits(find):
    a, b = find(a="glyphs", b="mnist")
    assert (a.title, b.title) == ("glyphs", "mnist")
    assert (a.train, a.test) == (
        part("glyphs", "train"),
        part("glyphs", "test"),
    )
    assert (b.train, b.test) == (part("mnist", "train"), part("mnist", "test"))


@pytest.mark.parametrize(
    ("text", "train", "test"),
    [
        ("cifar10:train", ("train", None), ("test", None)),
        ("cifar10:test", ("test", None), None),
        ("cifar10:horse", ("train", "horse"), ("test", "horse")),
        ("cifar10:test:horse", ("test", "horse"), None),
        ("mnist:7", ("train", "7"), ("test", "7")),
        ("cats_vs_dogs:cat", ("train", "cat"), ("test", "cat")),
        ("cats_vs_dogs:all", ("all", None), None),
        (f"{PAIR}:trainB", ("trainB", None), ("testB", None)),
        (f"{PAIR}:testB", ("testB", None), None),
    ],
)
def test_a_word_narrows_a_set_to_a_split_or_else_a_class(
    find, root, text, train, test
):
    write_pair(root)
    name = text.partition(":")[0]
    for domain in (find(a=text, b="glyphs")[0], find(a="glyphs", b=text)[1]):
        assert domain.title == text
        assert domain.train == part(name, *train)
        assert domain.test == (part(name, *test) if test else None)


def test_a_half_without_test_images_of_its_own_has_no_test_part(find, root):
    write_pair(root, HALVES[:3])
    a, _ = find(a=f"{PAIR}:trainB", b="glyphs")
    assert a.test is None


@pytest.mark.slow
def test_the_images_of_a_class_are_those_with_its_label(find, root, config):
    pixels = write_cifar10(root)
    horses, deer = find(a="cifar10:horse", b="cifar10:deer")
    for domain, train, test in ((horses, [0, 2], [5]), (deer, [1, 3], [4])):
        for which, indices in (("train", train), ("test", test)):
            array = LOADERS[which](config, domain, (32, 32))
            np.testing.assert_array_equal(array.images, pixels[indices])


def test_a_folder_has_classes_and_splits_as_a_set_has(find, tmp_path, config):
    folder = tmp_path / "photos:2024"
    for number, name in enumerate(("train/cat", "train/dog", "test/cat")):
        write(folder / name / "a.png", number)
    cats, dogs = find(a=f"{folder}:cat", b=f"{folder}:train:dog")
    assert cats.train == part(str(folder), "train", "cat")
    assert cats.test == part(str(folder), "test", "cat")
    array = domain_images.load(config, dogs, (4, 4))
    assert array.images[:, 0, 0, 0].tolist() == [1]
    also_cats, _ = find(a=f"{folder}:TRAINING:cat", b="glyphs")
    assert also_cats.train == cats.train
    whole, _ = find(a=str(folder), b="glyphs")
    assert whole.train == part(str(folder), "train")


def test_a_folder_without_splits_has_no_test_part(find, tmp_path):
    write(tmp_path / "photos" / "a.png")
    a, _ = find(a=f"{tmp_path}/photos", b="glyphs")
    assert (a.train, a.test) == (part(f"{tmp_path}/photos", "train"), None)


def test_a_folder_of_both_halves_is_no_single_set(refusal, tmp_path):
    folder = write_halves(tmp_path / "fruit")
    assert refusal(a=str(folder), b="glyphs") == (
        f"--dataset_a={folder} holds two sets, trainA and trainB: give "
        f"--dataset={folder}, or one of the two folders"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cifar10:", " names no images: give name, name:split, name:class or"),
        (":horse", " names no images: "),
        ("cifar10::horse", " names no images: "),
        ("cifar10:test:horse:1", " names no images: "),
        (
            "cifar10:hors",
            ": cifar10 has no split and no class 'hors': did you mean horse?",
        ),
        (
            "cifar10:train:hors",
            ": cifar10 has no class 'hors': did you mean horse? allowed: air",
        ),
        (
            "cifar10:trian:horse",
            ": cifar10 has no split 'trian': did you mean train? allowed: test,"
            " train; name one of them, as in --dataset_b=cifar10:train",
        ),
        (
            "my_own",
            ": my_own has no split 'train': did you mean training? allowed: tr"
            "aining; name one of them, as in --dataset_b=my_own:training",
        ),
        (
            "my_own:cat",
            ": my_own has no split and no class 'cat', and no labels: allowed: "
            "training",
        ),
        (
            "my_own:training:cat",
            ": my_own has no labels, and so no class 'cat'",
        ),
        ("mnst", ": unknown dataset 'mnst': did you mean mnist"),
        (
            "mnist/small",
            ": mnist has no configurations: 'mnist/small' is not a",
        ),
    ],
)
def test_what_names_no_images_is_refused_with_its_flag(
    refusal, root, text, words
):
    splits = {"training": (tiny_data.images(1), None)}
    tiny_data.write_tfds(root, "my_own", splits)
    message = refusal(a="glyphs", b=text)
    assert message.startswith(f"--dataset_b={text}{words}")
    assert "--dataset=" not in message


def test_the_same_part_twice_is_refused(refusal, find):
    assert refusal(a="cifar10", b="cifar10:train").startswith(
        "--dataset_a=cifar10 and --dataset_b=cifar10:train are the same images:"
    )
    find(a="cifar10", b="cifar10:horse")
    assert refusal(a="cifar10", b="cifar10:test") == (
        "--dataset_b=cifar10:test trains on what --dataset_a=cifar10 holds "
        "out: give two sets, or two classes of one"
    )


def test_test_images_that_a_download_does_not_bring_are_none(
    find, root, config
):
    a, _ = find(a="cats_vs_dogs", b="glyphs")
    assert a.test == part("cats_vs_dogs", "test")
    pixels = tiny_data.images(2, channels=3)
    tiny_data.write_tfds(
        root,
        "cats_vs_dogs",
        {"train": (pixels, [0, 1])},
        shape=(None, None, 3),
        num_classes=2,
    )
    assert len(domain_images.load(config, a, (28, 28)).images) == 2
    assert domain_images.load_held_out(config, a, (28, 28)) is None
    shown, is_held_out = domain_images.images_to_show(config, a, (28, 28))
    assert (len(shown.images), is_held_out) == (2, False)


def test_a_set_out_of_reach_is_told_with_its_flag(find, config, monkeypatch):
    def refuse(*args, **kwargs):
        raise requests.exceptions.ConnectionError("Failed to resolve")

    monkeypatch.setattr(requests, "request", refuse)
    _, b = find(a="glyphs", b="cats_vs_dogs:cat")
    with pytest.raises(errors.UserError) as caught:
        domain_images.load(config, b, (28, 28))
    message = str(caught.value)
    assert message.startswith(
        "--dataset_b=cats_vs_dogs:cat: cats_vs_dogs is not in --data_dir="
    )
    assert "cannot be downloaded" in message
    assert message.endswith(
        "give --dataset_b=PATH, a folder of the images; or --dataset_b=glyphs, "
        "which needs no download"
    )


def test_images_smaller_than_the_crop_are_told_with_their_flag(find, config):
    a, b = find(a="cifar10", b="mnist")
    config = dataclasses.replace(config, crop="30x30")
    shape = domain_images.Unprepared(config, a).shape
    assert shape == (30, 30, 3)
    with pytest.raises(errors.UserError) as caught:
        _ = domain_images.Unprepared(config, b).shape
    assert str(caught.value).startswith(
        "--dataset_b=mnist: --crop=30x30 is larger than the images, which are "
        "28x28x1"
    )


def test_the_crop_is_taken_from_the_images(find, root, config):
    pixels = write_cifar10(root)
    a, _ = find(a="cifar10:horse", b="glyphs")
    config = dataclasses.replace(config, crop="8x8")
    array = domain_images.load(config, a, (8, 8))
    np.testing.assert_array_equal(array.images, pixels[[0, 2], 12:20, 12:20])


def test_random_crops_are_cut_from_the_originals_or_the_load_size(
    find, tmp_path, config
):
    folder = tmp_path / "pair"
    for half, size in (("trainA", (8, 6)), ("trainB", (5, 4))):
        write(folder / half / "0.png", 1, size=size)
    a, b = find(dataset=str(folder))
    assert domain_images.Unprepared(config, a).size_to_crop is None
    own = dataclasses.replace(config, crop_size="24x24")
    assert domain_images.Unprepared(own, a).size_to_crop == (6, 8)
    assert domain_images.Unprepared(own, b).size_to_crop == (4, 5)
    loaded = dataclasses.replace(config, load_size="9x30")
    assert domain_images.Unprepared(loaded, a).size_to_crop == (9, 30)
    write(folder / "trainA" / "1.png", 1, size=(16, 12))
    write(folder / "trainA" / "2.png", 1, size=(16, 12))
    with pytest.raises(errors.UserError) as caught:
        _ = domain_images.Unprepared(own, a).size_to_crop
    message = str(caught.value)
    assert message.startswith("--crop_size=24x24 cuts from images of one size")
    assert message.endswith(
        "have several: give --load_size=12x16, to which they are brought first"
    )


def test_images_are_shown_at_the_scale_of_the_random_crops(
    find, tmp_path, config
):
    folder = tmp_path / "pair"
    for half in ("trainA", "trainB"):
        write(folder / half / "0.png", 1, size=(8, 8))
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8)
    PIL.Image.fromarray(ramp).save(folder / "trainA" / "0.png")
    a, _ = find(dataset=str(folder))
    small, _ = domain_images.images_to_show(config, a, (4, 4))
    own = dataclasses.replace(config, crop_size="4x4")
    shown, is_held_out = domain_images.images_to_show(own, a, (4, 4))
    np.testing.assert_array_equal(shown.images[0, :, :, 0], ramp[2:6, 2:6])
    assert not is_held_out
    assert shown.preparation.endswith("as they are, of which the central 4x4")
    assert not np.array_equal(shown.images, small.images)


def test_colours_among_the_test_images_alone_make_a_domain_rgb(
    find, tmp_path, config
):
    folder = write_halves(tmp_path / "fruit")
    write(folder / "testA" / "b.png", (1, 2, 3), mode="RGB", size=(9, 9))
    a, b = find(dataset=str(folder))
    assert domain_images.Unprepared(config, a).shape == (4, 4, 3)
    assert domain_images.Unprepared(config, b).shape == (4, 4, 1)


@pytest.mark.slow
def test_gray_glyphs_and_a_coloured_set_are_trained_as_rgb(
    find, root, config, few_glyphs
):
    write_cifar10(root)
    pair = find(a="glyphs", b="cifar10")
    shapes = [domain_images.Unprepared(config, each).shape for each in pair]
    channels = domain_images.channels(*shapes)
    assert channels == 3
    note = domain_images.channels_note(
        *pair, shape_a=shapes[0], shape_b=shapes[1]
    )
    assert note == (
        "note: A (glyphs) is gray and B (cifar10) is RGB: both are trained as "
        "RGB"
    )
    for domain, count in zip(pair, (20, 4), strict=True):
        array = domain_images.load(config, domain, (32, 32))
        rgb = images.to_channels(array.images, channels)
        assert rgb.shape == (count, 32, 32, 3)
        # Not padded, as 28 pixels would be for other recipes.
        assert array.content_box == (0, 0, 32, 32)


@pytest.mark.parametrize("shape", [(28, 28, 1), (None, None, 3)])
def test_domains_of_the_same_channels_keep_them_without_a_note(find, shape):
    assert domain_images.channels(shape, (9, 9, shape[2])) == shape[2]
    a, b = find(a="glyphs", b="mnist")
    assert (
        domain_images.channels_note(
            a, b, shape_a=shape, shape_b=(9, 9, shape[2])
        )
        is None
    )
