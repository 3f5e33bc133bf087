"""What a Fréchet distance would be of more images, and how sure it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.stats

from tf_dcgan.common import blas, terminal
from tf_dcgan.metrics import checks, frechet
from tf_dcgan.metrics.moments import Moments

# The bias is a line in 1/N only for many images per dimension. At most this
# share of it stays, times dimensions per image of the smallest set that a
# line goes through; simulated with Gaussian features, 64 and 256 dimensions,
# 2.5 to 20 images in each. Most stays where all variances are equal, half of
# that or less where they fall as 1/i.
_BIAS_LEFT = 0.2
# So that an extrapolation leaves at most 2 % of the bias.
_IMAGES_PER_DIMENSION = 10
_REAL_AS_EXACT = (
    "real_as_exact: the interval leaves out what the sampling of the real "
    "images adds"
)


@dataclasses.dataclass(frozen=True)
class FrechetInfinity:
    """A Fréchet distance extrapolated to infinitely many generated images.

    Attributes:
        value: the extrapolated distance; it may be below zero, since it is
            an estimate without bias.
        slope: of the distance over 1/N.
        points: the sample sizes and the distances that the line fits.
        warnings: named warnings that belong beside the number.
    """

    value: float
    slope: float
    points: tuple[tuple[int, float], ...]
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FrechetInterval:
    """A Fréchet distance with what resampling says about it.

    Attributes:
        value: the distance of the sets as they are.
        standard_error: of the value, had other images been drawn.
        bias: how far the value lies above the distance of infinitely many
            images, on average.
        low: lower end of the interval for the distance that sets of these
            sizes have on average; `value` is in its middle.
        high: its upper end.
        corrected: `value` without the bias of the sets that were resampled;
            it may be below zero.
        corrected_low: lower end of the interval for the distance between the
            distributions themselves, `corrected` in its middle.
        corrected_high: its upper end.
        level: share of such intervals that hold what they are for.
        warnings: named warnings that belong beside the number.
    """

    value: float
    standard_error: float
    bias: float
    low: float
    high: float
    corrected: float
    corrected_low: float
    corrected_high: float
    level: float
    warnings: tuple[str, ...]

    @property
    def without_bias(self) -> str:
        """The corrected distance and its interval in words."""
        return (
            f"{self.corrected:.4g} [{self.corrected_low:.4g}, "
            f"{self.corrected_high:.4g}]"
        )


@blas.one_thread()
def frechet_infinity(
    fake_features: np.ndarray,
    reference: Moments,
    *,
    seed: int,
    num_points: int = 15,
) -> FrechetInfinity:
    """Extrapolates the distance to infinitely many generated images.

    Its bias falls as 1/N, so a line through the distances of random subsets,
    over 1/N, meets 1/N = 0 at the distance without it. The bias that the
    reference's own size brings stays (`frechet.frechet_floor` of that size).
    Costs `num_points` distances.

    Deviation: the smallest subset has ten images per dimension, if that is
    no more than half of them, else half, and at least a tenth; the paper
    takes 5,000 of 50,000. A wider range bends: it leaves more of the bias.

    Args:
        fake_features: [n, dimension] of any number type, at least 20.
        reference: moments of the real images.
        seed: of the subsets.
        num_points: sizes, evenly spaced from the smallest to n; at least 2.

    Returns:
        The value and the points of the fit.

    Raises:
        errors.UserError: there are too few images, features that are NaN or
            infinite, or other dimensions than the reference's.

    Source: Chong and Forsyth 2020, section 4 (arXiv:1911.07023).
    """
    fake_features = checks.features(
        fake_features, what="generated", metric="fid_infinity", needed=20
    )
    count, dimension = fake_features.shape
    linear = _IMAGES_PER_DIMENSION * dimension
    smallest = min(max(count // 10, linear), count // 2)
    chance = np.random.default_rng(seed)
    points = []
    for size in np.linspace(smallest, count, num_points).astype(int):
        rows = np.sort(chance.permutation(count)[:size])
        subset = Moments.from_features(fake_features[rows])
        distance = frechet.frechet_distance(reference, subset)
        points.append((int(size), distance.value))
    sizes, values = np.array(points).T
    slope, value = np.polyfit(1 / sizes, values, 1)
    # The last of the subsets is the whole.
    warnings = distance.warnings + _bias_left(smallest, dimension)
    return FrechetInfinity(float(value), float(slope), tuple(points), warnings)


@blas.one_thread()
def frechet_interval(
    real: np.ndarray | Moments,
    fake_features: np.ndarray,
    *,
    seed: int,
    level: float = 0.95,
    num_groups: int = 20,
    progress: str = "",
) -> FrechetInterval:
    """Confidence intervals for a Fréchet distance, corrected for its bias.

    By the delete-a-group jackknife, see `_leave_out`, with Student's t for
    its number of groups. A bootstrap draws some images twice, which looks to
    the distance like a set of half the size: its percentiles lie above the
    value and hold neither the average nor the true distance. Near zero, where
    all is bias, these intervals are rather too wide.

    Costs one distance per group, with features on both sides two.

    Args:
        real: [n, dimension] of any number type; or moments, which then count
            as known without error and without bias; a warning says so.
        fake_features: [m, dimension] of any number type.
        seed: of the groups.
        level: share of such intervals that should hold the truth.
        num_groups: at least 2; each set needs twice as many images.
        progress: begins what is shown if it lasts; without it nothing is.

    Returns:
        The value and both intervals, of average and true distance.

    Raises:
        errors.UserError: there are too few images, features that are NaN or
            infinite, or different dimensions.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
        chapter 11; groups: Kott 2001, "The delete-a-group jackknife".
    """
    chance = np.random.default_rng(seed)
    fake = _side(fake_features, "generated", num_groups)
    has_statistics = isinstance(real, Moments)
    moments = real if has_statistics else _side(real, "real", num_groups)
    sides = [(fake_features, fake, moments)]
    if not has_statistics:
        sides.append((real, moments, fake))
    whole = frechet.frechet_distance(moments, fake)
    distances = terminal.listed(
        (d for side in sides for d in _leave_out(*side, num_groups, chance)),
        progress,
        len(sides) * num_groups,
        "distances",
    )
    fewest = min(total.count for _, total, _ in sides)
    warnings = _bias_left(fewest, fake.dimension)
    if has_statistics:
        warnings += (_REAL_AS_EXACT,)
    distances = np.reshape(distances, [len(sides), num_groups])
    return _interval(whole, distances, level, warnings)


def _side(features: np.ndarray, what: str, num_groups: int) -> Moments:
    checks.features(
        features,
        what=what,
        metric="a confidence interval",
        needed=2 * num_groups,
    )
    return Moments.from_features(features)


def _leave_out(features, total, other, num_groups, chance):
    """Takes the distance again without each group of one set in turn.

    The images are dealt into groups at random. A group's moments are
    subtracted from the whole's, not taken anew.

    Args:
        features: [n, dimension], the set to leave some out of.
        total: its moments.
        other: moments of the other set.
        num_groups: how many.
        chance: deals the groups.

    Yields:
        The distances, one without each group.
    """
    features = np.asarray(features)
    order = chance.permutation(len(features))
    for group in np.array_split(order, num_groups):
        if total.is_deficient:
            # So few images that taking their moments anew costs little, and
            # keeps the vectors that the exact distance is made from.
            rows = np.setdiff1d(order, group)
            rest = Moments.from_features(features[rows])
        else:
            rest = total.without(Moments.from_features(features[group]))
        yield sum(frechet.terms(other, rest))


def _interval(whole, distances, level, warnings):
    """Makes the intervals from the distances, [sides, groups], of the parts.

    How they spread gives the variance, and how far their mean lies above the
    whole's the bias, which grows as 1/N.
    """
    num_groups = distances.shape[1]
    biases = (num_groups - 1) * (distances.mean(axis=1) - whole.value)
    bias = float(biases.sum())
    error = float(np.sqrt((num_groups - 1) * distances.var(axis=1).sum()))
    quantile = scipy.stats.t.ppf((1 + level) / 2, num_groups - 1)
    reach = error * float(quantile)
    corrected = whole.value - bias
    return FrechetInterval(
        value=whole.value,
        standard_error=error,
        bias=bias,
        low=whole.value - reach,
        high=whole.value + reach,
        corrected=corrected,
        corrected_low=corrected - reach,
        corrected_high=corrected + reach,
        level=level,
        warnings=whole.warnings + warnings,
    )


def _bias_left(count: int, dimension: int) -> tuple[str, ...]:
    share = min(1.0, _BIAS_LEFT * dimension / count)
    if share < 0.025:
        return ()
    return (
        f"bias_left: {count:,} images in {dimension:,} dimensions, up to "
        f"{share:.0%} of the bias may stay",
    )
