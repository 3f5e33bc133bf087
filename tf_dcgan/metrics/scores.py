"""Every metric, what it needs, and how features become its scores.

Whatever is known of a metric stands in its entry of `METRICS`: the flags, their
help and all checks read it there. To add one, write its function in a module
of this folder and an entry here. The command line reads this module before
TensorFlow and SciPy are loaded, so each function imports what it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from tf_dcgan.metrics import feature_sets
    from tf_dcgan.metrics.moments import Moments

# The fewest images for an interval of a Fréchet distance: it takes twenty
# groups, and two images in each.
_INTERVAL_IMAGES = 40
_CLOSEST_PAIRS = 16


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
class ClassScores:
    """The scores of one class.

    Attributes:
        name: of the class.
        real_images: how many real images it has.
        fake_images: how many generated ones.
        scores: as for all images; a score that too few images forbid has no
            value and a warning.
    """

    name: str
    real_images: int
    fake_images: int
    scores: tuple[Score, ...]


@dataclasses.dataclass(frozen=True)
class Metric:
    """What is known of a metric.

    Attributes:
        help: what it tells, in one line for `--help`.
        compute: makes its scores.
        scores: the names of these scores.
        output: the output of the feature network that it is computed from:
            "features", "spatial" or "logits".
        features: the choices of `--features` that have what it needs; empty
            where all of them have.
        takes_statistics: whether mean and covariance of the real images'
            features are enough.
        takes_classes: whether it can be taken of one class's images alone.
        takes_translations: whether it can be taken of translations, which
            have no class that they should be of and no training images of
            their own.
        needs_training_images: whether it compares the images that the
            generator was trained on with real images that it has not seen.
        needs_real_classes: whether it needs the classes of the real images.
        needs_fake_classes: whether it needs the class that each generated
            image should be of.
    """

    help: str
    compute: Callable[[feature_sets.FeatureSets], list[Score]]
    scores: tuple[str, ...]
    output: str = "features"
    features: tuple[str, ...] = ()
    takes_statistics: bool = False
    takes_classes: bool = False
    takes_translations: bool = False
    needs_training_images: bool = False
    needs_real_classes: bool = False
    needs_fake_classes: bool = False


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


def compute_by_class(
    metrics: Sequence[str],
    sets: feature_sets.FeatureSets,
    *,
    real_labels: np.ndarray,
    fake_labels: np.ndarray,
    class_names: Sequence[str],
) -> tuple[ClassScores, ...]:
    """Computes some metrics for the images of each class alone.

    Args:
        metrics: keys of `METRICS`; a metric that cannot be taken per class is
            left out.
        sets: the features, of images on both sides.
        real_labels: [n] int64, positions in `class_names`.
        fake_labels: [m] int64, positions in `class_names`.
        class_names: one per class.

    Returns:
        One entry for each class that either side has.

    Raises:
        errors.UserError: features are NaN or infinite.
    """
    of_classes = []
    for label, name in enumerate(class_names):
        real_rows, fake_rows = real_labels == label, fake_labels == label
        if not real_rows.any() and not fake_rows.any():
            continue
        sets_of_class = sets.part(real_rows, fake_rows)
        of_classes.append(
            ClassScores(
                name,
                int(real_rows.sum()),
                int(fake_rows.sum()),
                tuple(
                    score
                    for metric in metrics
                    if METRICS[metric].takes_classes
                    for score in _of_class(metric, sets_of_class)
                ),
            )
        )
    return tuple(of_classes)


def _of_class(metric: str, sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import checks

    try:
        return compute([metric], sets)
    except checks.TooFewImages as error:
        return [
            Score(name, None, warnings=(f"too_few_images: {error}",))
            for name in METRICS[metric].scores
        ]


def _fid(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics.moments import Moments

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
    from tf_dcgan.metrics import checks, frechet, frechet_sampling
    from tf_dcgan.metrics.moments import Moments

    checks.features(fake, what="generated", metric=name, needed=2)
    moments, bias = real, "the bias of the generated images"
    if not isinstance(real, Moments):
        checks.features(real, what="real", metric=name, needed=2)
        moments, bias = Moments.from_features(real), "bias"
    # Other tools' statistics do not tell their count.
    fewest = min(len(fake), moments.count or len(fake))
    if fewest < _INTERVAL_IMAGES:
        distance = frechet.frechet_distance(
            moments, Moments.from_features(fake)
        )
        low = high = None
        remark = ""
        warnings = distance.warnings + (
            f"no_interval: {fewest} images, an interval wants "
            f"{_INTERVAL_IMAGES}",
        )
    else:
        distance = frechet_sampling.frechet_interval(
            real, fake, seed=seed, progress=f"interval of {name}"
        )
        low, high = max(0.0, distance.low), distance.high  # As no distance is.
        remark = f"{distance.without_bias} without {bias}"
        warnings = distance.warnings
    floor = None
    if moments.count is not None:
        expected = frechet.frechet_floor(moments, (moments.count, len(fake)))
        floor = expected.value
        warnings += expected.warnings
    return Score(
        name,
        distance.value,
        low,
        high,
        ideal=floor,
        remark=remark,
        warnings=tuple(dict.fromkeys(warnings)),
        details=dataclasses.asdict(distance),
    )


def _fid_infinity(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import frechet_sampling
    from tf_dcgan.metrics.moments import Moments

    moments = sets.real
    if not isinstance(moments, Moments):
        moments = Moments.from_features(moments["features"], what="real")
    extrapolated = frechet_sampling.frechet_infinity(
        sets.fake["features"], moments, seed=sets.seed
    )
    return [
        Score(
            "fid_infinity",
            extrapolated.value,
            warnings=extrapolated.warnings,
            details=dataclasses.asdict(extrapolated),
        )
    ]


def _kid(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import kernel

    distance = kernel.kernel_distance(
        sets.real["features"],
        sets.fake["features"],
        seed=sets.seed,
        progress="kid",
    )
    reach = 1.96 * distance.standard_error
    return [
        Score(
            "kid",
            distance.value,
            distance.value - reach,
            distance.value + reach,
            ideal=0.0,
            warnings=distance.warnings,
            details=dataclasses.asdict(distance),
        )
    ]


def _inception_score(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import inception_score

    score = inception_score.inception_score(sets.fake["logits"], seed=sets.seed)
    return [
        Score(
            "inception_score",
            score.value,
            remark=f"± {score.spread:.3g} over {score.num_splits} splits",
            warnings=score.warnings,
            details=dataclasses.asdict(score),
        )
    ]


def _precision_recall(sets: feature_sets.FeatureSets) -> list[Score]:
    manifold = sets.manifold("precision_recall")
    return [
        Score("precision", manifold.precision, warnings=manifold.warnings),
        Score("recall", manifold.recall, warnings=manifold.warnings),
    ]


def _density_coverage(sets: feature_sets.FeatureSets) -> list[Score]:
    manifold = sets.manifold("density_coverage")
    return [
        Score(
            "density", manifold.density, ideal=1.0, warnings=manifold.warnings
        ),
        Score(
            "coverage",
            manifold.coverage,
            ideal=manifold.expected_coverage,
            warnings=manifold.warnings,
        ),
    ]


def _modes(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import modes

    counted = modes.modes(sets.fake["logits"], sets.real_frequencies)
    return [
        Score(
            "modes",
            counted.covered,
            ideal=counted.num_classes,
            warnings=counted.warnings,
            details=dataclasses.asdict(counted),
        ),
        Score(
            "mode_divergence",
            _finite(counted.divergence),
            ideal=counted.divergence_floor,
            warnings=counted.warnings,
        ),
        Score("confidence", counted.confidence),
    ]


def _label_accuracy(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import label_accuracy

    share = label_accuracy.label_accuracy(sets.fake["logits"], sets.fake_labels)
    return [
        Score(
            "label_accuracy",
            share.value,
            share.low,
            share.high,
            ideal=sets.real_accuracy,
            details=dataclasses.asdict(share),
        )
    ]


def _memorization(sets: feature_sets.FeatureSets) -> list[Score]:
    from tf_dcgan.metrics import memorization

    result = memorization.memorization(
        sets.fake["features"],
        sets.train_features,
        sets.real["features"],
        seed=sets.seed,
        num_pairs=_CLOSEST_PAIRS,
        progress="nearest images",
    )
    return [
        Score(
            "memorization",
            result.nearer_to_train,
            ideal=0.5,
            remark=f"± {1.96 * result.nearer_to_train_error:.2g} by chance",
            warnings=result.warnings,
            details={
                "standard_error": result.nearer_to_train_error,
                "equalised_size": result.equalised_size,
                "closest": result.closest(),
            },
        ),
        Score(
            "distance_ratio",
            _finite(result.distance_ratio),
            ideal=1.0,
            remark="distance to training over held-out images",
            warnings=result.warnings,
        ),
    ]


def _finite(value: float) -> float | None:
    """Returns None for what JSON has no number for; a warning tells why."""
    return value if math.isfinite(value) else None


METRICS = {
    "fid": Metric(
        "Fréchet distance, with its floor and interval",
        _fid,
        scores=("fid",),
        takes_statistics=True,
        takes_classes=True,
        takes_translations=True,
    ),
    "fid_infinity": Metric(
        "Fréchet distance, extrapolated to infinitely many samples",
        _fid_infinity,
        scores=("fid_infinity",),
        takes_statistics=True,
        takes_translations=True,
    ),
    "sfid": Metric(
        "Fréchet distance of spatial features",
        _sfid,
        scores=("sfid",),
        output="spatial",
        features=("inception",),
        takes_classes=True,
        takes_translations=True,
    ),
    "kid": Metric(
        "kernel distance",
        _kid,
        scores=("kid",),
        takes_classes=True,
        takes_translations=True,
    ),
    "inception_score": Metric(
        "whether predicted classes are sure and varied",
        _inception_score,
        scores=("inception_score",),
        output="logits",
        features=("inception", "classifier"),
        takes_statistics=True,
    ),
    "precision_recall": Metric(
        "shares of samples and of real images that are near",
        _precision_recall,
        scores=("precision", "recall"),
        takes_classes=True,
        takes_translations=True,
    ),
    "density_coverage": Metric(
        "precision and recall, robust against outliers",
        _density_coverage,
        scores=("density", "coverage"),
        takes_classes=True,
        takes_translations=True,
    ),
    "modes": Metric(
        "how many classes are predicted, and how evenly",
        _modes,
        scores=("modes", "mode_divergence", "confidence"),
        output="logits",
        features=("classifier",),
        needs_real_classes=True,
    ),
    "label_accuracy": Metric(
        "share of images that are of the class they should be of",
        _label_accuracy,
        scores=("label_accuracy",),
        output="logits",
        features=("classifier",),
        takes_statistics=True,
        takes_classes=True,
        needs_fake_classes=True,
    ),
    "memorization": Metric(
        "whether training images are nearer than held-out ones",
        _memorization,
        scores=("memorization", "distance_ratio"),
        needs_training_images=True,
    ),
}
