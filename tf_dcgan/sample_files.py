"""Samples as PNG files: one grid, or a folder of single images."""

from __future__ import annotations

import pathlib

from tf_dcgan import images, sampling


def write(
    out: pathlib.Path,
    sampler: sampling.Sampler,
    *,
    seed: int,
    num_images: int | None,
    batch_size: int,
) -> int:
    """Writes one grid, or a folder of single PNGs.

    Args:
        out: a path that ends in .png for one grid; else a folder, in which
            the images are named by seed, number and, of a conditional
            generator, label.
        sampler: makes the images.
        seed: at least 0 and below 2^31.
        num_images: how many; None for 64, or what `sampling.Sampler.grid`
            makes of it.
        batch_size: images made at once.

    Returns:
        The number of images.
    """
    if out.suffix.lower() == ".png":
        made = sampler.grid(
            seed, num_images, batch_size=batch_size, progress=True
        )
        columns = sampler.columns(num_images)
        images.write_png(out, images.grid(made, columns=columns))
        return len(made)
    count = num_images or sampling.GRID_IMAGES
    labels = sampler.labels(count)
    for first, batch in sampler.batches(
        seed, num_images=count, batch_size=batch_size
    ):
        for number, image in enumerate(batch, first):
            name = f"seed{seed}_{number:06d}"
            if labels is not None:
                name += f"_label{labels[number]}"
            images.write_png(out / f"{name}.png", image)
    return count
