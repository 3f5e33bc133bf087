import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.gan import gan, optimizers, states, updates
from tf_dcgan.models import families

SHAPE = (16, 16, 1)
BATCH = 4
# The two schedules that differ in everything.
JOINT_ONCE = {"discriminator_updates": "joint", "generator_updates": 1}


@pytest.fixture(autouse=True)
def float32_again():
    yield
    keras.config.set_dtype_policy("float32")


def tiny(**settings):
    settings = {
        "recipe": "dcgan_small",
        "image_size": "16",
        "width": 0.05,
        "latent_dim": 4,
        "batch_size": BATCH,
        "generator_learning_rate": 0.01,
        "discriminator_learning_rate": 0.01,
    } | settings
    return schema.Config(**settings)


def real_images(seed=0):
    chance = np.random.default_rng(seed)
    return tf.constant(chance.uniform(-1, 1, [BATCH, *SHAPE]), tf.float32)


def create(config):
    return gan.create_state(config, SHAPE)


def values(variables):
    return [variable.numpy() for variable in variables]


def same(before, after):
    """Says for each variable whether it stayed exactly the same."""
    return [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


class Recording:
    """A network that remembers what it was called with and gave back."""

    def __init__(self, model):
        self._model = model
        self.inputs, self.outputs, self.training = [], [], []

    def __call__(self, inputs, training=None):
        outputs = self._model(inputs, training=training)
        self.inputs.append(inputs.numpy())
        self.outputs.append(outputs.numpy())
        self.training.append(training)
        return outputs

    def __getattr__(self, name):
        return getattr(self._model, name)


def recorded_update(config, images=None):
    """Does one step; returns the recorded networks and the scalars."""
    state = create(config)
    state = dataclasses.replace(
        state,
        generator=Recording(state.generator),
        discriminator=Recording(state.discriminator),
    )
    images = real_images() if images is None else images
    scalars = gan.update(state, config, images)
    return state.generator, state.discriminator, scalars


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def update_discriminator(state, config, images, fake_images):
    return updates.update_discriminator(
        updates.Judge(state.discriminator, config, state.step),
        state.discriminator_optimizer,
        config,
        images=images,
        fake_images=fake_images,
        step=state.step,
    )


def update_generator(state, config, generated):
    return updates.update_generator(
        state.generator,
        state.generator_optimizer,
        config,
        judge=updates.Judge(state.discriminator, config, state.step),
        generated=generated,
        images=real_images(),
    )


def reference_update(state, config, images, step):
    """The schedule as its authors write it: nothing shared, plain formulas."""
    generator, discriminator = state.generator, state.discriminator
    draws = iter(range(99))

    def draw():
        return randomness.training_latents(
            config.seed,
            step,
            batch_size=BATCH,
            latent_dim=config.latent_dim,
            draw=next(draws),
        )

    def cross_entropy(batch, label):
        chance = tf.sigmoid(discriminator(batch, training=True))
        return -tf.reduce_mean(
            label * tf.math.log(chance) + (1 - label) * tf.math.log(1 - chance)
        )

    def descend(loss, model, optimizer):
        variables = model.trainable_variables
        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, [v.value for v in variables])
        optimizer.apply(gradients, variables)

    def generator_loss():
        fake = tf.sigmoid(
            discriminator(generator(latents, training=True), training=True)
        )
        if config.loss == "minimax":
            return tf.reduce_mean(tf.math.log(1 - fake))
        return -tf.reduce_mean(tf.math.log(fake))

    latents = draw()
    fake_images = generator(latents, training=True)
    parts = [
        lambda: cross_entropy(fake_images, config.fake_label),
        lambda: cross_entropy(images, config.real_label),
    ]
    if config.discriminator_updates == "joint":
        parts = [lambda pair=tuple(parts): pair[0]() + pair[1]()]
    for part in parts:
        descend(part, discriminator, state.discriminator_optimizer)
    for _ in range(config.generator_updates):
        if config.generator_latents == "new":
            latents = draw()
        descend(generator_loss, generator, state.generator_optimizer)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        JOINT_ONCE,
        {"generator_latents": "new", "generator_updates": 3},
        {"loss": "minimax", "fake_label": 0.1, "seed": 5},
        {"real_label": 1.0, "beta_1": 0.9, "extra_layers": 1},
    ],
)
def test_steps_are_those_of_the_schedule_written_out_plainly(settings):
    rates = {
        "generator_learning_rate": 1e-3,
        "discriminator_learning_rate": 1e-3,
    }
    config = tiny(**rates, **settings)
    state, expected = create(config), create(config)
    before = values(state.generator.trainable_variables)
    for step in range(2):
        images = real_images(step)
        gan.update(state, config, images)
        reference_update(expected, config, images, step)
    for network in ("generator", "discriminator"):
        for actual, reference in zip(
            getattr(state, network).trainable_variables,
            getattr(expected, network).trainable_variables,
            strict=True,
        ):
            np.testing.assert_allclose(
                actual.numpy(),
                reference.numpy(),
                rtol=0,
                atol=1e-5,  # Of steps of 0.001 each.
                err_msg=f"{network}/{actual.path}",
            )
    moved = values(state.generator.trainable_variables)
    assert not any(same(before, moved))


@pytest.mark.slow
def test_the_discriminator_sees_generated_then_real_then_generated_images():
    images = real_images()
    generator, discriminator, _ = recorded_update(tiny(), images)
    assert len(discriminator.inputs) == 4
    fake, real, first, second = discriminator.inputs
    np.testing.assert_array_equal(real, images)
    np.testing.assert_array_equal(fake, generator.outputs[0])
    np.testing.assert_array_equal(first, fake)
    np.testing.assert_array_equal(second, generator.outputs[1])
    assert not np.array_equal(second, first)


@pytest.mark.slow
def test_all_passes_are_in_training_mode():
    generator, discriminator, _ = recorded_update(tiny())
    assert generator.training == [True] * 2
    assert discriminator.training == [True] * 4


@pytest.mark.slow
def test_shared_latents_serve_the_whole_step():
    generator, _, _ = recorded_update(tiny(generator_updates=3))
    assert len(generator.inputs) == 3
    for latents in generator.inputs:
        np.testing.assert_array_equal(latents, generator.inputs[0])


@pytest.mark.slow
def test_one_shared_update_needs_a_single_pass_of_the_generator():
    generator, discriminator, _ = recorded_update(tiny(**JOINT_ONCE))
    assert len(generator.inputs) == 1
    assert len(discriminator.inputs) == 3


@pytest.mark.slow
def test_new_latents_are_drawn_for_each_generator_update():
    config = tiny(generator_latents="new")
    generator, discriminator, _ = recorded_update(config)
    assert len(generator.inputs) == 3
    assert len(np.unique(np.concatenate(generator.inputs))) == 3 * BATCH * 4
    np.testing.assert_array_equal(discriminator.inputs[2], generator.outputs[1])


@pytest.mark.slow
def test_latents_are_those_of_the_seed_and_the_step():
    config = tiny(seed=7)
    state = create(config)
    state = dataclasses.replace(state, generator=Recording(state.generator))
    for _ in range(2):
        gan.update(state, config, real_images())
    for call, step in ((0, 0), (2, 1)):
        np.testing.assert_array_equal(
            state.generator.inputs[call],
            randomness.training_latents(
                7, step, batch_size=BATCH, latent_dim=4, draw=0
            ),
        )


@pytest.mark.slow
def test_the_discriminator_update_leaves_the_generator_unchanged():
    config = tiny()
    state = create(config)
    generator = values(state.generator.variables)
    discriminator = values(state.discriminator.variables)
    slots = values(state.generator_optimizer.variables)
    update_discriminator(state, config, real_images(), real_images(1))
    assert all(same(generator, values(state.generator.variables)))
    assert all(same(slots, values(state.generator_optimizer.variables)))
    assert not any(same(discriminator, values(state.discriminator.variables)))


@pytest.mark.slow
def test_the_generator_update_leaves_the_discriminators_weights_unchanged():
    config = tiny()
    state = create(config)
    latents = tf.random.stateless_normal([BATCH, 4], [0, 0])
    generated = updates.Generated(state.generator, latents)
    generator = values(state.generator.trainable_variables)
    discriminator = values(state.discriminator.trainable_variables)
    slots = values(state.discriminator_optimizer.variables)
    update_generator(state, config, generated)
    assert all(
        same(discriminator, values(state.discriminator.trainable_variables))
    )
    assert all(same(slots, values(state.discriminator_optimizer.variables)))
    assert not any(same(generator, values(state.generator.trainable_variables)))


@pytest.mark.slow
def test_the_generator_update_asks_for_no_gradients_of_the_discriminator(
    monkeypatch,
):
    config = tiny()
    state = create(config)
    latents = tf.random.stateless_normal([BATCH, 4], [0, 0])
    generated = updates.Generated(state.generator, latents)
    tapes = []

    class Tape(tf.GradientTape):
        def __init__(self, **arguments):
            super().__init__(**arguments)
            tapes.append(self)

    monkeypatch.setattr(tf, "GradientTape", Tape)
    update_generator(state, config, generated)
    assert [tape.watched_variables() for tape in tapes] == [()]


@pytest.mark.slow
def test_gradients_through_the_images_are_those_of_the_whole():
    config = tiny()
    state = create(config)
    latents = tf.random.stateless_normal([BATCH, 4], [0, 0])
    variables = [v.value for v in state.generator.trainable_variables]

    def loss(images):
        logits = state.discriminator(images, training=True)
        return tf.reduce_mean(tf.nn.softplus(-logits))

    with tf.GradientTape() as tape:
        whole = loss(state.generator(latents, training=True))
    expected = tape.gradient(whole, variables)
    generated = updates.Generated(state.generator, latents)
    with tf.GradientTape() as tape:
        tape.watch(generated.images)
        value = loss(generated.images)
    image_gradients = tape.gradient(value, generated.images)
    for actual, reference in zip(
        generated.gradients(image_gradients), expected, strict=True
    ):
        scale = np.abs(reference).max()
        assert scale > 0
        np.testing.assert_allclose(actual, reference, atol=1e-5 * scale)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings, in_d, in_g",
    [
        ({}, 2, 2),
        (JOINT_ONCE, 1, 1),
        ({"generator_updates": 3, "generator_latents": "new"}, 2, 3),
    ],
)
def test_adam_counts_every_update_of_its_network(settings, in_d, in_g):
    config = tiny(**settings)
    state = create(config)
    for step in (1, 2):
        gan.update(state, config, real_images())
        assert state.discriminator_optimizer.iterations.numpy() == step * in_d
        assert state.generator_optimizer.iterations.numpy() == step * in_g
        assert state.step.numpy() == step


@pytest.mark.slow
def test_a_joint_update_is_one_adam_step_on_the_summed_gradients():
    config = tiny(discriminator_updates="joint")
    state = create(config)
    images, fake_images = real_images(), real_images(1)
    variables = state.discriminator.trainable_variables
    before = values(variables)
    with tf.GradientTape() as tape:
        real = state.discriminator(images, training=True)
        fake = state.discriminator(fake_images, training=True)
        loss = tf.reduce_mean(
            0.9 * tf.nn.softplus(-real) + 0.1 * tf.nn.softplus(real)
        ) + tf.reduce_mean(tf.nn.softplus(fake))
    gradients = tape.gradient(loss, [v.value for v in variables])
    update_discriminator(state, config, images, fake_images)
    for start, gradient, variable in zip(
        before, values(gradients), variables, strict=True
    ):
        # Adam's first step, without the bias that its corrections undo:
        # m = 0.5 g and v = 0.001 g², divided by 0.5 and 0.001.
        epsilon = 1e-7 / np.sqrt(0.001)
        step = 0.01 * gradient / (np.abs(gradient) + epsilon)
        np.testing.assert_allclose(
            variable.numpy(), start - step, rtol=0, atol=2e-5
        )


@pytest.mark.slow
def test_learning_rates_and_beta_1_go_to_the_network_they_name():
    config = tiny(
        generator_learning_rate=0.003,
        discriminator_learning_rate=0.004,
        beta_1=0.25,
    )
    state = create(config)
    for optimizer, rate in (
        (state.generator_optimizer, 0.003),
        (state.discriminator_optimizer, 0.004),
    ):
        assert optimizer.learning_rate.numpy() == pytest.approx(rate)
        assert optimizer.beta_1 == 0.25


@pytest.mark.slow
def test_scalars_are_worked_out_from_the_logits():
    _, discriminator, scalars = recorded_update(tiny(fake_label=0.1))
    logits = discriminator.outputs
    before, real, after, _ = (sigmoid(x) for x in logits)
    expected = {
        "loss_d": np.mean(-0.9 * np.log(real) - 0.1 * np.log(1 - real))
        + np.mean(-0.1 * np.log(before) - 0.9 * np.log(1 - before)),
        "loss_g": np.mean(-np.log(after)),
        "real_score": real.mean(),
        "fake_score_before": before.mean(),
        "fake_score_after": after.mean(),
        "real_accuracy": (logits[1] > 0).mean(),
        "fake_accuracy": (logits[0] < 0).mean(),
    }
    norms = {"generator_gradient_norm", "discriminator_gradient_norm"}
    assert set(scalars) == set(gan.scalars(tiny())) == set(expected) | norms
    assert all(float(scalars.pop(name)) > 0 for name in norms)
    for name, scalar in scalars.items():
        assert scalar.shape == ()
        assert scalar.dtype == tf.float32
        assert float(scalar) == pytest.approx(expected[name], abs=1e-5), name


@pytest.mark.slow
def test_the_update_lowers_the_score_of_generated_images():
    # A step this large shows, and its direction cannot be chance.
    config = tiny(discriminator_learning_rate=0.05)
    _, _, scalars = recorded_update(config)
    assert scalars["fake_score_before"] - scalars["fake_score_after"] > 0.001


@pytest.mark.slow
def test_a_step_is_the_same_inside_a_function():
    config = tiny()
    eager, traced = create(config), create(config)
    function = tf.function(
        lambda x: gan.update(traced, config, x), autograph=False
    )
    for step in range(2):
        expected = gan.update(eager, config, real_images(step))
        scalars = function(real_images(step))
    for name in gan.scalars(config):
        assert float(scalars[name]) == pytest.approx(
            float(expected[name]), abs=1e-3, rel=1e-2
        )
    assert traced.step.numpy() == 2


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"loss": "minimax"}, JOINT_ONCE])
def test_everything_stays_finite(settings):
    config = tiny(**settings)
    state = create(config)
    for step in range(3):
        scalars = gan.update(state, config, real_images(step))
    for value in [*scalars.values(), *state.variables().values()]:
        assert np.isfinite(value.numpy()).all()


def averages(config, *, at_step=0):
    """One step's averaged weights: (before, raw after, averaged after)."""
    state = create(config)
    state.step.assign(at_step)
    before = values(state.averaged_generator.variables)
    gan.update(state, config, real_images())
    return (
        before,
        values(state.generator.variables),
        values(state.averaged_generator.variables),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "ema_decay, at_step, decay",
    [
        (0.999, 0, 0.1),  # (1 + 0) / (10 + 0)
        (0.999, 8, 0.5),  # (1 + 8) / (10 + 8)
        (0.999, 8990, 0.999),  # 8991 / 9000, where the warm-up ends
        (0.999, 10**6, 0.999),
        (0.05, 0, 0.05),
    ],
)
def test_the_average_moves_towards_the_weights(ema_decay, at_step, decay):
    before, raw, averaged = averages(tiny(ema_decay=ema_decay), at_step=at_step)
    for old, weight, mean in zip(before, raw, averaged, strict=True):
        np.testing.assert_allclose(
            mean, decay * old + (1 - decay) * weight, rtol=0, atol=1e-6
        )


@pytest.mark.slow
def test_moving_statistics_are_averaged_with_the_weights():
    config = tiny()
    state = create(config)
    gan.update(state, config, real_images())
    statistics = [
        v
        for v in state.averaged_generator.non_trainable_variables
        if v.name.startswith("moving")
    ]
    assert len(statistics) == 2
    for mean, raw in zip(
        statistics, state.generator.non_trainable_variables, strict=True
    ):
        start = 1.0 if mean.name == "moving_variance" else 0.0
        np.testing.assert_allclose(
            mean.numpy(), 0.1 * start + 0.9 * raw.numpy(), atol=1e-6
        )
        assert not np.allclose(raw.numpy(), start, atol=1e-6)


@pytest.mark.slow
def test_decay_0_makes_the_average_the_weights_themselves():
    _, raw, averaged = averages(tiny(ema_decay=0.0), at_step=1000)
    assert all(same(raw, averaged))


@pytest.mark.slow
def test_the_average_begins_as_the_generator():
    state = create(tiny())
    assert all(
        same(
            values(state.generator.variables),
            values(state.averaged_generator.variables),
        )
    )
    assert state.step.numpy() == 0


@pytest.mark.slow
def test_variables_have_unique_names_that_do_not_depend_on_the_process():
    config = tiny()
    first = create(config).variables()
    second = create(config).variables()
    assert list(first) == list(second)
    state = create(config)
    owners = [
        state.generator,
        state.discriminator,
        state.averaged_generator,
        state.generator_optimizer,
        state.discriminator_optimizer,
    ]
    count = 1 + sum(len(owner.variables) for owner in owners)
    assert len(state.variables()) == count
    assert len({v.ref() for v in state.variables().values()}) == count
    assert "generator/to_pixels/kernel" in first
    assert "generator_optimizer/adam/iteration" in first


class RecordedDropout(keras.layers.Dropout):
    """Dropout that remembers which inputs it dropped."""

    def __init__(self, masks):
        super().__init__(0.5)
        # Keras would copy the list itself.
        self._masks = lambda: masks
        self._record = masks.append

    def get_config(self):
        return {"masks": self._masks}

    @classmethod
    def from_config(cls, config):
        return cls(config["masks"]())

    def call(self, inputs, training=False):
        outputs = super().call(inputs, training=training)
        if training and not isinstance(outputs, keras.KerasTensor):
            self._record(tuple((outputs.numpy() == 0).ravel()))
        return outputs


@pytest.fixture
def dropout_masks(monkeypatch):
    """Makes both networks drop; returns the masks in the order of calls."""
    masks = []

    def dense(units, seed, activation=None):
        return keras.layers.Dense(
            units,
            activation,
            kernel_initializer=keras.initializers.RandomNormal(seed=seed),
        )

    def generator(config, image_shape):
        return keras.Sequential(
            [
                keras.Input([config.latent_dim]),
                RecordedDropout(masks),
                dense(256, 0, "tanh"),
                keras.layers.Reshape(image_shape),
            ],
            name="generator",
        )

    def discriminator(config, image_shape):
        return keras.Sequential(
            [
                keras.Input(image_shape),
                keras.layers.Flatten(),
                RecordedDropout(masks),
                dense(16, 1, "relu"),
                RecordedDropout(masks),
                dense(1, 2),
            ],
            name="discriminator",
        )

    network = tiny().network
    monkeypatch.setitem(
        families.NETWORKS,
        network,
        dataclasses.replace(
            families.NETWORKS[network],
            generators=(generator,),
            discriminators=(discriminator,),
        ),
    )
    return masks


def dropout_step(masks, *, before=0, **settings):
    """One step from given seed generators; returns its masks and weights."""
    config = tiny(latent_dim=64, **settings)
    state = create(config)
    for generator in state.seed_generators():
        generator.assign(tf.cast([before, before], generator.dtype))
    masks.clear()
    gan.update(state, config, real_images())
    return list(masks), values(state.variables().values())


@pytest.mark.slow
def test_dropout_is_a_function_of_seed_and_step(dropout_masks):
    masks, weights = dropout_step(dropout_masks, before=3)
    again, same_weights = dropout_step(dropout_masks, before=77)
    assert len(masks) == 10
    assert masks == again
    assert all(same(weights, same_weights))


@pytest.mark.slow
def test_dropout_differs_between_the_calls_within_a_step(dropout_masks):
    masks, _ = dropout_step(dropout_masks)
    # G passes twice and has one layer, D passes four times and has two; only
    # D's first layer is large enough for equal masks to be no accident.
    assert len(masks) == 2 + 4 * 2
    large = [mask for mask in masks if len(mask) == BATCH * 256]
    assert len(large) == 4
    assert len(set(masks)) == len(masks)


@pytest.mark.slow
def test_dropout_differs_between_steps_and_seeds(dropout_masks):
    config = tiny(latent_dim=64)
    state = create(config)
    dropout_masks.clear()
    for _ in range(2):
        gan.update(state, config, real_images())
    first, second = set(dropout_masks[:10]), set(dropout_masks[10:])
    assert len(second) == 10
    assert not first & second
    other, _ = dropout_step(dropout_masks, seed=1)
    assert not first & set(other)


def test_checkpoints_leave_out_the_counters_of_random_layers(dropout_masks):
    state = create(tiny(latent_dim=64))
    assert len(state.seed_generators()) == 3
    counters = {v.ref() for v in state.seed_generators()}
    assert not counters & {v.ref() for v in state.variables().values()}


def steps_in(precision, count=1, **settings):
    """Trains in a precision; returns state, scalars and how far G moved."""
    config = tiny(precision=precision, **settings)
    state = create(config)
    before = values(state.generator.trainable_variables)
    function = tf.function(
        lambda x: gan.update(state, config, x), autograph=False
    )
    for step in range(count):
        scalars = function(real_images(step))
    moved = [
        np.abs(b - a).mean()
        for a, b in zip(
            before, values(state.generator.trainable_variables), strict=True
        )
    ]
    return state, {k: float(v) for k, v in scalars.items()}, np.array(moved)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_trains_like_float32(precision):
    _, expected, expected_moved = steps_in("float32", **JOINT_ONCE)
    state, scalars, moved = steps_in(precision, **JOINT_ONCE)
    for name in gan.scalars(tiny()):
        if name.endswith("norm"):
            assert scalars[name] == pytest.approx(expected[name], rel=0.1), name
        elif name.endswith("accuracy"):  # One image of four may change sides.
            assert scalars[name] == pytest.approx(expected[name], abs=0.25), (
                name
            )
        else:
            assert scalars[name] == pytest.approx(expected[name], abs=0.02), (
                name
            )
    # Unscaled or twice scaled gradients would move a thousand times less.
    np.testing.assert_allclose(moved, expected_moved, rtol=0.15)
    assert state.generator.get_layer("up_1").compute_dtype == (
        precision.removeprefix("mixed_")
    )


@pytest.mark.slow
def test_the_averaged_generator_is_float32_whatever_the_precision():
    config = tiny(precision="mixed_bfloat16")
    state = create(config)
    for layer in state.averaged_generator.layers:
        assert layer.compute_dtype == "float32"
    assert all(
        same(
            values(state.generator.variables),
            values(state.averaged_generator.variables),
        )
    )


@pytest.mark.slow
def test_float16_scales_the_losses_of_both_networks():
    state, scalars, _ = steps_in("mixed_float16", count=2)
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert optimizer.inner_optimizer.iterations.numpy() == 4
        assert float(optimizer.scale_loss(tf.constant(1.0))) == 2**15
    assert 0.5 < scalars["loss_d"] < 3
    assert np.isfinite(list(scalars.values())).all()


@pytest.mark.slow
def test_other_precisions_do_not_scale():
    for precision in ("float32", "mixed_bfloat16"):
        state = create(tiny(precision=precision))
        assert type(state.generator_optimizer) is optimizers.Adam


@pytest.mark.slow
def test_a_new_state_has_no_variable_that_is_not_finite():
    assert states.non_finite_variables(create(tiny())) == []


@pytest.mark.slow
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "owner",
    [
        "generator",
        "discriminator",
        "averaged_generator",
        "generator_optimizer",
        "discriminator_optimizer",
    ],
)
def test_a_variable_with_one_number_that_is_not_finite_is_named(owner, value):
    state = create(tiny())
    name, variable = next(
        (name, variable)
        for name, variable in state.variables().items()
        if name.startswith(f"{owner}/")
        and variable.dtype.is_floating
        and variable.shape.rank > 0
    )
    numbers = variable.numpy()
    numbers.flat[-1] = value
    variable.assign(numbers)
    assert states.non_finite_variables(state) == [name]


@pytest.mark.slow
def test_each_step_has_views_of_its_own(views_of_steps):
    config = tiny(augment="cutout", consistency=1.0)
    state = create(config)
    steps = views_of_steps(
        lambda: gan.update(state, config, real_images()), count=2
    )
    # Squares of D's two batches and of G's two, and two batches' shifts.
    assert [len(step) for step in steps] == [6, 6]
    assert steps[0].isdisjoint(steps[1])
