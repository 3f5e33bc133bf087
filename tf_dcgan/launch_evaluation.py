"""From flags to an evaluation: opens runs, sources and feature networks."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import pathlib

from tf_dcgan import (
    best,
    data,
    devices,
    errors,
    evaluation,
    files,
    image_sources,
    runs,
    sampling,
    summaries,
)
from tf_dcgan.metrics import (
    classifier,
    features,
    inception_weights,
    keras_inception,
)


@dataclasses.dataclass(frozen=True)
class Request:
    """How an evaluation is to be made.

    Attributes:
        metrics: keys of `scores.METRICS`.
        features: "inception", "keras_inception" or "classifier".
        feature_dim: the tap of "inception".
        inception_weights: a file, or None for the cache or a download.
        resize: how images get to the network's size.
        seed: of generated images and of everything drawn at random.
        batch_size: images at once.
        data_dir: where data sets are prepared, or None.
        cache_dir: where prepared arrays and features are kept, or None.
    """

    metrics: Sequence[str]
    features: str
    feature_dim: int
    inception_weights: str | None
    resize: str
    seed: int
    batch_size: int
    data_dir: str | None
    cache_dir: str | None


def evaluate_run(
    run: runs.Run,
    request: Request,
    *,
    num_samples: int,
    split: str,
    weights: str,
    checkpoint: str = "last",
) -> evaluation.Evaluation:
    """Scores a run's generator against the run's own data set.

    Writes `evaluation.json` and appends to `metrics.jsonl` and TensorBoard,
    at the checkpoint's step.

    Args:
        run: the run.
        request: the metrics and the features.
        num_samples: images to make.
        split: of the data set.
        weights: "ema" or "raw".
        checkpoint: "last" or "best".

    Returns:
        What was found.

    Raises:
        errors.UserError: there is no checkpoint, or something cannot be
            computed.
    """
    devices.share_gpus()
    generator, step = sampling.load_generator(run, weights, checkpoint)
    origin = best.origin(run, step, checkpoint)
    fake = image_sources.from_generator(
        sampling.Sampler(generator, run.data.content_box),
        seed=request.seed,
        count=num_samples,
        description=f"{run.path}, {origin}, {weights} weights",
    )
    dataset = data.load(
        run.config.dataset,
        split,
        image_size=run.data.image_shape[:2],
        crop=run.config.crop_size,
        data_dir=request.data_dir or run.config.data_dir,
        cache_dir=request.cache_dir or run.config.cache_dir,
    )
    found = evaluation.evaluate(
        image_sources.from_dataset(dataset),
        fake,
        _network(request, run.config.dataset, run.config.data_dir),
        metrics=request.metrics,
        seed=request.seed,
        batch_size=request.batch_size,
        cache_dir=request.cache_dir,
    )
    write_json(run.path / "evaluation.json", found, step=step)
    with summaries.Summaries(run.path) as log:
        log.write_scalars(
            "evaluation",
            {
                f"{score.name}_{request.features}": score.value
                for score in found.scores
            },
            step=step,
        )
    return found


def evaluate_pair(
    real: str, fake: str, request: Request
) -> evaluation.Evaluation:
    """Scores any images against any others.

    Args:
        real: what `--real` names.
        fake: what `--fake` names.
        request: the metrics and the features.

    Returns:
        What was found.

    Raises:
        errors.UserError: there is no such thing, or something cannot be
            computed from it.
    """
    devices.share_gpus()
    keywords = {"data_dir": request.data_dir, "cache_dir": request.cache_dir}
    real_source = image_sources.open_source(real, flag="real", **keywords)
    fake_source = image_sources.open_source(fake, flag="fake", **keywords)
    if isinstance(fake_source, image_sources.Statistics):
        raise errors.UserError(
            f"--fake={fake} holds statistics, which only --real may be: give "
            "images, or exchange the two"
        )
    return evaluation.evaluate(
        real_source,
        fake_source,
        _network(request, real.partition(":")[0], request.data_dir),
        metrics=request.metrics,
        seed=request.seed,
        batch_size=request.batch_size,
        cache_dir=request.cache_dir,
    )


def write_json(
    path: pathlib.Path, found: evaluation.Evaluation, **more
) -> None:
    """Writes an evaluation as JSON, atomically.

    Args:
        path: where to.
        found: the evaluation.
        **more: further entries.
    """
    with files.atomic_file(path) as unfinished:
        unfinished.write_text(
            json.dumps({**more, **found.to_json()}, indent=2, default=float)
            + "\n"
        )


def _network(
    request: Request, dataset: str, data_dir: str | None
) -> features.FeatureNetwork:
    if request.features == "classifier":
        return classifier.classifier_network(
            dataset,
            data_dir=request.data_dir or data_dir,
            cache_dir=request.cache_dir,
        )
    if request.features == "keras_inception":
        return keras_inception.keras_inception_network(resize=request.resize)
    weights = inception_weights.load(
        request.inception_weights, cache_dir=request.cache_dir
    )
    outputs = ["features"]
    if "inception_score" in request.metrics:
        outputs.append("logits")
    return features.inception_network(
        weights,
        feature_dim=request.feature_dim,
        outputs=outputs,
        resize=request.resize,
    )
