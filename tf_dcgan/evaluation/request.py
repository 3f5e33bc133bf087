"""What an evaluation is asked for: the flags of `evaluate`, and their checks.

All that flags alone decide is checked here, before TensorFlow is loaded; what
only the images or the feature network decide is checked in `checks`.
"""

from __future__ import annotations

from collections.abc import Collection
import dataclasses
import pathlib

from tf_dcgan.common import errors, files
from tf_dcgan.config import device_field, fields, kinds, schema, value_ranges
from tf_dcgan.data import cache
from tf_dcgan.metrics import scores
from tf_dcgan.runs import folder, runs
from tf_dcgan.sampling import generator_fields

_IMAGES = "Images"
_SCORES = "Scores"
# Flags that mean nothing without --run_dir.
_FOR_RUNS = ("num_samples", "split", "weights", "checkpoint")
_FOR_INCEPTION = ("feature_dim", "inception_weights")
# Statistics are of the features: no score is computed, and nothing is drawn at
# random.
_FOR_SCORES = (
    "metrics",
    "per_class",
    "labels",
    "output",
    "pairs",
    "train",
    "seed",
)


@dataclasses.dataclass(frozen=True)
class Request:
    """The flags of `evaluate`, and so all that an evaluation is asked for."""

    # What the flags of the features begin with, for error messages.
    flag_prefix = ""

    run_dir: str | None = fields.setting(
        None, "the run to score", group=_IMAGES, unset="--real and --fake"
    )
    real: str | None = fields.setting(
        None,
        "real images: a folder (of folders, one for each class), also as .zip "
        "or .tar (.tar.gz), an .npy or .npz of images (and labels), a data set "
        "as name, name:split, "
        "name:class or name:split:class, or an .npz with mu and sigma",
        group=_IMAGES,
        unset="the run's data set",
    )
    fake: str | None = fields.setting(
        None,
        "generated images: as --real, but no mu and sigma",
        group=_IMAGES,
        unset="the run's generator",
    )
    train: str | None = fields.setting(
        None,
        "the images that --fake's generator was trained on, for memorization: "
        "as --fake",
        group=_IMAGES,
        unset="the run's training split",
    )
    value_range: str | None = fields.setting(
        None,
        "of folders of images of more than 8 bits, the values that become "
        "black and white, such as 0,4095",
        group=_IMAGES,
        unset="the lowest and the highest value of --real",
    )
    labels: str | None = fields.setting(
        None,
        "a .csv (file, class) or .json ({file: class}) with the classes of "
        "the images in the folder --real; images without a row are left out",
        group=_IMAGES,
        unset="the folders of images are the classes, if there are any",
    )
    num_samples: int = fields.setting(
        10_000,
        "how many images the run's generator makes, or at most translates of "
        "each set; published FIDs mostly take 50000 and --split=train",
        group=_IMAGES,
        minimum=1,
        maximum=10_000_000,
    )
    split: str = fields.setting(
        "test", "which split of the run's data set", group=_IMAGES
    )
    weights: str = generator_fields.weights(_IMAGES)
    checkpoint: str = generator_fields.checkpoint(_IMAGES)
    seed: int = fields.setting(
        0,
        "determines the images and everything drawn at random",
        group=_IMAGES,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )
    metrics: str = fields.setting(
        "fid,kid,precision_recall,density_coverage",
        f"separated by commas: {', '.join(scores.METRICS)}",
        group=_SCORES,
    )
    per_class: bool = fields.setting(
        False,
        "also score each class on its own; generated images without labels "
        "have the class that --features=classifier predicts",
        group=_SCORES,
    )
    features: str = fields.setting(
        "inception",
        "what images are compared by",
        group=_SCORES,
        choices={
            "inception": "the network of published FIDs (2015-12-05)",
            "keras_inception": "Keras's own; comparable with nothing else",
            "classifier": "a small network trained on the labelled set",
        },
    )
    feature_dim: int = fields.setting(
        2048,
        f"which layer of inception: {schema.FEATURE_DIMS_IN_WORDS}",
        group=_SCORES,
        minimum=64,
        maximum=2048,
    )
    inception_weights: str | None = fields.setting(
        None,
        "file with inception's weights: the official .tgz or .pb, or an .npz",
        group=_SCORES,
        unset="the cache, else a download",
    )
    resize: str = fields.setting(
        "tf1",
        "how images get to 299x299",
        group=_SCORES,
        choices={
            "tf1": "legacy bilinear, as the original",
            "clean": "antialiased bicubic, as clean-fid",
            "pytorch": "half-pixel bilinear, as pytorch-fid",
        },
    )
    precision: str = fields.setting(
        "float32",
        "in which the features are computed",
        group=_SCORES,
        choices={
            "float32": "as published",
            "mixed_bfloat16": "faster on some machines, other scores",
        },
    )
    batch_size: int = fields.setting(
        50,
        "images at once; does not change the scores",
        group=_SCORES,
        unit="images",
        minimum=1,
        maximum=65_536,
    )
    data_dir: str | None = fields.setting(
        None,
        "folder with prepared data sets",
        group=_IMAGES,
        unset="the run's, or TFDS's own",
    )
    cache_dir: str | None = fields.setting(
        None,
        "folder for prepared arrays, features and weights",
        group=_IMAGES,
        unset="tf_dcgan in the user's cache folder",
    )
    device: str = device_field.device(_SCORES)
    output: str | None = fields.setting(
        None,
        "a JSON file to write the scores to; the scores of a run are also in "
        "its evaluation.json, unless the run may only be read",
        group=_SCORES,
        unset="nowhere else",
    )
    pairs: str | None = fields.setting(
        None,
        "a .png for memorization's picture of the closest pairs",
        group=_SCORES,
        unset="memorization.png in the run, or beside --output",
    )
    statistics: str | None = fields.setting(
        None,
        "an .npz to write mean and covariance of --real's features to",
        group=_SCORES,
        unset="nowhere",
    )

    def __post_init__(self):
        """Checks each value, and whether the features suit the metrics.

        Raises:
            errors.UserError: something does not fit.
        """
        fields.check(self)
        schema.check_feature_dim("feature_dim", self.feature_dim)
        if self.features == "classifier" and self.precision != "float32":
            raise errors.UserError(
                "--features=classifier is computed in float32 alone: leave "
                f"--precision={self.precision} out"
            )
        self._check_metrics()
        if self.value_range is not None:
            value_ranges.parse(self.value_range)
        for flag, suffix in (("statistics", ".npz"), ("pairs", ".png")):
            value = getattr(self, flag)
            if value is not None and not value.lower().endswith(suffix):
                raise errors.UserError(
                    f"--{flag}={value} should end in {suffix}"
                )

    @property
    def scale(self) -> value_ranges.Range | None:
        """(low, high) of `value_range`, or None."""
        if self.value_range is None:
            return None
        return value_ranges.parse(self.value_range)[0]

    @property
    def metric_names(self) -> list[str]:
        """The metrics, keys of `scores.METRICS`."""
        return [name.strip() for name in self.metrics.split(",")]

    @property
    def outputs(self) -> set[str]:
        """The outputs of the feature network that the metrics need."""
        outputs = {scores.METRICS[name].output for name in self.metric_names}
        return {"features"} | outputs

    @property
    def pairs_beside_output(self) -> pathlib.Path | None:
        """The picture of pairs beside `--output`, if that is a file."""
        if self.output is None or files.is_stream(self.output):
            return None
        return pathlib.Path(self.output).parent / folder.MEMORIZATION

    @property
    def pairs_of_run(self) -> str | pathlib.Path | None:
        """Where the picture of a run's pairs goes; None for nowhere."""
        if self.pairs is not None or self.run_dir is None:
            return self.pairs
        if self.reason_against_writing_into_run() is not None:
            return self.pairs_beside_output
        return pathlib.Path(self.run_dir, folder.MEMORIZATION)

    def reason_against_writing_into_run(self) -> str | None:
        """Says why scores cannot be written into the run of `--run_dir`.

        Returns:
            The reason in words; None where they can.

        Raises:
            OSError: the disk is full.
        """
        return folder.obstacle(pathlib.Path(str(self.run_dir)))

    def metrics_with(self, trait: str) -> list[str]:
        """Returns the requested metrics that have a trait.

        Args:
            trait: the name of a yes-or-no attribute of `scores.Metric`.
        """
        every = _metrics_with(trait)
        return [name for name in self.metric_names if name in every]

    def in_folders_of(self, config: schema.Config) -> Request:
        """Returns a request that looks for files where a run does.

        Args:
            config: of the run; a folder that this request names comes first.
        """
        return dataclasses.replace(
            self,
            data_dir=self.data_dir or config.data_dir,
            cache_dir=self.cache_dir or cache.of_run(config.cache_dir),
        )

    def check(self, given: Collection[str] = ()) -> runs.Run | None:
        """Checks all that can be checked without the images.

        Args:
            given: the names of the flags that the user gave.

        Returns:
            The run that `--run_dir` names, or None.

        Raises:
            errors.UserError: something does not fit, the run cannot be read,
                or a result cannot be written.
        """
        self.check_sources(given)
        run = runs.open_run(self.run_dir) if self.run_dir else None
        if run is not None:
            self.check_kind(run.config.kind, given)
        self.require_writable()
        return run

    def check_sources(self, given: Collection[str] = ()) -> None:
        """Checks that the flags say what to score, and none of them is idle.

        Args:
            given: the names of the flags that the user gave; one that changes
                nothing beside the others is refused.

        Raises:
            errors.UserError: something does not fit.
        """
        named = {
            name
            for name in ("run_dir", "real", "fake", "statistics")
            if getattr(self, name) is not None
        }
        if named not in ({"run_dir"}, {"real", "fake"}, {"real", "statistics"}):
            raise errors.UserError(
                "what shall be scored? Give --run_dir=RUN, or both --real=X "
                "and --fake=Y, or --real=X and --statistics=FILE.npz to write "
                "statistics"
            )
        if self.train is not None and self.run_dir is not None:
            raise errors.UserError(
                "--train is for --real and --fake: a run knows its training "
                "split"
            )
        self._refuse_idle(given)
        self._check_training_images()

    def check_kind(self, kind: kinds.Kind, given: Collection[str] = ()) -> None:
        """Refuses what cannot be asked of a run of this kind.

        Args:
            kind: the kind of the run's system.
            given: the names of the flags that the user gave.

        Raises:
            errors.UserError: there is something that cannot be asked.
        """
        _CHECKS[kind](self, given)

    def require_writable(self) -> None:
        """Finds out whether the results can be written, before any is made.

        Raises:
            errors.UserError: a file cannot be written.
        """
        for name in ("output", "pairs", "statistics"):
            path = getattr(self, name)
            if path is not None:
                files.require_writable(path, f"--{name}={path}")
        if self.run_dir is None:
            pictures = [self.pairs_beside_output]
        else:
            pictures = [self.pairs_of_run]
            reason = self.reason_against_writing_into_run()
            if reason is not None and self.output is None:
                raise errors.UserError(
                    f"--run_dir={self.run_dir} cannot be written ({reason}): "
                    "give --output=FILE.json, to which the scores then go"
                )
        if self.metrics_with("needs_training_images"):
            for picture in filter(None, pictures):
                files.require_writable(
                    picture,
                    str(picture),
                    advice="give another place as --pairs=FILE.png",
                )

    def _check_metrics(self) -> None:
        names = self.metric_names
        for name in names:
            if name not in scores.METRICS:
                raise errors.UserError(
                    f"--metrics={self.metrics} has "
                    + (f"{name!r}: " if name else "an empty name: ")
                    + errors.suggestion(name, scores.METRICS)
                )
            if names.count(name) > 1:
                raise errors.UserError(
                    f"--metrics={self.metrics} has {name} twice: once will do"
                )
            suitable = scores.METRICS[name].features or (self.features,)
            if self.features not in suitable:
                raise errors.UserError(
                    f"{name} needs --features={' or '.join(suitable)}, and "
                    f"these are of {self.features}: give that, or leave "
                    f"{name} out of --metrics"
                )
        if self.per_class and not self.metrics_with("takes_classes"):
            raise errors.UserError(
                "--per_class has no metric to take per class: add one of "
                f"{', '.join(_metrics_with('takes_classes'))} to --metrics"
            )

    def _refuse_idle(self, given: Collection[str]) -> None:
        features = f"--features={self.features}"
        idle = {}
        if self.run_dir is not None:
            idle["value_range"] = "is for --real, and a run has a range"
            idle["labels"] = "is for --real, and a run has its labels"
        else:
            idle |= dict.fromkeys(_FOR_RUNS, "is for --run_dir")
        if self.features != "inception":
            idle |= dict.fromkeys(
                _FOR_INCEPTION,
                f"is for --features=inception, not for {features}",
            )
        if self.features == "classifier":
            idle["resize"] = (
                f"is for Inception networks; {features} has a size of its own"
            )
        if self.statistics is not None:
            idle |= dict.fromkeys(
                _FOR_SCORES, "is for scores, and --statistics makes none"
            )
        for name in given:
            if name in idle:
                raise errors.UserError(f"--{name} {idle[name]}: leave it out")

    def _check_training_images(self) -> None:
        """Checks the flags of metrics that need training images."""
        comparing = " and ".join(self.metrics_with("needs_training_images"))
        for flag in ("train", "pairs"):
            if getattr(self, flag) is not None and not comparing:
                every = _metrics_with("needs_training_images")
                raise errors.UserError(
                    f"--{flag} is for {' and '.join(every)}: add it to "
                    f"--metrics, or leave --{flag} out"
                )
        if comparing and self.fake is not None and self.train is None:
            raise errors.UserError(
                f"{comparing} needs the images that the generator of --fake "
                "was trained on: give --train=SOURCE; --real is then what it "
                "has not seen"
            )
        if comparing and self.split == "train" and self.run_dir:
            raise errors.UserError(
                f"{comparing} compares training images with held-out ones: "
                "give another --split than train"
            )


def _metrics_with(trait: str) -> list[str]:
    """Returns all metrics that there are with a trait."""
    return [
        name
        for name, metric in scores.METRICS.items()
        if getattr(metric, trait)
    ]


def _check_translations(request: Request, given: Collection[str]) -> None:
    """Refuses what cannot be asked of translations."""
    allowed = _metrics_with("takes_translations")
    others = [name for name in request.metric_names if name not in allowed]
    if others:
        raise errors.UserError(
            f"--metrics={request.metrics}: {', '.join(others)} cannot be taken "
            "of translations, which are compared with the other set's images: "
            f"allowed for this run are {', '.join(allowed)}"
        )
    if request.per_class:
        raise errors.UserError(
            "--per_class cannot be had of translations, which have no class "
            "that they should be of: leave it out"
        )
    if "split" in given:
        raise errors.UserError(
            f"--split={request.split}: translations are scored on the images "
            "that their sets put aside: leave it out"
        )


_CHECKS = {
    kinds.GENERATION: lambda request, given: None,
    kinds.TRANSLATION: _check_translations,
}
