"""How seconds per step and memory grow with what a user can choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import pathlib
import tempfile

from benchmarks import noise_images, training_speed, trainings
from tf_dcgan.config import schema

AXES = ("batch_size", "width", "image_size", "set_size")
_FACTORS = {
    "batch_size": (0.25, 0.5, 1, 2),
    "width": (0.25, 0.5, 1),
    "image_size": (1, 1.5, 2),
    "set_size": (1, 4, 16),
}


def points(axis: str, config: schema.Config, images: int) -> list[str]:
    """Returns the values of a flag at which a training is measured.

    Args:
        axis: of `AXES`.
        config: of the training in the middle, its image size fixed.
        images: how many it trains on.

    Returns:
        Values as the flag takes them, without those that the networks cannot
        make; of `set_size`, which is no flag, numbers of images.
    """
    from tf_dcgan.config import sizes
    from tf_dcgan.models import families

    factors = _FACTORS[axis]
    if axis == "batch_size":
        values = {max(1, round(config.batch_size * each)) for each in factors}
        return [str(value) for value in sorted(values)]
    if axis == "width":
        return [f"{config.width * factor:g}" for factor in factors]
    if axis == "set_size":
        return [str(images * factor) for factor in factors]
    height, width = sizes.parse("image_size", config.image_size)
    stages = families.NETWORKS[config.network].stages
    grown = [(round(height * each), round(width * each)) for each in factors]
    return [f"{size[0]}x{size[1]}" for size in grown if stages(size)]


def table(
    axis: str,
    flags: Sequence[str],
    config: schema.Config,
    *,
    images: int,
    steps: int,
) -> Iterator[str]:
    """Measures a training at each point of an axis, in a process each.

    Args:
        axis: of `AXES`.
        flags: of the training in the middle.
        config: the settings that follow from them.
        images: how many it trains on.
        steps: of each training, at least 4.

    Yields:
        Lines of the table, each when it is measured.
    """
    yield f"{axis:>12}  s/step  images/s  first step  memory"
    for value in points(axis, config, images):
        with tempfile.TemporaryDirectory() as folder:
            changed = [f"--{axis}={value}"]
            if axis == "set_size":
                changed = noise_images.write_for(
                    config.recipe, pathlib.Path(folder), int(value)
                )
            point = [*flags, *changed]
            # Prepares the data.
            trainings.train([*point, "--steps=1", f"--run_dir={folder}/first"])
            measured = training_speed.measure(
                point, steps, log_every=max(1, min(5, steps // 4))
            )
        yield (
            f"{value:>12}  {measured.step_seconds:6.3f}  "
            f"{measured.images_per_second:8.1f}  "
            f"{measured.start_seconds:8.1f} s  {measured.peak_gib:.2f} GiB"
        )
