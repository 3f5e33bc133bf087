"""From the features of two sets of images to a list of scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
from typing import Any

import numpy as np

from tf_dcgan import errors
from tf_dcgan.metrics import (
    frechet,
    frechet_sampling,
    inception_score,
    kernel,
    manifold,
    modes,
)
from tf_dcgan.metrics.moments import Moments


@dataclasses.dataclass(frozen=True)
class FeatureSets:
    """What the metrics are computed from.

    Attributes:
        real: moments of the real images' features.
        fake_features: [m, dimension] float32.
        real_features: [n, dimension] float32, or None where only statistics
            are known.
        fake_logits: [m, classes] float32, or None for features without
            classes.
        real_frequencies: [classes] of the real images' classes, or None.
        seed: of everything drawn at random.
    """

    real: Moments
    fake_features: np.ndarray
    real_features: np.ndarray | None = None
    fake_logits: np.ndarray | None = None
    real_frequencies: np.ndarray | None = None
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Score:
    """One number and what belongs beside it.

    Attributes:
        name: of the score.
        value: the number.
        low: lower end of its 95 % interval, or None.
        high: upper end, or None.
        ideal: what a perfect generator would score with so many images, or
            None where that is not known.
        remark: more in words, or nothing.
        warnings: named warnings.
        details: further numbers, for the JSON.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    ideal: float | None = None
    remark: str = ""
    warnings: tuple[str, ...] = ()
    details: dict[str, Any] = dataclasses.field(default_factory=dict)


def compute(metrics: Sequence[str], sets: FeatureSets) -> list[Score]:
    """Computes some metrics.

    Args:
        metrics: keys of `METRICS`.
        sets: the features.

    Returns:
        The scores, in the metrics' order; some metrics make several.

    Raises:
        errors.UserError: there are too few images for a metric, or the
            features have no classes.
    """
    return [score for name in metrics for score in _FUNCTIONS[name](sets)]


def _fid(sets: FeatureSets) -> list[Score]:
    real = sets.real if sets.real_features is None else sets.real_features
    interval = frechet_sampling.frechet_interval(
        real, sets.fake_features, seed=sets.seed
    )
    warnings = list(interval.warnings)
    floor = None
    if sets.real.count is not None:
        found = frechet.frechet_floor(
            sets.real, (sets.real.count, len(sets.fake_features))
        )
        floor = found.value
        warnings += found.warnings
    return [
        Score(
            "fid",
            interval.value,
            interval.low,
            interval.high,
            ideal=floor,
            remark=f"without bias {interval.corrected:.4g}",
            warnings=tuple(dict.fromkeys(warnings)),
            details=dataclasses.asdict(interval),
        )
    ]


def _fid_infinity(sets: FeatureSets) -> list[Score]:
    found = frechet_sampling.frechet_infinity(
        sets.fake_features, sets.real, seed=sets.seed
    )
    return [
        Score(
            "fid_infinity",
            found.value,
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        )
    ]


def _kid(sets: FeatureSets) -> list[Score]:
    found = kernel.kernel_distance(
        _need_real(sets, "kid"), sets.fake_features, seed=sets.seed
    )
    reach = 1.96 * found.standard_error
    return [
        Score(
            "kid",
            found.value,
            found.value - reach,
            found.value + reach,
            ideal=0.0,
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        )
    ]


def _inception_score(sets: FeatureSets) -> list[Score]:
    found = inception_score.inception_score(
        _need_logits(sets, "inception_score"), seed=sets.seed
    )
    return [
        Score(
            "inception_score",
            found.value,
            remark=f"± {found.spread:.3g} over {found.num_splits} splits",
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        )
    ]


def _precision_recall(sets: FeatureSets) -> list[Score]:
    found = _manifold(sets, "precision_recall")
    return [
        Score("precision", found.precision, warnings=found.warnings),
        Score("recall", found.recall, warnings=found.warnings),
    ]


def _density_coverage(sets: FeatureSets) -> list[Score]:
    found = _manifold(sets, "density_coverage")
    return [
        Score("density", found.density, ideal=1.0, warnings=found.warnings),
        Score(
            "coverage",
            found.coverage,
            ideal=found.expected_coverage,
            warnings=found.warnings,
        ),
    ]


def _modes(sets: FeatureSets) -> list[Score]:
    logits = _need_logits(sets, "modes")
    if sets.real_frequencies is None:
        raise errors.UserError(
            "modes need the classes of the real images: give a labelled set "
            "as --real, or leave modes out of --metrics"
        )
    found = modes.modes(logits, sets.real_frequencies)
    return [
        Score(
            "modes",
            found.covered,
            ideal=found.num_classes,
            remark=f"of {found.num_classes} classes",
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        ),
        Score(
            "mode_divergence", found.divergence, ideal=found.divergence_floor
        ),
        Score("confidence", found.confidence),
    ]


def _manifold(sets: FeatureSets, metric: str) -> manifold.ManifoldScores:
    return manifold.manifold_scores(
        _need_real(sets, metric), sets.fake_features
    )


def _need_real(sets: FeatureSets, metric: str) -> np.ndarray:
    if sets.real_features is None:
        raise errors.UserError(
            f"{metric} needs the real images' features, and statistics hold "
            "only their mean and covariance: give images as --real, or "
            "--metrics=fid"
        )
    return sets.real_features


def _need_logits(sets: FeatureSets, metric: str) -> np.ndarray:
    if sets.fake_logits is None:
        raise errors.UserError(
            f"{metric} needs classes, and these features have none: give "
            "--features=classifier, or weights of the whole Inception network"
        )
    return sets.fake_logits


_FUNCTIONS: dict[str, Callable[[FeatureSets], list[Score]]] = {
    "fid": _fid,
    "fid_infinity": _fid_infinity,
    "kid": _kid,
    "inception_score": _inception_score,
    "precision_recall": _precision_recall,
    "density_coverage": _density_coverage,
    "modes": _modes,
}
METRICS = tuple(_FUNCTIONS)
# Those that look at classes.
WITH_CLASSES = ("inception_score", "modes")
