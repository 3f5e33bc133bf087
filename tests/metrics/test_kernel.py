import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.metrics import kernel


def kernel_of(first, second):
    return (first @ second.T / first.shape[1] + 1) ** 3


def by_definition(real, fake):
    """Gretton et al., equation 3, pair by pair."""
    n, m = len(real), len(fake)
    within_real = kernel_of(real, real)
    within_fake = kernel_of(fake, fake)
    off = ~np.eye(n, dtype=bool), ~np.eye(m, dtype=bool)
    return (
        within_real[off[0]].sum() / (n * (n - 1))
        + within_fake[off[1]].sum() / (m * (m - 1))
        - 2 * kernel_of(real, fake).mean()
    )


def drawn(chance, counts, *, dimension=4, shift=0.0):
    real, fake = (chance.standard_normal((n, dimension)) for n in counts)
    return real, fake + shift


def test_one_subset_of_everything_is_the_unbiased_estimate():
    real, fake = drawn(np.random.default_rng(0), (7, 7), shift=0.5)
    distance = kernel.kernel_distance(real, fake, seed=0)
    assert distance.value == pytest.approx(by_definition(real, fake), rel=1e-12)
    assert distance.subset_size == 7
    assert distance.num_subsets == 1


def test_four_points_by_hand():
    # k(0, ·) = 1, k(1, 1) = 8, k(1, 2) = 27, k(2, 2) = 125
    real = np.ones((4, 1))
    fake = np.array([[0.0], [0.0], [2.0], [2.0]])
    # Real 8; fake (2·1 + 8·1 + 2·125) / 12; across (1 + 27) / 2, twice.
    expected = 8 + 260 / 12 - 28
    distance = kernel.kernel_distance(real, fake, seed=0)
    assert distance.value == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_subsets_are_averaged_and_follow_the_seed():
    real, fake = drawn(np.random.default_rng(1), (60, 40))
    results = [
        kernel.kernel_distance(
            real, fake, seed=seed, num_subsets=10, subset_size=20
        )
        for seed in (3, 3, 4)
    ]
    assert results[0] == results[1]
    assert results[0].value != results[2].value
    many = kernel.kernel_distance(
        real, fake, seed=0, num_subsets=3000, subset_size=20
    )
    assert many.value == pytest.approx(
        by_definition(real, fake), abs=4 * 0.2 / np.sqrt(3000)
    )


@pytest.mark.slow
def test_subsets_have_at_most_a_thousand_images_and_all_of_a_small_set():
    real, fake = drawn(np.random.default_rng(2), (1100, 1050), dimension=2)
    distance = kernel.kernel_distance(real, fake, seed=0, num_subsets=2)
    assert distance.subset_size == 1000
    assert distance.num_subsets == 2
    assert distance.warnings == ()
    distance = kernel.kernel_distance(real, fake[:30], seed=0, num_subsets=2)
    assert distance.subset_size == 30
    assert distance.warnings == (
        "few_samples: subsets of 30 images, KID wants 1,000",
    )


@pytest.mark.slow
def test_equal_distributions_give_values_on_both_sides_of_zero():
    chance = np.random.default_rng(3)
    values = [
        kernel.kernel_distance(*drawn(chance, (30, 30)), seed=0).value
        for _ in range(300)
    ]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)


def errors_against_spread(counts, *, size, shift):
    """Mean estimated variance, relative to that over new images."""
    chance = np.random.default_rng(4)
    distances = [
        kernel.kernel_distance(
            *drawn(chance, counts, shift=shift),
            seed=seed,
            num_subsets=15,
            subset_size=size,
        )
        for seed in range(400)
    ]
    variance = np.var([distance.value for distance in distances])
    estimated = np.mean([distance.standard_error**2 for distance in distances])
    return estimated / variance


@pytest.mark.slow
@pytest.mark.parametrize("counts, size", [((40, 40), 40), ((120, 60), 30)])
def test_the_standard_error_is_the_spread_over_new_images(counts, size):
    ratio = errors_against_spread(counts, size=size, shift=0.5)
    assert ratio == pytest.approx(1, abs=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("counts, size", [((40, 40), 40), ((120, 60), 30)])
def test_the_standard_error_is_a_little_large_for_equal_distributions(
    counts, size
):
    # There only pairs of images contribute; without them it would be far less.
    ratio = errors_against_spread(counts, size=size, shift=0.0)
    assert 0.9 < ratio < 1.56


@pytest.mark.slow
def test_more_subsets_do_not_make_the_error_vanish():
    real, fake = drawn(np.random.default_rng(5), (100, 100), shift=0.5)
    few, many = (
        kernel.kernel_distance(
            real, fake, seed=0, num_subsets=count, subset_size=50
        ).standard_error
        for count in (30, 1000)
    )
    assert many == pytest.approx(few, rel=0.2)
    whole = kernel.kernel_distance(real, fake, seed=0).standard_error
    assert many == pytest.approx(whole, rel=0.1)


def test_few_small_subsets_of_many_images_err_by_their_drawing():
    real, fake = drawn(np.random.default_rng(5), (3000, 3000))
    distances = [
        kernel.kernel_distance(
            real, fake, seed=seed, num_subsets=4, subset_size=20
        )
        for seed in range(100)
    ]
    spread = np.var([distance.value for distance in distances], ddof=1)
    estimate = np.mean([distance.standard_error**2 for distance in distances])
    # What other images would add is a hundredth of it.
    assert estimate == pytest.approx(spread, rel=0.3)


def test_float32_features_are_compared_in_float64():
    real, fake = (
        part.astype(np.float32)
        for part in drawn(np.random.default_rng(6), (20, 20))
    )
    expected = by_definition(real.astype(float), fake.astype(float))
    distance = kernel.kernel_distance(real, fake, seed=0)
    assert distance.value == pytest.approx(expected, rel=1e-10)


def test_three_images_are_too_few():
    with pytest.raises(errors.UserError, match="kid .*4 generated .*given 3"):
        kernel.kernel_distance(np.zeros((9, 2)), np.zeros((3, 2)), seed=0)


def test_different_dimensions_are_refused():
    with pytest.raises(errors.UserError, match="2 and of 3 dimensions"):
        kernel.kernel_distance(np.zeros((9, 2)), np.zeros((9, 3)), seed=0)
