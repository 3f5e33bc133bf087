import json
import os
import shutil
import zipfile

import PIL.Image
import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import overrides
from tf_dcgan.data import loading, reading
from tf_dcgan.data.folders import labels_files, listings


@pytest.fixture
def folder(tmp_path):
    """Four images without sub-folders, 1 to 4 with a white corner."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for colour, name in enumerate("abcd", 1):
        _write(folder / f"{name}.png", colour)
    return folder


def _write(path, colour):
    image = PIL.Image.new("L", (4, 4), colour)
    image.putpixel((3, 3), 255)
    image.save(path)


@pytest.fixture
def load(tmp_path):
    def load_folder(folder, labels, split="train", **keywords):
        return loading.load(
            str(folder),
            split,
            image_size=(4, 4),
            read_as=reading.Reading(labels=str(labels)),
            cache_dir=str(tmp_path / "cache"),
            **keywords,
        )

    return load_folder


ROWS = "a.png,dog\nb.png,cat\nc.png,dog\nd.png,cat\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", ROWS),
        ("x.csv", "file,class\n" + ROWS),
        ("x.csv", "\ufeffFilename,Label\r\n" + ROWS.replace("\n", "\r\n")),
        ("x.tsv", ROWS.replace(",", "\t")),
        ("x.csv", ROWS.replace(",", ";").replace("a.png", '"a.png"')),
        ("x.csv", "id,label\n" + ROWS.replace(".png", "")),
        ("x.csv", ROWS.replace(".png", "")),
        (
            "x.csv",
            "n,class,image\n1,dog,a.png\n2,cat,b.png\n3,dog,c.png\n"
            "4,cat,d.png\n",
        ),
        ("x.csv", "label,file\ndog,a.png\ncat,b.png\ndog,./c.png\ncat,d.png"),
        ("x.csv", "\n" + ROWS + "\na.png , dog\n"),
        ("x.json", json.dumps(dict(r.split(",") for r in ROWS.split()))),
        (
            "x.json",
            json.dumps(
                [
                    dict(zip(("file", "class"), r.split(","), strict=True))
                    for r in ROWS.split()
                ]
            ),
        ),
    ],
)
def test_a_file_tells_the_classes(load, folder, tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode())
    array = load(folder, path)
    assert array.class_names == ("cat", "dog")
    assert array.labels.tolist() == [1, 0, 1, 0]
    assert array.images[:, 0, 0, 0].tolist() == [1, 2, 3, 4]
    assert array.notes == ()
    read_as = reading.Reading(labels=str(path))
    names = loading.find(str(folder), read_as=read_as).class_names
    assert names == array.class_names
    assert loading.find(str(folder), read_as=read_as).why_unlabelled == ""


def test_numbers_are_classes_in_the_order_of_their_values(load, folder):
    path = folder / "labels.json"
    path.write_text('{"a.png": 10, "b.png": 9, "c.png": 2, "d.png": 10}')
    array = load(folder, path)
    assert array.class_names == ("2", "9", "10")
    assert array.labels.tolist() == [2, 1, 0, 2]


def test_images_without_a_row_and_rows_without_an_image_are_told(load, folder):
    path = folder / "labels.csv"
    path.write_text("a.png,cat\nx.png,cat\nb.png,dog\n")
    array = load(folder, path)
    assert array.images[:, 0, 0, 0].tolist() == [1, 2]
    assert array.notes == (
        "left out: 2 images without a row in labels.csv: c.png, d.png",
        "1 row of labels.csv without an image: x.png",
    )


def test_classes_go_across_sub_folders_splits_and_archives(load, tmp_path):
    names = ("train/1/a.png", "train/2/b.png", "Test/1/c.png")
    folder, path = tmp_path / "photos", tmp_path / "labels.csv"
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for colour, name in enumerate(names):
            (folder / name).parent.mkdir(parents=True)
            _write(folder / name, colour)
            archive.write(folder / name, f"photos/{name}")
    path.write_text(
        "".join(f"{n},{c}\n" for n, c in zip(names, "xyy", strict=True))
    )
    for data in (folder, tmp_path / "photos.zip"):
        assert load(data, path).labels.tolist() == [0, 1]
        test = load(data, path, "test")
        assert test.labels.tolist() == [1]
        assert test.class_names == ("x", "y") and test.notes == ()
    one = load(folder, path, class_name="y")
    assert one.images[:, 0, 0, 0].tolist() == [1]


def test_other_labels_are_another_set_and_moved_ones_are_not(
    load, folder, tmp_path
):
    path = tmp_path / "labels.csv"
    path.write_text(ROWS)
    first = load(folder, path)
    shutil.move(path, tmp_path / "moved.csv")
    assert load(folder, tmp_path / "moved.csv").images.filename == (
        first.images.filename
    )
    path.write_text(ROWS.replace("a.png,dog", "a.png,cat"))
    assert load(folder, path).fingerprint != first.fingerprint


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", None, "does not exist: put it back, or give a .csv with"),
        ("x.csv", b"", "has no rows"),
        ("x.csv", b"file,class\n", "has no rows"),
        ("x.csv", b"a.png,cat,3\n", "(line 1 is 'a.png,cat,3'): give a .csv"),
        ("x.csv", b"a.png,cat\nb.png\n", "(line 2 is 'b.png')"),
        ("x.csv", b"a.png,\n", "(line 1 is 'a.png,')"),
        ("x.csv", b"a.png,cat\na.png,dog\n", "two classes for a.png: cat and"),
        (
            "x.csv",
            b"q.png,cat\n",
            "names no image of {}: it has q.png, and the "
            "images are a.png, b.png, c.png, d.png. Name",
        ),
        ("x.csv", b"\xff\xfea\x00", "is not UTF-8: save it as UTF-8"),
        ("x.csv", b'"a.png,cat\n', "cannot be read (unexpected end of data)"),
        ("x.csv", b"id,w,label,h\nq,1,2,3", "names no image"),
        ("x.csv", b"id,w,h\na,1,2", "its header has no columns file and class"),
        ("x.json", b"{", "cannot be read (Expecting property name"),
        ("x.json", b"3", "it is neither an object nor a list"),
        ("x.json", b"[3]", "3 is no object"),
        ("x.json", b'{"a.png": null}', "a.png has the class None"),
        ("x.json", b'[{"file": "a.png"}]', "a.png has the class None"),
        ("x.json", b"[" * 100_000, "cannot be read"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_in_a_line(
    load, folder, tmp_path, name, content, words
):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.UserError) as caught:
        load(folder, path)
    message = str(caught.value)
    assert message.startswith(f"--labels={path} ") and "\n" not in message
    assert words.format(folder) in message


def test_a_split_to_train_on_needs_labels(folder, tmp_path):
    (folder / "train").mkdir()
    (folder / "test").mkdir()
    shutil.move(folder / "a.png", folder / "train")
    shutil.move(folder / "b.png", folder / "test")
    (tmp_path / "x.csv").write_text("test/b.png,cat\n")
    with pytest.raises(errors.UserError, match="no row for an image of the sp"):
        listings.find(str(folder), labels=str(tmp_path / "x.csv"))


@pytest.mark.parametrize("name", ["mnist", "x.npz"])
def test_labels_are_for_files(load, tmp_path, name):
    dataset = name if name == "mnist" else tmp_path / name
    with pytest.raises(
        errors.UserError, match="is for image files in a folder"
    ):
        load(dataset, tmp_path / "x.csv")


def test_the_flag_names_a_file_here_or_beside_the_images(
    folder, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (folder / "labels.csv").write_text(ROWS)
    flags = {"dataset": "./photos", "labels": "labels.csv"}
    beside = overrides.from_flags(flags)
    assert beside.labels == str(folder / "labels.csv")
    (tmp_path / "labels.csv").write_text(ROWS)
    here = overrides.from_flags(flags)
    assert here.labels == os.path.abspath("labels.csv")
    assert reading.of_run(here).labels == here.labels
    resumed = overrides.resume(beside, {"labels": "labels.csv"})
    assert resumed.labels == here.labels
    with pytest.raises(errors.UserError, match="--labels=.* would do nothing"):
        overrides.from_flags({"recipe": "cyclegan", "labels": "labels.csv"})


def test_names_are_parted_by_slashes_on_every_system(tmp_path):
    (tmp_path / "x.csv").write_text("a\\b.png,cat\n./a/c.png,dog\n")
    assert labels_files.read(str(tmp_path / "x.csv")) == {
        "a/b.png": "cat",
        "a/c.png": "dog",
    }
