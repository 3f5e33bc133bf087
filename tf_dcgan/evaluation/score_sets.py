"""From two sets of images to their scores, with the protocol beside them."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import math
from typing import Any

import numpy as np

from tf_dcgan.evaluation import checks, feature_cache, image_sources, statistics
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import feature_sets, scores
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.runs import runs

# Most published FIDs are of so many images.
_PUBLISHED_IMAGES = 50_000


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """The scores of one set of images against another.

    Attributes:
        scores: of all images.
        per_class: the scores of each class, or nothing.
        protocol: JSON-able, everything the scores were computed from.
        notes: what a reader of the scores should know, one line each.
        key: names the features in logs.
    """

    scores: tuple[scores.Score, ...]
    per_class: tuple[scores.ClassScores, ...]
    protocol: Mapping[str, Any]
    notes: tuple[str, ...]
    key: str

    def to_json(self) -> dict[str, Any]:
        """Returns everything, ready for JSON, which has no NaN and infinity."""
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

    def log_line(self) -> dict[str, float | str]:
        """Returns the scores with their protocol in words, for the logs."""
        protocol = (
            f"{self.protocol['fake_images']:,} images of "
            f"{self.protocol['fake']}, seed {self.protocol['seed']}, against "
            f"{self.protocol['real_images']:,} of {self.protocol['real']}"
        )
        return {**self.scalars(), "protocol": protocol}


def evaluate(
    real: image_sources.ImageSource | statistics.Statistics,
    fake: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
    request: evaluation_request.Request,
    *,
    train: image_sources.ImageSource | None = None,
) -> Evaluation:
    """Compares two sets of images, which `checks.check_images` has passed.

    Args:
        real: real images, or statistics of them.
        fake: generated images.
        network: makes the features.
        request: the metrics, the seed of all that is drawn at random, whether
            to score each class on its own too, and the cache.
        train: the images that the generator was trained on; None where no
            metric needs them.

    Returns:
        The scores.

    Raises:
        errors.UserError: a metric cannot be computed from these.
    """
    checks.check_network(real, fake, network, request)
    names = ()
    if request.per_class:
        names = checks.class_names(real, fake, network)
    outputs = request.outputs
    if request.per_class and fake.labels is None:
        outputs |= {"logits"}
    fake_features = network.extract(
        fake.batches(),
        batch_size=request.batch_size,
        outputs=sorted(outputs),
        total=fake.count,
        progress="generated images",
    )
    real_features = _features_of_real(real, network, outputs, request)
    train_features = None
    if train is not None:
        train_features = feature_cache.extract(
            train,
            network,
            ["features"],
            batch_size=request.batch_size,
            cache_dir=request.cache_dir,
            title="training images",
        )["features"]
    sets = feature_sets.FeatureSets(
        real_features,
        fake_features,
        train_features,
        real_frequencies=_real_frequencies(real, network, request),
        fake_labels=fake.labels_among(network.class_names)
        if request.metrics_with("needs_fake_classes")
        else None,
        real_accuracy=network.protocol.get("test_accuracy"),
        seed=request.seed,
    )
    per_class = _by_class(request.metric_names, sets, real, fake, names)
    protocol = _protocol(real, fake, train, network, request)
    notes = [*fake.notes, *real.notes, *(train.notes if train else ())]
    notes += _unlike_each_other(real, fake) + _unlike_published(protocol)
    return Evaluation(
        tuple(scores.compute(request.metric_names, sets)),
        per_class,
        protocol,
        tuple(notes),
        network.key,
    )


def _features_of_real(real, network, outputs, request):
    """Returns the features of real images, or the moments of a file."""
    if isinstance(real, statistics.Statistics):
        return real.moments
    # Nothing asks for the classes that are predicted for real images.
    return feature_cache.extract(
        real,
        network,
        sorted(outputs - {"logits"}),
        batch_size=request.batch_size,
        cache_dir=request.cache_dir,
        title="real images",
    )


def _real_frequencies(real, network, request) -> np.ndarray | None:
    """Counts the real images of each class, if a metric needs to know."""
    if not request.metrics_with("needs_real_classes"):
        return None
    labels = real.labels_among(network.class_names)
    return np.bincount(labels, minlength=len(network.class_names))


def _by_class(metrics, sets, real, fake, names):
    """Scores each class on its own; `names` is empty where none is asked."""
    if not names:
        return ()
    if fake.labels is None:
        fake_labels = sets.fake["logits"].argmax(axis=1)
    else:
        fake_labels = fake.labels_among(names)
    return scores.compute_by_class(
        metrics,
        sets,
        real_labels=real.labels_among(names),
        fake_labels=fake_labels,
        class_names=names,
    )


def _protocol(real, fake, train, network, request) -> dict[str, Any]:
    """Returns all that the scores are computed from."""
    is_moments = isinstance(real, statistics.Statistics)
    protocol = {
        "real": real.description,
        "real_images": real.moments.count if is_moments else real.count,
        "fake": fake.description,
        "fake_images": fake.count,
        "features": dict(network.protocol),
        "seed": request.seed,
        "versions": runs.versions(),
    }
    if train is not None:
        protocol["training_images"] = train.description
    if request.per_class:
        protocol["classes_of_generated_images"] = (
            "their labels"
            if fake.labels is not None
            else "predicted by the classifier"
        )
    return protocol


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
