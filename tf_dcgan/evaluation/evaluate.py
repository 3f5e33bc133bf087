"""The opening of every evaluation: from a request to scores that are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
from typing import Any

import numpy as np

from tf_dcgan.common import devices, errors
from tf_dcgan.config import kinds
from tf_dcgan.data import loading, moved, reading
from tf_dcgan.evaluation import (
    checks,
    feature_cache,
    image_sources,
    named_sources,
    networks,
    report,
    score_sets,
    statistics,
    translation,
)
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import frechet, moments
from tf_dcgan.runs import best_checkpoint, evaluation_file, runs, summaries
from tf_dcgan.sampling import generators, samplers


def evaluate(
    request: evaluation_request.Request, run: runs.Run | None = None
) -> str:
    """Does what the flags of `evaluate` ask for.

    The scores are written before they are returned to be printed, which may
    fail: nobody may be left to read them.

    Args:
        request: the flags, which have been checked.
        run: the run that `--run_dir` names, or None.

    Returns:
        What the command prints, lines of text.

    Raises:
        errors.UserError: something cannot be read or computed.
    """
    devices.choose(request.device)
    if request.statistics is not None:
        return write_statistics(request)
    if run is None:
        return report.table(evaluate_pair(request))
    return table(evaluate_run(run, request), run.config.kind)


def table(
    evaluation: score_sets.Evaluation | translation.TranslationEvaluation,
    kind: kinds.Kind,
) -> str:
    """Lays scores out for people, lines of text.

    Args:
        evaluation: the scores.
        kind: of the run's system; of two sets of images, generation.
    """
    return _KINDS[kind].table(evaluation)


def evaluate_run(
    run: runs.Run, request: evaluation_request.Request
) -> score_sets.Evaluation | translation.TranslationEvaluation:
    """Scores a run against the run's own data.

    Writes `evaluation.json` and a line of the logs, at the checkpoint's step.
    Where the run may only be read, the scores go to `--output` alone.

    Args:
        run: a run of any kind.
        request: the metrics, the features, and which of the run's generators.

    Returns:
        The scores, of the type that belongs to the run's kind.

    Raises:
        errors.UserError: there is no checkpoint, or a metric cannot be
            computed.
    """
    moved.check(run.config, run_dir=run.path)
    request = request.in_folders_of(run.config)
    models, step, words, notes = _load(run, request)
    evaluation = _KINDS[run.config.kind].score(
        run, request, models, words=words, notes=notes
    )
    reason = request.reason_against_writing_into_run()
    if reason is not None:
        note = (
            f"the scores are in {request.output} alone, since the run cannot "
            f"be written ({reason})"
        )
        evaluation = dataclasses.replace(
            evaluation, notes=(*evaluation.notes, note)
        )
    origin = {
        "step": step,
        "generator": {
            "weights": request.weights,
            **best_checkpoint.facts(run, step, request.checkpoint),
        },
    }
    if request.output is not None:
        report.write_json(request.output, evaluation, **origin)
    if reason is None:
        path = run.path / evaluation_file.EVALUATION
        report.write_json(path, evaluation, **origin)
        with summaries.Summaries(run.path) as log:
            log.write_scalars("evaluation", evaluation.log_line(), step=step)
    return evaluation


def evaluate_pair(
    request: evaluation_request.Request,
    arrays: Mapping[str, Mapping[str, np.ndarray]] | None = None,
) -> score_sets.Evaluation:
    """Scores the images of `--fake` against the images of `--real`.

    Args:
        request: the metrics, the features and the sources.
        arrays: of `real`, `fake` and `train` those that are arrays in memory,
            by the names that they would have in an .npz; the request then
            describes them.

    Returns:
        The scores.

    Raises:
        errors.UserError: there are no such images, or a metric cannot be
            computed from them.
    """
    arrays = arrays or {}
    folders = {"data_dir": request.data_dir, "cache_dir": request.cache_dir}
    real = named_sources.open_source(
        request.real,
        flag="real",
        value_range=request.scale,
        labels=request.labels,
        arrays=arrays.get("real"),
        **folders,
    )
    # All images are compared on the scale of the real images.
    scale = {"value_range": real.value_range or request.scale}
    fake = named_sources.open_images(
        request.fake,
        flag="fake",
        arrays=arrays.get("fake"),
        **folders,
        **scale,
    )
    train = None
    if request.train is not None:
        train = named_sources.open_images(
            request.train,
            flag="train",
            arrays=arrays.get("train"),
            **folders,
            **scale,
        )
    checks.check_scales(real, fake, train, request)
    pairs = request.pairs or request.pairs_beside_output
    evaluation = _evaluate_images(
        real,
        fake,
        train,
        request,
        dataset=_dataset(real) or _dataset(fake),
        pairs=pairs,
    )
    if request.output is not None:
        report.write_json(request.output, evaluation)
    return evaluation


def write_statistics(request: evaluation_request.Request) -> str:
    """Writes mean and covariance of the features of the images of `--real`.

    Args:
        request: the features, the images and the file.

    Returns:
        What was written, in a line or more.

    Raises:
        errors.UserError: there are no such images, or too few.
    """
    source = named_sources.open_images(
        request.real,
        flag="real",
        data_dir=request.data_dir,
        cache_dir=request.cache_dir,
        value_range=request.scale,
    )
    checks.check_scales(source, source, None, request)
    if source.count < 2:
        raise errors.UserError(
            f"a covariance needs at least 2 real images, and "
            f"{source.description} has {source.count}: give more"
        )
    network = networks.create(request, source.dataset)
    features = feature_cache.extract(
        source,
        network,
        ["features"],
        batch_size=request.batch_size,
        cache_dir=request.cache_dir,
        title="real images",
    )["features"]
    of_features = moments.Moments.from_features(features, what="real")
    statistics.write(
        request.statistics,
        of_features,
        protocol=network.protocol,
        of=source.description,
        value_range=source.value_range,
    )
    lines = [
        f"{request.statistics}: mean and covariance of {network.key} features "
        f"of {source.count:,} images of {source.description}"
    ]
    lines += [
        f"warning: {text}" for text in frechet.sample_warnings(of_features)
    ]
    return "\n".join(lines + [f"note: {note}" for note in source.notes])


def _load(
    run: runs.Run, request: evaluation_request.Request
) -> tuple[Any, int, str, tuple[str, ...]]:
    """Loads the run's generators.

    Returns:
        (models, step, words, notes): the models as `generators.load` returns
        them, the finished steps, whose models they are, and what a
        reader of their scores should know.
    """
    models, step = generators.load(run, request.weights, request.checkpoint)
    origin = best_checkpoint.origin(run, step, request.checkpoint)
    notes = ()
    if (request.checkpoint, request.weights) == ("best", "raw"):
        notes = (
            "the score that made this checkpoint the best was the averaged "
            "weights', and these images are by the raw ones",
        )
    return (
        models,
        step,
        f"{run.path}, {origin}, {request.weights} weights",
        notes,
    )


def _score_generation(
    run, request, generator, *, words, notes
) -> score_sets.Evaluation:
    """Scores images that a run's generator makes of noise."""
    train = None
    if request.metrics_with("needs_training_images"):
        train = _split_of_run(run, "train", request)
    return _evaluate_images(
        _split_of_run(run, request.split, request),
        _generated(run, request, generator, words=words, notes=notes),
        train,
        request,
        dataset=run.config.dataset,
        read_as=reading.of_run(run.config),
        pairs=request.pairs_of_run,
    )


def _split_of_run(
    run: runs.Run, split: str, request: evaluation_request.Request
) -> image_sources.ImageSource:
    """Opens a split of the data set that a run was trained on."""
    return image_sources.from_dataset(
        loading.load(
            run.config.dataset,
            split,
            image_size=run.data.image_shape[:2],
            read_as=reading.of_run(run.config),
            flag=None,
            data_dir=request.data_dir,
            cache_dir=request.cache_dir,
        )
    )


def _generated(
    run, request, generator, *, words, notes
) -> image_sources.ImageSource:
    """Opens the images of a run's generator."""
    sampler = samplers.of_run(run, generator)
    labels = sampler.labels(request.num_samples)
    source = image_sources.from_generator(
        sampler,
        seed=request.seed,
        count=request.num_samples,
        description=words + ", classes in turn" * (labels is not None),
        labels=labels,
        class_names=() if labels is None else run.data.class_names,
    )
    return dataclasses.replace(source, notes=notes)


def _evaluate_images(
    real, fake, train, request, *, dataset, pairs, read_as=reading.WHOLE
) -> score_sets.Evaluation:
    """Checks images, scores them, and draws the closest pairs if asked to."""
    checks.check_images(real, fake, train, request)
    evaluation = score_sets.evaluate(
        real,
        fake,
        networks.create(request, dataset, read_as=read_as),
        request,
        train=train,
    )
    (closest,) = [
        score.details["closest"]
        for score in evaluation.scores
        if "closest" in score.details
    ] or [None]
    if closest is None:
        return evaluation
    note = (
        "no picture of the closest pairs was written: --pairs=FILE.png says "
        "where to"
    )
    if pairs is not None:
        report.write_closest_pairs(
            pairs, closest, fake=fake, train=train, held_out=real
        )
        note = (
            f"{pairs} shows the {len(closest)} closest pairs: below each "
            "generated image its nearest training image, then its nearest "
            "held-out one"
        )
    return dataclasses.replace(evaluation, notes=(*evaluation.notes, note))


def _dataset(
    source: image_sources.ImageSource | statistics.Statistics,
) -> str | None:
    """Returns the name of the data set that a source is from, if it is one."""
    if isinstance(source, statistics.Statistics):
        return (source.protocol or {}).get("dataset")
    return source.dataset


@dataclasses.dataclass(frozen=True)
class _Kind:
    """How the runs of a kind are evaluated.

    Attributes:
        score: makes an evaluation of a run's generators.
        table: lays this evaluation out for people.
    """

    score: Callable[..., Any]
    table: Callable[[Any], str]


_KINDS = {
    kinds.GENERATION: _Kind(_score_generation, report.table),
    kinds.TRANSLATION: _Kind(
        translation.score,
        report.translation_table,
    ),
}
