"""Samples as PNG files: one grid, or a folder of single images."""

from __future__ import annotations

from collections.abc import Sequence
import pathlib

from tf_dcgan.common import files, images
from tf_dcgan.sampling import samplers


def write(
    out: pathlib.Path,
    sampler: samplers.Sampler,
    *,
    seed: int,
    num_images: int | None,
    batch_size: int,
    class_names: Sequence[str] = (),
) -> int:
    """Writes one grid, or a folder of single PNGs.

    Args:
        out: a path that ends in .png for one grid; else a folder, in which
            the images are named by seed, number and, of a conditional
            generator, class.
        sampler: makes the images.
        seed: at least 0 and below 2^31.
        num_images: the number of images; None for 64 in a folder, or for a
            grid as `samplers.Sampler.grid` makes it of None.
        batch_size: the number of images in one pass of the generator.
        class_names: the name of each label of a conditional generator.

    Returns:
        The number of images.
    """
    if out.suffix.lower() == ".png":
        samples = sampler.grid(
            seed, num_images, batch_size=batch_size, progress=True
        )
        columns = sampler.columns(num_images)
        images.write_png(out, images.grid(samples, columns=columns))
        return len(samples)
    count = num_images or samplers.GRID_IMAGES
    labels = sampler.labels(count)
    for first, batch in sampler.batches(
        seed, num_images=count, batch_size=batch_size
    ):
        for number, image in enumerate(batch, first):
            name = f"seed{seed}_{number:06d}"
            if labels is not None:
                name += f"_label{files.safe_name(class_names[labels[number]])}"
            images.write_png(out / f"{name}.png", image)
    return count
