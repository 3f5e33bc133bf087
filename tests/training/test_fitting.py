import pytest

from tf_dcgan.config import overrides
from tf_dcgan.data import reading
from tf_dcgan.training import fitting

STRIPS = {(512, 80): 1}


def fixed(counts, native=(None, None), *, padded=True, titles=("",), **flags):
    config = overrides.from_flags(flags)
    originals = [
        fitting.Originals(
            counts, reading.of_run(config), may_be_padded=padded, title=title
        )
        for title in titles
    ]
    if len(counts) == 1:
        native = next(iter(counts))
    return fitting.fix_size(config, native, *originals)


def notes(counts, **settings):
    return fixed(counts, **settings)[2]


def test_the_share_that_is_kept_is_told_with_the_images_own_shape():
    assert notes(STRIPS) == [
        "note: only 16% of each image is kept: the rest is cut off for the "
        "shape of 64x64; --image_size=200x32 (height x width) has their own "
        "shape, --fit=pad or --fit=stretch keep all"
    ]
    assert notes({(480, 640): 1})[0].startswith("note: only 75% of each image")


def test_a_recipe_of_one_size_names_no_other():
    (note,) = notes(STRIPS, recipe="dcgan_28")
    assert note.endswith("shape of 28x28; --fit=pad or --fit=stretch keep all")


@pytest.mark.parametrize(
    "counts, flags",
    [
        ({(64, 70): 1}, {}),  # 91 %.
        (STRIPS, {"fit": "pad"}),
        (STRIPS, {"fit": "stretch"}),
        (STRIPS, {"image_size": "200x32"}),
        ({(28, 32): 1}, {}),  # Padded: nothing is cut.
        ({}, {}),  # Nobody knows.
    ],
)
def test_who_loses_little_reads_nothing(counts, flags):
    assert notes(counts, **flags) == []


def test_of_many_sizes_the_mean_share_is_told():
    (note,) = notes({(512, 80): 1, (64, 64): 1})
    assert note.startswith("note: only 58% of each image, on average, is kept")


def test_auto_says_what_it_chose_and_why_and_config_keeps_it():
    config, size, lines = fixed({(480, 640): 1}, image_size="auto")
    assert (config.image_size, size) == ("48x64", (48, 64))
    assert lines == [
        "note: --image_size=auto is 48x64: the images have 480x640 pixels"
    ]
    lines = notes({(480, 640): 9, (481, 640): 1}, image_size="auto")
    assert lines == [
        "note: --image_size=auto is 48x64: the images have 480x640 pixels, by "
        "their medians"
    ]


def test_images_that_are_enlarged_much_are_told():
    lines = notes({(8, 8): 1})
    assert lines == [
        "note: the images are enlarged (4.0 times, from 8x8 to 32x32) and "
        "will look blurred"
    ]
    lines = notes({(12, 77): 30, (80, 512): 20}, image_size="80x512")
    assert lines == [
        "note: 30 of 50 images looked at are more than twice enlarged (at "
        "most 6.7 times, from 12x77 to 80x512) and will look blurred"
    ]
    assert notes({(20, 20): 1, (90, 90): 200}) == []  # One in 201.


def test_the_notes_on_two_sets_name_the_set():
    lines = notes(
        STRIPS,
        recipe="cyclegan",
        dataset_a="x",
        dataset_b="y",
        image_size="64",
        padded=False,
        titles=("A: ", "B: "),
    )
    assert [line[:14] for line in lines] == ["note: A: only ", "note: B: only "]
