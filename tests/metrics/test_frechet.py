import numpy as np
import pytest
import scipy.linalg

from tf_dcgan.common import errors
from tf_dcgan.metrics import factors, frechet, frechet_sampling
from tf_dcgan.metrics.moments import Moments


def gaussian(mean, covariance, count=None):
    mean = np.asarray(mean, float)
    return Moments.from_statistics(mean, covariance, count=count)


def correlated(chance, count, dimension, *, decay=0.5):
    """Samples whose variances fall and whose axes are turned."""
    turned = np.linalg.qr(chance.standard_normal((dimension, dimension)))[0]
    deviations = np.arange(1, dimension + 1) ** -decay
    samples = chance.standard_normal((count, dimension)) * deviations
    return samples @ turned + chance.standard_normal(dimension)


def distance(first, second):
    return frechet.frechet_distance(first, second).value


def by_square_root(first, second):
    product = first.covariance() @ second.covariance()
    shift = first.mean - second.mean
    traces = first.total_variance() + second.total_variance()
    root = np.trace(scipy.linalg.sqrtm(product)).real
    return shift @ shift + traces - 2 * root


def names(warnings):
    return [text.split(":")[0] for text in warnings]


# Moments.


def test_mean_and_covariance_of_three_points():
    moments = Moments.from_features(np.array([[0, 0], [2, 0], [4, 6]]))
    np.testing.assert_allclose(moments.mean, [2, 2])
    np.testing.assert_allclose(moments.covariance(), [[4, 6], [6, 12]])
    assert moments.total_variance() == pytest.approx(16)
    assert moments.count == 3


def test_a_distance_follows_every_later_update():
    features = np.random.default_rng(0).standard_normal((16, 20))
    other = Moments.from_features(features[:7] + 1)
    moments = Moments(20)
    for count in (4, 8, 16):  # All are fewer than there are dimensions.
        moments.update(features[count // 2 if count > 4 else 0 : count])
        whole = Moments.from_features(features[:count])
        assert distance(moments, other) == pytest.approx(
            distance(whole, other), rel=1e-9
        )


@pytest.mark.parametrize("sizes", [(1, 99), (30, 40, 30), (0, 5, 95), (100,)])
def test_batches_of_any_size_give_the_moments_of_the_whole(sizes):
    features = correlated(np.random.default_rng(0), 100, 6) + 1000
    moments = Moments(6)
    for batch in np.split(features, np.cumsum(sizes)[:-1]):
        moments.update(batch)
    assert moments.count == 100
    np.testing.assert_allclose(moments.mean, features.mean(0), rtol=1e-14)
    np.testing.assert_allclose(
        moments.covariance(), np.cov(features.T), rtol=1e-11, atol=1e-13
    )


@pytest.mark.parametrize("first_size", [2, 5, 50, 97])
def test_merged_parts_give_the_moments_of_the_whole(first_size):
    features = correlated(np.random.default_rng(1), 100, 8)
    parts = features[:first_size], features[first_size:]
    merged = Moments.from_features(parts[0]).merge(
        Moments.from_features(parts[1])
    )
    assert merged.count == 100
    np.testing.assert_allclose(merged.mean, features.mean(0), atol=1e-14)
    np.testing.assert_allclose(
        merged.covariance(), np.cov(features.T), atol=1e-13
    )


def test_merging_leaves_the_parts_as_they_were():
    features = correlated(np.random.default_rng(2), 60, 8)
    first, second = map(Moments.from_features, np.split(features, 2))
    before = first.covariance().copy()
    first.merge(second).update(features)
    assert first.count == 30
    np.testing.assert_array_equal(first.covariance(), before)


def test_taking_a_part_away_leaves_the_moments_of_the_rest():
    features = correlated(np.random.default_rng(3), 100, 5) + 100
    whole = Moments.from_features(features)
    rest = whole.without(Moments.from_features(features[:20]))
    assert rest.count == 80
    np.testing.assert_allclose(rest.mean, features[20:].mean(0), rtol=1e-14)
    np.testing.assert_allclose(
        rest.covariance(), np.cov(features[20:].T), atol=1e-12
    )


def test_a_large_common_offset_costs_no_digits():
    features = np.random.default_rng(4).integers(0, 100, (500, 4)) * 1.0
    far = Moments(4)
    for batch in np.array_split(features + 1e9, 40):
        far.update(batch)
    np.testing.assert_allclose(
        far.covariance(), np.cov(features.T), rtol=1e-7, atol=1e-4
    )


def test_float32_features_are_summed_in_float64():
    features = np.full((3000, 2), 16_777_215, np.float32)
    features[::2] -= 2
    moments = Moments.from_features(features)
    np.testing.assert_allclose(moments.mean, 16_777_214.0, rtol=1e-15)
    np.testing.assert_allclose(moments.covariance(), 3000 / 2999, rtol=1e-12)


def test_an_update_is_seen_after_a_distance_was_computed():
    chance = np.random.default_rng(5)
    features = correlated(chance, 60, 4)
    other = Moments.from_features(correlated(chance, 60, 4))
    moments = Moments.from_features(features[:30])
    distance(moments, other)
    moments.update(features[30:])
    expected = distance(Moments.from_features(features), other)
    assert distance(moments, other) == pytest.approx(expected, rel=1e-12)


def test_statistics_of_other_tools_are_taken_as_they_are():
    sigma = np.array([[2.0, 1.0], [1.0, 3.0]])
    for count in (None, 7):
        moments = Moments.from_statistics([1.0, 2.0], sigma, count=count)
        np.testing.assert_allclose(moments.covariance(), sigma, rtol=1e-15)
        np.testing.assert_array_equal(moments.mean, [1.0, 2.0])
        assert moments.count == count


def test_statistics_with_a_count_can_grow():
    features = correlated(np.random.default_rng(6), 80, 3)
    first = features[:50]
    moments = Moments.from_statistics(first.mean(0), np.cov(first.T), count=50)
    moments.update(features[50:])
    np.testing.assert_allclose(
        moments.covariance(), np.cov(features.T), atol=1e-13
    )


def test_statistics_without_a_count_cannot_grow():
    with pytest.raises(ValueError, match="without a count"):
        gaussian([0, 0], np.eye(2)).update(np.zeros((1, 2)))


@pytest.mark.parametrize(
    "mu, sigma, count, message",
    [
        ([0, 0], np.eye(3), None, r"\[2\] and \[3, 3\]"),
        ([0, np.nan], np.eye(2), None, "NaN"),
        ([0, 0], [[1, np.inf], [np.inf, 1]], None, "NaN"),
        ([0, 0], [[1, 0.5], [0.4, 1]], None, "not symmetric"),
        ([0, 0], np.eye(2), 1, "at least 2 images; count is 1"),
    ],
)
def test_statistics_that_are_none_are_refused(mu, sigma, count, message):
    with pytest.raises(errors.UserError, match=message):
        Moments.from_statistics(mu, sigma, count=count)


def test_features_with_nan_are_counted():
    features = np.zeros((10, 3), np.float32)
    features[2, 1] = np.nan
    features[5] = [np.inf, -np.inf, 0]
    with pytest.raises(errors.UserError, match="features of 2 of 10 real"):
        Moments.from_features(features, what="real")


def test_one_image_has_no_covariance():
    with pytest.raises(errors.UserError, match="at least 2 .*given 1"):
        Moments.from_features(np.zeros((1, 3)))
    moments = Moments(3)
    moments.update(np.zeros((1, 3)))
    with pytest.raises(errors.UserError, match="at least 2 .*given 1"):
        distance(moments, gaussian(np.zeros(3), np.eye(3)))


# The distance.


def test_equal_covariances_leave_the_squared_distance_of_the_means():
    sigma = np.cov(correlated(np.random.default_rng(0), 50, 4).T)
    first = gaussian([0, 0, 0, 0], sigma)
    second = gaussian([1, -2, 3, 0.5], sigma)
    squared_distance = frechet.frechet_distance(first, second)
    assert squared_distance.value == pytest.approx(14.25, rel=1e-9)
    assert squared_distance.mean_term == pytest.approx(14.25, rel=1e-12)
    assert squared_distance.covariance_term == pytest.approx(0, abs=1e-9)


def test_diagonal_covariances_compare_standard_deviations():
    first = gaussian([0, 0, 0], np.diag([1.0, 4.0, 9.0]))
    second = gaussian([0, 0, 0], np.diag([4.0, 4.0, 0.25]))
    # (1 - 2)² + (2 - 2)² + (3 - 0.5)²
    assert distance(first, second) == pytest.approx(7.25, rel=1e-9)


def test_one_dimension():
    first = Moments.from_features([[1.0], [3.0]])  # mean 2, variance 2
    second = gaussian([5.0], [[8.0]])
    # (2 - 5)² + (√2 - √8)²
    assert distance(first, second) == pytest.approx(11.0, rel=1e-12)


@pytest.mark.parametrize("dimension", [2, 17, 64])
def test_the_distance_is_that_of_a_matrix_square_root(dimension):
    chance = np.random.default_rng(dimension)
    first, second = (
        Moments.from_features(correlated(chance, 4 * dimension, dimension))
        for _ in range(2)
    )
    expected = by_square_root(first, second)
    assert distance(first, second) == pytest.approx(expected, rel=1e-9)
    assert distance(second, first) == pytest.approx(expected, rel=1e-9)


def test_few_samples_have_the_distance_of_their_covariances():
    chance = np.random.default_rng(7)
    samples = correlated(chance, 12, 20), correlated(chance, 15, 20)
    few = [Moments.from_features(part) for part in samples]
    # By eigenvalues of Σ₁^½ Σ₂ Σ₁^½, with the nullspace left out by hand.
    values, vectors = np.linalg.eigh(np.cov(samples[0].T))
    root = vectors[:, 9:] * np.sqrt(values[9:])
    overlap = np.linalg.eigvalsh(root.T @ np.cov(samples[1].T) @ root)
    shift = samples[0].mean(0) - samples[1].mean(0)
    expected = (
        shift @ shift
        + np.cov(samples[0].T).trace()
        + np.cov(samples[1].T).trace()
        - 2 * np.sqrt(np.abs(overlap)).sum()
    )
    assert distance(*few) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("counts", [(12, 300), (300, 12)])
def test_few_against_many_samples(counts):
    chance = np.random.default_rng(8)
    sets = [correlated(chance, count, 20) for count in counts]
    exact = [Moments.from_features(samples) for samples in sets]
    by_covariance = [
        gaussian(samples.mean(0), np.cov(samples.T)) for samples in sets
    ]
    assert distance(*exact) == pytest.approx(distance(*by_covariance), rel=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "count, dimension, decay, tolerance",
    [
        (40, 64, 0.5, 1e-9),  # Singular values of the centred features.
        (64, 64, 4.0, 1e-9),
        (300, 64, 0.5, 1e-6),  # Eigenvalues.
        (300, 64, 4.0, 1e-6),  # Ill conditioned: 14 decades.
        (1000, 256, 1.0, 1e-6),
    ],
)
def test_a_set_is_at_no_distance_from_itself(
    count, dimension, decay, tolerance
):
    chance = np.random.default_rng(9)
    features = correlated(chance, count, dimension, decay=decay)
    first = Moments.from_features(features)
    second = Moments.from_features(features[::-1])
    total = first.total_variance()
    overlap = frechet.root_trace(first, second)
    assert overlap / total == pytest.approx(1, abs=tolerance)
    assert distance(first, second) <= 2 * tolerance * total


@pytest.mark.parametrize("count", [10, 500])
def test_a_rank_deficient_covariance_without_its_features(count):
    # Given as mu and sigma, by another tool, of features on few axes.
    features = correlated(np.random.default_rng(10), count, 40)
    features[:, 9:] = features[:, :9] @ np.ones((9, 31))
    sigma = np.cov(features.T)
    first = gaussian(features.mean(0), sigma)
    second = gaussian(features.mean(0), 4 * sigma)
    # Standard deviations twice as large: (2 - 1)² tr Σ.
    assert distance(first, second) == pytest.approx(np.trace(sigma), rel=1e-6)
    warnings = frechet.frechet_distance(first, second).warnings
    assert names(warnings) == ["rank_deficient"]
    assert "rank 9 of 40" in warnings[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "spectrum, tolerance",
    [
        ([1.0] + [1e-10] * 299, 1e-11),
        ([1.0] * 150 + [1e-11] * 150, 1e-7),
        (10.0 ** np.linspace(0, -12, 300), 1e-12),
    ],
)
def test_small_eigenvalues_beside_large_ones_keep_their_digits(
    spectrum, tolerance
):
    # Roots of rounding errors, 1e-8 for each direction, would spoil these.
    spectrum = np.array(spectrum)
    chance = np.random.default_rng(11)
    turned = np.linalg.qr(chance.standard_normal((300, 300)))[0]
    sigma = (turned * spectrum) @ turned.T
    moments = gaussian(np.zeros(300), (sigma + sigma.T) / 2)
    overlap = frechet.root_trace(moments, moments)
    assert overlap / spectrum.sum() == pytest.approx(1, abs=tolerance)


def test_a_float32_covariance_of_few_images_is_accepted():
    features = correlated(np.random.default_rng(12), 20, 60)
    sigma = np.cov(features.T)
    rounded = sigma.astype(np.float32)
    assert np.linalg.eigvalsh(rounded.astype(float)).min() < 0
    first = gaussian(np.zeros(60), rounded)
    second = gaussian(np.zeros(60), 4 * sigma)
    assert distance(first, second) == pytest.approx(np.trace(sigma), rel=1e-3)


def test_a_matrix_with_negative_eigenvalues_is_no_covariance():
    first = gaussian([0, 0], [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(errors.UserError, match="negative eigenvalues"):
        distance(first, gaussian([0, 0], np.eye(2)))


def test_a_factor_gives_its_covariance_back():
    sigma = np.cov(correlated(np.random.default_rng(13), 30, 10).T)
    factor = factors.of_covariance(sigma).dense()
    np.testing.assert_allclose(factor @ factor.T, sigma, atol=1e-14)


def test_equal_images_have_no_covariance_and_no_trouble():
    same = Moments.from_features(np.full((30, 4), 2.0))
    few = Moments.from_features(np.full((3, 4), 1.0))
    assert distance(same, same) == 0
    assert distance(same, few) == pytest.approx(4)
    assert distance(same, gaussian(np.full(4, 2.0), np.eye(4))) == (
        pytest.approx(4)
    )


def test_different_dimensions_are_refused():
    with pytest.raises(errors.UserError, match="2 and of 3 dimensions"):
        distance(gaussian([0, 0], np.eye(2)), gaussian([0] * 3, np.eye(3)))


def test_few_samples_and_low_rank_are_named():
    chance = np.random.default_rng(14)
    many = gaussian([0] * 5, np.eye(5), count=10_000)
    assert frechet.frechet_distance(many, many).warnings == ()
    few = Moments.from_features(chance.standard_normal((1000, 5)))
    (warning,) = frechet.frechet_distance(many, few).warnings
    assert warning == "few_samples: 1,000 images, FID wants 2,048"
    fewer = Moments.from_features(chance.standard_normal((4, 5)))
    warnings = frechet.frechet_distance(many, fewer).warnings
    assert names(warnings) == ["few_samples", "rank_deficient"]
    assert "rank 3 of 5" in warnings[1]


# The floor.


def test_floor_in_one_dimension():
    # λ = 4: (1/10 + 1/40) (1.25 · 4 + ½ · 16 / 8)
    moments = gaussian([0], [[4.0]])
    floor = frechet.frechet_floor(moments, [10, 40])
    assert floor.value == pytest.approx(0.125 * 6, rel=1e-12)
    assert floor.warnings == ()


def test_floor_sums_over_ordered_pairs():
    # 1.25 · 4 + ½ (½ + 3/2 + ¾ + ¾), over 100
    moments = gaussian([0, 0], np.diag([1.0, 3.0]))
    floor = frechet.frechet_floor(moments, [100])
    assert floor.value == pytest.approx(0.0675, rel=1e-12)


def test_directions_without_features_add_nothing_to_the_floor():
    sigma = np.zeros((4, 4))
    sigma[:2, :2] = [[2.0, 1.0], [1.0, 2.0]]
    padded = frechet.frechet_floor(gaussian([0] * 4, sigma), [100])
    small = frechet.frechet_floor(gaussian([0] * 2, sigma[:2, :2]), [100])
    assert padded.value == pytest.approx(small.value, rel=1e-12)
    constant = gaussian([0, 0], np.zeros((2, 2)))
    assert frechet.frechet_floor(constant, [100]).value == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "dimension, per_dimension, decay, tolerance",
    [
        (16, 2, 0, 0.05),
        (16, 10, 0.75, 0.05),
        (64, 2, 0, 0.03),
        (64, 5, 0.5, 0.03),
    ],
)
def test_perfect_samples_score_the_floor(
    dimension, per_dimension, decay, tolerance
):
    chance = np.random.default_rng(15)
    deviations = np.arange(1, dimension + 1) ** -float(decay)
    truth = gaussian(np.zeros(dimension), np.diag(deviations**2))
    count = per_dimension * dimension

    def sample():
        return Moments.from_features(
            chance.standard_normal((count, dimension)) * deviations
        )

    repetitions = 300 if dimension == 16 else 20
    scores = [distance(sample(), sample()) for _ in range(repetitions)]
    floor = frechet.frechet_floor(truth, [count, count])
    assert floor.warnings == ()
    assert np.mean(scores) == pytest.approx(floor.value, rel=tolerance)


def test_the_floor_says_where_its_formula_fails():
    chance = np.random.default_rng(16)
    truth = gaussian(np.zeros(32), np.eye(32))
    scores = [
        distance(Moments.from_features(chance.standard_normal((16, 32))), truth)
        for _ in range(30)
    ]
    floor = frechet.frechet_floor(truth, [16])
    assert np.mean(scores) > 1.25 * floor.value
    (warning,) = floor.warnings
    assert warning == (
        "floor_inexact: 16 images in 32 dimensions, its formula wants 64"
    )
    assert frechet.frechet_floor(truth, [64, 1000]).warnings == ()
    assert frechet.frechet_floor(truth, [1000, 63]).warnings != ()


# Extrapolation.


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_extrapolation_has_no_bias(shift):
    chance = np.random.default_rng(17)
    reference = gaussian(np.zeros(8), np.eye(8))
    values, plain = [], []
    for seed in range(150):
        features = chance.standard_normal((400, 8))
        features[:, 0] += shift
        estimate = frechet_sampling.frechet_infinity(
            features, reference, seed=seed
        )
        values.append(estimate.value)
        plain.append(estimate.points[-1][1])
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - shift**2) < 3 * error
    bias = frechet.frechet_floor(reference, [400]).value
    assert error < bias / 4
    if not shift:
        assert np.mean(plain) == pytest.approx(bias, rel=0.1)


def test_extrapolation_fits_a_line_over_one_over_n():
    features = correlated(np.random.default_rng(18), 1000, 4)
    reference = gaussian(np.zeros(4), np.eye(4))
    estimate = frechet_sampling.frechet_infinity(
        features, reference, seed=0, num_points=5
    )
    assert [size for size, _ in estimate.points] == [100, 325, 550, 775, 1000]
    sizes, values = np.array(estimate.points).T
    design = np.stack([np.ones(5), 1 / sizes], axis=1)
    value, slope = np.linalg.lstsq(design, values, rcond=None)[0]
    assert estimate.value == pytest.approx(value, rel=1e-9)
    assert estimate.slope == pytest.approx(slope, rel=1e-9)
    whole = distance(reference, Moments.from_features(features))
    assert values[-1] == pytest.approx(whole, rel=1e-12)


def test_extrapolation_follows_its_seed():
    features = correlated(np.random.default_rng(19), 200, 4)
    reference = gaussian(np.zeros(4), np.eye(4))
    first, again, other = (
        frechet_sampling.frechet_infinity(features, reference, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.value != other.value


@pytest.mark.slow
def test_extrapolation_says_where_it_is_not_linear():
    features = correlated(np.random.default_rng(20), 60, 20)
    estimate = frechet_sampling.frechet_infinity(
        features, gaussian(np.zeros(20), np.eye(20)), seed=0
    )
    assert names(estimate.warnings) == ["few_samples", "bias_left"]
    assert estimate.warnings[1] == (
        "bias_left: 30 images in 20 dimensions, up to 13% of the bias may stay"
    )
    assert estimate.points[0][0] == 30


def test_extrapolation_starts_where_the_line_is_straight():
    features = correlated(np.random.default_rng(20), 1000, 20)
    estimate = frechet_sampling.frechet_infinity(
        features, gaussian(np.zeros(20), np.eye(20)), seed=0, num_points=3
    )
    assert [size for size, _ in estimate.points] == [200, 600, 1000]
    assert names(estimate.warnings) == ["few_samples"]


def test_extrapolation_needs_twenty_images():
    with pytest.raises(errors.UserError, match="at least 20 .*given 19"):
        frechet_sampling.frechet_infinity(
            np.zeros((19, 2)), gaussian([0, 0], np.eye(2)), seed=0
        )


# Intervals.


def drawn_with_shift(chance, counts=(150, 150), dimension=8, shift=0.7):
    real, fake = (chance.standard_normal((n, dimension)) for n in counts)
    fake[:, 0] += shift
    return real, fake


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    chance = np.random.default_rng(21)
    intervals = [
        frechet_sampling.frechet_interval(*drawn_with_shift(chance), seed=seed)
        for seed in range(300)
    ]
    average = np.mean([interval.value for interval in intervals])
    truth = 0.49
    # The two lie so far apart that one interval cannot serve for both.
    assert average > truth + 0.1
    covers = [
        interval.low <= average <= interval.high for interval in intervals
    ]
    assert 0.91 <= np.mean(covers) <= 0.985
    covers = [r.corrected_low <= truth <= r.corrected_high for r in intervals]
    assert 0.91 <= np.mean(covers) <= 0.985
    corrected = [interval.corrected for interval in intervals]
    assert np.mean(corrected) == pytest.approx(truth, abs=0.03)
    spread = np.std([interval.value for interval in intervals])
    errors_ = [interval.standard_error for interval in intervals]
    assert np.mean(errors_) == pytest.approx(spread, rel=0.15)


@pytest.mark.slow
def test_a_naive_bootstrap_holds_neither():
    chance = np.random.default_rng(21)
    values, intervals = [], []
    for _ in range(40):
        sets = drawn_with_shift(chance)
        values.append(distance(*map(Moments.from_features, sets)))
        resampled = []
        for _ in range(60):
            again = [x[chance.integers(0, len(x), len(x))] for x in sets]
            resampled.append(distance(*map(Moments.from_features, again)))
        intervals.append(np.quantile(resampled, [0.025, 0.975]))
    low, high = np.transpose(intervals)
    average = np.mean(values)
    assert np.mean((low <= average) & (average <= high)) < 0.85
    assert np.mean((low <= 0.49) & (0.49 <= high)) < 0.3


def test_known_real_moments_add_no_error():
    chance = np.random.default_rng(22)
    real, fake = drawn_with_shift(chance)
    known = frechet_sampling.frechet_interval(
        Moments.from_features(real), fake, seed=0
    )
    both = frechet_sampling.frechet_interval(real, fake, seed=0)
    assert known.value == pytest.approx(both.value, rel=1e-12)
    assert known.standard_error < both.standard_error
    assert 0 < known.bias < both.bias


def test_an_interval_is_the_jackknife_over_its_groups():
    chance = np.random.default_rng(23)
    features = chance.standard_normal((20, 2))
    reference = gaussian([0, 0], np.eye(2))
    interval = frechet_sampling.frechet_interval(
        reference, features, seed=0, num_groups=10, level=0.9
    )
    order = np.random.default_rng(0).permutation(20)
    left_out = np.array(
        [
            distance(
                reference,
                Moments.from_features(np.delete(features, group, axis=0)),
            )
            for group in order.reshape(10, 2)
        ]
    )
    bias = 9 * (left_out.mean() - interval.value)
    error = np.sqrt(0.9 * ((left_out - left_out.mean()) ** 2).sum())
    assert interval.bias == pytest.approx(bias, rel=1e-9)
    assert interval.standard_error == pytest.approx(error, rel=1e-9)
    # Student's t with 9 degrees of freedom, 5 % on either side: 1.833113
    assert interval.high - interval.value == pytest.approx(1.833113 * error)
    assert interval.value - interval.low == pytest.approx(1.833113 * error)
    assert interval.corrected == pytest.approx(interval.value - bias)
    assert interval.corrected_high - interval.corrected == pytest.approx(
        1.833113 * error
    )


def test_intervals_of_fewer_images_than_dimensions_come_with_a_warning():
    chance = np.random.default_rng(24)
    real, fake = drawn_with_shift(chance, (40, 45), dimension=60)
    interval = frechet_sampling.frechet_interval(real, fake, seed=0)
    assert interval.standard_error > 0
    assert names(interval.warnings) == [
        "few_samples",
        "rank_deficient",
        "bias_left",
    ]


def test_an_interval_needs_two_images_per_group():
    with pytest.raises(errors.UserError, match="at least 40 .*given 39"):
        frechet_sampling.frechet_interval(
            gaussian([0, 0], np.eye(2)), np.zeros((39, 2)), seed=0
        )
