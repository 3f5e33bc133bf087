"""Scores with the protocol they were computed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math
from typing import Any

import numpy as np

from tf_dcgan.evaluation import checks, feature_cache, image_sources, statistics
from tf_dcgan.metrics import class_scores, feature_sets, scores
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.runs import runs

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
        return finite(
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
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
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
        train: what the generator was trained on, for `memorization`.
        per_class: whether to score each class on its own too, by the labels
            of generated images or else what the network predicts.

    Returns:
        The scores.

    Raises:
        errors.UserError: a metric cannot be computed from these.
    """
    checks.check_images(real, fake, metrics, train)
    checks.check_network(real, fake, network, metrics)
    names = ()
    if per_class:
        names = checks.class_names(real, fake, network)
    sets = _feature_sets(
        real,
        fake,
        network,
        _outputs(metrics, per_class and fake.labels is None),
        train=train,
        wants_classes="modes" in metrics,
        wants_labels="label_accuracy" in metrics,
        seed=seed,
        batch_size=batch_size,
        cache_dir=cache_dir,
    )
    by_class = _by_class(metrics, sets, real, fake, names) if names else ()
    protocol = _protocol(real, fake, network, seed)
    protocol |= _further_protocol(fake, train, per_class)
    notes = [*fake.notes, *real.notes, *(train.notes if train else ())]
    notes += _unlike_each_other(real, fake) + _unlike_published(protocol)
    return Evaluation(
        tuple(scores.compute(metrics, sets)),
        by_class,
        protocol,
        tuple(notes),
        network.key,
    )


def _outputs(metrics: Sequence[str], with_classes: bool) -> set[str]:
    outputs = {"features"} | {scores.METRICS[name].output for name in metrics}
    return outputs | {"logits"} if with_classes else outputs


def _feature_sets(
    real,
    fake,
    network,
    outputs,
    *,
    train,
    wants_classes,
    wants_labels,
    seed,
    batch_size,
    cache_dir,
) -> feature_sets.FeatureSets:
    """Computes the features of all images, or finds them in the cache."""
    made = network.extract(
        fake.batches(),
        batch_size=batch_size,
        outputs=sorted(outputs),
        total=fake.count,
        progress="generated images",
    )
    keywords = {"batch_size": batch_size, "cache_dir": cache_dir}
    frequencies = None
    if isinstance(real, statistics.Statistics):
        of_real = real.moments
    else:
        # Nothing asks for the classes that are predicted for real images.
        wanted = sorted(outputs - {"logits"})
        of_real = feature_cache.extract(
            real, network, wanted, title="real images", **keywords
        )
        if wants_classes:
            labels = real.labels_among(network.class_names)
            frequencies = np.bincount(
                labels, minlength=len(network.class_names)
            )
    of_train = None
    if train is not None:
        of_train = feature_cache.extract(
            train, network, ["features"], title="training images", **keywords
        )["features"]
    fake_labels = None
    if wants_labels:
        fake_labels = fake.labels_among(network.class_names)
    return feature_sets.FeatureSets(
        of_real,
        made,
        of_train,
        frequencies,
        fake_labels,
        network.protocol.get("test_accuracy"),
        seed,
    )


def _by_class(metrics, sets, real, fake, names):
    if fake.labels is None:
        fake_labels = sets.fake["logits"].argmax(axis=1)
    else:
        fake_labels = fake.labels_among(names)
    return class_scores.compute(
        metrics,
        sets,
        real_labels=real.labels_among(names),
        fake_labels=fake_labels,
        class_names=names,
    )


def _protocol(real, fake, network, seed: int) -> dict[str, Any]:
    is_moments = isinstance(real, statistics.Statistics)
    return {
        "real": real.description,
        "real_images": real.moments.count if is_moments else real.count,
        "fake": fake.description,
        "fake_images": fake.count,
        "features": dict(network.protocol),
        "seed": seed,
        "versions": runs.versions(),
    }


def _further_protocol(fake, train, per_class: bool) -> dict[str, str]:
    further = {}
    if train is not None:
        further["training_images"] = train.description
    if per_class:
        further["classes_of_generated_images"] = (
            "their labels"
            if fake.labels is not None
            else "predicted by the classifier"
        )
    return further


def _unlike_each_other(real, fake) -> list[str]:
    """Says if the images of both sides have other sizes or channels."""
    shapes = getattr(real, "shape", None), fake.shape
    if None in shapes or shapes[0] == shapes[1]:
        return []
    of_real, of_fake = ("x".join(map(str, shape)) for shape in shapes)
    return [
        f"the real images are {of_real} and the generated ones {of_fake} "
        "(height, width, channels): what brings them to one size and to the "
        "same channels leaves traces that count in every score"
    ]


def _unlike_published(protocol: Mapping[str, Any]) -> list[str]:
    """Says what else must be as it is in the literature."""
    comparable = protocol["features"].get("comparable_with")
    counts = protocol["fake_images"], protocol["real_images"] or math.inf
    if comparable in (None, feature_network.ONLY_WITH_ITSELF):
        return []
    if min(counts) >= _PUBLISHED_IMAGES:
        return []
    return [
        f"published FIDs are mostly of {_PUBLISHED_IMAGES:,} generated images "
        "against the training split (--num_samples=50000 --split=train); of "
        "fewer images they come out higher"
    ]


def finite(value: Any) -> Any:
    """Replaces what JSON has no number for by None, all the way down.

    Args:
        value: mappings and lists of what JSON takes, and NumPy's numbers.
    """
    if isinstance(value, Mapping):
        return {name: finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
