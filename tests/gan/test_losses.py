import math

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import errors
from tf_dcgan.config import kinds, overrides
from tf_dcgan.config import losses as records
from tf_dcgan.gan import losses


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
    for loss in losses.LOSSES.values():
        of_g = loss.generator or (lambda x, loss=loss: loss.of_pairs(x, -x))
        assert np.isfinite(gradient(of_g, 1000.0, -1000.0)).all()
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


@pytest.mark.parametrize(
    "label, expected",
    [
        (1.0, 2.166667),  # (0.25 + 4 + 2.25) / 3
        (0.0, 3.166667),  # (0.25 + 9 + 0.25) / 3
        (0.9, 2.176667),  # (0.16 + 4.41 + 1.96) / 3
    ],
)
def test_squared_error_is_the_mean_squared_distance_to_the_label(
    label, expected
):
    loss = losses.squared_error(column(0.5, 3.0, -0.5), label)
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_the_equilibrium_of_least_squares_is_a_quarter_for_both():
    outputs = column(0.5, 0.5)
    loss = losses.LOSSES["least_squares"]
    real = loss.discriminator(outputs, 1.0)
    fake = loss.discriminator(outputs, 0.0)
    assert float(real + fake) / 2 == 0.25
    assert float(loss.generator(outputs)) == 0.25


def test_hinge_counts_only_what_is_not_beyond_the_margin():
    outputs = column(2.0, 0.5, -3.0)
    # (0 + 0.5 + 4) / 3 and (3 + 1.5 + 0) / 3
    assert float(losses.hinge(outputs, 1.0)) == pytest.approx(1.5, abs=1e-6)
    assert float(losses.hinge(outputs, 0.0)) == pytest.approx(1.5, abs=1e-6)
    outputs = column(2.0, 0.5)
    assert float(losses.hinge(outputs, 1.0)) == pytest.approx(0.25, abs=1e-6)
    assert float(losses.hinge(outputs, 0.0)) == pytest.approx(2.25, abs=1e-6)


def test_wasserstein_is_the_difference_of_the_means():
    assert float(losses.wasserstein(column(2.0, 3.0), 1.0)) == -2.5
    assert float(losses.wasserstein(column(2.0, -1.0), 0.0)) == 0.5
    assert float(losses.linear_generator_loss(column(2.0, -1.0))) == -0.5


@pytest.mark.parametrize(
    "name, real, fake, generator",
    [
        # Outputs -2 and 0.25 for all: of the mean over two, half the slope.
        # sigmoid(x) - 1, sigmoid(x), sigmoid(x) - 1
        ("non_saturating", (-0.440399, -0.218912), (0.059601, 0.281088),
         (-0.440399, -0.218912)),
        # ... and -sigmoid(x) for G
        ("minimax", (-0.440399, -0.218912), (0.059601, 0.281088),
         (-0.059601, -0.281088)),
        # 2 (x - 1), 2 x, 2 (x - 1)
        ("least_squares", (-3.0, -0.75), (-2.0, 0.25), (-3.0, -0.75)),
        # -1 within the margin; 1 within the margin, which -2 is beyond; -1
        ("hinge", (-0.5, -0.5), (0.0, 0.5), (-0.5, -0.5)),
        ("wasserstein_gp", (-0.5, -0.5), (0.5, 0.5), (-0.5, -0.5)),
    ],
)  # fmt: skip
def test_each_loss_pushes_real_up_generated_down_and_g_pushes_back(
    name, real, fake, generator
):
    loss = losses.LOSSES[name]
    for part, expected in (
        (lambda x: loss.discriminator(x, 1.0), real),
        (lambda x: loss.discriminator(x, 0.0), fake),
        (loss.generator, generator),
    ):
        assert gradient(part, -2.0, 0.25) == pytest.approx(expected, abs=1e-6)


def test_hinge_teaches_nothing_beyond_the_margin():
    assert (
        gradient(lambda x: losses.hinge(x, 1.0), 1.5, -1.5) == [0, -0.5]
    ).all()
    assert (
        gradient(lambda x: losses.hinge(x, 0.0), 1.5, -1.5) == [0.5, 0]
    ).all()


def test_relativistic_pairs_compare_a_real_with_a_generated_image():
    winners, losers = column(2.0, -1.0), column(0.5, 1.0)
    # (ln(1 + e^-1.5) + ln(1 + e^2)) / 2
    assert float(losses.relativistic(winners, losers)) == (
        pytest.approx(1.164171, abs=1e-6)
    )
    # A constant that is added to all outputs changes nothing.
    assert float(losses.relativistic(winners + 7, losers + 7)) == (
        pytest.approx(1.164171, abs=1e-6)
    )
    # sigmoid(loser - winner) / 2, up for the losers and down for the winners.
    slopes = (0.091213, 0.440399)
    assert gradient(
        lambda x: losses.relativistic(x, losers), 2.0, -1.0
    ) == pytest.approx([-s for s in slopes], abs=1e-6)
    assert gradient(
        lambda x: losses.relativistic(winners, x), 0.5, 1.0
    ) == pytest.approx(slopes, abs=1e-6)
    assert float(losses.share_above(winners, losers)) == 0.5
    assert float(losses.share_above(winners, winners)) == 0


def test_consistency_is_the_weighted_mean_of_squared_differences():
    # 10 * (1.5² + 2²) / 2
    value = losses.consistency(column(2.0, -1.0), column(0.5, 1.0), 10.0)
    assert float(value) == pytest.approx(31.25, abs=1e-5)


def test_an_images_output_is_the_mean_of_its_patches():
    patches = tf.constant([[[1.0, 2.0], [3.0, 6.0]], [[0.0, 0.0], [-1.0, 5.0]]])
    np.testing.assert_array_equal(
        losses.per_image(patches[..., tf.newaxis]), [[3.0], [1.0]]
    )
    outputs = column(2.0, -1.0)
    assert losses.per_image(outputs) is outputs


def slopes():
    # Two images of 1x2x2 numbers with norms 5 and 13, and one of zeros.
    return tf.constant(
        [[[[3.0, 0.0], [4.0, 0.0]]], [[[0.0, 5.0], [0.0, -12.0]]],
         [[[0.0, 0.0], [0.0, 0.0]]]]
    )  # fmt: skip


def test_the_lipschitz_penalty_takes_each_images_norm_over_all_its_pixels():
    # 10 * (4² + 12² + 1²) / 3
    penalty = losses.lipschitz_penalty(slopes(), 10.0)
    assert float(penalty) == pytest.approx(536.66667, abs=1e-3)
    assert float(losses.lipschitz_penalty(slopes()[:1] / 5, 10.0)) == (
        pytest.approx(0.0, abs=1e-9)
    )


def test_the_lipschitz_penalty_of_no_slope_has_a_finite_gradient():
    values = slopes()
    with tf.GradientTape() as tape:
        tape.watch(values)
        penalty = losses.lipschitz_penalty(values, 10.0)
    penalty_gradient = tape.gradient(penalty, values).numpy()
    # 10 / 3 * 2 * (5 - 1) * 3 / 5 for the first number
    assert penalty_gradient[0, 0, 0, 0] == pytest.approx(16.0, abs=1e-4)
    assert (penalty_gradient[2] == 0).all()


def test_r1_is_half_gamma_times_the_mean_squared_norm():
    # 3 / 2 * (25 + 169 + 0) / 3
    penalty = losses.zero_centered_penalty(slopes(), 3.0)
    assert float(penalty) == pytest.approx(97.0, abs=1e-4)


def test_scores_are_probabilities_of_logits_and_else_the_mean_output():
    outputs = column(2.0, -1.0)
    for name, loss in losses.LOSSES.items():
        is_cross_entropy = name in ("non_saturating", "minimax")
        # (0.880797 + 0.268941) / 2
        expected = 0.574869 if is_cross_entropy else 0.5
        assert float(loss.score(outputs)) == pytest.approx(expected, abs=1e-6)


def test_accuracy_is_the_share_on_the_right_side_of_the_losss_boundary():
    outputs = column(0.7, 0.3, -0.2, 0.5, 0.0)
    for name, loss in losses.LOSSES.items():
        # Over one half: 0.7. Over zero: 0.7, 0.3 and 0.5. On it is never.
        expected = (0.2, 0.6) if name == "least_squares" else (0.6, 0.2)
        accuracies = [
            loss.accuracy(outputs, real=real, mean_label=0.5)
            for real in (True, False)
        ]
        assert [float(x) for x in accuracies] == pytest.approx(expected)


def test_with_smoothed_labels_a_guess_is_the_mean_of_both():
    # Labels 0.9 and 0: probability 0.45, whose logit is ln(0.45 / 0.55) =
    # -0.2007.
    outputs = column(-0.19, -0.21, 0.44, 0.46)
    for name, expected in (
        ("non_saturating", (0.75, 0.25)),
        ("minimax", (0.75, 0.25)),
        ("least_squares", (0.25, 0.75)),
        ("hinge", (0.5, 0.5)),
        ("wasserstein_gp", (0.5, 0.5)),
    ):
        loss = losses.LOSSES[name]
        accuracies = [
            loss.accuracy(outputs, real=real, mean_label=0.45)
            for real in (True, False)
        ]
        assert [float(x) for x in accuracies] == pytest.approx(expected), name


def test_every_loss_of_the_command_line_is_the_one_it_names():
    assert set(losses.LOSSES) == set(records.LOSSES)
    for name, loss in losses.LOSSES.items():
        is_of_pairs = loss.of_pairs is not None
        assert is_of_pairs == records.LOSSES[name].compares_pairs
        assert (loss.generator is None) == is_of_pairs
    assert losses.LOSSES["relativistic"].of_pairs is losses.relativistic
    assert {
        name: (loss.discriminator, loss.generator)
        for name, loss in losses.LOSSES.items()
        if loss.of_pairs is None
    } == {
        "non_saturating": (
            losses.sigmoid_cross_entropy,
            losses.non_saturating_generator_loss,
        ),
        "minimax": (
            losses.sigmoid_cross_entropy,
            losses.minimax_generator_loss,
        ),
        "least_squares": (
            losses.squared_error,
            losses.squared_error_generator_loss,
        ),
        "hinge": (losses.hinge, losses.linear_generator_loss),
        "wasserstein_gp": (losses.wasserstein, losses.linear_generator_loss),
    }


def loss_of_answers(loss, answers, labels):
    """D's loss of one answer to all real and one to all generated images."""
    outputs = [
        tf.fill([4, 1], tf.cast(answer, tf.float32)) for answer in answers
    ]
    if loss.of_pairs:
        return float(loss.of_pairs(*outputs))
    return sum(
        float(loss.discriminator(x, y))
        for x, y in zip(outputs, labels, strict=True)
    )


judged = pytest.mark.parametrize(
    "loss, labels",
    [
        (loss, labels)
        for loss in losses.LOSSES.values()
        for labels in [(1.0, 0.0), (0.9, 0.0), (0.9, 0.1)]
        if loss.record.health and (loss.record.has_labels or labels[0] == 1)
    ],
)


@judged
def test_a_guess_is_the_best_single_answer_and_lies_on_the_boundary(
    loss, labels
):
    boundary = loss.record.boundary(sum(labels) / 2)
    guess = loss.record.health.guess_loss(*labels)
    assert loss_of_answers(loss, [boundary] * 2, labels) == (
        pytest.approx(guess, abs=1e-6)
    )
    for x in (boundary - 1.1, boundary - 0.1, boundary + 0.1, boundary + 1.1):
        assert loss_of_answers(loss, [x] * 2, labels) >= guess - 1e-6


@judged
def test_a_perfect_d_has_the_least_loss_that_answers_can_have(loss, labels):
    # Among these is the best answer to each label, under each loss.
    answers = [-20, -2.197225, -1, 0, 0.1, 0.9, 1, 2.197225, 20]
    least = min(
        loss_of_answers(loss, [real, fake], labels)
        for real in answers
        for fake in answers
    )
    perfect = loss.record.health.perfect_loss(*labels)
    assert least == pytest.approx(perfect, abs=1e-6)


def test_what_each_loss_needs_and_can_train():
    needs = {
        name: (
            loss.has_labels,
            loss.joint_updates,
            loss.penalty_weight,
            kinds.TRANSLATION in loss.for_kinds,
        )
        for name, loss in records.LOSSES.items()
    }
    assert needs == {
        "non_saturating": (True, False, 0.0, True),
        "minimax": (True, False, 0.0, False),
        "least_squares": (True, False, 0.0, True),
        "hinge": (False, False, 0.0, False),
        "wasserstein_gp": (False, True, 10.0, False),
        "relativistic": (False, True, 0.0, False),
    }
    assert all(
        kinds.GENERATION in loss.for_kinds for loss in records.LOSSES.values()
    )


@pytest.fixture
def added(monkeypatch):
    """Adds a loss, and takes it out again."""
    tables = (records.LOSSES, records.SUMMARIES, losses.LOSSES)
    for table in tables:
        monkeypatch.setitem(table, "mine", None)  # Absent again at the end.

    def add(name="mine", **facts):
        losses.add(
            name,
            records.Loss("x itself", **facts),
            lambda outputs, label: tf.reduce_mean(outputs) * (1 - 2 * label),
            lambda outputs: -tf.reduce_mean(outputs),
        )

    return add


def test_an_added_loss_is_a_setting_like_any_other(added):
    added(has_labels=False)
    config = overrides.from_flags({"loss": "mine", "recipe": "dcgan_28"})
    assert (config.loss, config.real_label) == ("mine", 1.0)
    loss = losses.LOSSES["mine"]
    assert loss.discriminator(column(3, 5), 1).numpy() == -4
    assert loss.generator(column(3, 5)).numpy() == -4
    assert loss.score(column(3, 5)).numpy() == 4
    added(outputs_are_logits=True)  # As a notebook's cell that runs again.
    assert losses.LOSSES["mine"].score(column(0, 0)).numpy() == 0.5
    with pytest.raises(errors.UserError, match="does not train recipe cycleg"):
        overrides.from_flags({"loss": "mine", "recipe": "cyclegan"})


@pytest.mark.parametrize("name", ["hinge", "minimax", "my loss", "", "1st"])
def test_no_built_in_loss_is_replaced_and_a_name_is_a_word(added, name):
    before = dict(losses.LOSSES)
    with pytest.raises(errors.UserError, match=f"^name='?{name}'? is "):
        added(name)
    assert losses.LOSSES == before
