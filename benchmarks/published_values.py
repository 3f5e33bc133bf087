r"""Compares scores of real CIFAR-10 images with the published ones.

    python -m benchmarks.published_values --inception_weights=FILE \
        --data_dir=FOLDER

Needs all layers of the FID network and the original CIFAR-10, not one that
was stored as JPEG. Published are an FID of 3.15 between the 50,000 training
and the 10,000 test images and an Inception Score of 11.24 of the former.

Source: the reference implementations of both scores, as measured by
    github.com/w86763777/pytorch-image-generation-metrics, README.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from benchmarks import command_flags
from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_PUBLISHED_FID = 3.15
_PUBLISHED_INCEPTION_SCORE = 11.24
# Digits given, and for the score what its random splits move.
_FID_TOLERANCE = 0.01
_INCEPTION_SCORE_TOLERANCE = 0.05


@dataclasses.dataclass(frozen=True)
class PublishedSettings:
    """The flags of this command."""

    inception_weights: str | None = setting(
        None,
        "the network's weights, .tgz, .pb or .npz",
        group=_GROUP,
        unset="those in the cache, else a download",
    )
    data_dir: str | None = setting(
        None,
        "a folder with cifar10 prepared by TFDS",
        group=_GROUP,
        unset="TFDS's own folder, else a download",
    )
    batch_size: int = setting(
        50, "images at once", group=_GROUP, minimum=1, maximum=1000
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the comparison; ends with exit status 1 if a score is off.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: weights or images are missing.
    """
    settings = command_flags.parse(
        arguments, PublishedSettings, name="published_values", doc=__doc__
    )
    quiet_import.import_tensorflow()
    from tf_dcgan.metrics import frechet, inception_score, moments
    from tf_dcgan.metrics.features import feature_network
    from tf_dcgan.metrics.features.inception import weights

    network = feature_network.inception_network(
        weights.load(settings.inception_weights), outputs=("logits",)
    )
    train = _extract(network, settings, "train", ("features", "logits"))
    test = _extract(network, settings, "test", ("features",))
    distance = frechet.frechet_distance(
        moments.Moments.from_features(train["features"]),
        moments.Moments.from_features(test["features"]),
    ).value
    score = inception_score.inception_score(train["logits"], seed=0)
    print(f"protocol: {network.protocol}")
    print(
        f"FID, train against test: {distance:.4f}, published {_PUBLISHED_FID}"
    )
    print(
        f"Inception Score, train: {score.value:.4f} ± {score.spread:.4f}, "
        f"published {_PUBLISHED_INCEPTION_SCORE}"
    )
    if (
        abs(distance - _PUBLISHED_FID) > _FID_TOLERANCE
        or abs(score.value - _PUBLISHED_INCEPTION_SCORE)
        > _INCEPTION_SCORE_TOLERANCE
    ):
        raise SystemExit("the scores are not the published ones")


def _extract(network, settings: PublishedSettings, split: str, outputs):
    from tf_dcgan.data import loading

    images = loading.load(
        "cifar10", split, image_size=(32, 32), data_dir=settings.data_dir
    ).images
    return network.extract(
        [images],
        batch_size=settings.batch_size,
        outputs=outputs,
        total=len(images),
        progress=split,
    )


if __name__ == "__main__":
    command_line.run(main)
