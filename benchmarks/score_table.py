r"""Scores a run at several layers in one pass, beside real training images.

    python -m benchmarks.score_table --run_dir=RUN --inception_weights=FILE

For each kind of features there are two rows against the test split of the
run's data set: the run's generator, and as many real training images, which
is what a perfect generator would score. All layers of the Inception network
are computed in one pass over the images, so that the whole table takes the
time of its deepest layer. Features of real images are kept in the cache: the
next run of the same data set takes a quarter of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import pathlib

import numpy as np

from benchmarks import command_flags
from tf_dcgan.commands import command_line
from tf_dcgan.common import files, quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generator_fields

_GROUP = "Benchmark"
_TAPS = (64, 192, 768)
_BATCH = 50  # Images at once; changes nothing.
_METRICS = ("fid", "kid", "precision_recall", "density_coverage")


@dataclasses.dataclass(frozen=True)
class ScoreTableSettings:
    """The flags of this command."""

    run_dir: str | None = setting(None, "the run to score", group=_GROUP)
    inception_weights: str | None = setting(
        None,
        "the network's weights, .tgz, .pb or .npz",
        group=_GROUP,
        unset="those in the cache, else a download",
    )
    num_real: int = setting(
        10_000,
        "images of the test split, evenly spread; all if it has fewer",
        group=_GROUP,
        minimum=2048,
        maximum=50_000,
    )
    num_samples: int = setting(
        5000,
        "images of the generator, and of the training split",
        group=_GROUP,
        minimum=2048,
        maximum=50_000,
    )
    real_row: bool = setting(
        True,
        "score as many training images too; they are the same for every run "
        "of a data set",
        group=_GROUP,
    )
    output: str | None = setting(
        None,
        "a file to write all scores to, as JSON",
        group=_GROUP,
        unset="none",
    )
    weights: str = generator_fields.weights(_GROUP)
    checkpoint: str = generator_fields.checkpoint(_GROUP)
    seed: int = setting(
        0,
        "determines the images and all that is drawn at random",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the comparison.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: the run, its data set or the weights are missing.
    """
    settings = command_flags.parse(
        arguments, ScoreTableSettings, name="score_table", doc=__doc__
    )
    run = runs.open_run(settings.run_dir)
    quiet_import.import_tensorflow()
    from tf_dcgan.data import reading
    from tf_dcgan.metrics.features.classifier import classifier
    from tf_dcgan.metrics.features.inception import weights as inception_weights
    from tf_dcgan.runs import best_checkpoint

    sources, step = _sources(run, settings)
    taps = _taps(inception_weights.load(settings.inception_weights))
    sizes = ", ".join(f"{s.count:,} {n}" for n, s in sources.items())
    print(
        f"{run.path}, "
        f"{best_checkpoint.origin(run, step, settings.checkpoint)}, "
        f"{settings.weights} weights, {run.config.dataset}, "
        f"seed {settings.seed}\n{sizes}\n"
        f"inception {taps.weights_hash[:12]}, resize tf1\n"
        "value [95 % interval] (what a perfect generator would score)\n",
        flush=True,
    )
    features = _extract(sources, taps, [str(tap) for tap in _TAPS], run)
    sides = [name for name in sources if name != "test"]
    table = {}
    for side in sides:
        for tap in _TAPS:
            of_tap = {
                name: {"features": values[str(tap)]}
                for name, values in features.items()
            }
            title = f"{side}, inception {tap}"
            table[title] = _score(title, of_tap, side, settings)
    # After the taps, since it may have to be trained first.
    network = classifier.classifier_network(
        run.config.dataset,
        data_dir=run.config.data_dir,
        cache_dir=run.config.cache_dir,
        read_as=reading.of_run(run.config),
    )
    print("\n" + ", ".join(f"{k} {v}" for k, v in network.protocol.items()))
    features = _extract(sources, network, ("features", "logits"), run)
    frequencies = np.bincount(
        sources["test"].labels, minlength=len(sources["test"].class_names)
    )
    for side in sides:
        title = f"{side}, classifier"
        table[title] = _score(title, features, side, settings, frequencies)
    if settings.output:
        with files.atomic_file(pathlib.Path(settings.output)) as unfinished:
            unfinished.write_text(json.dumps(table, indent=2) + "\n")


def _sources(run: runs.Run, settings: ScoreTableSettings):
    """Opens the test images, training images if asked for, the generator's.

    Returns:
        Them by name, and the generator's step.
    """
    from tf_dcgan.common import images
    from tf_dcgan.data import loading, reading
    from tf_dcgan.evaluation import image_sources
    from tf_dcgan.sampling import generators, samplers

    def split(name, count):
        dataset = loading.load(
            run.config.dataset,
            name,
            image_size=run.data.image_shape[:2],
            read_as=reading.of_run(run.config),
            data_dir=run.config.data_dir,
            cache_dir=run.config.cache_dir,
        )
        count = min(count, len(dataset.images))
        chosen = np.linspace(0, len(dataset.images), count, endpoint=False)
        chosen = chosen.astype(int)
        return image_sources.from_array(
            images.crop(dataset.images[chosen], dataset.content_box),
            f"{count:,} of {name}",
            labels=dataset.labels[chosen],
            class_names=dataset.class_names,
        )

    generator, step = generators.load_generator(
        run, settings.weights, settings.checkpoint
    )
    real = {"test": split("test", settings.num_real)}
    if settings.real_row:
        real["train"] = split("train", settings.num_samples)
    return {
        **real,
        "generated": image_sources.from_generator(
            samplers.of_run(run, generator),
            seed=settings.seed,
            count=settings.num_samples,
            description="generated",
        ),
    }, step


def _extract(sources, network, outputs, run: runs.Run):
    """Computes features, or reads those of images that do not change."""
    from tf_dcgan.evaluation import feature_cache

    common = {"batch_size": _BATCH, "outputs": outputs}
    return {
        name: network.extract(
            source.batches(), total=source.count, progress=name, **common
        )
        if name == "generated"
        else feature_cache.extract(
            source,
            network,
            cache_dir=run.config.cache_dir,
            title=name,
            **common,
        )
        for name, source in sources.items()
    }


def _taps(weights):
    """Makes a network with an output for each layer, by its size as text."""
    import keras

    from tf_dcgan.metrics.features import feature_network
    from tf_dcgan.metrics.features.inception import inception, layers

    model = inception.build(weights.arrays, feature_dim=_TAPS[-1])
    outputs = {str(_TAPS[-1]): model.output["features"], **model.output}
    for tap in _TAPS[:-1]:
        end = model.get_layer(f"{layers.TAPS[tap]}.max").output
        # One axis after the other, as in `inception`: the sum is long.
        outputs[str(tap)] = keras.ops.mean(keras.ops.mean(end, axis=1), axis=1)
    return feature_network.FeatureNetwork(
        "inception",
        keras.Model(model.input, outputs),
        prepare=feature_network.resize_to(layers.IMAGE_SIDE, "tf1"),
        digests={
            "features": weights.digest(_TAPS[-1], ["features"]),
            **{str(tap): weights.digest(tap, ["features"]) for tap in _TAPS},
        },
        protocol={"resize": "tf1"},
    )


def _score(title: str, features, side: str, settings, frequencies=None):
    """Prints the scores of one side against the test images.

    Returns:
        `value`, `low`, `high` and `floor` of each score by its name; the last
        three are None where there are none.
    """
    from tf_dcgan.metrics import feature_sets, scores

    metrics = _METRICS if frequencies is None else (*_METRICS, "modes")
    sets = feature_sets.FeatureSets(
        features["test"],
        features[side],
        real_frequencies=frequencies,
        seed=settings.seed,
    )
    all_scores = scores.compute(metrics, sets)
    cells = []
    for score in all_scores:
        text = f"{score.name} {score.value:.4g}"
        if score.low is not None:
            text += f" [{score.low:.4g}, {score.high:.4g}]"
        if score.ideal is not None:
            text += f" ({score.ideal:.4g})"
        cells.append(text)
    print(f"{title}: {'; '.join(cells)}", flush=True)
    for warning in dict.fromkeys(w for s in all_scores for w in s.warnings):
        print(f"  warning: {warning}")
    return {
        score.name: {
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "floor": score.ideal,
        }
        for score in all_scores
    }


if __name__ == "__main__":
    command_line.run(main)
