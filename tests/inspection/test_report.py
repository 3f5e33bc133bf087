"""A whole inspection of an awful folder: facts, text, JSON and page."""

import html.parser
import json
import re
import shutil

import awful_folder
import numpy as np
import PIL.Image
import pytest

from tf_dcgan.common import errors, terminal
from tf_dcgan.inspection import report


def _kinds(facts):
    return {finding["kind"]: finding["text"] for finding in facts["findings"]}


def test_every_damaged_file_is_named_with_its_reason(awful_report):
    damaged = {e["name"]: e["reason"] for e in awful_report.facts["damaged"]}
    assert sorted(damaged) == sorted(awful_folder.DAMAGED)
    assert all(damaged.values())
    assert damaged["damaged/text.png"] == "it is no image"
    assert "89,478,485 pixels" in damaged["damaged/bomb.png"]
    assert "NaN" in damaged["odd/nan.tif"]


def test_counts_are_of_what_can_be_used(awful_report):
    facts = awful_report.facts
    assert facts["images"] == facts["usable"] + len(awful_folder.DAMAGED)
    assert facts["splits"] == {"train": facts["images"]}
    assert sum(facts["formats"].values()) == facts["usable"]
    assert sum(facts["classes"].values()) == facts["usable"]
    assert facts["classes"]["cats"] == 34
    assert facts["classes"]["lonely"] == 1
    assert facts["classes"]["damaged"] == 0
    assert facts["formats"]["WEBP"] == 1
    assert facts["other_files"] == {
        ".txt": 1,
        ".csv": 1,
        ".db": 1,
        "without suffix": 1,
    }


def test_modes_tell_depth_and_the_values_before_any_scaling(awful_report):
    modes = {
        (mode["mode"], mode["bits"]): mode
        for mode in awful_report.facts["modes"]
    }
    assert {mode for mode, _ in modes} == {
        *("1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F")
    } - {"L"}
    twelve = modes["I;16", 16]
    assert twelve["bits_in_use"] == 12
    assert twelve["high"] <= 4095
    assert twelve["low"] >= 9
    assert modes["I", 32]["low"] < 0
    assert modes["I", 32]["bits_in_use"] is None
    assert 0 <= modes["F", 32]["low"] < modes["F", 32]["high"] <= 1
    assert modes["1", 1]["images"] == 1


def test_images_of_one_colour_are_named(awful_report):
    assert sorted(awful_report.facts["one_colour"]) == [
        "odd/black.gif",
        "odd/dot.png",
        "odd/white.png",
    ]


def test_equal_pixels_are_found_in_any_file(awful_report):
    copies = awful_report.facts["exact_copies"]
    assert sorted(map(sorted, copies["names"])) == [
        ["cats/00.png", "cats/copy of 00.png", "dogs/00.bmp"],
        ["odd/twelve bits.png", "odd/twelve bits.tif"],
    ]
    assert copies["beyond_the_first"] == 3
    assert copies["groups_across_classes"] == 1
    assert copies["groups_across_splits"] == 0


def test_compressed_smaller_and_brighter_copies_look_the_same(awful_report):
    groups = awful_report.facts["near_copies"]["names"]
    for one, other in (
        ("cats/01 squeezed.jpg", "cats/01.png"),
        ("cats/02 small.png", "cats/02.png"),
        ("cats/03 brighter.png", "cats/03.png"),
    ):
        assert [one, other] in groups
    # Images of other seeds are other images.
    named = {name for group in groups for name in group}
    assert not any(name.startswith("dogs/") for name in named)
    assert "cats/04.png" not in named


def test_what_is_odd_is_told(awful_report):
    facts = awful_report.facts
    assert facts["hidden_on_white"] == ["odd/white on nothing.png"]
    assert facts["misnamed"] == [{"name": "odd/jpeg.png", "format": "JPEG"}]
    assert facts["turned_by_exif"] == 1
    assert facts["frames"]["files_with_several"] == [
        "odd/moving.gif",
        "odd/pages.tif",
    ]
    assert sorted(facts["aspects"]["beyond_3_to_1"]) == [
        "odd/needle.png",
        "odd/strip.png",
    ]
    assert facts["gray_stored_as_colour"] >= 1
    assert facts["other_names"] == {
        "images by content, left out for their suffix": ["odd/no suffix"],
        "hidden, left out": [".cache", ".hidden.png"],
    }
    kinds = _kinds(facts)
    assert set(kinds) >= {
        *("too_many_damaged", "one_colour", "exact_copies", "near_copies"),
        *("exact_copies_across_classes", "white_drawings", "frames"),
        *("mixed_depths", "depth", "few", "balance", "lonely", "misnamed"),
    }
    assert "lonely" in kinds["lonely"]
    # The worst first.
    assert facts["findings"][0]["kind"] == "too_many_damaged"
    # A training would be refused, and the advice says so.
    assert awful_report.advice.obstacles == (
        kinds["too_many_damaged"],
        kinds["mixed_depths"],
    )


def test_a_turned_image_has_the_size_that_is_shown(awful_report):
    sizes = {
        (size["height"], size["width"])
        for size in awful_report.facts["sizes"]["most_common"]
    }
    assert (64, 48) in sizes


def test_links_are_followed_but_not_in_circles(awful_report):
    names = [
        awful_report.source.name(index)
        for index in range(awful_report.facts["images"])
    ]
    assert "dogs/linked/linked.png" in names
    assert not any("back to the top" in name for name in names)


def test_the_text_holds_no_control_characters(awful_report):
    lines = list(awful_report.lines())
    assert all(line.isprintable() for line in lines)
    text = "\n".join(lines)
    for word in ("damaged/cut.jpg", "Recommended"):
        assert word in text
    assert "\\x1b[2J" in terminal.escaped(awful_folder.ESCAPES)


def test_the_facts_are_json_of_ascii(awful_report):
    text = json.dumps(awful_report.to_json())
    assert text.isascii()
    assert json.loads(text)["advice"]["command"].startswith(
        "python -m tf_dcgan train --recipe="
    )


class _Tags(html.parser.HTMLParser):
    """Counts tags, and checks that all are closed."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_escapes_names_and_needs_no_other_file(awful_report):
    page = awful_report.page()
    tags = _Tags()
    tags.feed(page)
    assert tags.open == []
    assert "script" not in tags.seen
    assert "&lt;script&gt;" in page
    assert "{{ facts }}" in page  # A name, not a template.
    assert "<b>" not in page
    for letter in ("\x1b", "\u202e", "\x07", "\b"):
        assert letter not in page
    sources = re.findall(r'(?:src|href)="([^"]{0,12})', page)
    assert sources
    assert set(sources) <= {"data:image/p", "data:image/j"}
    assert "prefers-color-scheme: dark" in page
    for heading in (
        "What stands out",
        "Recommended training",
        "Cannot be read",
        "Examples",
        "Classes",
        "Equal images",
        "Images that look the same",
        "Of one colour",
        "Extremes",
    ):
        assert f"<h2>{heading}</h2>" in page


def test_a_folder_without_a_usable_image_still_gets_its_report(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_text("no image")
    folder_report = report.inspect(str(tmp_path))
    assert folder_report.advice is None
    assert len(folder_report.facts["damaged"]) == 2
    assert "nothing to train on" in "\n".join(folder_report.lines())
    assert "Cannot be read" in folder_report.page()


def test_an_array_is_refused_as_a_training_refuses_it(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 4, 4, 2)))
    with pytest.raises(errors.UserError, match="give \\[n, height"):
        report.inspect(str(tmp_path / "a.npy"))


def test_an_array_of_several_splits_is_inspected_whole(tmp_path):
    chance = np.random.default_rng(0)
    arrays = {
        f"x_{split}": chance.integers(0, 256, (count, 20, 20), dtype=np.uint8)
        for split, count in (("train", 6), ("test", 4))
    }
    arrays["x_test"][1] = arrays["x_train"][2]
    np.savez(tmp_path / "a.npz", **arrays)
    facts = report.inspect(str(tmp_path / "a.npz")).facts
    assert facts["splits"] == {"train": 6, "test": 4}
    assert facts["exact_copies"]["names"] == [["train 2", "test 1"]]
    assert facts["exact_copies"]["groups_across_splits"] == 1


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_packed_folder_is_inspected_as_the_folder(awful, tmp_path, suffix):
    folder = tmp_path / "photos"
    for name in ("cats", "dogs"):
        shutil.copytree(awful / name, folder / name, symlinks=True)
    (folder / "dogs/back to the top").unlink()
    (folder / "dogs/linked").unlink()
    (folder / "cats/cut.png").write_bytes(b"no image")
    shutil.make_archive(str(folder), suffix[1:], folder)
    of_folder, of_archive = (
        report.inspect(str(path)).facts
        for path in (folder, f"{folder}{suffix}")
    )
    for key in ("classes", "formats", "modes", "sizes", "other_files"):
        assert of_archive[key] == of_folder[key], key
    for key in ("exact_copies", "near_copies", "damaged"):
        assert of_archive[key] == of_folder[key], key
    assert [each["name"] for each in of_archive["damaged"]] == ["cats/cut.png"]


def test_classes_may_come_from_a_file(tmp_path):
    rows = ["file,class"]
    for number in range(6):
        image = PIL.Image.fromarray(awful_folder.photo(number))
        image.save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{'ab'[number % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    labels = str(tmp_path / "labels.csv")
    folder_report = report.inspect(str(tmp_path), labels=labels)
    assert folder_report.facts["classes"] == {"a": 3, "b": 3}
    assert folder_report.advice.settings["labels"] == labels


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_arrays_are_inspected_by_their_own_values(tmp_path, dtype):
    chance = np.random.default_rng(0)
    images = chance.integers(0, 200, (40, 20, 24)).astype(dtype)
    images[7] = images[3]
    labels = np.arange(40) % 4
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    array_report = report.inspect(str(tmp_path / "a.npz"))
    assert array_report.facts["usable"] == 40
    assert array_report.facts["classes"] == {
        str(label): 10 for label in range(4)
    }
    (mode,) = array_report.facts["modes"]
    assert (mode["low"], mode["high"]) == (0, 199)
    assert array_report.facts["exact_copies"]["names"] == [
        ["train 3", "train 7"]
    ]
    assert "train 3" in array_report.page()


def test_colour_arrays_with_channels_last_are_inspected(tmp_path):
    images = np.random.default_rng(0).integers(
        0, 256, (5, 32, 32, 3), dtype=np.uint8
    )
    np.save(tmp_path / "a.npy", images)
    array_report = report.inspect(str(tmp_path / "a.npy"))
    assert array_report.facts["channels"] == 3
    assert array_report.facts["sizes"]["different"] == 1
    assert array_report.advice.image_shape == (32, 32, 3)


def test_white_drawings_on_transparency_are_no_blank_images(tmp_path):
    for number in range(3):
        drawing = np.full((20, 20, 4), 255, np.uint8)
        drawing[..., 3] = awful_folder.photo(number, 20, 20)[..., 0]
        PIL.Image.fromarray(drawing).save(tmp_path / f"{number}.png")
    facts = report.inspect(str(tmp_path)).facts
    assert facts["one_colour"] == []
    assert len(facts["hidden_on_white"]) == 3
    assert "lays them over black" in _kinds(facts)["white_drawings"]


def test_values_that_are_not_finite_are_told_of_arrays(tmp_path):
    images = np.random.default_rng(0).random((4, 20, 20))
    images[2, 3, 4] = np.inf
    np.save(tmp_path / "a.npy", images)
    array_report = report.inspect(str(tmp_path / "a.npy"))
    assert array_report.facts["not_finite"] == ["train 2"]
    assert array_report.facts["modes"][0]["high"] < 1
    assert "Recommended" in "\n".join(array_report.lines())


def test_splits_are_counted_and_copies_between_them_told(tmp_path):
    for split, seeds in (("train", range(8)), ("test", range(6, 10))):
        (tmp_path / split).mkdir()
        for seed in seeds:
            image = PIL.Image.fromarray(awful_folder.photo(seed))
            image.save(tmp_path / split / f"{seed}.png")
    facts = report.inspect(str(tmp_path)).facts
    assert facts["splits"] == {"train": 8, "test": 4}
    assert facts["exact_copies"]["groups_across_splits"] == 2
    assert "2 groups" in _kinds(facts)["exact_copies_across_splits"]
