import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.config import losses as records
from tf_dcgan.config import overrides, schema
from tf_dcgan.gan import gan, losses, updates, views
from tf_dcgan.models import families

BATCH = 3
SHAPE = (4, 5, 1)
RATE = 0.1


@pytest.fixture(autouse=True)
def float32_again():
    yield
    keras.config.set_dtype_policy("float32")


def network(*, normalized=False, dtype="float32"):
    """A small discriminator whose slopes depend smoothly on everything."""
    layers = [
        keras.Input(SHAPE, dtype="float64" if dtype == "float64" else None),
        keras.layers.Conv2D(
            2,
            3,
            strides=2,
            padding="same",
            kernel_initializer=keras.initializers.RandomNormal(0, 0.5, seed=1),
            dtype=dtype,
        ),
    ]
    if normalized:
        layers.append(keras.layers.BatchNormalization(dtype=dtype))
    layers += [
        keras.layers.Activation("tanh", dtype=dtype),
        keras.layers.Flatten(dtype=dtype),
        keras.layers.Dense(
            1,
            kernel_initializer=keras.initializers.RandomNormal(0, 0.5, seed=2),
            # As in every discriminator of this project.
            dtype="float64" if dtype == "float64" else "float32",
        ),
    ]
    return keras.Sequential(layers)


def batch(seed, dtype=tf.float32):
    chance = np.random.default_rng(seed)
    return tf.constant(chance.uniform(-1, 1, [BATCH, *SHAPE]), dtype)


def descend(discriminator, config, *, optimizer=None, step=7):
    """One update by plain gradient descent; returns scalars and movements."""
    optimizer = optimizer or keras.optimizers.SGD(RATE)
    optimizer.build(discriminator.trainable_variables)
    before = [v.numpy() for v in discriminator.trainable_variables]
    step = tf.constant(step, tf.int64)
    scalars = updates.update_discriminator(
        updates.Judge(discriminator, config, step),
        optimizer,
        config,
        images=batch(0),
        fake_images=batch(1),
        step=step,
    )
    after = [v.numpy() for v in discriminator.trainable_variables]
    moved = [b - a for a, b in zip(before, after, strict=True)]
    return {k: float(v) for k, v in scalars.items()}, moved


def slope_norms(discriminator, images):
    """The length of each image's slope, one image at a time."""
    norms = []
    for image in tf.unstack(images):
        with tf.GradientTape() as tape:
            tape.watch(image)
            output = discriminator(image[tf.newaxis], training=True)[0, 0]
        norms.append(tf.norm(tape.gradient(output, image)))
    return tf.stack(norms)


def slopes_of(discriminator, images):
    """As an update takes them."""
    judge = updates.Judge(discriminator, schema.Config(), tf.constant(0))
    return judge.with_slopes(images, None, updates.View.REAL)[1]


def _gradients(tape, value, discriminator):
    gradients = tape.gradient(
        value,
        [v.value for v in discriminator.trainable_variables],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    return [gradient.numpy() for gradient in gradients]


def written_out(discriminator, config, *, step=7):
    """D's parts as their papers write them: (fake, real, interpolated)."""
    images, fake_images = batch(0), batch(1)
    loss = losses.LOSSES[config.loss]
    share = 0.5 if config.discriminator_loss == "mean" else 1.0

    def fake():
        squares = slope_norms(discriminator, fake_images) ** 2
        return share * loss.discriminator(
            discriminator(fake_images), config.fake_label
        ) + config.r2_gamma / 2 * tf.reduce_mean(squares)

    def real():
        squares = slope_norms(discriminator, images) ** 2
        return share * loss.discriminator(
            discriminator(images), config.real_label
        ) + config.r1_gamma / 2 * tf.reduce_mean(squares)

    def interpolated():
        epsilon = randomness.interpolation_weights(
            config.seed, tf.constant(step), batch_size=BATCH
        )
        norms = slope_norms(
            discriminator, epsilon * images + (1 - epsilon) * fake_images
        )
        return 10 * tf.reduce_mean((norms - 1) ** 2)

    return fake, real, interpolated


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "wasserstein_gp"},
        {"loss": "wasserstein_gp", "r1_gamma": 2.0, "seed": 3},
        {"loss": "wasserstein_gp", "discriminator_loss": "mean"},
        {"loss": "least_squares", "r1_gamma": 0.7},
        {"loss": "hinge", "discriminator_loss": "mean", "r1_gamma": 5.0},
        {"loss": "non_saturating", "r1_gamma": 0.3, "r2_gamma": 0.9},
    ],
    ids=lambda settings: "-".join(str(v) for v in settings.values()),
)
def test_a_joint_update_descends_the_sum_of_all_parts_written_out(settings):
    config = schema.Config(discriminator_updates="joint", **settings)
    reference, discriminator = network(), network()
    fake, real, interpolated = written_out(reference, config)
    has_third = config.loss == "wasserstein_gp"

    def total():
        return fake() + real() + (interpolated() if has_third else 0.0)

    with tf.GradientTape() as tape:
        value = total()
    expected = _gradients(tape, value, reference)
    scalars, moved = descend(discriminator, config)
    for actual, gradient in zip(moved, expected, strict=True):
        np.testing.assert_allclose(actual, -RATE * gradient, rtol=0, atol=2e-6)
    assert scalars["loss_d"] == pytest.approx(float(value), abs=1e-5)
    norm = np.sqrt(sum((g**2).sum() for g in expected))
    assert scalars["discriminator_gradient_norm"] == pytest.approx(
        norm, rel=1e-5
    )
    if has_third:
        assert scalars["gradient_penalty"] == pytest.approx(
            float(interpolated()), abs=1e-5
        )
    else:
        assert "gradient_penalty" not in scalars


@pytest.mark.slow
def test_separate_updates_put_penalties_and_half_losses_where_they_belong():
    config = schema.Config(
        loss="least_squares",
        discriminator_loss="mean",
        r1_gamma=0.7,
        r2_gamma=0.4,
    )
    reference, discriminator = network(), network()
    before = [v.numpy() for v in reference.trainable_variables]
    fake, real, _ = written_out(reference, config)
    norms, values = [], []
    for part in (fake, real):
        with tf.GradientTape() as tape:
            value = part()
        gradients = _gradients(tape, value, reference)
        for variable, gradient in zip(
            reference.trainable_variables, gradients, strict=True
        ):
            variable.assign_sub(RATE * gradient)
        values.append(float(value))
        norms.append(np.sqrt(sum((g**2).sum() for g in gradients)))
    scalars, moved = descend(discriminator, config)
    for start, actual, end in zip(
        before, moved, reference.trainable_variables, strict=True
    ):
        np.testing.assert_allclose(
            actual, end.numpy() - start, rtol=0, atol=2e-6
        )
    assert scalars["loss_d"] == pytest.approx(sum(values), abs=1e-5)
    assert scalars["discriminator_gradient_norm"] == pytest.approx(
        np.mean(norms), rel=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize(("share", "weight"), [("sum", 1.0), ("mean", 0.5)])
def test_relativistic_pairs_are_compared_with_both_penalties(share, weight):
    config = schema.Config(
        loss="relativistic",
        discriminator_loss=share,
        r1_gamma=0.7,
        r2_gamma=0.4,
    )
    reference, discriminator = network(), network()
    images, fake_images = batch(0), batch(1)
    with tf.GradientTape() as tape:
        differences = reference(fake_images) - reference(images)
        value = (
            weight * tf.reduce_mean(tf.math.log(1 + tf.exp(differences)))
            + 0.35 * tf.reduce_mean(slope_norms(reference, images) ** 2)
            + 0.2 * tf.reduce_mean(slope_norms(reference, fake_images) ** 2)
        )
    expected = _gradients(tape, value, reference)
    scalars, moved = descend(discriminator, config)
    for actual, gradient in zip(moved, expected, strict=True):
        np.testing.assert_allclose(actual, -RATE * gradient, rtol=0, atol=2e-6)
    assert scalars["loss_d"] == pytest.approx(float(value), abs=1e-5)
    right = np.mean(differences < 0)
    assert scalars["real_accuracy"] == scalars["fake_accuracy"] == right
    penalties = scalars["r1_penalty"] + scalars["r2_penalty"]
    pairs = weight * np.log1p(np.exp(differences)).mean()
    assert scalars["loss_d"] == pytest.approx(pairs + penalties, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
@pytest.mark.parametrize("flip", [False, True])
def test_consistency_is_the_change_of_ds_output_on_both_halves(loss, flip):
    settings = {
        "loss": loss,
        "discriminator_updates": "joint",
        "horizontal_flip": flip,
    }
    step = tf.constant(7, tf.int64)
    plain, moved_without = descend(network(), schema.Config(**settings))
    scalars, moved = descend(
        network(), schema.Config(**settings, consistency=10.0)
    )
    discriminator, expected = network(), 0.0
    with tf.GradientTape() as tape:
        for images, view in ((batch(0), 1), (batch(1), 0)):
            uniforms = randomness.view_uniforms(
                0,
                step,
                purpose=randomness.Purpose.CONSISTENCY,
                view=view,
                shape=(BATCH, 3),
            )
            others = views.shifted(images, uniforms, may_flip=flip)
            assert not np.allclose(others, images)
            change = discriminator(images) - discriminator(others)
            expected += 10.0 * tf.reduce_mean(change**2)
    gradients = _gradients(tape, expected, discriminator)
    assert scalars["consistency"] == pytest.approx(float(expected), rel=1e-4)
    assert scalars["loss_d"] == pytest.approx(
        plain["loss_d"] + float(expected), rel=1e-4
    )
    for more, less, gradient in zip(
        moved, moved_without, gradients, strict=True
    ):
        np.testing.assert_allclose(
            more - less, -RATE * gradient, rtol=0, atol=5e-6
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "passes"),
    [
        # Fake, real, each shifted, and G's two updates.
        ({}, 6),
        # The images between them, and one update of G.
        ({"loss": "wasserstein_gp", "generator_updates": 1}, 6),
    ],
    ids=["entropy", "wasserstein_gp"],
)
def test_d_sees_every_image_augmented_and_g_learns_through_it(
    settings, passes, monkeypatch
):
    config = schema.Config(
        **settings,
        recipe="dcgan_small",
        width=0.05,
        latent_dim=4,
        image_size="16",
        augment="cutout,translation,color",
        r1_gamma=1.0,
        consistency=1.0,
    )
    assert config.augment == "color,translation,cutout"
    state = gan.create_state(config, (16, 16, 1))
    seen, changed = [], []
    augmented = views.augmented

    def watch(images, changes, uniforms):
        assert changes == ("color", "translation", "cutout")
        changed.append(augmented(images, changes, uniforms))
        seen.append(uniforms.numpy())
        return changed[-1]

    monkeypatch.setattr(views, "augmented", watch)
    images = tf.random.stateless_uniform([4, 16, 16, 1], [1, 2], -1.0)
    scalars = gan.update(state, config, images)
    assert len(seen) == passes
    views_of_step = {uniforms.tobytes() for uniforms in seen}
    assert len(views_of_step) == 4
    assert not np.allclose(changed[2], images)
    assert float(scalars["generator_gradient_norm"]) > 0


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_a_larger_batch_of_g_has_latents_and_labels_of_its_own(loss):
    config = schema.Config(
        recipe="dcgan_small",
        width=0.05,
        latent_dim=4,
        image_size="16",
        loss=loss,
        generator_latents="new",
        generator_batch=3,
        conditional=True,
    )
    state = gan.create_state(config, (16, 16, 1), num_classes=2)
    batches, generated = [], updates.Generated

    class Recorded(generated):
        def __init__(self, generator, latents, labels=None):
            super().__init__(generator, latents, labels)
            batches.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(updates, "Generated", Recorded)
        images = tf.random.stateless_uniform([4, 16, 16, 1], [1, 2], -1.0)
        gan.update(state, config, images, tf.constant([0, 1, 1, 0]))
    assert [len(each.latents) for each in batches] == [4, 12, 12]
    assert batches[1].labels.numpy().tolist() == [0] * 3 + [1] * 6 + [0] * 3
    assert not np.isclose(batches[1].latents[:4], batches[0].latents).any()


def exact_moments(x, axes, keepdims=False, **unused):
    """Mean and variance; `tf.nn.moments` has a constant mean in the latter.

    That is right of a first derivative, not of a second.
    """
    mean = tf.reduce_mean(x, axes, keepdims=True)
    variance = tf.reduce_mean((x - mean) ** 2, axes, keepdims=keepdims)
    return tf.reshape(mean, tf.shape(variance)), variance


each_penalty = pytest.mark.parametrize(
    "penalty",
    [
        lambda slopes: losses.lipschitz_penalty(slopes, 10.0),
        lambda slopes: losses.zero_centered_penalty(slopes, 3.0),
    ],
    ids=["lipschitz", "r1"],
)


@pytest.mark.slow
@each_penalty
def test_a_penaltys_gradient_is_whole_and_kerass_almost(penalty, monkeypatch):
    config = schema.Config(recipe="dcgan_small", width=0.1)
    images = tf.random.stateless_uniform([64, 28, 28, 1], [1, 2], -1.0)

    def gradient():
        (discriminator,) = families.discriminators(config, (28, 28, 1))
        with tf.GradientTape() as tape:
            slopes = slopes_of(discriminator, images)
            value = penalty(slopes)
        gradients = _gradients(tape, value, discriminator)
        return np.concatenate([part.ravel() for part in gradients])

    shipped = gradient()
    monkeypatch.setattr(
        families.fast_layers, "for_training", lambda model, **_: model
    )
    of_keras = gradient()
    monkeypatch.setattr(tf.nn, "moments", exact_moments)
    exact = gradient()

    def error(estimate):
        return np.linalg.norm(estimate - exact) / np.linalg.norm(exact)

    assert error(shipped) < 1e-4
    # Trained on a GPU, where Keras's layers are left in place.
    assert 1e-3 < error(of_keras) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("normalized", [False, True], ids=["plain", "norm"])
@each_penalty
def test_second_derivatives_are_those_of_numerical_differentiation(
    penalty, normalized, monkeypatch
):
    # TensorFlow's own are not exact; with 18 values it shows.
    monkeypatch.setattr(tf.nn, "moments", exact_moments)
    discriminator = network(normalized=normalized, dtype="float64")
    images = batch(5, tf.float64)

    def value():
        slopes = slopes_of(discriminator, images)
        return penalty(slopes)

    with tf.GradientTape() as tape:
        penalty_value = value()
    gradients = _gradients(tape, penalty_value, discriminator)
    expected = []
    for variable in discriminator.trainable_variables:
        numbers = variable.numpy()
        for place in np.ndindex(numbers.shape):
            around = []
            for sign in (1, -1):
                changed = numbers.copy()
                changed[place] += sign * 1e-5
                variable.assign(changed)
                around.append(float(value()))
            variable.assign(numbers)
            expected.append((around[0] - around[1]) / 2e-5)
    gradients = np.concatenate([gradient.ravel() for gradient in gradients])
    error = np.linalg.norm(gradients - expected) / np.linalg.norm(expected)
    assert error < 1e-6


def test_interpolated_images_are_a_function_of_seed_and_step():
    def drawn(seed, step):
        return randomness.interpolation_weights(
            seed, tf.constant(step), batch_size=1000
        ).numpy()

    weights = drawn(1, 2)
    assert weights.shape == (1000, 1, 1, 1)
    assert 0 <= weights.min() < 0.01 and 0.99 < weights.max() < 1
    assert weights.mean() == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(weights, drawn(1, 2))
    assert not np.isclose(weights, drawn(2, 2)).all()
    assert not np.isclose(weights, drawn(1, 3)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "wasserstein_gp", "r1_gamma": 2.0},
        {"loss": "least_squares", "r1_gamma": 2.0},
    ],
)
def test_loss_scaling_changes_neither_the_update_nor_the_norm(settings):
    config = schema.Config(**settings)
    expected_scalars, expected_moved = descend(network(), config)
    scaling = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(RATE))
    scalars, moved = descend(network(), config, optimizer=scaling)
    for actual, expected in zip(moved, expected_moved, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)
    assert scalars == pytest.approx(expected_scalars, rel=1e-5)


def test_an_update_that_loss_scaling_skips_counts_as_no_gradient():
    config = schema.Config(loss="wasserstein_gp")
    scaling = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(RATE), initial_scale=2.0**127
    )
    scalars, moved = descend(network(), config, optimizer=scaling)
    assert scalars["discriminator_gradient_norm"] == 0
    assert all((m == 0).all() for m in moved)
    assert np.isfinite(list(scalars.values())).all()


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["wasserstein_gp", "hinge"])
def test_penalties_in_float16_are_those_of_float32(loss):
    config = schema.Config(
        loss=loss, r1_gamma=2.0, discriminator_updates="joint"
    )
    expected_scalars, expected_moved = descend(network(), config)
    scaling = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(RATE), initial_scale=2.0**8
    )
    discriminator = network(dtype="mixed_float16")
    scalars, moved = descend(discriminator, config, optimizer=scaling)
    assert discriminator.layers[0].compute_dtype == "float16"
    for actual, expected in zip(moved, expected_moved, strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(actual, expected, atol=0.01 * scale + 1e-5)
    for name, value in scalars.items():
        assert value == pytest.approx(expected_scalars[name], rel=0.01), name


@pytest.mark.slow
@pytest.mark.parametrize("pairs", [False, True])
def test_the_generators_gradient_norm_is_that_of_its_first_update(pairs):
    config = schema.Config(
        recipe="dcgan_small",
        width=0.05,
        latent_dim=4,
        image_size="16",
        loss="relativistic" if pairs else "non_saturating",
    )
    state = gan.create_state(config, (16, 16, 1))
    latents = randomness.training_latents(
        0, tf.constant(0), batch_size=4, latent_dim=4, draw=0
    )
    real = tf.random.stateless_uniform([2, 16, 16, 1], [1, 2], -1.0)
    variables = state.generator.trainable_variables
    with tf.GradientTape() as tape:
        images = state.generator(latents, training=True)
        outputs = state.discriminator(images, training=True)
        if pairs:  # G's batch is twice that of the real images.
            first, second = tf.unstack(state.discriminator(real, training=True))
            outputs -= tf.stack([first, first, second, second])
        loss = tf.reduce_mean(tf.nn.softplus(-outputs))
    gradients = tape.gradient(loss, [v.value for v in variables])
    expected = np.sqrt(sum((g.numpy() ** 2).sum() for g in gradients))
    scalars = updates.update_generator(
        state.generator,
        state.generator_optimizer,
        config,
        judge=updates.Judge(state.discriminator, config, state.step),
        generated=updates.Generated(state.generator, latents),
        images=real,
    )
    assert float(scalars["loss_g"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(scalars["generator_gradient_norm"]) == pytest.approx(
        expected, rel=1e-4
    )


@pytest.mark.slow
def test_the_images_of_a_class_add_up_in_gs_update():
    config = overrides.from_flags(
        {
            "recipe": "dcgan_small",
            "width": 0.05,
            "latent_dim": 4,
            "image_size": "16",
            "conditional": True,
            "conditioning": "projection",
        }
    )
    state = gan.create_state(config, (16, 16, 1), num_classes=2)
    labels = tf.constant([0, 0, 0, 0])
    latents = randomness.training_latents(
        0, tf.constant(0), batch_size=4, latent_dim=4, draw=0
    )
    variables = state.generator.trainable_variables
    with tf.GradientTape() as tape:
        images = state.generator([latents, labels], training=True)
        outputs = state.discriminator([images, labels], training=True)
        loss = tf.reduce_mean(tf.nn.softplus(-outputs))
    gradients = [
        tf.convert_to_tensor(gradient).numpy()
        for gradient in tape.gradient(loss, [v.value for v in variables])
    ]
    before = [v.numpy() for v in variables]
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(variables)
    scalars = updates.update_generator(
        state.generator,
        optimizer,
        config,
        judge=updates.Judge(state.discriminator, config, state.step),
        generated=updates.Generated(state.generator, latents, labels),
        images=tf.zeros([4, 16, 16, 1]),
        labels=labels,
    )
    # Most of it is of the kernels.
    assert float(scalars["generator_gradient_norm"]) == pytest.approx(
        np.sqrt(sum((gradient**2).sum() for gradient in gradients)), rel=5e-6
    )
    for variable, value, gradient in zip(
        variables, before, gradients, strict=True
    ):
        np.testing.assert_allclose(
            variable.numpy() - value, -RATE * gradient, rtol=0, atol=1e-6
        )


@pytest.mark.slow
@pytest.mark.parametrize("normalized", [False, True])
def test_batch_normalisation_is_told_of_where_it_undoes_a_setting(normalized):
    discriminator = network(normalized=normalized)
    # Also inside another model.
    nested = keras.Sequential([keras.Input(SHAPE), discriminator])
    for model in (discriminator, nested):
        for settings, named in (
            ({}, []),
            (
                {"loss": "hinge", "spectral_norm": True},
                ["--spectral_norm scales"],
            ),
            ({"loss": "wasserstein_gp"}, ["--loss=wasserstein_gp pen"]),
            ({"r1_gamma": 0.5}, ["--r1_gamma=0.5 pen"]),
            (
                {"r1_gamma": 0.5, "r2_gamma": 2.0, "consistency": 10.0},
                [
                    "--r1_gamma=0.5 and --r2_gamma=2 penalise D",
                    "--consistency=10 compares D's outputs",
                ],
            ),
            (
                {"r1_gamma": 10.0, "loss": "wasserstein_gp"},
                ["--loss=wasserstein_gp and --r1_gamma=10 penalise D"],
            ),
            (
                {"r1_gamma": 0.5, "spectral_norm": True},
                ["--r1_gamma=0.5 penalises D", "--spectral_norm scales"],
            ),
        ):
            notes = updates.batch_notes(schema.Config(**settings), model)
            assert len(notes) == (len(named) if normalized else 0)
            for note, text in zip(notes, named, strict=normalized):
                assert text in note and "\n" not in note
            if normalized and named:
                assert notes[-1].endswith(
                    "; --nodiscriminator_batch_norm leaves it out"
                )


def test_instance_normalisation_undoes_spectral_normalisation_alone():
    flags = {"recipe": "cyclegan", "width": 0.05, "r1_gamma": 1.0}
    for more, texts in (
        ({}, []),
        (
            {"spectral_norm": True, "consistency": 10.0},
            [
                "note: --spectral_norm scales the weights of D, but recipe "
                "cyclegan has instance normalisation in D, which undoes most "
                "of it: D's slope is not bounded as in the source of this "
                "method"
            ],
        ),
    ):
        config = overrides.from_flags(flags | more)
        for model in families.discriminators(config, (24, 24, 3)):
            assert updates.batch_notes(config, model) == texts


@pytest.mark.slow
def test_what_speaks_of_one_image_is_told_of_the_channel_of_the_batch():
    model = network(normalized=False)
    for settings, begin in (
        ({"r1_gamma": 1.0}, "note: --r1_gamma=1 takes D's output for that of"),
        (
            {"r1_gamma": 1.0, "consistency": 10.0},
            "note: --r1_gamma=1 and --consistency=10 take D's output for that ",
        ),
    ):
        config = schema.Config(minibatch_stddev=True, **settings)
        (note,) = updates.batch_notes(config, model)
        assert note.startswith(begin)
    config = schema.Config(minibatch_stddev=True)
    assert updates.batch_notes(config, model) == []


@pytest.mark.slow
@pytest.mark.parametrize("loss", records.LOSSES)
def test_every_loss_moves_generated_points_to_the_real_ones(loss, monkeypatch):
    # Points of two numbers: G only shifts what it is given; the real ones
    # lie around (0.5, -0.5), the generated ones start around 0.
    def generator(config, image_shape):
        return keras.Sequential(
            [
                keras.Input([2]),
                keras.layers.Rescaling(0.1),
                keras.layers.Dense(2, kernel_initializer="identity"),
                keras.layers.Reshape(image_shape),
            ]
        )

    def discriminator(config, image_shape):
        weights = keras.initializers.RandomNormal(0, 0.5, seed=0)
        return keras.Sequential(
            [
                keras.Input(image_shape),
                keras.layers.Flatten(),
                keras.layers.Dense(16, "tanh", kernel_initializer=weights),
                keras.layers.Dense(1, kernel_initializer="zeros"),
            ]
        )

    monkeypatch.setitem(
        families.NETWORKS,
        schema.Config().network,
        families.Network((generator,), (discriminator,), lambda size: 1),
    )
    config = schema.Config(
        loss=loss,
        latent_dim=2,
        generator_updates=1,
        generator_learning_rate=0.01,
        discriminator_learning_rate=0.05,
        beta_1=0.0,
    )
    state = gan.create_state(config, (1, 1, 2))
    chance = np.random.default_rng(0)
    centre = np.array([0.5, -0.5])
    update = tf.function(
        lambda images: gan.update(state, config, images), autograph=False
    )
    for _ in range(60):
        points = centre + 0.1 * chance.standard_normal([32, 1, 1, 2])
        update(tf.constant(points, tf.float32))
    latents = tf.random.stateless_normal([500, 2], [0, 0])
    mean = state.generator(latents).numpy().mean((0, 1, 2))
    assert np.linalg.norm(mean - centre) < 0.2, mean  # It was 0.71.


def test_every_penalty_has_its_name_in_one_order():
    config = schema.Config(
        loss="wasserstein_gp", r1_gamma=1.0, r2_gamma=1.0, consistency=1.0
    )
    assert updates.penalty_names(config) == records.PENALTIES
