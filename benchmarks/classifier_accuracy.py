r"""Trains the networks of `--features=classifier` and says how good they are.

    python -m benchmarks.classifier_accuracy \
        --datasets=glyphs,mnist,cifar10 --data_dir=FOLDER

Each is trained anew, whatever the cache holds. Seconds are of training and
test together, without the preparation of the images; the images per second
are through the finished network to the features.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import tempfile
import time

from benchmarks import command_flags
from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"


@dataclasses.dataclass(frozen=True)
class AccuracySettings:
    """The flags of this command."""

    datasets: str = setting(
        "glyphs,mnist,cifar10", "sets, with commas between them", group=_GROUP
    )
    data_dir: str | None = setting(
        None, "their files", group=_GROUP, unset="TFDS's own folder"
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark; ends with exit status 1 if a set has a warning.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a set cannot be found or used.
    """
    settings = command_flags.parse(
        arguments, AccuracySettings, name="classifier_accuracy", doc=__doc__
    )
    quiet_import.import_tensorflow()
    warnings = []
    print("test accuracy  seconds  images/s  weights       set", flush=True)
    for name in settings.datasets.split(","):
        with tempfile.TemporaryDirectory() as cache_dir:
            warnings += _measure(name, settings.data_dir, cache_dir)
    if warnings:
        raise SystemExit("\n".join(warnings))


def _measure(name: str, data_dir: str | None, cache_dir: str) -> list[str]:
    from tf_dcgan.data import loading
    from tf_dcgan.metrics.features.classifier import classifier

    folders = {"data_dir": data_dir, "cache_dir": cache_dir}
    size = loading.find(name, data_dir).shape[:2]
    for split in ("train", "test"):
        images = loading.load(name, split, image_size=size, **folders).images
    started = time.monotonic()
    network = classifier.classifier_network(name, **folders)
    seconds = time.monotonic() - started
    network.extract([images[:50]])  # Traces and compiles.
    started = time.monotonic()
    network.extract([images])
    speed = len(images) / (time.monotonic() - started)
    print(
        f"{network.protocol['test_accuracy']:13.2%}  {seconds:7.0f}  "
        f"{speed:8.0f}  {network.weights_hash[:12]}  {name}",
        flush=True,
    )
    return network.protocol["warnings"]


if __name__ == "__main__":
    command_line.run(main)
