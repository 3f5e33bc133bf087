"""Scores with the protocol they were computed by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Any

import numpy as np

from tf_dcgan import errors, files, image_sources, runs, scores
from tf_dcgan.data import cache
from tf_dcgan.metrics import features
from tf_dcgan.metrics.moments import Moments


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        scores: the numbers.
        protocol: JSON-able, everything they were computed from.
        notes: what its reader should know, one line each.
    """

    scores: tuple[scores.Score, ...]
    protocol: Mapping[str, Any]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Returns everything, ready for JSON."""
        return {
            "scores": [dataclasses.asdict(score) for score in self.scores],
            "protocol": dict(self.protocol),
            "notes": list(self.notes),
        }


def evaluate(
    real: image_sources.ImageSource | image_sources.Statistics,
    fake: image_sources.ImageSource,
    network: features.FeatureNetwork,
    *,
    metrics: Sequence[str],
    seed: int,
    batch_size: int,
    cache_dir: str | None = None,
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

    Returns:
        The scores.

    Raises:
        errors.UserError: a metric cannot be computed from these.
    """
    outputs = ["features"]
    if "logits" in network.outputs and _need_classes(metrics):
        outputs.append("logits")
    fake_found = network.extract(
        fake.batches(),
        batch_size=batch_size,
        outputs=outputs,
        total=fake.count,
        progress="generated",
    )
    if isinstance(real, image_sources.Statistics):
        moments = _moments_of(real, network)
        real_features = None
    else:
        real_features = _real_features(
            real, network, batch_size=batch_size, cache_dir=cache_dir
        )
        moments = Moments.from_features(real_features, what="real")
    found = scores.compute(
        metrics,
        scores.FeatureSets(
            moments,
            fake_found["features"],
            real_features,
            fake_found.get("logits"),
            _frequencies(real),
            seed,
        ),
    )
    protocol = {
        "real": real.description,
        "real_images": moments.count,
        "fake": fake.description,
        "fake_images": fake.count,
        "features": dict(network.protocol),
        "seed": seed,
        "versions": runs.versions(),
    }
    notes = fake.notes + getattr(real, "notes", ())
    return Evaluation(tuple(found), protocol, notes)


def _need_classes(metrics: Sequence[str]) -> bool:
    return any(name in scores.WITH_CLASSES for name in metrics)


def _frequencies(real) -> np.ndarray | None:
    labels = getattr(real, "labels", None)
    if labels is None:
        return None
    return np.bincount(labels, minlength=len(real.class_names))


def _moments_of(
    statistics: image_sources.Statistics, network: features.FeatureNetwork
) -> Moments:
    if statistics.protocol is not None:
        was = json.loads(statistics.protocol)
        now = json.loads(json.dumps(network.protocol))
        differing = [
            f"{name} ({was.get(name)}, now {now.get(name)})"
            for name in sorted(set(was) | set(now))
            if was.get(name) != now.get(name)
        ]
        if differing:
            raise errors.UserError(
                f"{statistics.description} was made by another protocol: "
                f"{', '.join(differing)}; give the same flags as then, or "
                "images as --real"
            )
    if len(statistics.mu) != network.feature_dim:
        raise errors.UserError(
            f"{statistics.description} has {len(statistics.mu)} dimensions, "
            f"the features {network.feature_dim}: give the --features and "
            "--feature_dim that it was made with"
        )
    return Moments.from_statistics(
        statistics.mu, statistics.sigma, count=statistics.count
    )


def _real_features(
    real: image_sources.ImageSource,
    network: features.FeatureNetwork,
    *,
    batch_size: int,
    cache_dir: str | None,
) -> np.ndarray:
    """Reads the features of real images from the cache, or fills it."""
    key = json.dumps(
        [real.fingerprint, real.count, network.protocol], sort_keys=True
    )
    name = hashlib.sha256(key.encode()).hexdigest()[:24]
    root = pathlib.Path(cache_dir or cache.default_folder()).expanduser()
    path = root / f"features-{network.name}-{name}.npy"
    shape = (real.count, network.feature_dim)
    try:
        cached = np.load(path, allow_pickle=False)
        if cached.shape == shape and cached.dtype == np.float32:
            return cached
    except (OSError, ValueError, EOFError):
        pass  # Not there, or cut short by hand; made anew.
    found = network.extract(
        real.batches(),
        batch_size=batch_size,
        total=real.count,
        progress="real",
    )["features"]
    try:
        with files.atomic_file(path) as unfinished:
            np.save(unfinished, found)
    except OSError as error:
        if error.errno in files.DISK_FULL:
            raise
        raise errors.UserError(
            f"features cannot be kept in {root} ({error.strerror}): give "
            "--cache_dir=FOLDER, a folder that can be written to"
        ) from error
    return found


def write_statistics(
    path: os.PathLike | str,
    moments: Moments,
    network: features.FeatureNetwork,
) -> None:
    """Writes mean, covariance, count and protocol as an .npz.

    Args:
        path: ends in .npz.
        moments: of features.
        network: made the features.
    """
    with files.atomic_file(path) as unfinished:
        np.savez(
            unfinished,
            mu=moments.mean,
            sigma=moments.covariance(),
            count=moments.count,
            protocol=json.dumps(network.protocol),
        )


def table(evaluation: Evaluation) -> str:
    """Lays the scores out, with their protocol below.

    Args:
        evaluation: what was found.

    Returns:
        Lines of text.
    """
    lines = [
        f"{'score':16} {'value':>10}  {'95 % interval':>21} {'ideal':>10}  "
    ]
    for score in evaluation.scores:
        interval = ""
        if score.low is not None:
            interval = f"[{score.low:.4g}, {score.high:.4g}]"
        ideal = "" if score.ideal is None else f"{score.ideal:.4g}"
        lines.append(
            f"{score.name:16} {score.value:10.4g}  {interval:>21} "
            f"{ideal:>10}  {score.remark}".rstrip()
        )
    warnings = {
        warning for score in evaluation.scores for warning in score.warnings
    }
    lines += [f"warning: {warning}" for warning in sorted(warnings)]
    lines += [f"note: {note}" for note in evaluation.notes]
    protocol = evaluation.protocol
    lines += [
        "",
        f"real       {protocol['real']}, {_count(protocol['real_images'])}",
        f"generated  {protocol['fake']}, {protocol['fake_images']:,} images",
        "features   "
        + ", ".join(f"{k} {v}" for k, v in protocol["features"].items()),
        f"seed       {protocol['seed']}",
        "ideal: what a perfect generator would score with as many images",
    ]
    return "\n".join(lines)


def _count(count: int | None) -> str:
    return "number of images unknown" if count is None else f"{count:,} images"
