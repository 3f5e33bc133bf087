"""Square roots of covariances: A with covariance = A Aᵀ."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg

from tf_dcgan.common import errors

# Shares of the trace: what a factor may fail to give back (rounding of a
# float64 covariance loses far less), and how much of a covariance's
# eigenvalues may be negative (float32 ones stay far below).
_LOST = 1e-9
_NEGATIVE = 1e-3


@dataclasses.dataclass(frozen=True)
class Factor:
    """A with covariance = A Aᵀ.

    Attributes:
        matrix: A, [dimension, rank] float64; with `order`, its rows
            `matrix[i]` belong to dimension `order[i]` and it is lower
            triangular.
        order: [dimension] integer, or None for 0, 1, 2, …
    """

    matrix: np.ndarray
    order: np.ndarray | None = None

    @property
    def rank(self) -> int:
        """Columns of A."""
        return self.matrix.shape[1]

    def dense(self) -> np.ndarray:
        """Returns A with its rows in order, [dimension, rank] float64."""
        if self.order is None:
            return self.matrix
        dense = np.empty_like(self.matrix)
        dense[self.order] = self.matrix
        return dense

    def sandwich(self, covariance: np.ndarray) -> np.ndarray:
        """Returns Aᵀ covariance A, of which only the lower half counts.

        Args:
            covariance: [dimension, dimension] float64, symmetric.

        Returns:
            [rank, rank] float64; what is above the diagonal is undefined.
        """
        if self.order is None or self.rank < len(self.matrix):
            matrix = self.dense()
            return matrix.T @ (covariance @ matrix)
        # A quarter of the work of two general products. Transposing what is
        # symmetric gives LAPACK its order of memory without a copy.
        product, _ = scipy.linalg.lapack.dsygst(
            covariance[np.ix_(self.order, self.order)].T,
            self.matrix,
            itype=2,
            lower=1,
            overwrite_a=1,
        )
        return product


def of_covariance(covariance: np.ndarray) -> Factor:
    """Factors a covariance of any rank.

    By Cholesky's method with pivots, which ends at the numerical rank. Where
    that does not give the covariance back, because it is slightly indefinite
    (computed in float32 from few images), by the eigenvectors of its positive
    eigenvalues.

    Args:
        covariance: [dimension, dimension] float64, symmetric.

    Returns:
        Its factor.

    Raises:
        errors.UserError: there are clearly negative eigenvalues.
    """
    lower, pivots, rank, _ = scipy.linalg.lapack.dpstrf(covariance.T, lower=1)
    # Beyond the rank, LAPACK leaves what it had not yet factored.
    matrix = np.triu(lower.T).T[:, :rank]
    order = pivots - 1
    diagonal = np.diag(covariance)
    given_back = np.einsum("ij,ij->j", matrix.T, matrix.T)
    lost = np.abs(diagonal[order] - given_back).sum()
    if lost <= _LOST * diagonal.sum():
        return Factor(matrix, order)
    values, vectors = scipy.linalg.eigh(covariance, driver="evd")
    if -values[values < 0].sum() > _NEGATIVE * np.abs(values).sum():
        raise errors.UserError(
            "sigma has clearly negative eigenvalues, so it is no covariance: "
            "compute the statistics again"
        )
    is_positive = values > 0
    return Factor(vectors[:, is_positive] * np.sqrt(values[is_positive]))
