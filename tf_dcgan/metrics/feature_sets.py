"""The features of two sets of images, from which scores are computed."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import functools

import numpy as np

from tf_dcgan.metrics import manifold as metric_manifold
from tf_dcgan.metrics.moments import Moments


@dataclasses.dataclass(frozen=True)
class FeatureSets:
    """What the metrics are computed from.

    Attributes:
        real: outputs of the feature network for the real images, [n, k]
            float32 each, `features` at least; or moments of their features,
            where only statistics are known.
        fake: outputs of the feature network for the generated images, [m, k]
            float32 each.
        train_features: [t, dimension] float32 of the training images, or
            None.
        real_frequencies: [classes] int64, real images of each class, or None.
        fake_labels: [m] int64, the classes of the network's logits that the
            generated images should be of, or None.
        real_accuracy: share of real images in [0, 1] whose class the logits
            tell, or None.
        seed: determines everything that is drawn at random.
    """

    real: Mapping[str, np.ndarray] | Moments
    fake: Mapping[str, np.ndarray]
    train_features: np.ndarray | None = None
    real_frequencies: np.ndarray | None = None
    fake_labels: np.ndarray | None = None
    real_accuracy: float | None = None
    seed: int = 0

    def manifold(self, metric: str) -> metric_manifold.ManifoldScores:
        """Precision, recall, density and coverage, computed once.

        Args:
            metric: "precision_recall" or "density_coverage".

        Raises:
            checks.TooFewImages: there are too few images for the metric.
            errors.UserError: features are NaN or infinite.
        """
        metric_manifold.check(
            metric, self.real["features"], self.fake["features"]
        )
        return self._manifold

    @functools.cached_property
    def _manifold(self) -> metric_manifold.ManifoldScores:
        return metric_manifold.manifold_scores(
            self.real["features"],
            self.fake["features"],
            progress="neighbourhoods",
        )

    def part(self, real_rows: np.ndarray, fake_rows: np.ndarray) -> FeatureSets:
        """Takes some of the images of either side.

        Args:
            real_rows: [n] bool.
            fake_rows: [m] bool.

        Returns:
            The features and labels of these images, and nothing else.
        """
        return FeatureSets(
            {name: values[real_rows] for name, values in self.real.items()},
            {name: values[fake_rows] for name, values in self.fake.items()},
            fake_labels=None
            if self.fake_labels is None
            else self.fake_labels[fake_rows],
            seed=self.seed,
        )
