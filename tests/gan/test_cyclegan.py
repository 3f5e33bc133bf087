import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.config import overrides
from tf_dcgan.gan import (
    cyclegan,
    cyclegan_state,
    image_buffer,
    states,
    updates,
    views,
)
from tf_dcgan.models import cyclegan as networks

SHAPE = (24, 28, 3)
BATCH = 2


@pytest.fixture(autouse=True)
def float32_again():
    yield
    keras.config.set_dtype_policy("float32")


def tiny(**settings):
    flags = {
        "recipe": "cyclegan",
        "dataset_a": "glyphs",
        "dataset_b": "mnist",
        "width": 0.05,
        "residual_blocks": 1,
        "batch_size": BATCH,
        "generator_learning_rate": 1e-3,
        "discriminator_learning_rate": 2e-3,
        "lambda_cycle": 7.0,
        "lambda_identity": 0.25,
        **settings,
    }
    return overrides.from_flags(flags)


def real_images(seed):
    chance = np.random.default_rng(seed)
    return tf.constant(chance.uniform(-1, 1, [BATCH, *SHAPE]), tf.float32)


A, B = real_images(1), real_images(2)


def create(config):
    """A state whose weights are large enough for every loss to matter."""
    state = cyclegan_state.create_state(config, SHAPE)
    for model in (*state.generators, *state.discriminators):
        for variable in model.trainable_variables:
            variable.assign(5.0 * variable.value)
    return state


def values(state):
    return {name: v.numpy() for name, v in state.variables().items()}


def with_plain_descent(state):
    """A state whose weights change by the gradients themselves."""
    state = dataclasses.replace(
        state,
        generator_optimizer=keras.optimizers.SGD(0.02),
        discriminator_optimizer=keras.optimizers.SGD(0.03),
    )
    for optimizer, pair in (
        (state.generator_optimizer, state.generators),
        (state.discriminator_optimizer, state.discriminators),
    ):
        optimizer.build([v for m in pair for v in m.trainable_variables])
    return state


def mean(x):
    return tf.reduce_mean(x)


SQUARES = {
    "generator": lambda x: mean((x - 1.0) ** 2),
    "real": lambda x, label: mean((x - label) ** 2),
    "fake": lambda x: mean(x**2),
}
ENTROPY = {
    "generator": lambda x: mean(tf.math.log(1 + tf.exp(-x))),
    "real": lambda x, label: mean(tf.math.log(1 + tf.exp(x)) - label * x),
    "fake": lambda x: mean(tf.math.log(1 + tf.exp(x))),
}


def uniforms(config, purpose, view, count):
    return randomness.view_uniforms(
        config.seed,
        tf.constant(0),
        purpose=purpose,
        view=view,
        shape=(BATCH, count),
    )


def seen(config, images, view):
    """Images as D sees them with `--augment`."""
    drawn = uniforms(
        config, randomness.Purpose.AUGMENTATION, view, views.NUM_UNIFORMS
    )
    return views.augmented(images, config.augmentations, drawn)


def penalties_on(d, config, images, view, gamma):
    """What an image's mean output over its patches adds to D's loss."""
    squares = []
    for number in range(BATCH):
        image = images[number]
        with tf.GradientTape() as tape:
            tape.watch(image)
            batch = tf.concat(
                [images[:number], image[None], images[number + 1 :]], axis=0
            )
            output = mean(d(seen(config, batch, view))[number])
        squares.append(tf.reduce_sum(tape.gradient(output, image) ** 2))
    drawn = uniforms(config, randomness.Purpose.CONSISTENCY, view, 3)
    shifted = views.shifted(images, drawn, may_flip=config.horizontal_flip)
    change = [
        tf.reduce_mean(d(seen(config, each, view)), axis=[1, 2, 3])
        for each in (images, shifted)
    ]
    moved = mean((change[0] - change[1]) ** 2)
    return gamma / 2 * mean(tf.stack(squares)), config.consistency * moved


def reference_update(state, config, losses):
    """One step as the paper has it: each image by itself, nothing shared."""
    g, f = state.generators

    def judged(number, images, view):
        # The views of D of B follow those of D of A.
        return state.discriminators[number](
            seen(config, images, view + 64 * number)
        )

    d_a, d_b = state.discriminators
    of_generators = [*g.trainable_variables, *f.trainable_variables]
    with tf.GradientTape() as tape:
        fake_b, fake_a = g(A), f(B)
        adversarial = losses["generator"](judged(1, fake_b, 3)) + losses[
            "generator"
        ](judged(0, fake_a, 3))
        cycle = mean(abs(f(fake_b) - A)) + mean(abs(g(fake_a) - B))
        identity = mean(abs(g(B) - B)) + mean(abs(f(A) - A))
        loss_g = adversarial + 7.0 * cycle + 7.0 * 0.25 * identity
    gradients = tape.gradient(loss_g, [v.value for v in of_generators])
    of_discriminators = [*d_a.trainable_variables, *d_b.trainable_variables]
    with tf.GradientTape() as tape:
        parts = {"r1_penalty": 0.0, "r2_penalty": 0.0, "consistency": 0.0}
        halves = []
        for number, (real, fake) in enumerate(((A, fake_a), (B, fake_b))):
            value = 0.5 * losses["real"](
                judged(number, real, 1), config.real_label
            ) + 0.5 * losses["fake"](judged(number, fake, 0))
            for images, view, name, gamma in (
                (real, 1, "r1_penalty", config.r1_gamma),
                (fake, 0, "r2_penalty", config.r2_gamma),
            ):
                slopes, moved = penalties_on(
                    state.discriminators[number],
                    config,
                    images,
                    view + 64 * number,
                    gamma,
                )
                value += slopes + moved
                parts[name] += slopes / 2
                parts["consistency"] += moved / 2
            halves.append(value)
        both = halves[0] + halves[1]
    gradients_d = tape.gradient(both, [v.value for v in of_discriminators])
    for rate, pair_gradients, variables in (
        (0.02, gradients, of_generators),
        (0.03, gradients_d, of_discriminators),
    ):
        for gradient, variable in zip(pair_gradients, variables, strict=True):
            variable.assign(variable - rate * gradient)
    return {
        "loss_g": loss_g,
        "loss_adversarial": adversarial,
        "loss_cycle": cycle,
        "loss_identity": identity,
        "loss_d": both / 2,
        "discriminator_a": halves[0],
        "discriminator_b": halves[1],
        **{name: parts[name] for name in updates.penalty_names(config)},
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss, formulas, settings",
    [
        ("least_squares", SQUARES, {}),
        (
            "non_saturating",
            ENTROPY,
            {
                "r1_gamma": 0.2,
                "r2_gamma": 0.4,
                "consistency": 3.0,
                "augment": "color,translation,cutout",
            },
        ),
    ],
    ids=["squares", "entropy_penalised_and_augmented"],
)
def test_a_step_is_that_of_the_papers(loss, formulas, settings):
    config = tiny(loss=loss, real_label=0.9, **settings)
    state, expected = create(config), create(config)
    state = with_plain_descent(state)
    start = values(state)
    measured = cyclegan.update(state, config, A, B)
    expected_scalars = reference_update(expected, config, formulas)
    for name, value in expected_scalars.items():
        assert float(measured[name]) == pytest.approx(float(value), rel=1e-4), (
            name
        )
    end = values(state)
    networks = ("generator_", "discriminator_a", "discriminator_b")
    moved = 0
    for name, value in values(expected).items():
        if name.startswith(networks) and "optimizer" not in name:
            np.testing.assert_allclose(
                end[name], value, rtol=1e-3, atol=1e-5, err_msg=name
            )
            moved += np.abs(value - start[name]).max() > 1e-3
    # All kernels, and the biases that no normalisation takes away.
    assert moved == 2 * (8 + 1) + 2 * (5 + 2)


@pytest.mark.slow
def test_both_networks_of_a_kind_share_one_optimizer_and_none_is_left_out():
    config = tiny()
    state = create(config)
    before = values(state)
    cyclegan.update(state, config, A, B)
    after = values(state)
    same = {
        name
        for name in before
        if np.array_equal(before[name], after[name]) and "rate" not in name
    }
    assert same == set()
    assert int(after["generator_optimizer/adam/iteration"]) == 1
    assert int(after["discriminator_optimizer/adam/iteration"]) == 1


@pytest.mark.slow
def test_the_scalars_are_those_that_are_announced_and_add_up():
    config = tiny()
    measured = cyclegan.update(create(config), config, A, B)
    assert set(measured) == set(cyclegan.scalars(config))
    scalars = {name: float(value) for name, value in measured.items()}
    assert scalars["loss_g"] == pytest.approx(
        scalars["loss_adversarial"]
        + 7.0 * (scalars["loss_cycle"] + 0.25 * scalars["loss_identity"])
    )
    for total, parts in (
        ("loss_adversarial", ("adversarial_a_to_b", "adversarial_b_to_a")),
        ("loss_cycle", ("cycle_a", "cycle_b")),
        ("loss_identity", ("identity_a", "identity_b")),
    ):
        assert scalars[total] == pytest.approx(sum(scalars[p] for p in parts))
    assert scalars["loss_d"] == pytest.approx(
        (scalars["discriminator_a"] + scalars["discriminator_b"]) / 2
    )


class Recording:
    """A network that remembers what it was called with."""

    def __init__(self, model):
        self._model = model
        self.inputs = []

    def __call__(self, inputs, training=None):
        assert training is True
        self.inputs.append(inputs.numpy())
        return self._model(inputs, training=training)

    def __getattr__(self, name):
        return getattr(self._model, name)


def recorded(config):
    state = create(config)
    names = ("generator_a_to_b", "generator_b_to_a")
    names += ("discriminator_a", "discriminator_b")
    state = dataclasses.replace(
        state, **{name: Recording(getattr(state, name)) for name in names}
    )
    return state, cyclegan.update(state, config, A, B)


@pytest.mark.slow
def test_a_and_b_go_their_own_ways():
    state, measured = recorded(tiny())
    translated, cycled = state.generator_a_to_b.inputs
    np.testing.assert_array_equal(translated, np.concatenate([A, B]))
    fake_a = state.discriminator_a.inputs[0]
    np.testing.assert_array_equal(cycled, fake_a)
    np.testing.assert_array_equal(
        state.generator_b_to_a.inputs[0], np.concatenate([B, A])
    )
    np.testing.assert_array_equal(
        state.generator_b_to_a.inputs[1], state.discriminator_b.inputs[0]
    )
    np.testing.assert_array_equal(state.discriminator_a.inputs[1], A)
    np.testing.assert_array_equal(state.discriminator_b.inputs[1], B)


@pytest.mark.slow
def test_without_identity_weight_nothing_is_computed_for_it():
    config = tiny(lambda_identity=0.0)
    state, measured = recorded(config)
    assert [len(x) for x in state.generator_a_to_b.inputs] == [BATCH, BATCH]
    assert set(measured) == set(cyclegan.scalars(config))
    assert not any("identity" in name for name in measured)


@pytest.mark.slow
def test_discriminators_learn_from_the_images_of_the_buffers(monkeypatch):
    calls = []

    def exchange(buffer, images, *, seed, step, stream):
        calls.append((buffer, images.numpy(), stream))
        return tf.fill(images.shape, 0.25 + 0.5 * stream)

    monkeypatch.setattr(image_buffer, "exchange", exchange)
    state, _ = recorded(tiny())
    for stream, (discriminator, buffer) in enumerate(
        (
            (state.discriminator_a, state.buffer_a),
            (state.discriminator_b, state.buffer_b),
        )
    ):
        new, _, learnt_from = discriminator.inputs
        assert calls[stream][0] is buffer
        np.testing.assert_array_equal(calls[stream][1], new)
        assert calls[stream][2] == stream
        assert np.all(learnt_from == 0.25 + 0.5 * stream)


@pytest.mark.slow
def test_the_buffers_are_part_of_the_state():
    config = tiny()
    state = create(config)
    cyclegan.update(state, config, A, B)
    for letter in "ab":
        content = state.variables()[f"buffer_{letter}"].numpy()
        assert np.all(content[BATCH:] == 0)
        assert np.all(content[:BATCH].std(axis=(1, 2, 3)) > 0)


@pytest.mark.slow
def test_averages_copy_without_decay_and_follow_with_one():
    state = create(tiny())
    cyclegan.update(state, tiny(), A, B)
    for averaged, generator in zip(
        state.averaged_generators, state.generators, strict=True
    ):
        for mean_of, weight in zip(
            averaged.variables, generator.variables, strict=True
        ):
            np.testing.assert_array_equal(mean_of, weight)
    slow = tiny(ema_decay=0.9)
    state = create(slow)
    start = [v.numpy() for v in state.averaged_generator_a_to_b.variables]
    cyclegan.update(state, slow, A, B)
    # The decay warms up: 1 / 10 in the first step.
    for before, mean_of, weight in zip(
        start,
        state.averaged_generator_a_to_b.variables,
        state.generator_a_to_b.variables,
        strict=True,
    ):
        expected = 0.1 * before + 0.9 * weight.numpy()
        np.testing.assert_allclose(mean_of, expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_trains_and_keeps_its_averages_in_float32(precision):
    config = tiny(
        precision=precision,
        r1_gamma=0.5,
        r2_gamma=0.5,
        consistency=1.0,
        augment="color,translation,cutout",
        spectral_norm=True,
    )
    state = cyclegan_state.create_state(config, SHAPE)
    for _ in range(2):
        measured = cyclegan.update(state, config, A, B)
    assert all(np.isfinite(value) for value in measured.values())
    assert states.non_finite_variables(state) == []
    for model in state.averaged_generators:
        assert {layer.compute_dtype for layer in model.layers} == {"float32"}


@pytest.mark.slow
def test_compiled_steps_are_those_in_python():
    config = tiny()
    eager, traced = create(config), create(config)
    function = tf.function(
        lambda a, b: cyclegan.update(traced, config, a, b), autograph=False
    )
    for _ in range(2):
        expected = cyclegan.update(eager, config, A, B)
        scalars = function(A, B)
    for name, value in expected.items():
        assert float(scalars[name]) == pytest.approx(float(value), rel=1e-3), (
            name
        )


@pytest.mark.slow
def test_copies_for_any_size_make_the_same_images():
    config = tiny()
    state = create(config)
    cyclegan.update(state, config, A, B)
    copies = networks.for_any_size(config, state.averaged_generators, SHAPE)
    for copy, generator in zip(copies, state.averaged_generators, strict=True):
        np.testing.assert_allclose(
            copy(A, training=False), generator(A, training=False), atol=1e-6
        )
        assert copy(tf.zeros([1, 32, 40, 3])).shape == (1, 32, 40, 3)


@pytest.mark.slow
def test_each_step_has_views_of_its_own(views_of_steps):
    config = tiny(augment="cutout", consistency=1.0)
    state = create(config)
    steps = views_of_steps(
        lambda: cyclegan.update(state, config, A, B), count=2
    )
    # For either discriminator squares of three batches, and two's shifts.
    assert [len(step) for step in steps] == [10, 10]
    assert steps[0].isdisjoint(steps[1])
