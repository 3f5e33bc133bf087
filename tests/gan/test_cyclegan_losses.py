import pytest
import tensorflow as tf

from tf_dcgan.config import kinds
from tf_dcgan.config import losses as records
from tf_dcgan.gan import cyclegan_losses as translation
from tf_dcgan.gan import losses

LEAST_SQUARES = losses.LOSSES["least_squares"]
CROSS_ENTROPY = losses.LOSSES["non_saturating"]


def patches(*rows):
    """D's outputs on one image, [1, rows, columns, 1]."""
    return tf.constant(rows, tf.float32)[tf.newaxis, :, :, tf.newaxis]


def images(*values):
    """One image of 1x2 pixels and 2 channels for every four numbers."""
    return tf.reshape(tf.constant(values, tf.float32), [-1, 1, 2, 2])


def gradients(loss, *inputs):
    with tf.GradientTape() as tape:
        for x in inputs:
            tape.watch(x)
        value = loss(*inputs)
    return [
        tf.reshape(x, [-1]).numpy() for x in tape.gradient(value, [*inputs])
    ]


def discriminator_loss(real, fake, loss=LEAST_SQUARES, labels=(1.0, 0.0)):
    return translation.discriminator_loss(
        loss,
        real_outputs=real,
        fake_outputs=fake,
        real_label=labels[0],
        fake_label=labels[1],
    )


REAL = patches([1.0, 0.5], [3.0, -1.0])
FAKE = patches([0.0, 2.0], [-0.5, 1.0])


@pytest.mark.parametrize(
    "labels, expected",
    [
        # ((0 + 0.25 + 4 + 4) / 4 + (0 + 4 + 0.25 + 1) / 4) / 2
        ((1.0, 0.0), 1.6875),
        # ((0.01 + 0.16 + 4.41 + 3.61) / 4 + (0.01 + 3.61 + 0.36 + 0.81) / 4)
        # / 2
        ((0.9, 0.1), 1.6225),
    ],
)
def test_the_discriminators_loss_is_the_mean_of_its_halves_over_all_patches(
    labels, expected
):
    loss = discriminator_loss(REAL, FAKE, labels=labels)
    assert loss.shape == ()
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_the_discriminators_loss_takes_cross_entropy_too():
    # ((ln(1 + e^-2) + ln 2) / 2 + (ln(1 + e^-1) + ln(1 + e^3)) / 2) / 2
    # = ((0.126928 + 0.693147) / 2 + (0.313262 + 3.048587) / 2) / 2
    loss = discriminator_loss(
        patches([2.0, 0.0]), patches([-1.0, 3.0]), CROSS_ENTROPY
    )
    assert float(loss) == pytest.approx(1.045481, abs=1e-6)


def test_a_discriminator_that_knows_every_patch_loses_nothing():
    ones, zeros = patches([1.0, 1.0]), patches([0.0, 0.0])
    assert float(discriminator_loss(ones, zeros)) == 0.0
    assert float(discriminator_loss(zeros, ones)) == 1.0


def test_the_discriminator_pulls_real_patches_up_and_generated_ones_down():
    real, fake = gradients(
        discriminator_loss, patches([0.0, 0.5]), patches([1.0, 0.5])
    )
    # 2 (x - label) / 2 patches / 2 halves
    assert real == pytest.approx([-0.5, -0.25], abs=1e-6)
    assert fake == pytest.approx([0.5, 0.25], abs=1e-6)


def test_the_adversarial_loss_is_the_mean_over_all_patches_against_1():
    # (1 + 1 + 2.25 + 0) / 4
    loss = translation.adversarial_loss(LEAST_SQUARES, FAKE)
    assert float(loss) == pytest.approx(1.0625, abs=1e-6)
    # (ln(1 + e) + ln(1 + e^-3)) / 2
    loss = translation.adversarial_loss(CROSS_ENTROPY, patches([-1.0, 3.0]))
    assert float(loss) == pytest.approx(0.680924, abs=1e-6)


@pytest.mark.parametrize(
    "name, expected",
    [
        # 2 (x - 1) / 2 and (sigmoid(x) - 1) / 2 at -2 and 0.25
        ("least_squares", [-3.0, -0.75]),
        ("non_saturating", [-0.440399, -0.218912]),
    ],
)
def test_the_generator_pushes_the_patches_of_its_images_up(name, expected):
    assert name in records.of_kind(kinds.TRANSLATION)
    (gradient,) = gradients(
        lambda x: translation.adversarial_loss(losses.LOSSES[name], x),
        patches([-2.0, 0.25]),
    )
    assert gradient == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "loss", [translation.cycle_consistency_loss, translation.identity_loss]
)
def test_both_distances_are_means_of_absolute_differences(loss):
    first = images(0.0, 1.0, -1.0, 0.5, 0.25, 0.0, -0.5, 1.0)
    second = images(0.0, -1.0, -0.5, 0.25, 0.5, 0.0, 0.5, 1.0)
    # (0 + 2 + 0.5 + 0.25 + 0.25 + 0 + 1 + 0) / 8
    value = loss(first, second)
    assert value.shape == ()
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(0.5, abs=1e-6)
    assert float(loss(first, first)) == 0.0


@pytest.mark.parametrize(
    "loss", [translation.cycle_consistency_loss, translation.identity_loss]
)
def test_both_distances_pull_all_pixels_equally_towards_the_original(loss):
    original = images(0.0, 0.0, 0.0, 0.0)
    (gradient,) = gradients(
        lambda x: loss(original, x), images(1.0, -0.125, 0.5, -1.0)
    )
    assert gradient == pytest.approx([0.25, -0.25, 0.25, -0.25], abs=1e-6)


def generator_loss(*parts, lambda_cycle=10.0, lambda_identity=0.5):
    first = tf.constant(parts, tf.float32)
    return translation.generator_loss(
        adversarial=(first[0], first[1]),
        cycle=(first[2], first[3]),
        identity=(first[4], first[5]),
        lambda_cycle=lambda_cycle,
        lambda_identity=lambda_identity,
    )


PARTS = (0.5, 0.25, 0.1, 0.3, 0.2, 0.05)


@pytest.mark.parametrize(
    "weights, expected",
    [
        ((10.0, 0.5), 6.0),  # 0.75 + 10 * 0.4 + 5 * 0.25
        ((2.0, 0.5), 1.8),  # 0.75 + 2 * 0.4 + 1 * 0.25
        ((10.0, 2.0), 9.75),  # 0.75 + 10 * 0.4 + 20 * 0.25
        ((10.0, 0.0), 4.75),
        ((0.0, 0.5), 0.75),  # the identity is weighed in units of the cycle
    ],
)
def test_the_generators_loss_weighs_its_parts_and_adds_both_directions(
    weights, expected
):
    value = generator_loss(
        *PARTS, lambda_cycle=weights[0], lambda_identity=weights[1]
    )
    assert value.shape == ()
    assert value.dtype == tf.float32
    assert float(value) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "position, weight", list(enumerate([1.0, 1.0, 10.0, 10.0, 5.0, 5.0]))
)
def test_each_part_counts_by_its_weight_and_raises_the_loss(position, weight):
    more = list(PARTS)
    more[position] += 1.0
    difference = generator_loss(*more) - generator_loss(*PARTS)
    assert float(difference) == pytest.approx(weight, abs=1e-5)


def test_the_identity_need_not_be_computed_where_it_weighs_nothing():
    adversarial = (tf.constant(0.5), tf.constant(0.25))
    cycle = (tf.constant(0.1), tf.constant(0.3))
    value = translation.generator_loss(
        adversarial=adversarial,
        cycle=cycle,
        identity=(),
        lambda_cycle=10.0,
        lambda_identity=0.0,
    )
    assert float(value) == pytest.approx(4.75, abs=1e-6)
