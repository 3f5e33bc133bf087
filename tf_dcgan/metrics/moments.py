"""Mean and covariance of features: streamed, merged and taken apart.

Float64 throughout. Squared deviations are summed around the mean of each
block and blocks are combined by the formula of Chan et al., so nothing is
ever subtracted that is much larger than the result.
"""

from __future__ import annotations

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.metrics import checks, factors

_BLOCK_ROWS = 4096


class Moments:
    """Count, mean and covariance of feature vectors that arrive in batches.

    The vectors themselves are kept while there are at most as many as
    dimensions, which takes no more room than their covariance and allows the
    exact distance between small sets.

    Source: Chan, Golub and LeVeque 1983, "Algorithms for computing the
        sample variance", equations 2.1.
    """

    def __init__(self, dimension: int):
        """Starts without any vectors.

        Args:
            dimension: numbers in each vector, at least 1.
        """
        self.dimension = dimension
        # None: statistics of another tool that do not say.
        self.count: int | None = 0
        self._folded_count = 0
        self._folded_mean = np.zeros(dimension)
        self._scatter: np.ndarray | None = None
        self._rows: list[np.ndarray] = []
        self._factor: factors.Factor | None = None

    @classmethod
    def from_features(cls, features: np.ndarray, *, what: str = "") -> Moments:
        """Takes the moments of features that are all there.

        Args:
            features: [n, dimension] of any number type.
            what: the images that these are features of, such as "real", for
                the messages.

        Returns:
            Their moments.

        Raises:
            errors.UserError: some features are NaN or infinite, or there are
                fewer than two.
        """
        features = checks.features(
            features, what=what, metric="a covariance", needed=2
        )
        moments = cls(features.shape[1])
        for start in range(0, len(features), _BLOCK_ROWS):
            moments._append(features[start : start + _BLOCK_ROWS])
        if moments._rows and not moments.is_deficient:
            moments._fold()
        return moments

    @classmethod
    def from_statistics(
        cls, mu: np.ndarray, sigma: np.ndarray, *, count: int | None = None
    ) -> Moments:
        """Takes moments that were computed before, also by other tools.

        Args:
            mu: [dimension] float, the mean.
            sigma: [dimension, dimension] float, the covariance with N - 1.
            count: N, the number of images, where it is known.

        Returns:
            The moments; without a count they cannot be updated or merged.

        Raises:
            errors.UserError: the shapes do not fit, a number is NaN or
                infinite, or sigma is not symmetric.
        """
        mu = np.asarray(mu, np.float64)
        sigma = np.asarray(sigma, np.float64)
        if mu.ndim != 1 or sigma.shape != (len(mu), len(mu)):
            raise errors.UserError(
                "statistics need mu [n] and sigma [n, n]; these are "
                f"{list(mu.shape)} and {list(sigma.shape)}"
            )
        if not np.isfinite(mu).all() or not np.isfinite(sigma).all():
            raise errors.UserError(
                "the statistics hold NaN or infinity: compute them again"
            )
        if np.abs(sigma - sigma.T).max() > 1e-6 * np.abs(sigma).max():
            raise errors.UserError(
                "sigma is not symmetric, so it is no covariance: compute the "
                "statistics again"
            )
        if count is not None and count < 2:
            raise errors.UserError(
                f"a covariance needs at least 2 images; count is {count}"
            )
        moments = cls(len(mu))
        moments.count = count
        moments._folded_count = count or 0
        moments._folded_mean = mu
        moments._scatter = (sigma + sigma.T) * (0.5 * ((count or 2) - 1))
        return moments

    def update(self, features: np.ndarray) -> None:
        """Adds a batch.

        Args:
            features: [n, dimension] of any number type; n may be anything.

        Raises:
            errors.UserError: some features are NaN or infinite.
            ValueError: these moments have no count.
        """
        self._need_count()
        features = checks.features(
            features, what="", metric="an update", needed=0
        )
        checks.same_dimension(self.dimension, features.shape[1])
        self._append(features)

    def merge(self, other: Moments) -> Moments:
        """Returns the moments of both sets together.

        Args:
            other: moments of other images.

        Raises:
            ValueError: a count is not known.
        """
        checks.same_dimension(self.dimension, other.dimension)
        merged = Moments(self.dimension)
        for part in (self, other):
            part._need_count()
            if part._scatter is not None:
                merged._combine(
                    part._folded_count, part._folded_mean, part._scatter
                )
            for rows in part._rows:
                merged._append(rows)
        return merged

    def without(self, part: Moments) -> Moments:
        """Returns the moments of the images that are left without a part.

        Costs no more than a sum of matrices. It rounds as the moments of all
        images do, so it suits parts that leave most of the images.

        Args:
            part: moments of images that all belong to this set.

        Raises:
            ValueError: a count is not known, or fewer than two images would
                be left.
        """
        count, mean, scatter = self._totals()
        part_count, part_mean, part_scatter = part._totals()
        left = count - part_count
        if left < 2:
            raise ValueError(f"two images must be left. Received: left={left}")
        shift = part_mean - mean
        rest = Moments(self.dimension)
        rest.count = rest._folded_count = left
        rest._folded_mean = mean - shift * (part_count / left)
        rest._scatter = scatter - part_scatter
        rest._scatter -= np.outer(shift * (part_count * count / left), shift)
        return rest

    @property
    def mean(self) -> np.ndarray:
        """The mean, [dimension] float64."""
        if not self._rows:
            return self._folded_mean
        return self._totals()[1]

    @property
    def is_deficient(self) -> bool:
        """Whether so few images cannot span all dimensions."""
        return self.count is not None and self.count <= self.dimension

    def covariance(self) -> np.ndarray:
        """Returns the covariance, with N - 1.

        Returns:
            [dimension, dimension] float64, symmetric.

        Raises:
            errors.UserError: there are fewer than two images.
        """
        if self.count is None:
            return self._scatter
        self._need_two()
        return self._totals()[2] / (self.count - 1)

    def total_variance(self) -> float:
        """Returns tr Σ, the trace of the covariance.

        Raises:
            errors.UserError: there are fewer than two images.
        """
        return float(np.trace(self.covariance()))

    def factor(self) -> factors.Factor:
        """Returns A with covariance = A Aᵀ; kept until the next update.

        The centred vectors themselves where they are kept, else a factor of
        the covariance.

        Returns:
            The factor; its rank is the number of vectors or less.

        Raises:
            errors.UserError: there are fewer than two images, or the
                covariance has clearly negative eigenvalues.
        """
        if self._factor is None:
            if self._rows and self._scatter is None:
                self._need_two()
                rows = np.concatenate(self._rows)
                rows -= rows.mean(axis=0)
                rows /= np.sqrt(self.count - 1)
                self._factor = factors.Factor(rows.T)
            else:
                self._factor = factors.of_covariance(self.covariance())
        return self._factor

    def _need_count(self) -> None:
        if self.count is None:
            raise ValueError("statistics without a count stay as they are")

    def _need_two(self) -> None:
        if self.count < 2:
            raise errors.UserError(
                f"a covariance needs at least 2 images and was given "
                f"{self.count}: use more images"
            )

    def _append(self, rows: np.ndarray) -> None:
        if not len(rows):
            return
        self._factor = None
        self.count += len(rows)
        self._rows.append(np.array(rows, np.float64))
        if sum(map(len, self._rows)) > self.dimension:
            self._fold()

    def _fold(self) -> None:
        """Adds the vectors that are kept to the sums."""
        rows = np.concatenate(self._rows)
        self.count -= len(rows)
        self._rows = []
        mean = rows.mean(axis=0)
        rows -= mean
        self._combine(len(rows), mean, rows.T @ rows)

    def _combine(
        self, count: int, mean: np.ndarray, scatter: np.ndarray
    ) -> None:
        self._factor = None
        self.count += count
        before, self._folded_count = (
            self._folded_count,
            self._folded_count + count,
        )
        shift = mean - self._folded_mean
        self._folded_mean = self._folded_mean + shift * (
            count / self._folded_count
        )
        if self._scatter is None:
            self._scatter = scatter.copy()
            return
        weight = before * count / self._folded_count
        self._scatter += scatter
        self._scatter += np.outer(shift * weight, shift)

    def _totals(self) -> tuple[int, np.ndarray, np.ndarray]:
        """Returns count, mean and sum of squared deviations."""
        self._need_count()
        if not self._rows:
            return self._folded_count, self._folded_mean, self._scatter
        if self._scatter is not None:
            self._fold()
            return self._totals()
        # All vectors are still here, and stay.
        rows = np.concatenate(self._rows)
        mean = rows.mean(axis=0)
        rows -= mean
        return self.count, mean, rows.T @ rows
