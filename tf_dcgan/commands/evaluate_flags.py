"""The flags of evaluate.py, checked before TensorFlow is loaded."""

from __future__ import annotations

import dataclasses
import pathlib

from tf_dcgan.commands import run_flags
from tf_dcgan.common import errors, files
from tf_dcgan.config import fields, schema

_IMAGES = "Images"
_SCORES = "Scores"
# What each is, for `--help`.
METRICS = {
    "fid": "Fréchet distance, with its floor and interval",
    "fid_infinity": "the same, extrapolated to infinitely many samples",
    "sfid": "of spatial features; needs --features=inception",
    "kid": "kernel distance",
    "inception_score": "not with --features=keras_inception",
    "precision_recall": "shares of samples and of real images that are near",
    "density_coverage": "the same, robust against outliers",
    "modes": "predicted classes; needs --features=classifier",
    "label_accuracy": "generated images of the class that they should be of; "
    "needs --features=classifier",
    "memorization": "whether training images are nearer than held-out ones",
}
# Metrics that not all features will do for.
_NEED = {
    "sfid": ("inception",),
    "inception_score": ("inception", "classifier"),
    "modes": ("classifier",),
    "label_accuracy": ("classifier",),
}
_PER_CLASS = (
    "fid",
    "sfid",
    "kid",
    "precision_recall",
    "density_coverage",
    "label_accuracy",
)


@dataclasses.dataclass(frozen=True)
class EvaluateSettings:
    """The flags of this script."""

    run_dir: str | None = fields.setting(
        None, "the run to score", group=_IMAGES, unset="--real and --fake"
    )
    real: str | None = fields.setting(
        None,
        "real images: a folder (of folders, one for each class), an .npy or "
        ".npz of uint8 images (and labels), a data set as name, name:split, "
        "name:class or name:split:class, or an .npz with mu and sigma",
        group=_IMAGES,
        unset="the run's data set",
    )
    fake: str | None = fields.setting(
        None,
        "generated images: as --real, but for mu and sigma",
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
    num_samples: int = fields.setting(
        10_000,
        "how many images the run's generator makes, or at most translates of "
        "each set; published FIDs mostly take 50000 and --split=train",
        group=_IMAGES,
        minimum=1,
        maximum=10_000_000,
    )
    split: str = fields.setting("test", "of the run's data set", group=_IMAGES)
    weights: str = run_flags.weights(_IMAGES)
    checkpoint: str = run_flags.checkpoint(_IMAGES)
    seed: int = fields.setting(
        0,
        "determines the images and everything drawn at random",
        group=_IMAGES,
        minimum=0,
        maximum=2**31 - 1,
    )
    metrics: str = fields.setting(
        "fid,kid,precision_recall,density_coverage",
        f"separated by commas: {', '.join(METRICS)}",
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
        "of the features",
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
    output: str | None = fields.setting(
        None,
        "a JSON file to write the scores to; those of a run are in its "
        "evaluation.json in any case",
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
        """Checks every value, and those that only make sense together."""
        fields.check(self)
        self._check_images()
        schema.check_feature_dim("feature_dim", self.feature_dim)
        if self.features == "classifier" and self.precision != "float32":
            raise errors.UserError(
                "--features=classifier is computed in float32 alone: leave "
                f"--precision={self.precision} out"
            )
        self._check_metrics()
        for flag, suffix in (("statistics", ".npz"), ("pairs", ".png")):
            value = getattr(self, flag)
            if value is not None and not value.lower().endswith(suffix):
                raise errors.UserError(
                    f"--{flag}={value} should end in {suffix}"
                )

    @property
    def metric_names(self) -> list[str]:
        """The metrics, one by one."""
        return [name.strip() for name in self.metrics.split(",")]

    def require_writable(self) -> None:
        """Finds out whether the results can be written, before any is made.

        Raises:
            errors.UserError: a file cannot be.
        """
        paths = {
            name: getattr(self, name)
            for name in ("output", "pairs", "statistics", "run_dir")
            if getattr(self, name) is not None
        }
        if self.run_dir is not None:
            paths["run_dir"] = pathlib.Path(self.run_dir, "evaluation.json")
        for name, path in paths.items():
            files.require_writable(path, f"--{name}={getattr(self, name)}")

    def _check_images(self) -> None:
        given = {
            name
            for name in ("run_dir", "real", "fake", "statistics")
            if getattr(self, name) is not None
        }
        if given not in (
            {"run_dir"},
            {"real", "fake"},
            {"real", "statistics"},
        ):
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

    def _check_metrics(self) -> None:
        names = self.metric_names
        for name in names:
            if name not in METRICS:
                raise errors.UserError(
                    f"--metrics={self.metrics} has "
                    + (f"{name!r}: " if name else "an empty name: ")
                    + errors.suggestion(name, METRICS)
                )
            if names.count(name) > 1:
                raise errors.UserError(
                    f"--metrics={self.metrics} has {name} twice: once will do"
                )
            needed = _NEED.get(name, (self.features,))
            if self.features not in needed:
                raise errors.UserError(
                    f"{name} needs --features={' or '.join(needed)}, and "
                    f"these are of {self.features}: give that, or leave "
                    f"{name} out of --metrics"
                )
        if self.per_class and not set(names) & set(_PER_CLASS):
            raise errors.UserError(
                "--per_class has no metric to take per class: add one of "
                f"{', '.join(_PER_CLASS)} to --metrics"
            )
        has_memorization = "memorization" in names
        for flag in ("train", "pairs"):
            if getattr(self, flag) is not None and not has_memorization:
                raise errors.UserError(
                    f"--{flag} is for memorization: add it to --metrics, or "
                    f"leave --{flag} out"
                )
        if has_memorization and self.fake is not None and self.train is None:
            raise errors.UserError(
                "memorization needs the images that the generator of --fake "
                "was trained on: give --train=SOURCE; --real is then what it "
                "has not seen"
            )
        if has_memorization and self.split == "train" and self.run_dir:
            raise errors.UserError(
                "memorization compares training images with held-out ones: "
                "give another --split than train"
            )
