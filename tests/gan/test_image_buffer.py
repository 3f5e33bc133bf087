import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.gan import image_buffer

SHAPE = (1, 1, 1)
SIZE = image_buffer.SIZE


def numbered(first, count):
    """Images that are their own number, so that each can be told."""
    return tf.reshape(
        tf.range(first, first + count, dtype=tf.float32), [-1, 1, 1, 1]
    )


class Steps:
    """A buffer that is given images numbered from 0, step by step."""

    def __init__(self, batch_size, *, seed=0, stream=0):
        self.buffer = image_buffer.create(SHAPE)
        self._batch_size = batch_size
        self._where = {"seed": seed, "stream": stream}
        self._exchange = tf.function(image_buffer.exchange, autograph=False)

    def __call__(self, step):
        images = numbered(step * self._batch_size, self._batch_size)
        taken = self._exchange(
            self.buffer, images, step=tf.constant(step, tf.int64), **self._where
        )
        return images.numpy().ravel(), taken.numpy().ravel()

    def content(self):
        return self.buffer.numpy().ravel()


def reference(batch_size, num_steps, *, seed=0, stream=0):
    """What the rule of the docstring gives, one image after the other."""
    content, taken = [], []
    for step in range(num_steps):
        exchanged, places = (
            values.numpy()
            for values in randomness.buffer_draws(
                seed, step, batch_size=batch_size, size=SIZE, stream=stream
            )
        )
        for position in range(batch_size):
            image = step * batch_size + position
            if len(content) < SIZE:
                content.append(image)
                taken.append(image)
            elif exchanged[position]:
                taken.append(content[places[position]])
                content[places[position]] = image
            else:
                taken.append(image)
    return content, taken


@pytest.mark.slow
def test_the_first_fifty_images_are_kept_and_returned_themselves():
    steps = Steps(1)
    for step in range(SIZE):
        images, taken = steps(step)
        np.testing.assert_array_equal(taken, images)
    np.testing.assert_array_equal(steps.content(), np.arange(SIZE))


# 7 does not divide 50: one step then fills the buffer and exchanges.
@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 7, 60])
def test_images_are_exchanged_one_after_the_other(batch_size):
    num_steps = 200 // batch_size
    steps = Steps(batch_size)
    taken = np.concatenate([steps(step)[1] for step in range(num_steps)])
    expected_content, expected_taken = reference(batch_size, num_steps)
    np.testing.assert_array_equal(taken, expected_taken)
    np.testing.assert_array_equal(steps.content(), expected_content)


@pytest.mark.slow
def test_about_half_of_the_images_are_exchanged_for_older_ones():
    steps = Steps(10)
    older = []
    for step in range(80):
        images, taken = steps(step)
        older += list(taken < images)
    share = np.mean(older[SIZE:])
    assert 0.43 < share < 0.57  # Three deviations of 750 fair coins.
    assert not any(older[:SIZE])


def test_every_place_is_drawn():
    _, places = randomness.buffer_draws(
        0, 3, batch_size=2000, size=SIZE, stream=0
    )
    assert set(places.numpy()) == set(range(SIZE))


def test_two_buffers_exchange_at_different_times():
    draws = [
        randomness.buffer_draws(0, 9, batch_size=64, size=SIZE, stream=stream)
        for stream in (0, 1)
    ]
    for one, other in zip(*draws, strict=True):
        assert np.any(one.numpy() != other.numpy())


@pytest.mark.slow
def test_a_buffer_goes_on_from_its_images_and_the_step_alone():
    whole, stopped, resumed = Steps(3), Steps(3), Steps(3)
    for step in range(40):
        whole(step)
    for step in range(20):
        stopped(step)
    resumed.buffer.assign(stopped.buffer)
    for step in range(20, 40):
        resumed(step)
    np.testing.assert_array_equal(whole.content(), resumed.content())
