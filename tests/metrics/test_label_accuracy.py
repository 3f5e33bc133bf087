import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.metrics import label_accuracy


def predicting(*classes, num_classes):
    return 5.0 * np.eye(num_classes)[list(classes)]


def test_the_share_of_wanted_classes_that_are_found():
    accuracy = label_accuracy.label_accuracy(
        predicting(0, 1, 1, 2, 2, num_classes=4), np.array([0, 1, 2, 2, 0])
    )
    assert accuracy.value == pytest.approx(3 / 5)
    assert (accuracy.right, accuracy.images) == (3, 5)
    assert accuracy.by_class == (0.5, 1.0, 0.5, None)


def test_wilsons_interval_by_hand():
    # (p + z²/2n ± z sqrt(p (1-p)/n + z²/4n²)) / (1 + z²/n), z² = 3.841459:
    # of 8 in 10, (0.8 + 0.192073 ± 1.959964 · 0.160011) / 1.384146
    low, high = label_accuracy.wilson_interval(8, 10)
    assert low == pytest.approx(0.490162, abs=2e-5)
    assert high == pytest.approx(0.943317, abs=2e-5)


@pytest.mark.parametrize("successes", [0, 50])
def test_an_interval_stays_within_zero_and_one(successes):
    low, high = label_accuracy.wilson_interval(successes, 50)
    # z² / (n + z²) from the end.
    width = 3.841459 / 53.841459
    assert high - low == pytest.approx(width, rel=1e-5)
    assert low >= 0 and high <= 1


def test_nothing_but_numbers_is_taken():
    with pytest.raises(errors.UserError, match="NaN or infinity"):
        label_accuracy.label_accuracy(np.array([[np.nan, 0]]), np.array([0]))
    with pytest.raises(errors.UserError, match="at least 1 generated"):
        label_accuracy.label_accuracy(np.zeros((0, 2)), np.array([], int))
