import json

import numpy as np
import pytest
import tiny_data

from tf_dcgan.common import errors
from tf_dcgan.data import cache, sources
from tf_dcgan.data.preparing import preparation


@pytest.mark.parametrize(
    ("shape", "image_size", "method", "content_box"),
    [
        ((28, 28, 1), (28, 28), "keep", (0, 0, 28, 28)),
        ((28, 28, 1), (32, 32), "pad", (2, 2, 28, 28)),
        ((28, 32, 3), (32, 32), "pad", (2, 0, 28, 32)),
        ((8, 8, 1), (10, 10), "pad", (1, 1, 8, 8)),
        ((7, 8, 1), (10, 10), "resize", (0, 0, 10, 10)),
        ((28, 28, 1), (64, 64), "resize", (0, 0, 64, 64)),
        ((33, 32, 3), (32, 32), "resize", (0, 0, 32, 32)),
        ((None, None, 3), (32, 48), "resize", (0, 0, 32, 48)),
    ],
)
def test_images_smaller_by_at_most_a_fifth_are_padded_others_resized(
    shape, image_size, method, content_box
):
    fit = preparation.choose_fit(shape, image_size)
    assert fit.method == method
    assert fit.content_box == content_box


@pytest.mark.parametrize(
    ("shape", "image_size", "words"),
    [
        ((32, 32, 3), (32, 32), "32x32x3 as they are"),
        ((28, 28, 1), (32, 32), "28x28x1, padded to 32x32 with background"),
        (
            (218, 178, 3),
            (64, 64),
            "218x178x3, cropped to the centre and resized to 64x64 "
            "(antialiased bicubic)",
        ),
        (
            (None, None, 3),
            (64, 64),
            "varying sizes, 3 channels, cropped to the centre and resized to "
            "64x64 (antialiased bicubic)",
        ),
        (
            (28, 28, 1),
            (64, 64),
            "28x28x1, resized to 64x64 (antialiased bicubic)",
        ),
    ],
)
def test_the_preparation_is_told_in_words(shape, image_size, words):
    assert preparation.choose_fit(shape, image_size).words == words


@pytest.mark.parametrize(
    ("shape", "crop"), [((28, 28, 1), None), ((40, 32, 1), (28, 28))]
)
def test_who_wants_no_padding_gets_resized_images(shape, crop):
    fit = preparation.choose_fit(shape, (32, 32), crop=crop, pad=False)
    assert (fit.method, fit.content_box) == ("resize", (0, 0, 32, 32))
    assert fit.words.endswith("resized to 32x32 (antialiased bicubic)")
    images = tiny_data.images(2, height=shape[0], width=shape[1])
    assert preparation.apply_fit(fit, images).shape == (2, 32, 32, 1)
    assert preparation.choose_fit(shape, (32, 32), crop=crop).method == "pad"


@pytest.mark.parametrize(
    ("shape", "crop", "method", "words"),
    [
        (
            (218, 178, 3),
            (178, 178),
            "resize",
            "218x178x3, centre crop of 178x178, resized to 32x32 "
            "(antialiased bicubic)",
        ),
        (
            (218, 178, 3),
            (200, 100),
            "resize",
            "218x178x3, centre crop of 200x100, cropped to the centre and "
            "resized to 32x32 (antialiased bicubic)",
        ),
        (
            (40, 32, 1),
            (28, 28),
            "pad",
            "40x32x1, centre crop of 28x28, padded to 32x32 with background",
        ),
        (
            (40, 32, 1),
            (32, 32),
            "keep",
            "40x32x1, centre crop of 32x32 as they are",
        ),
        (
            (None, None, 3),
            (64, 64),
            "resize",
            "varying sizes, 3 channels, centre crop of at most 64x64, cropped "
            "to the centre and resized to 32x32 (antialiased bicubic)",
        ),
    ],
)
def test_a_crop_comes_first_and_is_told(shape, crop, method, words):
    fit = preparation.choose_fit(shape, (32, 32), crop=crop)
    assert (fit.method, fit.crop, fit.words) == (method, crop, words)


def test_a_crop_takes_the_centre():
    image = np.arange(6 * 5, dtype=np.uint8).reshape(1, 6, 5, 1)
    fit = preparation.choose_fit((6, 5, 1), (2, 3), crop=(2, 3))
    np.testing.assert_array_equal(
        preparation.apply_fit(fit, image)[0, :, :, 0],
        [[11, 12, 13], [16, 17, 18]],
    )


@pytest.mark.parametrize("crop", [(33, 4), (4, 33)])
def test_a_crop_larger_than_the_images_is_refused(crop):
    with pytest.raises(errors.UserError) as caught:
        preparation.choose_fit((32, 32, 3), (32, 32), crop=crop)
    assert str(caught.value) == (
        f"--crop={crop[0]}x{crop[1]} is larger than the images, which are "
        "32x32x3: allowed is at most 32x32"
    )


def test_where_sizes_vary_a_crop_reaches_as_far_as_an_image_does():
    fit = preparation.choose_fit((None, None, 1), (4, 4), crop=(8, 8))
    for height, width in ((4, 4), (4, 20), (20, 4), (30, 30)):
        image = np.zeros((1, height, width, 1), np.uint8)
        top, left = max(height - 8, 0) // 2, max(width - 8, 0) // 2
        image[:, top : top + 8, left : left + 8] = 255
        assert np.all(preparation.apply_fit(fit, image) == 255)


def test_padding_puts_the_image_in_the_middle_of_zeros():
    images = tiny_data.images(2) | 1
    fit = preparation.choose_fit((28, 28, 1), (32, 32))
    padded = preparation.apply_fit(fit, images)
    np.testing.assert_array_equal(padded[:, 2:30, 2:30], images)
    assert np.count_nonzero(padded) == images.size


def test_the_crop_keeps_the_middle_and_the_wanted_aspect_ratio():
    # A white square of 8 in the middle of a black 8x24: what remains after
    # cropping to a square is all white.
    images = np.zeros((1, 8, 24, 3), np.uint8)
    images[:, :, 8:16] = 255
    fit = preparation.choose_fit((8, 24, 3), (4, 4))
    assert np.all(preparation.apply_fit(fit, images) == 255)
    fit = preparation.choose_fit((24, 8, 3), (4, 4))
    upright = images.transpose(0, 2, 1, 3)
    assert np.all(preparation.apply_fit(fit, upright) == 255)
    # To a frame twice as wide as high, none of the width is cut.
    fit = preparation.choose_fit((24, 8, 3), (2, 4))
    assert preparation.apply_fit(fit, upright).shape == (1, 2, 4, 3)


def test_shrinking_averages_what_it_would_otherwise_skip():
    # Four columns become one, whose middle lies in a black stripe of two.
    stripes = np.zeros((1, 64, 64, 1), np.uint8)
    stripes[:, :, np.arange(64) % 4 == 0] = 255
    stripes[:, :, np.arange(64) % 4 == 3] = 255
    fit = preparation.choose_fit((64, 64, 1), (16, 16))
    shrunk = preparation.apply_fit(fit, stripes).astype(float)
    np.testing.assert_allclose(shrunk[:, :, 2:-2], 127.5, atol=12)


def test_overshoot_of_the_cubic_is_clipped_not_wrapped():
    edge = np.zeros((1, 8, 8, 1), np.uint8)
    edge[:, :, 4:] = 255
    fit = preparation.choose_fit((8, 8, 1), (32, 32))
    enlarged = preparation.apply_fit(fit, edge)
    assert enlarged.dtype == np.uint8
    assert np.all(enlarged[:, :, :12] < 30)
    assert np.all(enlarged[:, :, 20:] > 225)


def _fingerprint(folder, *, images=None, labels=(0, 1), image_size=(28, 28)):
    content = sources.Content(
        num_images=2,
        shape=(28, 28, 1),
        class_names=("zero", "one") if labels else (),
        chunks=iter(
            [
                (
                    tiny_data.images(2) if images is None else images,
                    np.array(labels) if labels else None,
                )
            ]
        ),
    )
    folder.mkdir()
    settings = preparation.Settings(image_size)
    preparation.write(folder, content, settings, title="tiny")
    info = json.loads((folder / cache.INFO).read_text(encoding="utf-8"))
    return info["fingerprint"]


def test_the_fingerprint_follows_from_every_pixel_and_label(tmp_path):
    one_pixel_brighter = tiny_data.images(2)
    one_pixel_brighter[1, 27, 27] ^= 1
    contents = {
        "set": {},
        "again": {},
        "pixel": {"images": one_pixel_brighter},
        "labels": {"labels": (1, 0)},
        "unlabelled": {"labels": ()},
        "padded": {"image_size": (32, 32)},
    }
    prints = {k: _fingerprint(tmp_path / k, **v) for k, v in contents.items()}
    assert prints.pop("again") == prints["set"]
    assert len(set(prints.values())) == len(prints) == 5


@pytest.mark.parametrize(
    ("shape", "image_size", "fit", "method", "content_box"),
    [
        # Without --fit: a side that is half as long is cropped, not padded.
        ((64, 32, 3), (64, 64), None, "resize", (0, 0, 64, 64)),
        ((28, 28, 1), (32, 32), "crop", "resize", (0, 0, 32, 32)),
        ((28, 28, 1), (32, 32), "pad", "pad", (2, 2, 28, 28)),
        ((28, 28, 1), (32, 32), "stretch", "stretch", (0, 0, 32, 32)),
        ((32, 32, 1), (32, 32), "pad", "keep", (0, 0, 32, 32)),
        ((64, 32, 3), (64, 64), "pad", "pad", (0, 16, 64, 32)),
        ((80, 512, 3), (64, 64), "pad", "pad", (27, 0, 10, 64)),
        ((512, 80, 3), (64, 64), "pad", "pad", (0, 27, 64, 10)),
        ((1, 900, 3), (64, 64), "pad", "pad", (31, 0, 1, 64)),
        # Of the shape itself, but for rounding: nothing is left to pad.
        ((481, 640, 3), (48, 64), "pad", "stretch", (0, 0, 48, 64)),
        ((None, None, 3), (64, 64), "pad", "pad", (0, 0, 64, 64)),
        ((None, None, 3), (64, 64), "stretch", "stretch", (0, 0, 64, 64)),
        ((None, None, 3), (64, 64), "crop", "resize", (0, 0, 64, 64)),
    ],
)
def test_the_user_says_how_images_get_their_shape(
    shape, image_size, fit, method, content_box
):
    image_fit = preparation.choose_fit(shape, image_size, fit=fit)
    assert (image_fit.method, image_fit.content_box) == (method, content_box)


@pytest.mark.parametrize("shape", [(80, 512, 3), (481, 640, 3), (9, 300, 1)])
def test_content_without_its_padding_is_made_alike_in_its_own_size(shape):
    # So are the real images of a run that are scored.
    box = preparation.choose_fit(shape, (64, 64), fit="pad").content_box
    again = preparation.choose_fit(shape, box[2:], fit="pad")
    assert again.content_box == (0, 0, *box[2:])


def test_padding_keeps_all_of_each_image_and_its_shape():
    image = np.full((1, 20, 80, 3), 255, np.uint8)
    for shape in ((20, 80, 3), (None, None, 3)):
        fit = preparation.choose_fit(shape, (32, 32), fit="pad")
        padded = preparation.apply_fit(fit, image)
        assert padded.shape == (1, 32, 32, 3)
        assert np.all(padded[0, 12:20] == 255)
        assert not padded[0, :12].any()
        assert not padded[0, 20:].any()


def test_stretching_keeps_all_of_each_image():
    image = np.zeros((1, 8, 64, 1), np.uint8)
    image[:, :, 32:] = 255  # A crop to a square would take 8 columns.
    fit = preparation.choose_fit((8, 64, 1), (8, 8), fit="stretch")
    stretched = preparation.apply_fit(fit, image)[0, :, :, 0]
    assert (stretched[:, :3] < 30).all()
    assert (stretched[:, 5:] > 225).all()


@pytest.mark.parametrize(
    ("shape", "fit", "words"),
    [
        (
            (28, 28, 1),
            "pad",
            "28x28x1, padded to 64x32 with background",
        ),
        (
            (20, 80, 3),
            "pad",
            "20x80x3, resized and padded to 64x32 with background",
        ),
        (
            (None, None, 3),
            "pad",
            "varying sizes, 3 channels, resized and padded to 64x32 with "
            "background",
        ),
        (
            (20, 80, 3),
            "stretch",
            "20x80x3, resized to 64x32 (antialiased bicubic)",
        ),
    ],
)
def test_a_chosen_fit_is_told_in_words(shape, fit, words):
    size = (64, 32)
    if shape == (28, 28, 1):
        words, size = words.replace("64x32", "32x32"), (32, 32)
    assert preparation.choose_fit(shape, size, fit=fit).words == words
