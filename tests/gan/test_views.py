"""The random changes between images and D, worked out in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.gan import views

COLOR, TRANSLATION, CUTOUT = slice(0, 3), slice(3, 5), slice(5, 7)


def images(count=6, height=16, width=24, channels=3, seed=0):
    chance = np.random.default_rng(seed)
    values = chance.uniform(-1, 1, (count, height, width, channels))
    return values.astype(np.float32)


def uniforms(count=6, numbers=views.NUM_UNIFORMS, seed=1):
    chance = np.random.default_rng(seed)
    return chance.uniform(0, 1, (count, numbers)).astype(np.float32)


def whole(uniform, lowest, highest):
    return lowest + int(np.floor(uniform * (highest - lowest + 1)))


def test_colours_are_changed_as_the_paper_says():
    before, drawn = images(), uniforms()
    after = views.augmented(before, ["color"], drawn).numpy()
    for image, numbers, actual in zip(before, drawn, after, strict=True):
        brightness, saturation, contrast = numbers[COLOR]
        image = image + (brightness - 0.5)
        gray = image.mean(2, keepdims=True)
        image = (image - gray) * (2 * saturation) + gray
        image = (image - image.mean()) * (contrast + 0.5) + image.mean()
        np.testing.assert_allclose(actual, image, atol=1e-5)


def test_images_are_moved_by_an_eighth_at_most_and_uncover_zeros():
    before, drawn = images(), uniforms()
    drawn[0, TRANSLATION] = 0.0, 0.999999
    after = views.augmented(before, ["translation"], drawn).numpy()
    for image, numbers, actual in zip(before, drawn, after, strict=True):
        down, right = (
            whole(number, -reach, reach)
            for number, reach in zip(numbers[TRANSLATION], (2, 3), strict=True)
        )
        expected = np.zeros_like(image)
        height, width, _ = image.shape
        for y in range(height):
            for x in range(width):
                if 0 <= y - down < height and 0 <= x - right < width:
                    expected[y, x] = image[y - down, x - right]
        np.testing.assert_array_equal(actual, expected)


def test_other_sides_round_as_the_authors_do():
    before, drawn = np.ones((2, 28, 25, 1), np.float32), uniforms(2)
    drawn[0], drawn[1] = 0.0, 0.999999
    moved = views.augmented(before, ["translation"], drawn).numpy()[..., 0]
    # An eighth of 28 and 25 is 3.5 and 3.1.
    assert (moved == 0).all(axis=2).sum(axis=1).tolist() == [4, 4]
    assert (moved == 0).all(axis=1).sum(axis=1).tolist() == [3, 3]
    cut = views.augmented(before, ["cutout"], drawn).numpy()[..., 0] == 0
    # 14 rows from -7 or 21 on, 13 columns from -6 or 18 on.
    assert cut.any(axis=2).sum(axis=1).tolist() == [7, 7]
    assert cut.any(axis=1).sum(axis=1).tolist() == [7, 7]


def test_a_square_of_half_the_sides_is_cut_out_at_the_borders_too():
    before, drawn = images(200), uniforms(200)
    drawn[0, CUTOUT] = 0.0
    drawn[1, CUTOUT] = 0.999999
    after = views.augmented(before, ["cutout"], drawn).numpy()
    for image, numbers, actual in zip(before, drawn, after, strict=True):
        top = whole(numbers[5], 0, 16) - 4
        left = whole(numbers[6], 0, 24) - 6
        expected = image.copy()
        expected[max(0, top) : top + 8, max(0, left) : left + 12] = 0
        np.testing.assert_array_equal(actual, expected)
    covered = (after == 0).all(3).mean((1, 2))
    assert covered.max() == 0.25
    assert covered[0] == covered[1] == 0.0625


def test_a_change_draws_the_same_whatever_the_others_are():
    before, drawn = images(), uniforms()
    one_by_one = before
    for change in ("color", "translation", "cutout"):
        one_by_one = views.augmented(one_by_one, [change], drawn)
    together = views.augmented(
        before, ["color", "translation", "cutout"], drawn
    )
    np.testing.assert_array_equal(one_by_one, together)


@pytest.mark.parametrize("may_flip", [False, True])
def test_shifted_images_show_their_mirror_image_at_the_edges(may_flip):
    before, drawn = images(), uniforms(numbers=3)
    drawn[0] = 0.0, 0.999999, 0.1
    after = views.shifted(before, drawn, may_flip=may_flip).numpy()
    for image, numbers, actual in zip(before, drawn, after, strict=True):
        down, right = (whole(number, -4, 4) for number in numbers[:2])
        padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), "reflect")
        top, left = 4 - down, 4 - right
        expected = padded[top : top + 16, left : left + 24]
        if may_flip and numbers[2] < 0.5:
            expected = expected[:, ::-1]
        np.testing.assert_array_equal(actual, expected)


def test_small_images_are_shifted_by_less():
    before = images(50, 2, 3, 1)
    after = views.shifted(before, uniforms(50, 3), may_flip=False).numpy()
    for image, actual in zip(before, after, strict=True):
        assert set(actual.ravel()) <= set(image.ravel())


@pytest.mark.parametrize("change", ["color", "translation", "cutout", "shift"])
def test_gradients_are_those_of_numerical_differentiation(change):
    before, drawn = images(1, 4, 5, 2), uniforms(1)
    drawn[:, CUTOUT] = 0.1  # A part of the image stays.
    weights = images(1, 4, 5, 2, seed=2)

    def value(pixels):
        if change == "shift":
            changed = views.shifted(pixels, drawn[:, :3], may_flip=True)
        else:
            changed = views.augmented(pixels, [change], drawn)
        return tf.reduce_sum(weights * changed**2)

    pixels = tf.constant(before)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        total = value(pixels)
    gradient = tape.gradient(total, pixels).numpy()
    step = 1e-2
    for place in np.ndindex(before.shape):
        around = []
        for sign in (1, -1):
            moved = before.copy()
            moved[place] += sign * step
            around.append(float(value(tf.constant(moved))))
        expected = (around[0] - around[1]) / (2 * step)
        assert gradient[place] == pytest.approx(expected, abs=2e-3)
