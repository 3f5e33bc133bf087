"""Samples as files: a grid or single images, or values in units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import pathlib

import numpy as np

from tf_dcgan.common import files, images
from tf_dcgan.config import value_ranges
from tf_dcgan.data.preparing import value_range as pixel_values
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
    names = _names(sampler, seed, count, class_names)
    for first, batch in sampler.batches(
        seed, num_images=count, batch_size=batch_size
    ):
        for number, image in enumerate(batch, first):
            images.write_png(out / f"{names(number)}.png", image)
    return count


def write_values(
    out: pathlib.Path,
    sampler: samplers.Sampler,
    *,
    seed: int,
    num_images: int | None,
    batch_size: int,
    class_names: Sequence[str] = (),
    value_range: value_ranges.Range | None,
) -> int:
    """Writes samples in the units of the training images.

    Args:
        out: a path that ends in .npy for one array, [n, height, width,
            channels] float32; else a folder for single gray TIFFs of 16 bits.
        sampler: makes images as float.
        seed: at least 0 and below 2^31.
        num_images: the number of images; None for 64.
        batch_size: the number of images in one pass of the generator.
        class_names: the name of each label of a conditional generator.
        value_range: (low, high), the values of black and white; None for 0
            and 255.

    Returns:
        The number of images.
    """
    count = num_images or samplers.GRID_IMAGES
    batches = (
        (first, pixel_values.to_units(batch, value_range))
        for first, batch in sampler.batches(
            seed, num_images=count, batch_size=batch_size
        )
    )
    if out.suffix.lower() == ".npy":
        _write_array(out, batches, count)
        return count
    names = _names(sampler, seed, count, class_names)
    for first, batch in batches:
        whole_numbers = np.rint(batch).astype(np.uint16)
        for number, image in enumerate(whole_numbers, first):
            images.write_tiff16(out / f"{names(number)}.tif", image)
    return count


def _write_array(
    out: pathlib.Path, batches: Iterable[tuple[int, np.ndarray]], count: int
) -> None:
    """Writes an .npy, a batch in memory at a time."""
    with files.atomic_file(out) as unfinished, open(unfinished, "wb") as file:
        for first, batch in batches:
            if not first:
                header = {
                    "descr": np.lib.format.dtype_to_descr(batch.dtype),
                    "fortran_order": False,
                    "shape": (count, *batch.shape[1:]),
                }
                np.lib.format.write_array_header_1_0(file, header)
            file.write(np.ascontiguousarray(batch).data)


def _names(
    sampler: samplers.Sampler, seed: int, count: int, class_names: Sequence[str]
) -> Callable[[int], str]:
    """Returns what names an image by seed, number and class."""
    labels = sampler.labels(count)

    def name(number: int) -> str:
        text = f"seed{seed}_{number:06d}"
        if labels is None:
            return text
        label = files.safe_name(class_names[labels[number]])
        return f"{text}_label{label}"

    return name
