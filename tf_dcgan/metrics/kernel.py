"""The kernel distance between two sets of features (KID)."""

from __future__ import annotations

import dataclasses

import numpy as np

from tf_dcgan.common import terminal
from tf_dcgan.metrics import checks

SUBSET_SIZE = 1000


@dataclasses.dataclass(frozen=True)
class KernelDistance:
    """A squared maximum mean discrepancy with the cubic kernel.

    Attributes:
        value: mean over the subsets; without bias, so equal distributions
            give values on both sides of zero.
        standard_error: of the value, had other images been drawn.
        subset_size: images of either set in each subset.
        num_subsets: subsets that were drawn.
        warnings: named warnings that belong beside the number.
    """

    value: float
    standard_error: float
    subset_size: int
    num_subsets: int
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Parts:
    """Unbiased estimates from one subset; the names follow `_parts`."""

    distance: float
    first_order_real: float
    first_order_fake: float
    second_order_real: float
    second_order_fake: float
    second_order_both: float


def kernel_distance(
    real_features: np.ndarray,
    fake_features: np.ndarray,
    *,
    seed: int,
    num_subsets: int = 100,
    subset_size: int = SUBSET_SIZE,
    progress: str = "",
) -> KernelDistance:
    """Unbiased squared MMD with the kernel (x·y / dimension + 1)³.

    Averaged over random subsets. Their spread divided by the root of their
    number is no standard error of the mean: they share images, so it would
    shrink to nothing as more are drawn. Here the variance has
    two parts: the variance of the estimate from all pairs of images, by
    Hoeffding's decomposition (see `_parts`), and the variance that drawing
    subsets adds, which is the subsets' variance over their number. For equal
    distributions the error comes out up to a quarter too large.

    Args:
        real_features: [n, dimension] of any number type, at least 4.
        fake_features: [m, dimension] of any number type, at least 4.
        seed: of the subsets.
        num_subsets: subsets to draw. If a subset is everything, one is taken.
        subset_size: images in each, lowered to the size of the smaller set.
        progress: begins what is shown if it lasts; without it nothing is.

    Returns:
        The distance, 0 on average for equal distributions; not times 1,000.

    Raises:
        errors.UserError: there are too few images, features that are NaN or
            infinite, or different dimensions.

    Source: Bińkowski et al. 2018, section 4 (arXiv:1801.01401); unbiased MMD:
        Gretton et al. 2012, "A kernel two-sample test", equation 3.
    """
    real = checks.features(real_features, what="real", metric="kid", needed=4)
    fake = checks.features(
        fake_features, what="generated", metric="kid", needed=4
    )
    checks.same_dimension(real.shape[1], fake.shape[1])
    size = min(subset_size, len(real), len(fake))
    if size == len(real) == len(fake):
        num_subsets = 1
    drawn = _drawn_parts(real, fake, size, num_subsets, seed)
    parts = terminal.listed(drawn, progress, num_subsets, "subsets")
    values = np.array([part.distance for part in parts])
    variance = _variance(parts, len(real), len(fake))
    if num_subsets > 1:
        variance += values.var(ddof=1) / num_subsets
    return KernelDistance(
        value=float(values.mean()),
        standard_error=float(np.sqrt(variance)),
        subset_size=size,
        num_subsets=num_subsets,
        warnings=_warnings(size),
    )


def _warnings(size: int) -> tuple[str, ...]:
    if size >= SUBSET_SIZE:
        return ()
    return (
        f"few_samples: subsets of {size:,} images, KID wants {SUBSET_SIZE:,}",
    )


def _drawn_parts(real, fake, size, num_subsets, seed):
    chance = np.random.default_rng(seed)
    for _ in range(num_subsets):
        yield _parts(_draw(real, size, chance), _draw(fake, size, chance))


def _draw(features, size, chance):
    chosen = np.sort(chance.permutation(len(features))[:size])
    return features[chosen].astype(np.float64)


def _kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    base = first @ second.T
    base /= first.shape[1]
    base += 1.0
    return base * base * base


def _parts(real: np.ndarray, fake: np.ndarray) -> _Parts:
    """Computes MMD² and the parts of its variance from one subset.

    Each kernel mean is split into what single images and what pairs of
    images contribute: k(x, x') = θ + a(x) + a(x') + A(x, x'), and for a real
    x and a generated y k(x, y) = θ' + b(x) + c(y) + B(x, y). The parts are
    uncorrelated. First order: the variances of a - b over real images and
    of a - c over generated images; second order: the means of A² and B².

    Args:
        real: [n, dimension] float64, n at least 4.
        fake: [n, dimension] float64.

    Returns:
        Unbiased estimates of all these parts.

    Source: Hoeffding 1948, "A class of statistics with asymptotically normal
        distribution"; the unbiased A²: Székely and Rizzo 2014 (U-centring,
        arXiv:1310.2926).
    """
    n = len(real)
    both = _kernel(real, fake)
    means = [both.mean(axis=1), both.mean(axis=0)]
    centred = both - means[0][:, None] - means[1] + both.mean()
    pairs_both = np.vdot(centred, centred) / (n - 1) ** 2
    distance = -2 * both.mean()
    first_order, second_order = [], []
    for features, across in zip((real, fake), means, strict=True):
        within = _kernel(features, features)
        np.fill_diagonal(within, 0.0)
        rows = within.sum(axis=1)
        total = rows.sum()
        distance += total / (n * (n - 1))
        rows /= n - 2
        # Székely and Rizzo's U-centring.
        within -= rows[:, None]
        within -= rows
        within += total / ((n - 1) * (n - 2))
        np.fill_diagonal(within, 0.0)
        pairs = np.vdot(within, within) / (n * (n - 3))
        # Pairs also make the images' means differ; that is taken out.
        noise = pairs / (n - 2) + pairs_both / n
        first_order.append(np.var(rows - across, ddof=1) - noise)
        second_order.append(pairs)
    return _Parts(distance, *first_order, *second_order, pairs_both)


def _variance(parts: list[_Parts], num_real: int, num_fake: int) -> float:
    """Variance of the unbiased MMD² over all pairs of images."""
    mean = {
        field.name: np.mean([getattr(part, field.name) for part in parts])
        for field in dataclasses.fields(_Parts)
    }
    first_order = (
        4 * mean["first_order_real"] / num_real
        + 4 * mean["first_order_fake"] / num_fake
    )
    # An estimate without bias, so that for equal distributions, where it
    # should be zero, it comes out on either side.
    return (
        max(0.0, first_order)
        + 2 * mean["second_order_real"] / (num_real * (num_real - 1))
        + 2 * mean["second_order_fake"] / (num_fake * (num_fake - 1))
        + 4 * mean["second_order_both"] / (num_real * num_fake)
    )
