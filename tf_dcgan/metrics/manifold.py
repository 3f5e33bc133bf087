"""Precision, recall, density and coverage of generated images."""

from __future__ import annotations

import dataclasses

import numpy as np

from tf_dcgan.metrics import checks, neighbours

# As for a Fréchet distance; of fewer, neighbourhoods are large and few.
_RECOMMENDED_IMAGES = 2048
# Neighbours that precision and recall, and density and coverage, look at.
_NARROW, _WIDE = 3, 5


@dataclasses.dataclass(frozen=True)
class ManifoldScores:
    """How the neighbourhoods of real and generated images overlap.

    Attributes:
        precision: share of generated images near some real image, in [0, 1].
        recall: share of real images near some generated image, in [0, 1].
        density: real neighbourhoods a generated image lies in, relative to
            the number that a real image lies in; 1 for equal distributions,
            and may exceed 1. NaN, like both coverages, where there are too few
            real images.
        coverage: share of real images near which there is a generated image,
            in [0, 1].
        expected_coverage: the coverage of a perfect generator.
        warnings: named warnings that belong beside the numbers.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    expected_coverage: float
    warnings: tuple[str, ...]


def check(metric: str, real: np.ndarray, fake: np.ndarray) -> None:
    """Checks that there are enough images for one of the metrics.

    Args:
        metric: "precision_recall" or "density_coverage", with their usual
            numbers of neighbours.
        real: [n, dimension] of any number type.
        fake: [m, dimension] of any number type.

    Raises:
        errors.UserError: there are too few images, or features that are NaN
            or infinite.
    """
    needed = {"precision_recall": _NARROW, "density_coverage": _WIDE}[metric]
    checks.features(real, what="real", metric=metric, needed=needed + 1)
    checks.features(fake, what="generated", metric=metric, needed=_NARROW + 1)


def manifold_scores(
    real_features: np.ndarray,
    fake_features: np.ndarray,
    *,
    precision_recall_neighbours: int = _NARROW,
    density_coverage_neighbours: int = _WIDE,
    progress: str = "",
) -> ManifoldScores:
    """Computes all four scores; compare them only for sets of equal sizes.

    A neighbourhood is the closed ball up to an image's k-th nearest neighbour
    in its own set, not counting itself.

    Args:
        real_features: [n, dimension] of any number type. n must exceed the k
            of precision and recall; density and coverage are NaN unless it
            exceeds their k too.
        fake_features: [m, dimension] of any number type. m must exceed the k
            of precision and recall.
        precision_recall_neighbours: k of precision and recall.
        density_coverage_neighbours: k of density and coverage.
        progress: begins what is shown if it lasts; without it nothing is.

    Returns:
        The scores, exact in float64.

    Raises:
        errors.UserError: there are too few images, features that are NaN or
            infinite, or different dimensions.

    Source: Kynkäänniemi et al. 2019, section 2, equations 1 and 2
        (arXiv:1904.06991); density and coverage: Naeem et al. 2020, section
        3.1, equations 5 and 6 (arXiv:2002.09797).
    """
    narrow, wide = precision_recall_neighbours, density_coverage_neighbours
    needed = {"metric": "precision_recall", "needed": narrow + 1}
    real = checks.features(real_features, what="real", **needed)
    fake = checks.features(fake_features, what="generated", **needed)
    checks.same_dimension(real.shape[1], fake.shape[1])
    has_wide = len(real) > wide
    most = max(narrow, wide) if has_wide else narrow
    real_radii = _squared_radii(real, most, progress)
    fake_radii = _squared_radii(fake, narrow, progress)
    precise, recalled, covered, memberships = _count(
        real,
        fake,
        narrow=real_radii[:, narrow - 1],
        wide=real_radii[:, (wide if has_wide else narrow) - 1],
        fakes=fake_radii[:, narrow - 1],
        progress=progress,
    )
    expected = expected_coverage(len(real), len(fake), num_neighbours=wide)
    known = 1.0 if has_wide else np.nan
    return ManifoldScores(
        precision=float(precise.mean()),
        recall=float(recalled.mean()),
        density=known * float(memberships / (wide * len(fake))),
        coverage=known * float(covered.mean()),
        expected_coverage=known * expected,
        warnings=_warnings(len(real), len(fake)),
    )


def expected_coverage(
    num_real: int, num_fake: int, *, num_neighbours: int
) -> float:
    """Expected coverage of two samples of one continuous distribution.

    A real image is not covered if its k nearest among the N - 1 other real
    and M generated images are all real, the first with the chance
    (N - 1) / (N + M - 1), the next with one less in both counts:
    1 - ∏ (N - i) / (N + M - i) over i = 1 … k.

    Args:
        num_real: N.
        num_fake: M.
        num_neighbours: k.

    Returns:
        The expectation, in [0, 1].

    Source: Naeem et al. 2020, section 3.2 and appendix (arXiv:2002.09797).
    """
    i = np.arange(1, num_neighbours + 1)
    return float(1 - np.prod((num_real - i) / (num_real + num_fake - i)))


def _squared_radii(
    features: np.ndarray, num_neighbours: int, progress: str
) -> np.ndarray:
    return neighbours.nearest(
        features,
        features,
        num_neighbours=num_neighbours,
        same=True,
        progress=progress,
    )[0]


def _count(real, fake, *, narrow, wide, fakes, progress):
    """Goes through all distances once.

    Args:
        real: [n, dimension].
        fake: [m, dimension].
        narrow: [n] squared radii of real images, for the precision.
        wide: [n] squared radii of real images, for density and coverage.
        fakes: [m] squared radii of generated images, for the recall.
        progress: as `manifold_scores` takes it.

    Returns:
        Which generated images lie in the narrow ball of a real image, which
        real images lie in the ball of a generated image, which wide balls hold
        a generated image, and how many generated images all wide balls hold.
    """
    precise = np.zeros(len(fake), bool)
    recalled = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    memberships = 0
    for tile in neighbours.tiles(real, fake, progress=progress):
        rows, columns = tile.rows, tile.columns
        inside = _within(tile, real, fake, narrow[rows, None])
        precise[columns] |= inside.any(axis=0)
        inside = _within(tile, real, fake, fakes[columns])
        recalled[rows] |= inside.any(axis=1)
        inside = _within(tile, real, fake, wide[rows, None])
        covered[rows] |= inside.any(axis=1)
        memberships += np.count_nonzero(inside)
    return precise, recalled, covered, memberships


def _within(tile, real, fake, radii):
    """Says which distances are at most the squared radii."""
    inside = tile.squared <= radii
    # Where rounding could have decided, the differences of the vectors decide.
    rows, columns = np.nonzero(np.abs(tile.squared - radii) <= tile.margin)
    if len(rows):
        exact = neighbours.squared_distances(
            real, fake, rows + tile.rows.start, columns + tile.columns.start
        )
        inside[rows, columns] = (
            exact <= np.broadcast_to(radii, inside.shape)[rows, columns]
        )
    return inside


def _warnings(num_real: int, num_fake: int) -> tuple[str, ...]:
    warnings = ()
    fewest = min(num_real, num_fake)
    if fewest < _RECOMMENDED_IMAGES:
        warnings += (
            f"few_samples: {fewest:,} images, these scores want "
            f"{_RECOMMENDED_IMAGES:,}",
        )
    if num_real != num_fake:
        warnings += (
            f"unequal_sizes: {num_real:,} real and {num_fake:,} generated "
            "images; published scores take equally many",
        )
    return warnings
