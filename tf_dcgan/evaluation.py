"""Scores with the protocol they were computed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math
from typing import Any

import numpy as np

from tf_dcgan import (
    class_scores,
    errors,
    feature_cache,
    feature_sets,
    feature_statistics,
    image_sources,
    runs,
    scores,
)
from tf_dcgan.metrics import features

# Of most published FIDs.
_PUBLISHED_IMAGES = 50_000


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        scores: the numbers.
        per_class: the same for each class, or nothing.
        protocol: JSON-able, everything they were computed from.
        notes: what its reader should know, one line each.
        key: of the features, for names in logs.
    """

    scores: tuple[scores.Score, ...]
    per_class: tuple[class_scores.ClassScores, ...]
    protocol: Mapping[str, Any]
    notes: tuple[str, ...]
    key: str

    def to_json(self) -> dict[str, Any]:
        """Returns everything, ready for JSON: without NaN and infinity."""
        return _finite(
            {
                "scores": [dataclasses.asdict(score) for score in self.scores],
                "per_class": [
                    {
                        "class": one.name,
                        "real_images": one.real_images,
                        "fake_images": one.fake_images,
                        "scores": [dataclasses.asdict(s) for s in one.scores],
                    }
                    for one in self.per_class
                ],
                "protocol": dict(self.protocol),
                "notes": list(self.notes),
            }
        )

    def scalars(self) -> dict[str, float]:
        """Returns the scores under names that also tell their features."""
        return {
            f"{score.name}_{self.key}": score.value
            for score in self.scores
            if score.value is not None
        }


def evaluate(
    real: image_sources.ImageSource | feature_statistics.Statistics,
    fake: image_sources.ImageSource,
    network: features.FeatureNetwork,
    *,
    metrics: Sequence[str],
    seed: int,
    batch_size: int,
    cache_dir: str | None = None,
    train: image_sources.ImageSource | None = None,
    per_class: bool = False,
) -> Evaluation:
    """Compares two sets of images.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        network: makes the features.
        metrics: keys of `scores.METRICS`.
        seed: of everything that is drawn at random.
        batch_size: images at once; changes nothing.
        cache_dir: where features of real images are kept.
        train: the images that the generator was trained on, for
            `memorization`.
        per_class: whether to score each class on its own too. Generated
            images have the classes of their labels, or those that the
            network predicts.

    Returns:
        The scores.

    Raises:
        errors.UserError: a metric cannot be computed from these.
    """
    _check(real, network, metrics, train)
    names = _class_names(real, fake, network) if per_class else ()
    outputs = {"features"} | {scores.METRICS[name].output for name in metrics}
    if per_class and fake.labels is None:
        outputs.add("logits")
    keywords = {"batch_size": batch_size, "cache_dir": cache_dir}
    made = network.extract(
        fake.batches(),
        batch_size=batch_size,
        outputs=sorted(outputs),
        total=fake.count,
        progress="generated images",
    )
    if isinstance(real, feature_statistics.Statistics):
        real_features = real.moments
    else:
        real_features = feature_cache.extract(
            real,
            network,
            # Nothing asks for the classes that are predicted for real images.
            sorted(outputs - {"logits"}),
            title="real images",
            **keywords,
        )
    train_features = None
    if "memorization" in metrics:
        train_features = feature_cache.extract(
            train, network, ["features"], title="training images", **keywords
        )["features"]
    frequencies = None
    if "modes" in metrics:
        labels = real.labels_among(network.class_names)
        frequencies = np.bincount(labels, minlength=len(network.class_names))
    sets = feature_sets.FeatureSets(
        real_features, made, train_features, frequencies, seed
    )
    found = scores.compute(metrics, sets)
    by_class = ()
    if per_class:
        by_class = class_scores.compute(
            metrics,
            sets,
            real_labels=real.labels_among(names),
            fake_labels=_fake_labels(fake, made, names),
            class_names=names,
        )
    protocol = _protocol(real, fake, network, seed)
    notes = [*fake.notes, *real.notes]
    if train is not None:
        protocol["training_images"] = train.description
        notes += train.notes
    if per_class:
        protocol["classes_of_generated_images"] = (
            "predicted by the classifier"
            if fake.labels is None
            else "their labels"
        )
    notes += _unlike_published(protocol)
    return Evaluation(
        tuple(found), by_class, protocol, tuple(notes), network.key
    )


def _check(real, network, metrics, train) -> None:
    """Refuses what cannot be computed, before anything is."""
    is_moments = isinstance(real, feature_statistics.Statistics)
    if is_moments:
        real.check_protocol(network.protocol, network.feature_dim)
    for name in metrics:
        metric = scores.METRICS[name]
        if metric.output not in network.outputs:
            raise errors.UserError(_MISSING_OUTPUT[metric.output].format(name))
        if is_moments and not metric.takes_statistics:
            raise errors.UserError(
                f"{name} needs the real images themselves, and "
                f"{real.description} holds only the mean and covariance of "
                "their features: give images as --real, or --metrics=fid"
            )
    if "modes" in metrics:
        if not network.class_names:
            raise errors.UserError(
                "modes needs the classes of the real images: give "
                "--features=classifier, or leave modes out of --metrics"
            )
        real.labels_among(network.class_names)
    if "memorization" in metrics:
        if train is None:
            raise errors.UserError(
                "memorization needs the images that the generator was "
                "trained on: give --train=SOURCE, as --real; --real is then "
                "what it has not seen"
            )
        if train.fingerprint == real.fingerprint:
            raise errors.UserError(
                f"memorization compares training images with others, and "
                f"{real.description} is given as both: give held-out images "
                "as --real, or --split=test"
            )


_MISSING_OUTPUT = {
    "logits": "{} needs classes, and these features have none: give "
    "--features=classifier, or --features=inception with weights of the whole "
    "network",
    "spatial": "{} needs the spatial features of --features=inception: give "
    "that, or leave it out of --metrics",
}


def _class_names(real, fake, network) -> tuple[str, ...]:
    """Returns the classes of both sides, and refuses what has none."""
    if isinstance(real, feature_statistics.Statistics):
        raise errors.UserError(
            f"--per_class needs real images, and {real.description} holds "
            "only the mean and covariance of their features: give images as "
            "--real"
        )
    if fake.labels is None and not network.class_names:
        raise errors.UserError(
            f"--per_class needs to know the classes of {fake.description}, "
            "which has no labels: give --features=classifier, which predicts "
            "them, or labelled images"
        )
    names = network.class_names if fake.labels is None else ()
    names = names or real.class_names or fake.class_names
    if not names and real.labels is not None:
        names = tuple(str(n) for n in range(int(real.labels.max()) + 1))
    real.labels_among(names)
    if fake.labels is not None:
        fake.labels_among(names)
    return names


def _fake_labels(fake, made, names: Sequence[str]) -> np.ndarray:
    if fake.labels is None:
        return made["logits"].argmax(axis=1)
    return fake.labels_among(names)


def _protocol(real, fake, network, seed: int) -> dict[str, Any]:
    is_moments = isinstance(real, feature_statistics.Statistics)
    return {
        "real": real.description,
        "real_images": real.moments.count if is_moments else real.count,
        "fake": fake.description,
        "fake_images": fake.count,
        "features": dict(network.protocol),
        "seed": seed,
        "versions": runs.versions(),
    }


def _unlike_published(protocol: Mapping[str, Any]) -> list[str]:
    """Says what else must be as it is in the literature."""
    comparable = protocol["features"].get("comparable_with")
    counts = protocol["fake_images"], protocol["real_images"] or math.inf
    if comparable in (None, features.ONLY_WITH_ITSELF):
        return []
    if min(counts) >= _PUBLISHED_IMAGES:
        return []
    return [
        f"published FIDs are mostly of {_PUBLISHED_IMAGES:,} generated images "
        "against the training split (--num_samples=50000 --split=train); of "
        "fewer images they come out higher"
    ]


def _finite(value: Any) -> Any:
    """Replaces what JSON has no number for by None, all the way down."""
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
