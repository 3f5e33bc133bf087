"""Measures the preparation of a folder with very many small images.

    python -m benchmarks.preparation --folder=/tmp/many

Writes the images into the folder unless they are there, prepares them into an
empty cache, and reads batches from it as a training does. Prints the seconds,
the seconds of all cores, the peak of the process's memory and the batches per
second. The cache is removed at the end, the images stay.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib
import resource
import sys
import tempfile
import time

import numpy as np
import PIL.Image

from benchmarks import command_flags
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_SIDE = 64
_IMAGES_PER_FOLDER = 10_000
_BATCH_SIZE = 64
_STEPS = 500


@dataclasses.dataclass(frozen=True)
class PreparationSettings:
    """The flags of this command."""

    folder: str = setting(
        "many", "where the images are, or are to be written", group=_GROUP
    )
    num_images: int = setting(
        200_000, "how many images", group=_GROUP, minimum=64, maximum=10_000_000
    )
    image_size: int = setting(
        _SIDE,
        "what the images of 64x64 pixels are brought to",
        group=_GROUP,
        minimum=4,
        maximum=256,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.
    """
    settings = command_flags.parse(
        arguments, PreparationSettings, name="preparation", doc=__doc__
    )
    folder = pathlib.Path(settings.folder).absolute()
    _write_images(folder, settings.num_images)
    quiet_import.import_tensorflow()
    from tf_dcgan.data import batches, loading

    size = (settings.image_size, settings.image_size)
    with tempfile.TemporaryDirectory(dir=folder.parent) as cache_dir:
        for title in ("prepared", "opened again"):
            clock = _Clock()
            _ = loading.find(str(folder), cache_dir=cache_dir).shape
            dataset = loading.load(
                str(folder), image_size=size, cache_dir=cache_dir
            )
            print(f"{title}: {len(dataset.images):,} images, {clock.words()}")
        reader = batches.Reader(dataset.images, batch_size=_BATCH_SIZE, seed=0)
        clock = _Clock()
        for step in range(_STEPS):
            reader.prefetch(step, 1)
            reader.take()
        per_second = _STEPS / clock.seconds()
        reader.close()
        print(
            f"read: {per_second:,.0f} batches of {_BATCH_SIZE} a second, "
            f"{clock.words()}"
        )
        print(f"fingerprint: {dataset.fingerprint}")


class _Clock:
    """Counts seconds of the clock and of all cores."""

    def __init__(self):
        self._started, self._busy = time.monotonic(), time.process_time()

    def seconds(self) -> float:
        """Returns the seconds since the start."""
        return time.monotonic() - self._started

    def words(self) -> str:
        """Says the seconds, and the peak of the memory of the process."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return (
            f"{self.seconds():.1f} s, {time.process_time() - self._busy:.1f} s "
            f"of all cores, peak {peak / 2**30:.2f} GiB"
        )


def _write_images(folder: pathlib.Path, num_images: int) -> None:
    """Writes images of soft noise that are not there yet."""
    chance = np.random.default_rng(0)
    for number in range(num_images):
        path = (
            folder / f"{number // _IMAGES_PER_FOLDER:04d}" / f"{number:08d}.png"
        )
        coarse = chance.integers(0, 256, (8, 8, 3), np.uint8)
        if path.exists():
            continue
        if not number % _IMAGES_PER_FOLDER:
            os.makedirs(path.parent, exist_ok=True)
        image = PIL.Image.fromarray(coarse).resize(
            (_SIDE, _SIDE), PIL.Image.Resampling.BILINEAR
        )
        image.save(path, compress_level=1)


if __name__ == "__main__":
    main(sys.argv)
