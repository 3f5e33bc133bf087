import math

import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.metrics import modes


def predicting(*classes, num_classes, margin=50.0):
    return margin * np.eye(num_classes)[list(classes)]


def test_predictions_are_counted_by_class():
    logits = predicting(0, 2, 2, 3, 2, num_classes=5)
    mode_counts = modes.modes(logits, [1, 1, 1, 1, 1])
    assert mode_counts.histogram == (1, 0, 3, 1, 0)
    assert mode_counts.covered == 3
    assert mode_counts.num_classes == 5


def test_divergence_from_even_frequencies_by_hand():
    # Shares ¾ and ¼ against ½ and ½: ¾ ln 1.5 + ¼ ln 0.5
    logits = predicting(0, 0, 0, 1, num_classes=2)
    mode_counts = modes.modes(logits, [0.5, 0.5])
    assert mode_counts.divergence == pytest.approx(0.130812, abs=1e-6)


def test_divergence_is_of_the_generated_from_the_real():
    # ½ ln (½ / ¾) + ½ ln (½ / ¼), and not the other way round.
    logits = predicting(0, 1, num_classes=2)
    mode_counts = modes.modes(logits, [0.75, 0.25])
    assert mode_counts.divergence == pytest.approx(0.143841, abs=1e-6)


def test_one_class_of_ten_is_ln_ten_away():
    logits = predicting(*[4] * 100, num_classes=10)
    mode_counts = modes.modes(logits, np.ones(10))
    assert mode_counts.covered == 1
    assert mode_counts.divergence == pytest.approx(math.log(10), rel=1e-12)


def test_the_real_frequencies_can_be_counts():
    logits = predicting(0, 0, 1, num_classes=2)
    mode_counts = modes.modes(logits, [4000, 2000])
    assert mode_counts.divergence == pytest.approx(0, abs=1e-12)


def test_confidence_is_the_mean_probability_of_the_predicted_class():
    logits = np.log([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2]])
    mode_counts = modes.modes(logits, np.ones(3))
    assert mode_counts.confidence == pytest.approx(0.7, rel=1e-12)
    # A shift of the logits is no change.
    assert modes.modes(logits + 800, np.ones(3)).confidence == (
        pytest.approx(0.7, rel=1e-9)
    )


def test_the_floor_counts_the_classes_that_real_images_have():
    logits = predicting(0, 2, 0, 2, num_classes=5)
    mode_counts = modes.modes(logits, [3, 0, 3, 2, 0])
    assert mode_counts.divergence_floor == (3 - 1) / (2 * 4)


def test_perfect_generators_score_the_floor():
    chance = np.random.default_rng(0)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    divergences = [
        modes.modes(
            predicting(*chance.choice(4, 200, p=shares), num_classes=4), shares
        )
        for _ in range(500)
    ]
    floor = divergences[0].divergence_floor
    assert floor == pytest.approx(3 / 400)
    mean = np.mean([mode_counts.divergence for mode_counts in divergences])
    assert mean == pytest.approx(floor, rel=0.12)


def test_too_few_images_to_cover_all_classes_are_named():
    few = modes.modes(predicting(*range(10), num_classes=10), np.ones(10))
    # 10 · 0.9^10 = 3.49
    assert few.warnings == (
        "few_samples: of 10 images a perfect generator's would miss 3.5 of "
        "10 classes",
    )
    many = predicting(*list(range(10)) * 5, num_classes=10)
    assert modes.modes(many, np.ones(10)).warnings == ()


def test_classes_that_real_images_lack_are_no_modes():
    logits = predicting(*[0, 1, 2, 2] * 10, num_classes=3)
    mode_counts = modes.modes(logits, [1, 1, 0])
    assert mode_counts.covered == mode_counts.num_classes == 2
    assert mode_counts.divergence == math.inf
    assert mode_counts.warnings == (
        "unknown_classes: 20 images of classes that the real images do not "
        "have, so the divergence is infinite",
    )


@pytest.mark.parametrize(
    "frequencies", [[1, 1], [1, 1, 1, 1], [0, 0, 0], [1, -1, 1], [1, np.nan, 1]]
)
def test_frequencies_that_are_none_are_refused(frequencies):
    with pytest.raises(errors.UserError, match="frequency of each of 3"):
        modes.modes(predicting(0, 1, num_classes=3), frequencies)


def test_no_images_are_too_few():
    with pytest.raises(errors.UserError, match="modes needs at least 1"):
        modes.modes(np.zeros((0, 3)), [1, 1, 1])
