import math

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan import config as configs
from tf_dcgan import losses


def column(*logits):
    return tf.constant(logits, tf.float32)[:, tf.newaxis]


def gradient(loss, *logits):
    logits = column(*logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = loss(logits)
    return tape.gradient(value, logits).numpy()[:, 0]


@pytest.mark.parametrize(
    "logit, label, expected",
    [
        (0.0, 0.9, 0.693147),  # ln 2, whatever the label
        (0.0, 0.0, 0.693147),
        (2.0, 1.0, 0.126928),  # ln(1 + e^-2)
        (2.0, 0.0, 2.126928),
        (2.0, 0.9, 0.326928),  # 0.9 * 0.126928 + 0.1 * 2.126928
        (2.0, 0.1, 1.926928),
        (-1.0, 1.0, 1.313262),  # ln(1 + e)
        (-1.0, 0.0, 0.313262),
    ],
)
def test_cross_entropy_of_one_logit(logit, label, expected):
    loss = losses.sigmoid_cross_entropy(column(logit), label)
    assert loss.shape == ()
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_cross_entropy_is_the_mean_over_the_batch():
    # (0.693147 + 0.326928 + 1.213262) / 3
    loss = losses.sigmoid_cross_entropy(column(0.0, 2.0, -1.0), 0.9)
    assert float(loss) == pytest.approx(0.744446, abs=1e-6)


def test_generator_losses_are_means_over_the_batch():
    logits = column(2.0, -1.0)
    # (0.126928 + 1.313262) / 2 and -(2.126928 + 0.313262) / 2
    assert float(losses.non_saturating_generator_loss(logits)) == (
        pytest.approx(0.720095, abs=1e-6)
    )
    assert float(losses.minimax_generator_loss(logits)) == (
        pytest.approx(-1.220095, abs=1e-6)
    )


@pytest.mark.parametrize(
    "logit, label, expected",
    [
        (1000.0, 1.0, 0.0),
        (-1000.0, 1.0, 1000.0),
        (1000.0, 0.0, 1000.0),
        (-1000.0, 0.0, 0.0),
        (1000.0, 0.9, 100.0),
        (-1000.0, 0.9, 900.0),
    ],
)
def test_cross_entropy_of_extreme_logits_is_exact(logit, label, expected):
    loss = losses.sigmoid_cross_entropy(column(logit), label)
    assert float(loss) == pytest.approx(expected, abs=1e-4)


def test_generator_losses_of_extreme_logits_are_exact():
    high, low = column(1000.0), column(-1000.0)
    assert float(losses.non_saturating_generator_loss(high)) == 0.0
    assert float(losses.non_saturating_generator_loss(low)) == 1000.0
    assert float(losses.minimax_generator_loss(high)) == -1000.0
    assert float(losses.minimax_generator_loss(low)) == 0.0


def test_gradients_of_extreme_logits_are_finite():
    for loss in losses.GENERATOR_LOSSES.values():
        assert np.isfinite(gradient(loss, 1000.0, -1000.0)).all()
    assert gradient(
        lambda x: losses.sigmoid_cross_entropy(x, 0.9), 1000.0, -1000.0
    ) == pytest.approx([0.05, -0.45], abs=1e-6)


def test_smoothed_real_images_are_best_at_the_logit_of_the_label():
    best = math.log(0.9 / 0.1)

    def loss(logits):
        return losses.sigmoid_cross_entropy(logits, 0.9)

    assert gradient(loss, best)[0] == pytest.approx(0.0, abs=1e-6)
    assert gradient(loss, best - 1)[0] < -0.05
    assert gradient(loss, best + 1)[0] > 0.03
    # The entropy of 0.9, which no discriminator can undercut.
    assert float(loss(column(best))) == pytest.approx(0.325083, abs=1e-6)


def test_cross_entropy_pulls_real_logits_up_and_generated_ones_down():
    # (sigmoid(x) - label) / batch
    assert gradient(
        lambda x: losses.sigmoid_cross_entropy(x, 1.0), 0.0, 2.0
    ) == pytest.approx([-0.25, -0.059601], abs=1e-6)
    assert gradient(
        lambda x: losses.sigmoid_cross_entropy(x, 0.0), 0.0, 2.0
    ) == pytest.approx([0.25, 0.440399], abs=1e-6)


def test_the_non_saturating_gradient_is_large_where_minimax_vanishes():
    # sigmoid(x) - 1 and -sigmoid(x); both raise the logit.
    logits = (-5.0, 0.0, 5.0)
    assert gradient(
        lambda x: 3 * losses.non_saturating_generator_loss(x), *logits
    ) == pytest.approx([-0.993307, -0.5, -0.006693], abs=1e-6)
    assert gradient(
        lambda x: 3 * losses.minimax_generator_loss(x), *logits
    ) == pytest.approx([-0.006693, -0.5, -0.993307], abs=1e-6)


def test_minimax_is_the_discriminators_loss_on_generated_images_negated():
    logits = column(-3.0, 0.5, 7.0)
    assert float(losses.minimax_generator_loss(logits)) == pytest.approx(
        -float(losses.sigmoid_cross_entropy(logits, 0.0)), abs=1e-6
    )


def test_every_loss_of_the_command_line_is_the_one_it_names():
    assert set(losses.GENERATOR_LOSSES) == set(configs.LOSSES)
    assert losses.GENERATOR_LOSSES == {
        "non_saturating": losses.non_saturating_generator_loss,
        "minimax": losses.minimax_generator_loss,
    }
