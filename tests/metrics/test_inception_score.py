import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.metrics import inception_score as scores


def test_the_same_prediction_for_all_images_scores_one():
    logits = np.tile([3.0, -1.0, 0.5], (40, 1))
    score = scores.inception_score(logits, seed=0)
    assert score.value == pytest.approx(1, abs=1e-12)
    assert score.spread == pytest.approx(0, abs=1e-12)


def test_confident_and_even_predictions_score_the_number_of_classes():
    logits = 1000 * np.eye(5)[np.arange(50) % 5]
    score = scores.inception_score(logits, seed=0, num_splits=1)
    assert score.value == pytest.approx(5, rel=1e-12)
    assert score.spread == 0


def test_two_images_by_hand():
    # p(y | x) = (¾, ¼) and (¼, ¾), p(y) = (½, ½):
    # exp(¾ ln 1.5 + ¼ ln 0.5) = 1.5^¾ 0.5^¼ = 1.139754
    logits = np.log([[0.75, 0.25], [0.25, 0.75]]) + 7
    score = scores.inception_score(logits, seed=0, num_splits=1)
    assert score.value == pytest.approx(1.139754, abs=1e-6)


def test_splits_are_averaged_and_their_spread_is_given():
    # Each image is a split, and says nothing about itself; or all are one.
    logits = 50.0 * np.eye(2)
    apart = scores.inception_score(logits, seed=0, num_splits=2)
    assert apart.value == pytest.approx(1)
    assert apart.num_splits == 2
    # Of 1, 1, 1 and 2, 2, 2 and 3 … in two splits, of whatever order.
    logits = np.random.default_rng(0).normal(size=(101, 4)) * 3
    score = scores.inception_score(logits, seed=5, num_splits=4)
    order = np.random.default_rng(5).permutation(101)
    single = [
        scores.inception_score(logits[part], seed=0, num_splits=1).value
        for part in np.array_split(order, 4)
    ]
    assert score.value == pytest.approx(np.mean(single), rel=1e-12)
    assert score.spread == pytest.approx(np.std(single), rel=1e-12)


def test_images_in_order_of_their_class_are_shuffled():
    logits = 100 * np.eye(10)[np.repeat(np.arange(10), 100)]
    score = scores.inception_score(logits, seed=0)
    assert score.value > 9


def test_the_shuffle_follows_the_seed():
    logits = np.random.default_rng(1).normal(size=(200, 4)) * 3
    results = [scores.inception_score(logits, seed=s) for s in (1, 1, 2)]
    assert results[0] == results[1]
    assert results[0].value != results[2].value


def test_float32_logits_of_any_size_stay_finite():
    logits = np.float32(1e30) * np.eye(3, dtype=np.float32)
    score = scores.inception_score(logits, seed=0, num_splits=1)
    assert score.value == pytest.approx(3)


def test_splits_with_fewer_images_than_classes_are_named():
    chance = np.random.default_rng(2)
    few = scores.inception_score(chance.normal(size=(90, 10)), seed=0)
    assert few.warnings == (
        "few_samples: 9 images in each split, fewer than the 10 classes",
    )
    enough = scores.inception_score(chance.normal(size=(100, 10)), seed=0)
    assert enough.warnings == ()


def test_fewer_images_than_splits_are_refused():
    with pytest.raises(errors.UserError, match="at least 10 .*given 9"):
        scores.inception_score(np.zeros((9, 3)), seed=0)


def test_logits_that_are_nan_are_refused():
    logits = np.zeros((20, 3))
    logits[4, 1] = np.nan
    with pytest.raises(errors.UserError, match="1 of 20 generated"):
        scores.inception_score(logits, seed=0)
