"""From the features of two sets of images to a list of scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import math
from typing import Any

import numpy as np

from tf_dcgan.metrics import (
    checks,
    feature_sets,
    frechet,
    frechet_sampling,
    inception_score,
    kernel,
    label_accuracy,
    memorization,
    modes,
)
from tf_dcgan.metrics.moments import Moments

# What an interval of a Fréchet distance needs: two images in each group.
_INTERVAL_IMAGES = 40
_CLOSEST = 16


@dataclasses.dataclass(frozen=True)
class Score:
    """One number and what belongs beside it.

    Attributes:
        name: of the score.
        value: the number, or None where a warning says why there is none.
        low: lower end of its 95 % interval, or None.
        high: upper end, or None.
        ideal: what a perfect generator would score with so many images, or
            None where that is not known.
        remark: more in words, or nothing.
        warnings: named warnings.
        details: further numbers, for the JSON.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    ideal: float | None = None
    remark: str = ""
    warnings: tuple[str, ...] = ()
    details: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric, and what it cannot do without.

    Attributes:
        compute: makes the scores.
        scores: their names.
        output: what it needs of the feature network.
        takes_statistics: whether moments will do in place of real images.
        takes_classes: whether it can be taken of the images of one class.
    """

    compute: Callable[[feature_sets.FeatureSets], list[Score]]
    scores: tuple[str, ...]
    output: str = "features"
    takes_statistics: bool = False
    takes_classes: bool = False


def compute(
    metrics: Sequence[str], sets: feature_sets.FeatureSets
) -> list[Score]:
    """Computes some metrics.

    Args:
        metrics: keys of `METRICS`.
        sets: the features, with all that the metrics need.

    Returns:
        The scores, in the metrics' order; some metrics make several.

    Raises:
        checks.TooFewImages: there are too few images for a metric.
        errors.UserError: features are NaN or infinite.
    """
    return [score for name in metrics for score in METRICS[name].compute(sets)]


def _fid(sets: feature_sets.FeatureSets) -> list[Score]:
    real = sets.real
    if not isinstance(real, Moments):
        real = real["features"]
    return [_frechet("fid", real, sets.fake["features"], sets.seed)]


def _sfid(sets: feature_sets.FeatureSets) -> list[Score]:
    sides = [side["spatial"] for side in (sets.real, sets.fake)]
    return [_frechet("sfid", *sides, sets.seed)]


def _frechet(
    name: str, real: np.ndarray | Moments, fake: np.ndarray, seed: int
) -> Score:
    """Makes a Fréchet distance with floor and, if it can be had, interval."""
    checks.features(fake, what="generated", metric=name, needed=2)
    moments, bias = real, "the bias of the generated images"
    if not isinstance(real, Moments):
        checks.features(real, what="real", metric=name, needed=2)
        moments, bias = Moments.from_features(real), "bias"
    # Other tools' statistics do not tell their count.
    fewest = min(len(fake), moments.count or len(fake))
    if fewest < _INTERVAL_IMAGES:
        found = frechet.frechet_distance(moments, Moments.from_features(fake))
        low = high = None
        remark = ""
        warnings = found.warnings + (
            f"no_interval: {fewest} images, an interval wants "
            f"{_INTERVAL_IMAGES}",
        )
    else:
        found = frechet_sampling.frechet_interval(
            real, fake, seed=seed, progress=f"interval of {name}"
        )
        low, high = max(0.0, found.low), found.high  # As no distance is.
        remark = f"{found.without_bias} without {bias}"
        warnings = found.warnings
    floor = None
    if moments.count is not None:
        expected = frechet.frechet_floor(moments, (moments.count, len(fake)))
        floor = expected.value
        warnings += expected.warnings
    return Score(
        name,
        found.value,
        low,
        high,
        ideal=floor,
        remark=remark,
        warnings=tuple(dict.fromkeys(warnings)),
        details=dataclasses.asdict(found),
    )


def _fid_infinity(sets: feature_sets.FeatureSets) -> list[Score]:
    moments = sets.real
    if not isinstance(moments, Moments):
        moments = Moments.from_features(moments["features"], what="real")
    found = frechet_sampling.frechet_infinity(
        sets.fake["features"], moments, seed=sets.seed
    )
    return [
        Score(
            "fid_infinity",
            found.value,
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        )
    ]


def _kid(sets: feature_sets.FeatureSets) -> list[Score]:
    found = kernel.kernel_distance(
        sets.real["features"],
        sets.fake["features"],
        seed=sets.seed,
        progress="kid",
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


def _inception_score(sets: feature_sets.FeatureSets) -> list[Score]:
    found = inception_score.inception_score(sets.fake["logits"], seed=sets.seed)
    return [
        Score(
            "inception_score",
            found.value,
            remark=f"± {found.spread:.3g} over {found.num_splits} splits",
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        )
    ]


def _precision_recall(sets: feature_sets.FeatureSets) -> list[Score]:
    found = sets.manifold("precision_recall")
    return [
        Score("precision", found.precision, warnings=found.warnings),
        Score("recall", found.recall, warnings=found.warnings),
    ]


def _density_coverage(sets: feature_sets.FeatureSets) -> list[Score]:
    found = sets.manifold("density_coverage")
    return [
        Score("density", found.density, ideal=1.0, warnings=found.warnings),
        Score(
            "coverage",
            found.coverage,
            ideal=found.expected_coverage,
            warnings=found.warnings,
        ),
    ]


def _modes(sets: feature_sets.FeatureSets) -> list[Score]:
    found = modes.modes(sets.fake["logits"], sets.real_frequencies)
    return [
        Score(
            "modes",
            found.covered,
            ideal=found.num_classes,
            warnings=found.warnings,
            details=dataclasses.asdict(found),
        ),
        Score(
            "mode_divergence",
            _finite(found.divergence),
            ideal=found.divergence_floor,
            warnings=found.warnings,
        ),
        Score("confidence", found.confidence),
    ]


def _label_accuracy(sets: feature_sets.FeatureSets) -> list[Score]:
    found = label_accuracy.label_accuracy(sets.fake["logits"], sets.fake_labels)
    return [
        Score(
            "label_accuracy",
            found.value,
            found.low,
            found.high,
            ideal=sets.real_accuracy,
            details=dataclasses.asdict(found),
        )
    ]


def _memorization(sets: feature_sets.FeatureSets) -> list[Score]:
    found = memorization.memorization(
        sets.fake["features"],
        sets.train_features,
        sets.real["features"],
        seed=sets.seed,
        num_pairs=_CLOSEST,
        progress="nearest images",
    )
    return [
        Score(
            "memorization",
            found.nearer_to_train,
            ideal=0.5,
            remark=f"± {1.96 * found.nearer_to_train_error:.2g} by chance",
            warnings=found.warnings,
            details={
                "standard_error": found.nearer_to_train_error,
                "equalised_size": found.equalised_size,
                "closest": found.closest(),
            },
        ),
        Score(
            "distance_ratio",
            _finite(found.distance_ratio),
            ideal=1.0,
            remark="distance to training over held-out images",
            warnings=found.warnings,
        ),
    ]


def _finite(value: float) -> float | None:
    """Returns None for what JSON has no number for; a warning tells why."""
    return value if math.isfinite(value) else None


METRICS = {
    "fid": Metric(_fid, ("fid",), takes_statistics=True, takes_classes=True),
    "fid_infinity": Metric(
        _fid_infinity, ("fid_infinity",), takes_statistics=True
    ),
    "sfid": Metric(_sfid, ("sfid",), output="spatial", takes_classes=True),
    "kid": Metric(_kid, ("kid",), takes_classes=True),
    "inception_score": Metric(
        _inception_score,
        ("inception_score",),
        output="logits",
        takes_statistics=True,
    ),
    "precision_recall": Metric(
        _precision_recall, ("precision", "recall"), takes_classes=True
    ),
    "density_coverage": Metric(
        _density_coverage, ("density", "coverage"), takes_classes=True
    ),
    "modes": Metric(
        _modes, ("modes", "mode_divergence", "confidence"), output="logits"
    ),
    "label_accuracy": Metric(
        _label_accuracy,
        ("label_accuracy",),
        output="logits",
        takes_statistics=True,
        takes_classes=True,
    ),
    "memorization": Metric(_memorization, ("memorization", "distance_ratio")),
}
