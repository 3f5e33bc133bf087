import os
import zlib

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.common import errors, locks
from tf_dcgan.data import loading, reading, sources
from tf_dcgan.data.folders import decoding, listings, source, trees
from tf_dcgan.data.preparing import parts, preparation


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def load(tmp_path, folder):
    def load_folder(split="train", image_size=(4, 4), **keywords):
        return loading.load(
            str(folder),
            split,
            image_size=image_size,
            **{"cache_dir": str(tmp_path / "cache"), **keywords},
        )

    return load_folder


@pytest.fixture
def shape(tmp_path, folder):
    def shape(**keywords):
        return loading.find(
            str(folder), cache_dir=str(tmp_path / "cache"), **keywords
        ).shape

    return shape


def write(path, colour=0, *, mode="L", size=(4, 4), plain=False):
    """Writes an image of a colour, and another in its last pixel.

    Args:
        path: the file; its suffix is its format.
        colour: of all pixels but the last.
        mode: Pillow's name for the kind of pixels.
        size: (width, height).
        plain: whether the last pixel has the colour too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    image = PIL.Image.new(mode, size, colour)
    if not plain:
        # Which differs from file to file, as in other sets.
        place = (size[0] - 1, size[1] - 1)
        image.putpixel(place, zlib.crc32(os.fsencode(path)) % 200 + 50)
    image.save(path)


def colours(array):
    return array.images[:, 0, 0, 0].tolist()


def test_images_come_in_the_order_of_their_names_without_labels(load, folder):
    for name, colour in (("b", 2), ("a", 1), ("ü", 3)):
        write(folder / f"{name}.png", colour)
    array = load()
    assert colours(array) == [1, 2, 3]
    assert array.labels is None and array.class_names == ()
    assert (array.name, array.split) == (str(folder), "train")
    assert array.preparation == "4x4x1 as they are"
    assert array.notes == ()


def test_sub_folders_are_the_classes_in_the_order_of_their_names(load, folder):
    write(folder / "dog" / "deep" / "er" / "a.png", 4)
    write(folder / "dog" / "b.png", 3)
    write(folder / "cat" / "z.png", 1)
    write(folder / "Zebra" / "a.png", 0)
    (folder / "empty").mkdir()
    array = load()
    assert array.class_names == ("Zebra", "cat", "dog")
    assert loading.find(str(folder)).class_names == array.class_names
    assert array.labels.tolist() == [0, 1, 2, 2]
    assert colours(array) == [0, 1, 3, 4]


def test_a_single_sub_folder_makes_no_labels(load, folder):
    write(folder / "img_align_celeba" / "000001.png")
    array = load()
    assert array.labels is None and array.notes == ()


def test_images_beside_the_sub_folders_mean_no_labels_and_a_note(load, folder):
    for name in ("cat/a.png", "dog/b.png", "c.png"):
        write(folder / name)
    array = load()
    assert len(array.images) == 3
    assert array.labels is None and array.class_names == ()
    assert array.notes == (
        "no labels, since not all images lie in sub-folders (1 does not: "
        "c.png)",
    )


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("cat/a.png", "dog/b.png"), ""),
        (("a.png", "b.png"), "no image lies in a sub-folder"),
        (
            ("cat/a.png", "dog/b.png", "c.png", "d.png"),
            "not all images lie in sub-folders (2 do not, such as c.png)",
        ),
        (("all/a.png",), "all images lie in one sub-folder, all"),
        (
            ("all/cat/a.png", "all/dog/b.png"),
            "all images lie in one sub-folder, all (--dataset={}/all has "
            "labels)",
        ),
        (
            ("train/all/a.png", "test/all/a.png"),
            "all images lie in one sub-folder, all",
        ),
    ],
)
def test_what_keeps_a_folder_from_having_labels_is_told(folder, names, reason):
    for name in names:
        write(folder / name)
    assert loading.find(str(folder)).why_unlabelled == reason.format(folder)


def test_all_gray_is_gray_and_one_colour_makes_all_rgb(load, shape, folder):
    write(folder / "a.png", 7)
    assert shape() == (4, 4, 1)
    assert load().images.shape == (1, 4, 4, 1)
    write(folder / "b.png", (1, 2, 3), mode="RGB")
    assert shape() == (4, 4, 3)
    assert load().images[:, 0, 0].tolist() == [[7, 7, 7], [1, 2, 3]]


def test_sizes_that_vary_are_resized_each_on_its_own(load, shape, folder):
    for name, size in (("a", (1, 1)), ("b", (1, 90)), ("c", (50, 7))):
        write(folder / f"{name}.png", 9, size=size, plain=True)
    assert shape() == (None, None, 1)
    array = load(image_size=(4, 6))
    assert array.images.shape == (3, 4, 6, 1)
    assert np.all(array.images == 9)
    assert array.preparation.startswith(
        "varying sizes, 1 channel, cropped to the"
    )


def test_sizes_are_counted_once_and_kept(folder, tmp_path, monkeypatch):
    cache_dir = str(tmp_path / "cache")
    for name, size in (("a", (9, 6)), ("b", (9, 6)), ("c", (5, 7))):
        write(folder / f"{name}.png", 9, size=size)
    for _ in range(2):
        counts = loading.find(str(folder), cache_dir=cache_dir).sizes
        assert counts == {(6, 9): 2, (7, 5): 1}  # (height, width)
        monkeypatch.setattr(decoding, "read_header", None)  # Not again.
    read_as = reading.Reading(crop=(6, 6))
    counts = loading.find(
        str(folder), read_as=read_as, cache_dir=cache_dir
    ).sizes
    assert counts == {(6, 6): 2, (6, 5): 1}
    assert loading.find("cifar10").sizes == {(32, 32): 1}


def test_sizes_are_counted_in_a_cache_that_did_not_keep_them(
    folder, shape, tmp_path
):
    write(folder / "a.png", size=(9, 6))
    shape()
    (headers_file,) = (tmp_path / "cache").glob("**/headers-*.json")
    headers_file.write_text("[6, 9, 1]")
    counts = loading.find(str(folder), cache_dir=str(tmp_path / "cache")).sizes
    assert counts == {(6, 9): 1}


def test_the_whole_of_each_image_is_kept_if_asked_for(load, folder):
    for name, size in (("a", (8, 2)), ("b", (2, 8))):
        image = PIL.Image.new("L", size, 1)
        image.paste(200, (0, 0, 1, 1))
        image.save(folder / f"{name}.png")
    cropped = load(image_size=(8, 8))
    assert cropped.preparation.startswith("varying sizes, 1 channel, cropped")
    for fit, rows in (("pad", [0] * 3 + [1] * 2 + [0] * 3), ("stretch", [1])):
        array = load(image_size=(8, 8), read_as=reading.Reading(fit=fit))
        assert "cropped" not in array.preparation
        assert array.content_box == (0, 0, 8, 8)
        assert array.images[0, :, -1, 0].tolist() == rows * (8 // len(rows))
        assert array.fingerprint != cropped.fingerprint


def test_a_crop_takes_the_centre_of_each(load, shape, folder):
    for name, size in (("a", (8, 6)), ("b", (8, 6))):
        image = PIL.Image.new("L", size, 1)
        image.paste(200, (2, 1, 6, 5))
        image.save(folder / f"{name}.png")
    assert shape(read_as=reading.Reading(crop=(4, 4))) == (4, 4, 1)
    array = load(read_as=reading.Reading(crop=(4, 4)))
    assert np.all(array.images == 200)
    assert array.preparation == "6x8x1, centre crop of 4x4 as they are"
    with pytest.raises(errors.UserError, match="--crop=7x7 is larger"):
        shape(read_as=reading.Reading(crop=(7, 7)))


def test_a_folder_of_splits_is_walked_once(folder, monkeypatch):
    for split in ("train", "test"):
        write(folder / split / "a.png")
    write(folder / "beside.png")
    walked = []
    read = trees.read
    monkeypatch.setattr(
        trees, "read", lambda path, **_: walked.append(path) or read(path)
    )
    listing = listings.find(str(folder))
    assert walked == [str(folder)]
    assert list(listing.splits) == ["train", "test"]
    assert listing.notes == ("left out: 1 image beside train, test",)


def test_the_folders_of_splits_are_the_splits(load, folder):
    write(folder / "train" / "cat" / "a.png", 1)
    write(folder / "train" / "dog" / "a.png", 2)
    write(folder / "test" / "dog" / "a.png", 3)
    write(folder / "val" / "cat" / "a.png", 4)
    write(folder / "other" / "a.png", 5)
    assert colours(load()) == [1, 2]
    assert load().notes == ("left out: 1 image beside train, test, val",)
    test = load("test")
    assert colours(test) == [3]
    # The same numbers in all splits, also where one lacks a class.
    assert test.labels.tolist() == [1]
    assert test.class_names == ("cat", "dog")
    for name in ("val", "validation"):
        assert colours(load(name)) == [4]
    assert loading.find(str(folder)).splits == ("train", "test", "validation")
    with pytest.raises(errors.UserError, match="allowed: test, train, valid"):
        load("dev")


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "valid"), ("train", "validation")),
        (("Train", "Test"), ("train", "test")),
        (("training", "testing"), ("train", "test")),
        (("TRAINING", "Val", "Testing"), ("train", "test", "validation")),
    ],
)
def test_splits_go_by_any_of_their_usual_names(load, folder, folders, splits):
    for number, name in enumerate(folders):
        write(folder / name / "a.png", number)
    assert loading.find(str(folder)).splits == splits
    assert colours(load()) == [0]
    for number, name in enumerate(folders):
        assert colours(load(name)) == [number]
    assert load().class_names == load().notes == ()


def test_two_folders_of_one_split_are_refused(load, folder):
    for name in ("train", "val", "valid"):
        write(folder / name / "a.png")
    with pytest.raises(errors.UserError) as caught:
        load()
    assert str(caught.value) == (
        f"{folder} has 2 folders of the split validation: val, valid: give "
        "all but one of them another name, or put their images together"
    )


@pytest.mark.parametrize("name", ["test", "Validation"])
def test_a_split_without_images_is_none(load, folder, name):
    write(folder / "train" / "cat" / "a.png", 1)
    write(folder / "train" / "dog" / "a.png", 2)
    (folder / name).mkdir()
    array = load()
    assert loading.find(str(folder)).splits == ("train",)
    assert (colours(array), array.class_names) == ([1, 2], ("cat", "dog"))
    assert array.notes == (
        f"no split {name.lower()}, since the folder {name} has no images",
    )


def test_a_run_that_came_since_is_told_although_the_images_are_cached(
    load, folder
):
    write(folder / "a.png")
    before = load()
    for name in ("config.json", "metrics.jsonl", "samples/real.png"):
        write_text(folder / "runs" / "0" / name)
    after = load()
    assert after.images.filename == before.images.filename
    note = "left out: runs/0, which is a run and no data"
    assert after.notes == (note, *before.notes)


def write_text(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")


def test_splits_without_images_to_train_on_are_refused(load, folder):
    write(folder / "test" / "a.png")
    (folder / "train").mkdir()
    with pytest.raises(errors.UserError, match=f"^{folder}/train has no imag"):
        load()


@pytest.mark.parametrize(
    ("names", "note"),
    [
        (
            ("train2017/a.png", "val2017/a.png"),
            "train2017, val2017 are taken as classes: splits are the folders "
            "train, validation and test beside one another",
        ),
        (
            ("trainA/a.png", "valley/a.png", "trains/a.png"),
            "trainA is taken as a class: splits are the folders train, "
            "validation and test beside one another",
        ),
        (
            ("cat/tabby/a.png", "cat/siam/b.png", "dog/a.png"),
            "the folders in cat (siam, tabby) are one class, all together",
        ),
        (
            ("set/train/a.png", "set/test/a.png"),
            "the folders in set (test, train) are no splits: give {}/set for "
            "that",
        ),
    ],
)
def test_classes_that_may_not_be_meant_are_told(load, folder, names, note):
    for name in names:
        write(folder / name)
    assert load().notes == (note.format(folder),)


def test_train_alone_is_a_folder_like_any_other(load, folder):
    write(folder / "train" / "a.png", 1)
    write(folder / "more" / "b.png", 2)
    assert load().class_names == ("more", "train")
    assert loading.find(str(folder)).splits == ("train",)


def test_a_split_that_is_not_there_says_what_is_and_what_to_do(load, folder):
    write(folder / "a.png")
    with pytest.raises(errors.UserError) as caught:
        load("test")
    assert str(caught.value) == (
        f"{folder} has no split 'test', only train, which is all of it: take "
        "the split train, or put images aside: a folder with the sub-folders "
        "train and test has both splits"
    )


def test_a_few_damaged_files_are_left_out_named_and_counted(load, folder):
    for number in range(20):
        write(folder / "ab"[number % 2] / f"{number:02d}.png", number)
    (folder / "a" / "broken.png").write_bytes(b"no image")
    path = folder / "b" / "half.png"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    PIL.Image.fromarray(noise).resize((4, 4)).save(path)
    path.write_bytes(path.read_bytes()[:-30])  # Its header is whole.
    for _ in range(2):  # Prepared, and from the cache.
        array = load()
        assert colours(array) == [*range(0, 20, 2), *range(1, 20, 2)]
        assert array.labels.tolist() == [0] * 10 + [1] * 10
        assert array.notes == (
            "2 of 22 files are damaged and left out: a/broken.png, b/half.png",
        )


@pytest.mark.parametrize("content", [b"no image", None])
def test_too_many_damaged_files_are_an_error_that_leaves_nothing(
    load, shape, folder, tmp_path, content
):
    for number in range(9):
        write(folder / f"{number}.png", size=(64, 64))
    path = folder / "x.png"
    write(path, size=(64, 64))
    write(folder / "y.png", size=(64, 64))
    for path in (folder / "x.png", folder / "y.png"):
        path.write_bytes(content or path.read_bytes()[:60])
    with pytest.raises(errors.UserError, match="2 of 11 images are damaged"):
        shape()
        load()
    names = [path.name for path in tmp_path.glob("cache/*")]
    assert all(name.startswith("headers-") for name in names)


def test_a_size_that_the_header_promises_is_kept_or_damaged(
    load, folder, monkeypatch
):
    for number in range(10):
        write(folder / f"{number}.png", number)
    read = decoding.read_frames

    def shrink_one(path, *arguments, **keywords):
        [pixels] = read(path, *arguments, **keywords)
        return [pixels[1:] if path.endswith("7.png") else pixels]

    monkeypatch.setattr(decoding, "read_frames", shrink_one)
    array = load()
    assert colours(array) == [0, 1, 2, 3, 4, 5, 6, 8, 9]
    assert array.notes == ("1 of 10 files are damaged and left out: 7.png",)


def replace_one(folder):
    write(folder / "a.png", 9, size=(4, 4))
    os.utime(folder / "a.png", ns=(1, 1))


def add_one(folder):
    write(folder / "c.png", 9)


def remove_one(folder):
    (folder / "b.png").unlink()


def rename_one(folder):
    (folder / "a.png").rename(folder / "z.png")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (replace_one, [9, 2]),
        (add_one, [1, 2, 9]),
        (remove_one, [1]),
        (rename_one, [2, 1]),
    ],
)
def test_a_changed_folder_is_prepared_anew(load, folder, change, expected):
    write(folder / "a.png", 1)
    write(folder / "b.png", 2)
    before = load()
    change(folder)
    after = load()
    assert colours(after) == expected
    assert before.fingerprint != after.fingerprint


def test_the_headers_of_a_changed_folder_are_read_anew(shape, folder):
    write(folder / "a.png")
    write(folder / "b.png")
    assert shape() == (4, 4, 1)
    write(folder / "b.png", mode="RGB")
    assert shape() == (4, 4, 3)
    write(folder / "b.png", size=(8, 4))
    assert shape() == (None, None, 1)


def test_an_unchanged_folder_is_decoded_and_planned_once(
    load, shape, folder, monkeypatch
):
    write(folder / "a.png", 1)
    first = (shape(), load().fingerprint)

    def forbid(*args, **kwargs):
        raise AssertionError("a file was opened again")

    monkeypatch.setattr(PIL.Image, "open", forbid)
    assert (shape(), load().fingerprint) == first


def test_what_was_kept_of_the_headers_is_made_again_if_it_is_damaged(
    shape, folder, tmp_path
):
    write(folder / "a.png")
    assert shape() == (4, 4, 1)
    (headers_file,) = (tmp_path / "cache").iterdir()
    whole = headers_file.read_text()
    another_shape = whole.replace('"shape": [4, 4, 1]', '"shape": [4, 4, 3]')
    assert another_shape != whole
    for damage in ("", "{", "[1]", "7", "null", another_shape):
        headers_file.write_text(damage)
        assert shape() == (4, 4, 1)
        assert headers_file.read_text() == whole


def test_an_interrupt_leaves_nothing_half_made(
    load, shape, folder, tmp_path, monkeypatch
):
    for number in range(3):
        write(folder / f"{number}.png", number)
    shape()
    read = decoding.read_frames

    def interrupt(path, *arguments, **keywords):
        if path.endswith("1.png"):
            raise KeyboardInterrupt
        return read(path, *arguments, **keywords)

    monkeypatch.setattr(decoding, "read_frames", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load()
    (entry,) = (tmp_path / "cache").iterdir()
    assert entry.name.startswith("headers-")


@pytest.mark.parametrize(
    ("odd_one", "chunk_bytes", "expected"),
    [
        ((4, 4), 2**24, [16, 5]),
        ((4, 4), 3 * 16, [3] * 7),
        ((4, 4), 1, [1] * 21),
        ((4, 5), 2**24, [1] * 21),
    ],
)
def test_a_few_images_are_in_memory_at_a_time(
    load, folder, monkeypatch, odd_one, chunk_bytes, expected
):
    for number in range(20):
        write(folder / "ab"[number % 2] / f"{number:02d}.png", number)
    write(folder / "b" / "20.png", 20, size=odd_one)
    sizes = []
    apply_fit = preparation.apply_fit

    def watch(fit, images):
        sizes.append(len(images))
        return apply_fit(fit, images)

    monkeypatch.setattr(preparation, "apply_fit", watch)
    monkeypatch.setattr(sources, "_CHUNK_BYTES", chunk_bytes)
    array = load()
    assert sizes == expected
    assert colours(array) == [*range(0, 20, 2), *range(1, 20, 2), 20]
    assert array.labels.tolist() == [0] * 10 + [1] * 11


def test_a_folder_that_does_not_exist_or_is_a_file_is_refused(
    load, shape, folder
):
    folder.rmdir()
    for ask in (load, shape):
        with pytest.raises(errors.UserError, match="does not exist: give a"):
            ask()
    folder.write_text("")
    for ask in (load, shape):
        with pytest.raises(errors.UserError, match="is not a folder: give a"):
            ask()


def test_a_cache_that_cannot_be_written_names_the_flag(folder, tmp_path):
    write(folder / "a.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.UserError, match="give --cache_dir=FOLDER"):
        _ = loading.find(str(folder), cache_dir=str(tmp_path / "file")).shape


def test_names_of_any_length_and_script_can_be_prepared(load, folder, tmp_path):
    long = tmp_path / ("写" * 80)
    write(long / os.fsdecode(b"caf\xe9") / "a.png", 1)
    write(long / "猫" / "b.png", 2)
    array = loading.load(
        str(long), image_size=(4, 4), cache_dir=str(tmp_path / "cache")
    )
    assert sorted(array.class_names) == sorted(("caf\ufffd", "猫"))
    assert sorted(colours(array)) == [1, 2]


def test_the_module_says_which_version_of_it_made_a_cache(
    load, folder, tmp_path, monkeypatch
):
    write(folder / "a.png")
    load()
    monkeypatch.setattr(source, "_VERSION", 0)
    load()
    entries = [p for p in (tmp_path / "cache").iterdir() if p.is_dir()]
    assert len(entries) == 2


def write_deep(path, low, high, *, dtype=np.uint16):
    """Writes an image of 4x4 pixels, from low to high."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.linspace(low, high, 16).reshape(4, 4).astype(dtype)
    PIL.Image.fromarray(values).save(path)


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        ("png", np.uint16),
        ("tif", np.uint16),
        ("tif", np.int32),
        ("tif", np.float32),
    ],
)
def test_all_splits_share_the_scale_of_their_values(
    load, folder, tmp_path, suffix, dtype
):
    write_deep(folder / "train" / f"a.{suffix}", 0, 1000, dtype=dtype)
    write_deep(folder / "test" / f"a.{suffix}", 2000, 4000, dtype=dtype)
    array, test = load(), load("test")
    depth = {np.int32: "32-bit", np.float32: "floating-point"}.get(
        dtype, "16-bit"
    )
    assert array.value_range == test.value_range == (0, 4000)
    assert array.preparation == (
        f"4x4x1 as they are, {depth} values 0 to 4,000 mapped to black to white"
    )
    assert (array.images.min(), array.images.max()) == (0, 64)
    assert (test.images.min(), test.images.max()) == (128, 255)


def test_the_values_of_a_folder_are_read_once(load, folder, monkeypatch):
    write_deep(folder / "a.png", 0, 4095)
    first = load()

    def forbid(*args, **kwargs):
        raise AssertionError("a file was opened again")

    monkeypatch.setattr(PIL.Image, "open", forbid)
    again = load()
    assert (again.value_range, again.fingerprint) == (
        first.value_range,
        first.fingerprint,
    )


def test_a_range_that_is_given_wins_and_makes_another_array(load, folder):
    write_deep(folder / "a.png", 0, 4095)
    of_data = load()
    of_full_range = load(read_as=reading.Reading(value_range=(0.0, 65535.0)))
    assert of_data.images.max() == 255 and of_full_range.images.max() == 16
    assert of_full_range.value_range == (0, 65535)
    # The range of the data, given, is the same array.
    same = load(read_as=reading.Reading(value_range=(0.0, 4095.0)))
    assert same.fingerprint == of_data.fingerprint


def test_values_outside_a_range_that_is_given_are_counted(load, folder):
    for number in range(40):
        write_deep(folder / f"{number:02d}.png", 0, 1000)
    write_deep(folder / "40.png", 0, 4000)
    read_as = reading.Reading(value_range=(0.0, 2000.0))
    pixels = np.linspace(0, 4000, 16).astype(np.uint16)
    share = (pixels > 2000).sum() / (41 * 16)
    array = load(read_as=read_as)
    assert array.notes[0] == (
        f"{share:.2%} of all values, in 1 of 41 images, lie outside "
        "--value_range=0,2000 and become black or white"
    )
    assert array.images[40].max() == 255
    assert load(read_as=read_as).notes == array.notes


def test_a_range_for_8_bits_is_refused(load, folder):
    write(folder / "a.png", 5)
    with pytest.raises(errors.UserError) as caught:
        load(read_as=reading.Reading(value_range=(0.0, 100.0)))
    assert str(caught.value) == (
        f"--value_range=0,100 is for images of more than 8 bits, and {folder} "
        "has 8-bit images: leave it out"
    )
    with pytest.raises(errors.UserError, match="and glyphs has 8-bit images"):
        _ = loading.find(
            "glyphs", read_as=reading.Reading(value_range=(0.0, 100.0))
        ).value_range


@pytest.mark.parametrize("other", [np.uint8, np.float32])
def test_mixed_depths_are_refused_with_a_file_of_each(load, folder, other):
    write_deep(folder / "a.tif", 0, 4095)
    write_deep(folder / "b.tif", 0, 200, dtype=other)
    depths = sorted(
        [
            "16-bit images (a.tif)",
            {np.uint8: "8-bit", np.float32: "floating-point"}[other]
            + " images (b.tif)",
        ]
    )
    with pytest.raises(errors.UserError) as caught:
        load()
    assert str(caught.value) == (
        f"{folder} mixes {depths[0]} and {depths[1]}, whose values have no "
        "common scale: bring all to one depth, or put them in folders apart"
    )


def test_whole_numbers_of_16_and_32_bits_share_a_scale(load, folder):
    write_deep(folder / "a.tif", 0, 1000)
    write_deep(folder / "b.tif", -1000, 70_000, dtype=np.int32)
    array = load()
    assert array.value_range == (-1000, 70_000)
    assert "16-bit and 32-bit values -1,000 to 70,000" in array.preparation


def test_values_that_are_not_finite_are_named_and_left_out(load, folder):
    for number in range(20):
        write_deep(
            folder / f"{number:02d}.tif", number / 20, 1, dtype=np.float32
        )
    bad = np.full((4, 4), np.nan, np.float32)
    PIL.Image.fromarray(bad).save(folder / "07.tif")
    array = load()
    assert len(array.images) == 19 and array.value_range == (0, 1)
    assert array.notes == (
        "1 of 20 files are damaged and left out: 07.tif (NaN or infinity)",
    )


def test_deep_images_of_one_value_have_no_scale(load, folder):
    write_deep(folder / "a.png", 7, 7)
    with pytest.raises(errors.UserError, match="have the same value 7: give"):
        load()


def test_a_damaged_tiff_is_named_with_what_libtiff_says(load, folder, capfd):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    for number in range(21):
        image = PIL.Image.fromarray(np.roll(noise, number, 0))
        image.save(folder / f"{number:02d}.tif", compression="tiff_deflate")
    path = folder / "07.tif"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    path.write_bytes(content)
    array = load(image_size=(64, 64))
    assert array.notes == ("1 of 21 files are damaged and left out: 07.tif",)
    assert "ZIPDecode" not in capfd.readouterr().err
    with pytest.raises(decoding.DamagedImageError) as caught:
        decoding.read(path)
    assert str(caught.value).startswith("decoder error -2: ZIPDecode: Decoding")


def test_what_libtiff_says_of_whole_files_is_counted_and_named(
    load, folder, monkeypatch, capfd
):
    for number in range(3):
        write(folder / f"{number}.tif", number)
    monkeypatch.setattr(decoding, "_pixels", _print_first(decoding._pixels))
    array = load()
    assert array.notes == (
        "libtiff has 4 warnings about 2 files, which may be damaged: 0.tif, "
        "2.tif (the first: TIFFx: one)",
    )
    assert capfd.readouterr().err == ""


def _print_first(decode):
    """Prints as libtiff does, for all files but 1.tif."""

    def print_and_decode(image, frame, path, how, outside):
        if not path.endswith("1.tif"):
            os.write(2, b"TIFFx: one\nTIFFx: two\x1b[2J\n")
        return decode(image, frame, path, how, outside)

    return print_and_decode


def test_files_of_other_suffixes_are_counted_by_suffix(load, folder):
    for number in range(4):
        write(folder / f"{number}.png", number)
    for name in ("a.xyz", "b.XYZ", "c.txt", "d.txt", "README"):
        (folder / name).write_text("x")
    assert load().notes == (
        "5 files left out: 2 .txt, 2 .xyz, 1 without suffix",
    )


def test_every_suffix_that_pillow_opens_is_taken(load, folder):
    image = PIL.Image.fromarray(np.arange(16, dtype=np.uint8).reshape(4, 4))
    for number, (suffix, form) in enumerate(
        [
            ("jfif", "JPEG"),
            ("JPE", "JPEG"),
            ("ppm", "PPM"),
            ("tga", "TGA"),
            ("jp2", "JPEG2000"),
            ("avif", "AVIF"),
            ("apng", "PNG"),
        ]
    ):
        image.save(folder / f"{number}.{suffix}", format=form)
    assert len(load().images) == 7


def write_frames(path, *images, **keywords):
    frames = [PIL.Image.fromarray(image) for image in images]
    frames[0].save(path, save_all=True, append_images=frames[1:], **keywords)


def frame(value):
    pixels = np.full((4, 4), value, np.uint8)
    pixels[-1, -1] = 255 - value
    return pixels


ALL = reading.Reading(frames="all")


@pytest.mark.parametrize("suffix", ["tif", "gif", "webp", "png"])
def test_each_frame_is_an_image_if_all_are_taken(load, folder, suffix):
    keywords = {"lossless": True} if suffix == "webp" else {}
    for name, values in (("cat/a", (10, 20, 30)), ("dog/b", (40,))):
        (folder / name).parent.mkdir()
        write_frames(
            folder / f"{name}.{suffix}", *map(frame, values), **keywords
        )
    first = load()
    assert colours(first) == [10, 40]
    assert first.notes == (
        f"cat/a.{suffix} has 3 pages or frames; the first is taken, "
        "--frames=all takes all",
    )
    every = load(read_as=ALL)
    assert colours(every) == [10, 20, 30, 40]
    assert every.labels.tolist() == [0, 0, 0, 1]
    assert every.notes == ()


def test_many_files_of_many_frames_are_counted(load, folder):
    for name in "ab":
        write_frames(folder / f"{name}.tif", frame(1), frame(2))
    write(folder / "c.tif", 3)
    assert load().notes == (
        "2 files have several pages or frames (a.tif has 2); the first is "
        "taken, --frames=all takes all",
    )
    assert colours(load(read_as=ALL)) == [1, 2, 1, 2, 3]


def test_more_frames_than_are_read_at_once_keep_their_order(load, folder):
    write_frames(folder / "a.tif", *map(frame, range(100)))
    assert colours(load(read_as=ALL)) == list(range(100))


def test_pages_of_other_sizes_make_sizes_vary(load, shape, folder):
    write_frames(folder / "a.tif", frame(1), np.zeros((6, 8), np.uint8))
    assert shape() == (4, 4, 1)
    assert shape(read_as=ALL) == (None, None, 1)
    assert load(read_as=ALL).images.shape == (2, 4, 4, 1)


def test_deep_pages_share_the_scale(load, folder):
    pages = [np.full((4, 4), v, np.uint16) for v in (0, 500, 1000)]
    write_frames(folder / "a.tif", *pages)
    assert colours(load(read_as=ALL)) == [0, 128, 255]


def test_a_damaged_page_is_left_out_alone(load, folder):
    noise = np.random.default_rng(0).integers(0, 256, (20, 32, 32), np.uint8)
    write_frames(folder / "a.tif", *noise, compression="tiff_lzw")
    path = folder / "a.tif"
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    array = load(read_as=ALL)
    assert len(array.images) in (19, 20)


def drawing(colour):
    """A stroke of a colour on nothing."""
    image = PIL.Image.new("RGBA", (4, 4), (*colour, 0))
    image.putpixel((1, 1), (*colour, 255))
    return image


def test_white_drawings_on_nothing_are_laid_over_black_and_told(load, folder):
    for number in range(3):
        image = drawing((255, 255, 255))
        image.putpixel((2, number), (255, 255, 255, 255))
        image.save(folder / f"{number}.png")
    array = load()
    assert array.images[0, :, :, 0].sum() == 2 * 255
    assert array.notes == (
        "transparent pixels are laid over black, since white hides all of 3 "
        "of 3 images looked at",
    )


def test_other_drawings_on_nothing_are_laid_over_white(load, folder):
    for number in range(3):
        image = drawing((0, 0, 0))
        image.putpixel((2, number), (0, 0, 0, 255))
        image.save(folder / f"{number}.png")
    array = load()
    assert array.images[0, 0, 0, 0] == 255 and array.notes == ()


def test_blank_sets_and_copies_are_told(load, folder):
    for number in range(20):
        write(folder / f"{number:02d}.png", number, plain=number < 18)
    assert (
        load().notes == ("18 of 20 images are of one colour",)
        or "18 of 20 images are of one colour" in load().notes
    )


@pytest.fixture
def interrupted(load, folder, tmp_path, monkeypatch):
    """Interrupts a preparation after 41 of 61 files.

    Returns:
        (undisturbed, parts_folder, opened): the array without an interrupt, the
        folder that is left, and a list of the files that are opened next.
    """
    for number in range(60):
        write(folder / "ab"[number % 2] / f"{number:02d}.png", number)
    (folder / "a" / "broken.png").write_bytes(b"no image")
    undisturbed = load(cache_dir=str(tmp_path / "other"))
    monkeypatch.setattr(parts.Parts, "is_due", True)
    monkeypatch.setattr(source, "_IMAGES_AT_ONCE", 16)
    read, opened = decoding.read_frames, []

    def interrupt(path, *arguments, **keywords):
        if path.endswith("41.png"):
            raise KeyboardInterrupt
        return read(path, *arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(decoding, "read_frames", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load()
    monkeypatch.setattr(
        decoding,
        "read_frames",
        lambda path, *a, **k: opened.append(path) or read(path, *a, **k),
    )
    [parts_folder] = (tmp_path / "cache").glob(".parts-*")
    return undisturbed, parts_folder, opened


def test_a_preparation_goes_on_where_it_was_interrupted(
    load, interrupted, capsys
):
    undisturbed, parts_folder, opened = interrupted
    again = load()
    assert "goes on after the 32 images" in capsys.readouterr().err
    assert len(opened) == 61 - 32 - 1
    assert again.fingerprint == undisturbed.fingerprint
    np.testing.assert_array_equal(again.images, undisturbed.images)
    np.testing.assert_array_equal(again.labels, undisturbed.labels)
    assert again.notes == undisturbed.notes
    assert not parts_folder.exists()


@pytest.mark.parametrize("place", [128, 128 + 20 * 16, -1])
def test_damage_in_what_is_kept_is_noticed_and_made_again(
    load, interrupted, place
):
    undisturbed, parts_folder, opened = interrupted
    content = bytearray((parts_folder / "images.npy").read_bytes())
    content[place] ^= 1
    (parts_folder / "images.npy").write_bytes(content)
    again = load()
    assert len(opened) >= 28
    assert again.fingerprint == undisturbed.fingerprint
    np.testing.assert_array_equal(again.images, undisturbed.images)
    np.testing.assert_array_equal(again.labels, undisturbed.labels)
    assert again.notes == undisturbed.notes


@pytest.mark.parametrize("text", ["", "{", "7", '{"bytes": 1}', "\xff"])
def test_a_damaged_journal_begins_anew(load, interrupted, text):
    undisturbed, parts_folder, opened = interrupted
    (parts_folder / "journal.jsonl").write_text(text, encoding="latin-1")
    assert load().fingerprint == undisturbed.fingerprint
    assert len(opened) == 61


def test_what_another_process_prepares_is_left_alone(load, interrupted):
    undisturbed, parts_folder, opened = interrupted
    content = (parts_folder / "images.npy").read_bytes()
    with locks.locked(parts_folder):
        assert load().fingerprint == undisturbed.fingerprint
    assert len(opened) == 61
    assert (parts_folder / "images.npy").read_bytes() == content


def test_a_disk_that_refuses_a_lock_is_prepared_on_without_parts(
    load, interrupted, monkeypatch
):
    undisturbed, _, opened = interrupted

    def fail(*_):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(locks.fcntl, "flock", fail)
    assert load().fingerprint == undisturbed.fingerprint
    assert len(opened) == 61


def test_what_nobody_has_gone_on_with_for_weeks_is_removed(
    load, interrupted, tmp_path
):
    _, parts_folder, _ = interrupted
    os.utime(parts_folder, (0, 0))
    other = tmp_path / "other photos"
    write(other / "a.png")
    loading.load(
        str(other), image_size=(4, 4), cache_dir=str(tmp_path / "cache")
    )
    assert not parts_folder.exists()
