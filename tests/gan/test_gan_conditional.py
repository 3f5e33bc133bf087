"""One step of conditional networks: who is told which labels."""

import dataclasses

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import overrides
from tf_dcgan.gan import gan

SHAPE = (16, 16, 1)
LABELS = np.array([2, 0, 1, 2, 2, 0], np.int32)


@pytest.fixture(autouse=True)
def float32():
    yield
    keras.config.set_dtype_policy("float32")


def tiny(recipe="dcgan_small", **settings):
    return overrides.from_flags(
        {
            "recipe": recipe,
            "conditional": True,
            "image_size": "16",
            "width": 0.05,
            "latent_dim": 4,
            "batch_size": len(LABELS),
            **settings,
        }
    )


def real_images(shape=SHAPE):
    chance = np.random.default_rng(0)
    return tf.constant(chance.uniform(-1, 1, [len(LABELS), *shape]), tf.float32)


class Recording:
    """A conditional network that remembers what it was called with."""

    def __init__(self, model):
        self._model = model
        self.given, self.labels = [], []

    def __call__(self, inputs, training=None):
        tensor, labels = inputs
        self.given.append(tensor.numpy())
        self.labels.append(np.asarray(labels))
        return self._model(inputs, training=training)

    def __getattr__(self, name):
        return getattr(self._model, name)


SCHEDULES = {
    # G once for D and its first update, once for its second; D on both
    # batches and for each of G's.
    "separate": ({}, 2, 4),
    "joint": (
        {"discriminator_updates": "joint", "generator_updates": 1},
        1,
        3,
    ),
    "new latents": ({"generator_latents": "new"}, 3, 4),
    "R1": ({"r1_gamma": 1.0}, 2, 4),
    "gradient penalty": ({"loss": "wasserstein_gp"}, 1, 4),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_pass_of_either_network_has_the_labels_of_the_real_batch(name):
    settings, generator_passes, discriminator_passes = SCHEDULES[name]
    config = tiny(**settings)
    state = gan.create_state(config, SHAPE, 3)
    state = dataclasses.replace(
        state,
        generator=Recording(state.generator),
        discriminator=Recording(state.discriminator),
    )
    gan.update(state, config, real_images(), tf.constant(LABELS))
    for network, passes in (
        (state.generator, generator_passes),
        (state.discriminator, discriminator_passes),
    ):
        assert len(network.labels) == passes
        for seen in network.labels:
            np.testing.assert_array_equal(seen, LABELS)


@pytest.mark.slow
def test_the_scores_are_those_of_the_labelled_images():
    config = tiny(discriminator_updates="joint")
    images = real_images()
    scores = []
    for labels in (LABELS, (LABELS + 1) % 3):
        state = gan.create_state(config, SHAPE, 3)
        networks.randomize(state.discriminator)
        logits = state.discriminator(
            [images, tf.constant(labels)], training=True
        ).numpy()
        scalars = gan.update(state, config, images, tf.constant(labels))
        scores.append(float(scalars["real_score"]))
        expected = np.mean(1 / (1 + np.exp(-logits)))
        assert scores[-1] == pytest.approx(expected, rel=1e-5)
    assert abs(scores[0] - scores[1]) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("conditioning", ["concatenation", "projection"])
@pytest.mark.parametrize(
    ("recipe", "shape"),
    [("dcgan_small", SHAPE), ("dcgan_upsampling", (16, 16, 3))],
)
def test_one_step_changes_every_weight(recipe, shape, conditioning):
    config = tiny(recipe, conditioning=conditioning)
    state = gan.create_state(config, shape, 3)
    before = {k: v.numpy() for k, v in state.variables().items()}
    gan.update(state, config, real_images(shape), tf.constant(LABELS))
    same = [
        name
        for name, value in state.variables().items()
        if np.array_equal(before[name], value.numpy())
        and "learning_rate" not in name
    ]
    assert same == []
    # Dropout within the wrapped network is a function of the step too.
    dropouts = {"dcgan_small": 0, "dcgan_upsampling": 4}[recipe]
    assert len(state.seed_generators()) == dropouts


@pytest.mark.slow
def test_the_weights_of_an_absent_class_stay():
    config = tiny(generator_updates=1)
    state = gan.create_state(config, SHAPE, 3)
    before = state.generator.trainable_variables[0].numpy()
    labels = tf.constant([0, 2, 0, 2, 0, 2])
    gan.update(state, config, real_images(), labels)
    after = state.generator.trainable_variables[0].numpy()
    # Rows of the projection: four latents, then the classes.
    np.testing.assert_array_equal(
        (before != after).any(axis=1), [True] * 5 + [False, True]
    )
