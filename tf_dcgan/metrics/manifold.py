"""Precision, recall, density and coverage of generated images."""

from __future__ import annotations

import dataclasses

import numpy as np

from tf_dcgan.metrics import checks, neighbours

_METRICS = "precision_recall or density_coverage"


@dataclasses.dataclass(frozen=True)
class ManifoldScores:
    """How the neighbourhoods of real and generated images overlap.

    Attributes:
        precision: share of generated images near some real image, in [0, 1].
        recall: share of real images near some generated one, in [0, 1].
        density: real neighbourhoods a generated image lies in, relative to
            what a real one does; 1 for equal distributions, and may exceed 1.
        coverage: share of real images with a generated one near, in [0, 1].
        expected_coverage: the coverage of a perfect generator.
        warnings: named warnings that belong beside the numbers.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    expected_coverage: float
    warnings: tuple[str, ...]


def manifold_scores(
    real_features: np.ndarray,
    fake_features: np.ndarray,
    *,
    precision_recall_neighbours: int = 3,
    density_coverage_neighbours: int = 5,
) -> ManifoldScores:
    """Computes all four scores; compare them only for sets of equal sizes.

    A neighbourhood is the closed ball up to an image's k-th nearest neighbour
    in its own set, not counting itself.

    Args:
        real_features: [n, dimension] of any number type, n above both k.
        fake_features: [m, dimension] of any number type.
        precision_recall_neighbours: k of precision and recall.
        density_coverage_neighbours: k of density and coverage.

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
    most = max(narrow, wide)
    real = checks.features(
        real_features, what="real", metric=_METRICS, needed=most + 1
    )
    fake = checks.features(
        fake_features, what="generated", metric=_METRICS, needed=most + 1
    )
    checks.same_dimension(real.shape[1], fake.shape[1])
    real_radii = _squared_radii(real, most)
    fake_radii = _squared_radii(fake, narrow)
    precise, recalled, covered, memberships = _count(
        real,
        fake,
        narrow=real_radii[:, narrow - 1],
        wide=real_radii[:, wide - 1],
        fakes=fake_radii[:, narrow - 1],
    )
    expected = expected_coverage(len(real), len(fake), num_neighbours=wide)
    return ManifoldScores(
        precision=float(precise.mean()),
        recall=float(recalled.mean()),
        density=float(memberships / (wide * len(fake))),
        coverage=float(covered.mean()),
        expected_coverage=expected,
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


def _squared_radii(features: np.ndarray, num_neighbours: int) -> np.ndarray:
    return neighbours.nearest(
        features, features, num_neighbours=num_neighbours, same=True
    )[0]


def _count(real, fake, *, narrow, wide, fakes):
    """Goes through all distances once.

    Args:
        real: [n, dimension].
        fake: [m, dimension].
        narrow: [n] squared radii of real images, for the precision.
        wide: [n] the same, for density and coverage.
        fakes: [m] squared radii of generated images, for the recall.

    Returns:
        Which generated images lie in a real one's narrow ball, which real
        ones in a generated one's, which wide balls hold a generated image,
        and how often wide balls hold one.
    """
    precise = np.zeros(len(fake), bool)
    recalled = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    memberships = 0
    for tile in neighbours.tiles(real, fake):
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
    # What rounding could have decided is decided by the differences.
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
    if num_real != num_fake:
        warnings = (
            f"unequal_sizes: {num_real:,} real and {num_fake:,} generated "
            "images; published scores take equally many",
        )
    return warnings
