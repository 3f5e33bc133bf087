import dataclasses
import pathlib

import numpy as np
import pytest
import tensorflow as tf
import tiny_data

from tf_dcgan.common import images as image_tools
from tf_dcgan.common import randomness
from tf_dcgan.config import overrides, schema
from tf_dcgan.data import augmentation
from tf_dcgan.gan import gan
from tf_dcgan.runs import runs
from tf_dcgan.training import generation

CONFIG = schema.Config(
    recipe="dcgan_small",
    image_size="16",
    width=0.05,
    latent_dim=4,
    batch_size=8,
    horizontal_flip=True,
)
WHOLE = (0, 0, 16, 16)


def flip(images, flips, content_box):
    return augmentation.flip_chosen(
        images, tf.constant(flips), content_box=content_box
    ).numpy()


def test_only_the_chosen_images_are_mirrored_and_nothing_else_changes():
    images = tiny_data.images(3, height=2, width=5, channels=3)
    flipped = flip(images, [True, False, True], (0, 0, 2, 5))
    assert flipped.dtype == np.uint8
    np.testing.assert_array_equal(flipped[0], images[0, :, ::-1])
    np.testing.assert_array_equal(flipped[1], images[1])
    np.testing.assert_array_equal(flipped[2], images[2, :, ::-1])


def test_padding_that_is_wider_on_one_side_stays_there():
    row = np.array([0, 7, 8, 9, 0, 0], np.uint8).reshape(1, 1, 6, 1)
    flipped = flip(row, [True], (0, 1, 1, 3))
    assert flipped.ravel().tolist() == [0, 9, 8, 7, 0, 0]


def test_two_half_batches_are_the_whole_batch():
    images = tiny_data.images(8, height=4, width=4)
    flips = randomness.horizontal_flips(0, 3, batch_size=8).numpy()
    assert 0 < flips.sum() < 8
    box = (0, 0, 4, 4)
    halves = [
        flip(images[part], flips[part], box)
        for part in (slice(0, 4), slice(4, 8))
    ]
    np.testing.assert_array_equal(
        flip(images, flips, box), np.concatenate(halves)
    )


def test_each_step_flips_anew_and_only_if_the_config_says_so():
    images = tiny_data.images(8, height=16, width=16)

    def augment(step, config=CONFIG):
        return augmentation.augment(
            images, config, step=tf.constant(step, tf.int64), content_box=WHOLE
        )

    np.testing.assert_array_equal(augment(4), augment(4))
    flips = randomness.horizontal_flips(0, 4, batch_size=8).numpy()
    np.testing.assert_array_equal(augment(4), flip(images, flips, WHOLE))
    assert not np.array_equal(augment(4), augment(5))
    off = dataclasses.replace(CONFIG, horizontal_flip=False)
    assert augment(4, off) is images


def crops(images, image_size, *, step=0, stream=0):
    return augmentation.random_crop(
        images,
        image_size,
        seed=0,
        step=tf.constant(step, tf.int64),
        stream=stream,
    ).numpy()


def test_crops_are_parts_of_their_own_images():
    images = tiny_data.images(40, height=10, width=12)
    cut = crops(tf.constant(images), (8, 9))
    assert cut.shape == (40, 8, 9, 1)
    places = set()
    for image, part in zip(images, cut, strict=True):
        matches = [
            (top, left)
            for top in range(3)
            for left in range(4)
            if np.array_equal(image[top : top + 8, left : left + 9], part)
        ]
        assert len(matches) == 1
        places.update(matches)
    # All rows and columns are used, the edges too.
    assert {top for top, _ in places} == {0, 1, 2}
    assert {left for _, left in places} == {0, 1, 2, 3}


def test_crops_are_a_function_of_step_and_stream():
    images = tf.constant(tiny_data.images(8, height=16, width=16))
    first = crops(images, (8, 8), step=4, stream=1)
    np.testing.assert_array_equal(
        first, crops(images, (8, 8), step=4, stream=1)
    )
    assert not np.array_equal(first, crops(images, (8, 8), step=5, stream=1))
    assert not np.array_equal(first, crops(images, (8, 8), step=4, stream=0))


def test_images_of_the_size_itself_are_not_cropped():
    images = tf.constant(tiny_data.images(2, height=16, width=16))
    assert (
        augmentation.random_crop(images, (16, 16), seed=0, step=0, stream=0)
        is images
    )


@pytest.mark.parametrize(
    "size, before",
    [((256, 256), (286, 286)), ((32, 64), (36, 72)), ((28, 28), (31, 31))],
)
def test_the_size_before_crops_is_286_of_256ths(size, before):
    pair = {"recipe": "cyclegan", "dataset_a": "glyphs", "dataset_b": "mnist"}
    config = overrides.from_flags(pair)
    assert augmentation.size_before_crop(config, size) == before
    off = dataclasses.replace(config, random_crop=False)
    assert augmentation.size_before_crop(off, size) == size


def test_streams_are_mirrored_apart():
    flips = [
        randomness.horizontal_flips(0, 4, batch_size=32, stream=stream)
        for stream in (0, 1)
    ]
    assert np.any(flips[0] != flips[1])


@pytest.fixture
def updated_with(monkeypatch):
    """What the compiled step hands to the update: one sum per image."""
    seen = []

    def update(state, config, images):
        weights = tf.range(16, dtype=tf.float32)[:, tf.newaxis]
        sums = tf.reduce_sum(images * weights, axis=[1, 2, 3])
        tf.py_function(lambda x: seen.append(x.numpy()), [sums], [])
        state.step.assign_add(1)
        return dict.fromkeys(gan.scalars(config), tf.constant(0.0))

    monkeypatch.setattr(gan, "update", update)
    return seen


@pytest.mark.slow
def test_a_step_is_flipped_by_its_number_however_calls_are_cut(updated_with):
    facts = runs.DataFacts(16, 16, 1, WHOLE, 32, "as they are", "f")
    run = runs.Run(pathlib.Path("unused"), CONFIG, facts, {}, None)
    batches = tiny_data.images(32, height=16, width=16).reshape(4, 8, 16, 16, 1)

    def train(*cuts):
        updated_with.clear()
        state = gan.create_state(CONFIG, facts.image_shape)
        call = generation.train_steps(state, run)
        for first, last in cuts:
            call((batches[first:last],))
        return np.stack(updated_with)

    weights = np.arange(16)[:, np.newaxis]
    expected = []
    for step, batch in enumerate(batches):
        flips = randomness.horizontal_flips(0, step, batch_size=8).numpy()
        flipped = image_tools.to_float(flip(batch, flips, WHOLE)).numpy()
        expected.append((flipped * weights).sum(axis=(1, 2, 3)))
    whole = train((0, 4))
    np.testing.assert_allclose(whole, expected, rtol=1e-4, atol=0.01)
    np.testing.assert_array_equal(whole, train((0, 1), (1, 4)))
