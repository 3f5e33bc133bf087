"""From flags to an evaluation: opens runs, sources and feature networks."""

from __future__ import annotations

import dataclasses
import pathlib

from tf_dcgan.common import devices, errors
from tf_dcgan.data import loading
from tf_dcgan.evaluation import (
    checks,
    feature_cache,
    image_sources,
    memorization_picture,
    named_sources,
    report,
    score_sets,
    statistics,
)
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import frechet, moments
from tf_dcgan.runs import best_checkpoint, runs, summaries
from tf_dcgan.sampling import generators, samplers


def evaluate_run(
    run: runs.Run,
    request: evaluation_request.Request,
    *,
    num_samples: int,
    split: str,
    weights: str,
    checkpoint: str = "last",
    pairs: str | None = None,
    output: str | None = None,
) -> score_sets.Evaluation:
    """Scores a run's generator against the run's own data set.

    Writes `evaluation.json` and a line of the logs, at the checkpoint's step.

    Args:
        run: the run.
        request: the metrics and the features.
        num_samples: images to make.
        split: of the data set.
        weights: "ema" or "raw".
        checkpoint: "last" or "best".
        pairs: for `memorization`'s picture, or None for one in the run.
        output: a further JSON file for the scores, or None.

    Returns:
        What was found.

    Raises:
        errors.UserError: there is no checkpoint, or something cannot be
            computed.
    """
    devices.share_gpus()
    request = evaluation_request.of_run(request, run.config)
    fake, step = _generated(run, request.seed, num_samples, weights, checkpoint)
    train = None
    if "memorization" in request.metrics:
        train = _of_run(run, "train", request)
    found = _evaluate(
        _of_run(run, split, request),
        fake,
        run.config.dataset,
        request,
        train=train,
        pairs=pairs or run.path / "memorization.png",
    )
    for path in filter(None, (run.path / "evaluation.json", output)):
        report.write_json(path, found, step=step)
    with summaries.Summaries(run.path) as log:
        log.write_scalars(
            "evaluation",
            {**found.scalars(), "protocol": _in_words(found)},
            step=step,
        )
    return found


def evaluate_pair(
    real: str,
    fake: str,
    request: evaluation_request.Request,
    *,
    train: str | None = None,
    pairs: str | pathlib.Path | None = None,
    output: str | None = None,
) -> score_sets.Evaluation:
    """Scores any images against any others.

    Args:
        real: what `--real` names.
        fake: what `--fake` names.
        request: the metrics and the features.
        train: what `--train` names.
        pairs: where `memorization` puts its picture, or None for nowhere.
        output: a JSON file for the scores, or None.

    Returns:
        What was found.

    Raises:
        errors.UserError: there is no such thing, or something cannot be
            computed from it.
    """
    devices.share_gpus()
    folders = {"data_dir": request.data_dir, "cache_dir": request.cache_dir}
    real_source = named_sources.open_source(real, flag="real", **folders)
    fake_source = named_sources.open_images(fake, flag="fake", **folders)
    train_source = None
    if train is not None:
        train_source = named_sources.open_images(train, flag="train", **folders)
    found = _evaluate(
        real_source,
        fake_source,
        _dataset(real_source) or _dataset(fake_source),
        request,
        train=train_source,
        pairs=pairs,
    )
    if output is not None:
        report.write_json(output, found)
    return found


def write_statistics(
    real: str, path: str, request: evaluation_request.Request
) -> str:
    """Writes mean and covariance of the features of images.

    Args:
        real: what `--real` names.
        path: an .npz.
        request: the features.

    Returns:
        What was written, in a line or more.

    Raises:
        errors.UserError: there is no such thing, or it has too few images.
    """
    devices.share_gpus()
    source = named_sources.open_images(
        real,
        flag="real",
        data_dir=request.data_dir,
        cache_dir=request.cache_dir,
    )
    if source.count < 2:
        raise errors.UserError(
            f"a covariance needs at least 2 real images, and "
            f"{source.description} has {source.count}: give more"
        )
    network = evaluation_request.network(request, source.dataset)
    found = feature_cache.extract(
        source,
        network,
        ["features"],
        batch_size=request.batch_size,
        cache_dir=request.cache_dir,
        title="real images",
    )["features"]
    of_features = moments.Moments.from_features(found, what="real")
    statistics.write(
        path, of_features, protocol=network.protocol, of=source.description
    )
    lines = [
        f"{path}: mean and covariance of {network.key} features of "
        f"{source.count:,} images of {source.description}"
    ]
    lines += [
        f"warning: {text}" for text in frechet.sample_warnings(of_features)
    ]
    return "\n".join(lines + [f"note: {note}" for note in source.notes])


def _evaluate(
    real, fake, dataset, request: evaluation_request.Request, *, train, pairs
) -> score_sets.Evaluation:
    """Computes the scores and draws the closest pairs, if they are asked.

    The classifier of the data set may have to be trained, which takes
    minutes: what can be refused is refused before.
    """
    checks.check_images(real, fake, request.metrics, train)
    found = score_sets.evaluate(
        real,
        fake,
        evaluation_request.network(request, dataset),
        metrics=request.metrics,
        seed=request.seed,
        batch_size=request.batch_size,
        cache_dir=request.cache_dir,
        train=train,
        per_class=request.per_class,
    )
    (closest,) = [
        score.details["closest"]
        for score in found.scores
        if score.name == "memorization"
    ] or [None]
    if closest is None:
        return found
    note = (
        "no picture of the closest pairs was written: --pairs=FILE.png says "
        "where to"
    )
    if pairs is not None:
        memorization_picture.write(
            pairs, closest, fake=fake, train=train, held_out=real
        )
        note = (
            f"{pairs} shows the {len(closest)} closest pairs: below each "
            "generated image its nearest training image, then its nearest "
            "held-out one"
        )
    return dataclasses.replace(found, notes=(*found.notes, note))


def notes_on_weights(weights: str, checkpoint: str) -> list[str]:
    """Says what a best checkpoint's raw weights are not.

    Args:
        weights: "ema" or "raw".
        checkpoint: "last" or "best".
    """
    if (checkpoint, weights) != ("best", "raw"):
        return []
    return [
        "the score that made this checkpoint the best was the averaged "
        "weights', and these images are by the raw ones"
    ]


def _generated(
    run: runs.Run, seed: int, count: int, weights: str, checkpoint: str
) -> tuple[image_sources.ImageSource, int]:
    """Opens the images of a run's generator; also returns its step."""
    generator, step = generators.load_generator(run, weights, checkpoint)
    origin = best_checkpoint.origin(run, step, checkpoint)
    sampler = samplers.of_run(run, generator)
    labels = sampler.labels(count)
    fake = image_sources.from_generator(
        sampler,
        seed=seed,
        count=count,
        description=f"{run.path}, {origin}, {weights} weights"
        + ", classes in turn" * (labels is not None),
        labels=labels,
        class_names=() if labels is None else run.data.class_names,
    )
    notes = notes_on_weights(weights, checkpoint)
    fake = dataclasses.replace(fake, notes=tuple(notes))
    return fake, step


def _of_run(
    run: runs.Run, split: str, request: evaluation_request.Request
) -> image_sources.ImageSource:
    """Opens a split of the data set that a run was trained on."""
    return image_sources.from_dataset(
        loading.load(
            run.config.dataset,
            split,
            image_size=run.data.image_shape[:2],
            crop=run.config.crop_size,
            data_dir=request.data_dir,
            cache_dir=request.cache_dir,
        )
    )


def _in_words(found: score_sets.Evaluation) -> str:
    protocol = found.protocol
    return (
        f"{protocol['fake_images']:,} images of {protocol['fake']}, seed "
        f"{protocol['seed']}, against {protocol['real_images']:,} of "
        f"{protocol['real']}"
    )


def _dataset(source) -> str | None:
    """Returns the name of the set that images or statistics are of."""
    if isinstance(source, statistics.Statistics):
        return (source.protocol or {}).get("dataset")
    return source.dataset
