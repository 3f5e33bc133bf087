"""Scores of the images of each class on their own."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from tf_dcgan.metrics import checks, feature_sets, scores


@dataclasses.dataclass(frozen=True)
class ClassScores:
    """The scores of one class.

    Attributes:
        name: of the class.
        real_images: how many real images it has.
        fake_images: how many generated ones.
        scores: as for all images; those that too few images forbid have no
            value and a warning.
    """

    name: str
    real_images: int
    fake_images: int
    scores: tuple[scores.Score, ...]


def compute(
    metrics: Sequence[str],
    sets: feature_sets.FeatureSets,
    *,
    real_labels: np.ndarray,
    fake_labels: np.ndarray,
    class_names: Sequence[str],
) -> tuple[ClassScores, ...]:
    """Computes scores per class.

    Args:
        metrics: keys of `scores.METRICS`; those that cannot be taken per
            class are left out.
        sets: the features, of images on both sides.
        real_labels: [n] int64, positions in `class_names`.
        fake_labels: [m] int64, likewise.
        class_names: one per class.

    Returns:
        One entry for each class that either side has.

    Raises:
        errors.UserError: features are NaN or infinite.
    """
    found = []
    for label, name in enumerate(class_names):
        real_rows, fake_rows = real_labels == label, fake_labels == label
        if not real_rows.any() and not fake_rows.any():
            continue
        part = sets.part(real_rows, fake_rows)
        found.append(
            ClassScores(
                name,
                int(real_rows.sum()),
                int(fake_rows.sum()),
                tuple(
                    score
                    for metric in metrics
                    if scores.METRICS[metric].takes_classes
                    for score in _scores(metric, part)
                ),
            )
        )
    return tuple(found)


def _scores(metric: str, part: feature_sets.FeatureSets) -> list[scores.Score]:
    try:
        return scores.compute([metric], part)
    except checks.TooFewImages as error:
        return [
            scores.Score(name, None, warnings=(f"too_few_images: {error}",))
            for name in scores.METRICS[metric].scores
        ]
