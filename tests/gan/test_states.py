import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.config import overrides
from tf_dcgan.gan import cyclegan, cyclegan_state, gan, states


@pytest.mark.parametrize(
    "step, total, expected",
    [
        (0, 10, 1.0),
        (5, 10, 1.0),
        (6, 10, 0.8),
        (9, 10, 0.2),
        (10, 10, 0.0),
        (0, 1, 1.0),
        (3, 7, 1.0),
        (4, 7, 6 / 7),
    ],
)
def test_the_learning_rate_falls_to_zero_in_the_second_half(
    step, total, expected
):
    step = tf.constant(step, tf.int64)
    factor = states.learning_rate_factor(step, total)
    assert factor.dtype == tf.float32
    assert float(factor) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("step, expected", [(0, 1), (25, 0.75), (99, 0.01)])
def test_the_learning_rate_can_fall_all_the_time(step, expected):
    config = small(learning_rate_decay="linear")
    state = gan.create_state(config, (16, 16, 1))
    state.step.assign(step)
    states.decay_learning_rates(state, config, total_steps=100)
    expected_rates = [0.01 * expected, 0.02 * expected]
    np.testing.assert_allclose(rates(state), expected_rates, rtol=1e-6)


def test_rates_go_on_falling_after_a_rollback():
    config = small(learning_rate_decay="linear")
    state = gan.create_state(config, (16, 16, 1))
    state.step.assign(25)
    states.decay_learning_rates(
        state, config, total_steps=100, have_changed=True
    )
    np.testing.assert_allclose(rates(state), [0.0075, 0.015], rtol=1e-6)


def test_a_long_run_has_a_rate_of_its_own_for_each_step():
    total = 1_000_000_000
    factors = [
        float(states.learning_rate_factor(tf.constant(s, tf.int64), total))
        for s in (total // 2, total // 2 + 1000, total - 1)
    ]
    assert factors[0] == 1.0 > factors[1]
    assert factors[2] == pytest.approx(2e-9, rel=1e-3)


def rates(state):
    optimizers = (state.generator_optimizer, state.discriminator_optimizer)
    return [float(optimizer.learning_rate) for optimizer in optimizers]


def small(**settings):
    flags = {
        "recipe": "dcgan_small",
        "image_size": "16",
        "width": 0.05,
        "latent_dim": 4,
        "generator_learning_rate": 0.01,
        "discriminator_learning_rate": 0.02,
        **settings,
    }
    return overrides.from_flags(flags)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_both_rates_decay_and_keep_their_ratio(precision):
    config = small(learning_rate_decay="second_half", precision=precision)
    state = gan.create_state(config, (16, 16, 1))
    keras.config.set_dtype_policy("float32")
    state.step.assign(75)
    states.decay_learning_rates(state, config, total_steps=100)
    np.testing.assert_allclose(rates(state), [0.005, 0.01], rtol=1e-6)


@pytest.mark.slow
def test_without_decay_the_rates_stay():
    config = small()
    state = gan.create_state(config, (16, 16, 1))
    state.step.assign(75)
    states.decay_learning_rates(state, config, total_steps=100)
    np.testing.assert_allclose(rates(state), [0.01, 0.02], rtol=1e-6)


@pytest.mark.slow
def test_the_rate_of_a_step_is_that_of_the_steps_before_it():
    config = overrides.from_flags(
        {
            "recipe": "cyclegan",
            "dataset_a": "glyphs",
            "dataset_b": "mnist",
            "width": 0.02,
            "residual_blocks": 1,
        }
    )
    state = cyclegan_state.create_state(config, (24, 24, 1))
    images = tf.zeros([1, 24, 24, 1])
    logged = []
    for _ in range(4):
        states.decay_learning_rates(state, config, total_steps=4)
        measured = cyclegan.update(state, config, images, images)
        logged.append(float(measured["learning_rate"]))
    np.testing.assert_allclose(logged, [2e-4, 2e-4, 2e-4, 1e-4], rtol=1e-6)
