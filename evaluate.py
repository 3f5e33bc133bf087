"""Scores generated images: `python evaluate.py --run_dir=RUN`.

Short on purpose: it reads the command line and calls
`tf_dcgan.launch_evaluation`.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from tf_dcgan import command_line, errors, quiet, runs, settings

_SUMMARY = """\
Scores generated images against real ones.

  python evaluate.py --run_dir=RUN        a run against its own data set
  python evaluate.py --real=X --fake=Y    any images against any others"""
_IMAGES = "Images"
_SCORES = "Scores"
_METRICS = {
    "fid": "Fréchet distance, with its floor and interval",
    "fid_infinity": "the same, extrapolated to infinitely many samples",
    "kid": "kernel distance",
    "inception_score": "needs features with classes",
    "precision_recall": "shares of samples and of real images that are near",
    "density_coverage": "the same, robust against outliers",
    "modes": "predicted classes; needs --features=classifier",
}


@dataclasses.dataclass(frozen=True)
class EvaluateSettings:
    """The flags of this script."""

    run_dir: str | None = settings.setting(
        None, "the run to score", group=_IMAGES, unset="--real and --fake"
    )
    real: str | None = settings.setting(
        None,
        "real images: a folder, an .npz or .npy of uint8 images, a data set "
        "as name, name:split, name:class or name:split:class, or an .npz "
        "with mu and sigma",
        group=_IMAGES,
        unset="the run's data set",
    )
    fake: str | None = settings.setting(
        None,
        "generated images: as --real, but for mu and sigma",
        group=_IMAGES,
        unset="the run's generator",
    )
    num_samples: int = settings.setting(
        10_000,
        "how many images the run's generator makes",
        group=_IMAGES,
        minimum=1,
        maximum=10_000_000,
    )
    split: str = settings.setting(
        "test", "of the run's data set", group=_IMAGES
    )
    weights: str = settings.setting(
        "ema",
        "which weights of the generator",
        group=_IMAGES,
        choices={
            "ema": "their moving average",
            "raw": "those of the last update",
        },
    )
    checkpoint: str = settings.setting(
        "last",
        "which checkpoint of the run",
        group=_IMAGES,
        choices={
            "last": "the last one",
            "best": "the best by the score of --evaluate_every",
        },
    )
    seed: int = settings.setting(
        0,
        "determines the images and everything drawn at random",
        group=_IMAGES,
        minimum=0,
        maximum=2**31 - 1,
    )
    metrics: str = settings.setting(
        "fid,kid,precision_recall,density_coverage",
        f"separated by commas: {', '.join(_METRICS)}",
        group=_SCORES,
    )
    features: str = settings.setting(
        "inception",
        "what images are compared by",
        group=_SCORES,
        choices={
            "inception": "the network of published FIDs (2015-12-05)",
            "keras_inception": "Keras's own; comparable with nothing else",
            "classifier": "a small network trained on the labelled set",
        },
    )
    feature_dim: int = settings.setting(
        2048,
        "which layer of inception: 64, 192, 768, 1280 or 2048",
        group=_SCORES,
        minimum=64,
        maximum=2048,
    )
    inception_weights: str | None = settings.setting(
        None,
        "file with inception's weights: the official .tgz or .pb, or an .npz",
        group=_SCORES,
        unset="the cache, else a download",
    )
    resize: str = settings.setting(
        "tf1",
        "how images get to 299x299",
        group=_SCORES,
        choices={
            "tf1": "legacy bilinear, as the original",
            "clean": "antialiased bicubic, as clean-fid",
            "pytorch": "half-pixel bilinear, as pytorch-fid",
        },
    )
    batch_size: int = settings.setting(
        50,
        "images at once; does not change the scores",
        group=_SCORES,
        unit="images",
        minimum=1,
        maximum=65_536,
    )
    data_dir: str | None = settings.setting(
        None,
        "folder with prepared data sets",
        group=_IMAGES,
        unset="the run's, or TFDS's own",
    )
    cache_dir: str | None = settings.setting(
        None,
        "folder for prepared arrays, features and weights",
        group=_IMAGES,
        unset="tf_dcgan in the user's cache folder",
    )
    output: str | None = settings.setting(
        None,
        "a JSON file to write the scores to",
        group=_SCORES,
        unset="evaluation.json in the run",
    )

    def __post_init__(self):
        """Checks every value, and those that only make sense together."""
        settings.check(self)
        pair = self.real is not None and self.fake is not None
        if pair == (self.run_dir is not None) or (
            (self.real is None) != (self.fake is None)
        ):
            raise errors.UserError(
                "what shall be scored? Give --run_dir=RUN, or both --real=X "
                "and --fake=Y"
            )
        if self.feature_dim not in (64, 192, 768, 1280, 2048):
            raise errors.UserError(
                f"--feature_dim={self.feature_dim} is no layer: give 64, 192, "
                "768, 1280 or 2048"
            )
        for name in self.metrics.split(","):
            if name not in _METRICS:
                raise errors.UserError(
                    f"--metrics has {name!r}: "
                    + errors.suggestion(name, _METRICS)
                )


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the script first.

    Raises:
        errors.UserError: something is wrong that the user can mend.
    """
    (given,) = command_line.parse(
        arguments,
        EvaluateSettings,
        summary=_SUMMARY,
        command="python evaluate.py",
    )
    wanted = EvaluateSettings(**given)
    run = runs.open_run(wanted.run_dir) if wanted.run_dir else None
    quiet.import_tensorflow()
    from tf_dcgan import evaluation, launch_evaluation

    request = launch_evaluation.Request(
        metrics=wanted.metrics.split(","),
        features=wanted.features,
        feature_dim=wanted.feature_dim,
        inception_weights=wanted.inception_weights,
        resize=wanted.resize,
        seed=wanted.seed,
        batch_size=wanted.batch_size,
        data_dir=wanted.data_dir,
        cache_dir=wanted.cache_dir,
    )
    if run is not None:
        found = launch_evaluation.evaluate_run(
            run,
            request,
            num_samples=wanted.num_samples,
            split=wanted.split,
            weights=wanted.weights,
            checkpoint=wanted.checkpoint,
        )
    else:
        found = launch_evaluation.evaluate_pair(
            wanted.real, wanted.fake, request
        )
    print(evaluation.table(found))
    if wanted.output is not None:
        launch_evaluation.write_json(pathlib.Path(wanted.output), found)


if __name__ == "__main__":
    command_line.run(main)
