"""The Fréchet distance between two sets of features, and its floor."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np
import scipy.linalg

from tf_dcgan.common import blas
from tf_dcgan.metrics import checks
from tf_dcgan.metrics.moments import Moments

# As many images as the last tap has dimensions: the least for which the
# literature's FID makes sense.
RECOMMENDED_IMAGES = 2048
# Simulated with Gaussian features, 16 and 64 dimensions, four spectra. From
# here on perfect samples score at most 2 % above the floor where both sets
# have this many, 9 % where the other is far larger; with half an image per
# dimension they score from 12 % below to 35 % above.
FLOOR_IMAGES_PER_DIMENSION = 2


@dataclasses.dataclass(frozen=True)
class FrechetDistance:
    """A Fréchet distance, in squared units of the features.

    Attributes:
        value: the distance, at least 0.
        mean_term: its share from the means, ‖μ₁ − μ₂‖².
        covariance_term: its share from the covariances.
        warnings: named warnings that belong beside the number.
    """

    value: float
    mean_term: float
    covariance_term: float
    warnings: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FrechetFloor:
    """What two perfect samples of given sizes would score.

    Attributes:
        value: the expected distance, in squared units of the features.
        warnings: named warnings; "floor_inexact" where the sizes are too
            small for the formula.
    """

    value: float
    warnings: tuple[str, ...]


@blas.one_thread()
def frechet_distance(first: Moments, second: Moments) -> FrechetDistance:
    """Squared Fréchet distance between two Gaussians with these moments.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½), in float64, see `root_trace`. Of
    Inception features it is the FID. It is biased upwards by the sizes of
    both sets: `frechet_floor`, `frechet_sampling.frechet_infinity`.

    Args:
        first: moments of one set. Their factor is kept: give here the set
            that many other sets are compared with.
        second: moments of the other set.

    Returns:
        The distance.

    Raises:
        errors.UserError: the dimensions differ, or a set has fewer than two
            images.

    Source: Heusel et al. 2017, section 4 (arXiv:1706.08500); Dowson and
        Landau 1982, "The Fréchet distance between multivariate normal
        distributions", equation 4.
    """
    mean_term, covariance_term = terms(first, second)
    return FrechetDistance(
        value=mean_term + covariance_term,
        mean_term=mean_term,
        covariance_term=covariance_term,
        warnings=sample_warnings(first, second),
    )


def terms(first: Moments, second: Moments) -> tuple[float, float]:
    """Computes both terms of a distance and leaves the warnings out.

    To know the rank of a set for a warning takes a factor of its covariance,
    of which the distance needs only the first set's.

    Args:
        first: moments of one set; their factor is kept.
        second: moments of the other set.

    Returns:
        (mean_term, covariance_term), as in `FrechetDistance`.

    Raises:
        errors.UserError: as for `frechet_distance`.
    """
    overlap = root_trace(first, second)
    total = first.total_variance() + second.total_variance()
    shift = first.mean - second.mean
    # Zero for equal sets; rounding leaves either sign.
    return float(shift @ shift), max(0.0, total - 2 * overlap)


@blas.one_thread()
def root_trace(first: Moments, second: Moments) -> float:
    """Computes tr (Σ₁Σ₂)^½, the part of the distance that takes time.

    With Σ = AAᵀ, the eigenvalues of Σ₁Σ₂ are the eigenvalues of the symmetric
    A₁ᵀΣ₂A₁ and the squares of the singular values of A₁ᵀA₂. The eigenvalues are
    three times faster. Small ones could lose their digits, since a root of
    rounding errors is taken; but Cholesky's pivots order the matrix from large
    to small, which leaves at most 1e-8 of tr Σ, and 1e-13 for most spectra. The
    singular values serve for sets with fewer images than dimensions, where A
    are the centred features themselves and only the products are rounded. No
    matrix is shifted, and nothing complex ever appears.

    Args:
        first: moments of one set.
        second: moments of the other set.

    Returns:
        The trace, at least 0, in squared units of the features.

    Raises:
        errors.UserError: the dimensions differ, or a set has fewer than two
            images.
    """
    checks.same_dimension(first.dimension, second.dimension)
    if not first.is_deficient and not second.is_deficient:
        values = scipy.linalg.eigvalsh(
            first.factor().sandwich(second.covariance()),
            lower=True,
            driver="ev",
            overwrite_a=True,
            check_finite=False,
        )
        return float(np.sqrt(np.maximum(values, 0.0)).sum())
    product = first.factor().dense().T @ second.factor().dense()
    return float(scipy.linalg.svdvals(product, overwrite_a=True).sum())


def sample_warnings(*sets: Moments) -> tuple[str, ...]:
    """Names what is wrong with the samples behind some moments.

    Args:
        *sets: the moments, whose counts may be unknown.

    Returns:
        "few_samples: …" for the smallest set below 2,048 images, and
        "rank_deficient: …" for the set whose covariance spans the smallest
        share of the dimensions, as far as the ranks are known.
    """
    warnings = []
    counts = [moments.count for moments in sets if moments.count is not None]
    if counts and min(counts) < RECOMMENDED_IMAGES:
        warnings.append(
            f"few_samples: {min(counts):,} images, FID wants "
            f"{RECOMMENDED_IMAGES:,}"
        )
    rank, dimension = min(
        (_rank(moments), moments.dimension) for moments in sets
    )
    if rank < dimension:
        warnings.append(
            f"rank_deficient: a covariance has rank {rank:,} of "
            f"{dimension:,} dimensions"
        )
    return tuple(warnings)


@blas.one_thread()
def frechet_floor(
    moments: Moments, image_counts: Sequence[int]
) -> FrechetFloor:
    """Expected distance between two perfect samples: its bias, if Gaussian.

    (1/N₁ + 1/N₂) (5/4 tr Σ + ½ Σᵢⱼ λᵢλⱼ / (λᵢ + λⱼ)) over all ordered pairs of
    Σ's eigenvalues, i = j included. The means differ by (1/N₁ + 1/N₂) tr Σ;
    the rest is the second-order term of the covariances' distance,
    ½ Σᵢⱼ E[dᵢⱼ²] / (λᵢ + λⱼ), where sampling moves an entry of Σ, in its own
    axes, with the variance E[dᵢⱼ²] = (1/N₁ + 1/N₂) λᵢλⱼ (1 + [i = j]).

    It is first order in 1/N and for Gaussian features. With two images per
    dimension of rank in both sets the distance is 2 % above it, and 9 % if
    the other set is far larger; below that, a warning says so. Heavy tails
    raise the distance further.

    Args:
        moments: the best known moments of the distribution.
        image_counts: N₁ and N₂; N₁ alone if the other set is the
            distribution itself.

    Returns:
        The floor.

    Raises:
        errors.UserError: the moments are of fewer than two images.

    Source: derived as above, from the Bures metric, e.g. Bhatia, Jain and Lim
        2019, "On the Bures-Wasserstein distance between positive definite
        matrices" (arXiv:1712.01504), and Wishart's moments.
    """
    values = np.maximum(
        scipy.linalg.eigvalsh(moments.covariance(), driver="ev"), 0.0
    )
    # Eigenvalues that are mere rounding belong to directions without features.
    smallest = len(values) * np.finfo(float).eps * values[-1]
    values = values[values > smallest]
    pairs = np.multiply.outer(values, values)
    pairs /= np.add.outer(values, values)
    per_image = 1.25 * values.sum() + 0.5 * pairs.sum()
    fewest, rank = min(image_counts), len(values)
    warnings = ()
    if fewest < FLOOR_IMAGES_PER_DIMENSION * rank:
        warnings = (
            f"floor_inexact: {fewest:,} images in {rank:,} dimensions, its "
            f"formula wants {FLOOR_IMAGES_PER_DIMENSION * rank:,}",
        )
    return FrechetFloor(
        float(per_image * sum(1 / count for count in image_counts)), warnings
    )


def _rank(moments: Moments) -> int:
    # The last of the centred vectors follows from the others.
    rank = moments.factor().rank
    return min(rank, moments.count - 1) if moments.count else rank
