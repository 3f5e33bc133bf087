import keras
import numpy as np
import pytest

from tf_dcgan.gan import lead


def _sums():
    """A D whose output is the sum of an image's values."""
    return keras.Sequential(
        [
            keras.Input((2, 3, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="ones"),
        ]
    )


def _images(values):
    return np.array(values, np.uint8)[:, None, None, None] * np.ones(
        (1, 2, 3, 1), np.uint8
    )


def test_the_lead_is_the_difference_of_mean_outputs():
    # Of the values 0 and 255, which are -1 and 1: 6 · (-1 + 1 + 1) / 3.
    train, held_out = _images([0, 255, 255]), _images([0])
    value = lead.discriminator_lead(_sums(), (train, None), (held_out, None))
    assert value == pytest.approx(2 + 6)
    assert lead.discriminator_lead(_sums(), (train, None), (train, None)) == 0


def test_at_most_a_thousand_images_from_everywhere_are_looked_at(monkeypatch):
    monkeypatch.setattr(lead, "NUM_IMAGES", 3)
    train = _images([0, 7, 7, 255, 7, 7, 0])  # The first, middle and last.
    value = lead.discriminator_lead(
        _sums(), (train, None), (_images([0]), None)
    )
    assert value == pytest.approx(6 * (-1 + 1 - 1) / 3 + 6)


def test_a_conditional_d_is_told_the_classes():
    images, labels = keras.Input((2, 3, 1)), keras.Input((), dtype="int32")
    outputs = keras.ops.expand_dims(keras.ops.cast(labels, "float32"), 1)
    model = keras.Model([images, labels], outputs)
    value = lead.discriminator_lead(
        model,
        (_images([1, 2]), np.array([3, 5])),
        (_images([1]), np.array([2])),
    )
    assert value == 2


def test_each_batch_has_images_from_everywhere(monkeypatch):
    # As minibatch_stddev does, this D compares the images of a batch.
    inputs = keras.Input((2, 3, 1))
    spread = keras.layers.Lambda(
        lambda x: keras.ops.zeros_like(x[:, 0, 0]) + keras.ops.std(x),
        output_shape=(1,),
    )
    model = keras.Model(inputs, spread(inputs))
    monkeypatch.setattr(lead, "_BATCH", 2)
    by_class = _images([0, 0, 255, 255])
    mixed = _images([0, 255])
    value = lead.discriminator_lead(model, (by_class, None), (mixed, None))
    assert value == 0
