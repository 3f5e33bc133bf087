"""The images of the two sets that a translation goes between.

`domains.find` says which sets these are.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from tf_dcgan.common import errors
from tf_dcgan.config import schema, sizes, value_ranges
from tf_dcgan.data import domains, loading, reading
from tf_dcgan.data.preparing import shapes, value_range


def native_shape(
    config: schema.Config, domain: domains.Domain
) -> tuple[int | None, int | None, int]:
    """The shape of a domain's images, found without preparing any.

    Args:
        config: the run's settings, of which `crop`, `data_dir` and
            `cache_dir` matter.
        domain: A or B.

    Returns:
        (height, width, channels) of the images to train on; height and width
        are None if they vary. Channels are 3 also if only the held-out images
        are RGB.

    Raises:
        errors.UserError: the domain has no images, or the crop is larger than
            they are.
    """
    sets = {part.name: part for part in (domain.train, domain.test) if part}
    with errors.about(domain.flag_and_title):
        shape_of = {
            name: loading.native_shape(
                name,
                config.data_dir,
                read_as=read_as(config, domain),
                cache_dir=config.cache_dir,
            )
            for name in sets
        }
    height, width, _ = shape_of[domain.train.name]
    return height, width, max(shape[2] for shape in shape_of.values())


def scale(
    config: schema.Config, domain: domains.Domain
) -> value_ranges.Range | None:
    """The values of a domain's images that become black and white.

    Args:
        config: the run's settings, of which `value_range`, `frames` and
            `cache_dir` matter.
        domain: A or B.

    Returns:
        (low, high), the same for the images to train on and those held out;
        None for images of 8 bits.

    Raises:
        errors.UserError: as `loading.value_range`.
    """
    total = None
    with errors.about(domain.flag_and_title):
        for name in dict.fromkeys(
            part.name for part in (domain.train, domain.test) if part
        ):
            total = value_range.union(
                total,
                loading.value_range(
                    name,
                    read_as=read_as(config, domain),
                    cache_dir=config.cache_dir,
                ),
            )
    return total


def read_as(config: schema.Config, domain: domains.Domain) -> reading.Reading:
    """Says how the images of a domain are read; see `reading.of_set`."""
    return reading.of_set(config, domain.train.name, domain.number)


def size_counts(config: schema.Config, domain: domains.Domain) -> shapes.Counts:
    """Counts the sizes of the images that a domain is trained on.

    Args:
        config: the run's settings, as `native_shape` takes them.
        domain: A or B.

    Returns:
        What `loading.size_counts` returns of the images' set.

    Raises:
        errors.UserError: as for `native_shape`.
    """
    with errors.about(domain.flag_and_title):
        return loading.size_counts(
            domain.train.name,
            config.data_dir,
            read_as=read_as(config, domain),
            cache_dir=config.cache_dir,
        )


def size_to_crop(
    config: schema.Config, domain: domains.Domain
) -> tuple[int, int] | None:
    """The size of the images that random crops are cut from, if it is given.

    Args:
        config: the run's settings, of which `load_size`, `crop_size` and what
            `native_shape` takes matter.
        domain: A or B.

    Returns:
        (height, width) in pixels: of `load_size`; with `crop_size` alone the
        domain's own; None without both.

    Raises:
        errors.UserError: the images have no size of their own, since their
            sizes vary; as for `native_shape`.
    """
    if config.load_size is not None:
        return sizes.parse_load_size(config.load_size)
    if config.crop_size is None:
        return None
    height, width, _ = native_shape(config, domain)
    if height is not None and width is not None:
        return height, width
    counts = size_counts(config, domain)
    median = (
        "x".join(str(round(side)) for side in shapes.typical(counts))
        if counts
        else "HEIGHTxWIDTH"
    )
    raise errors.UserError(
        f"--crop_size={config.crop_size} cuts from images of one size, and "
        f"those of {domain.flag_and_title} have several: give --load_size="
        f"{median}, to which they are brought first"
    )


def load(
    config: schema.Config,
    domain: domains.Domain,
    image_size: tuple[int, int],
) -> loading.ImageArray:
    """Opens the images that a domain is trained on, preparing them if needed.

    Args:
        config: the run's settings, of which `crop`, `data_dir` and
            `cache_dir` matter.
        domain: A or B.
        image_size: (height, width) in pixels that the images are brought to.

    Returns:
        The images, with the channels that their files have.

    Raises:
        errors.UserError: the images cannot be had; see `loading.load`.
        OSError: the disk is full; nothing half-made is left.
    """
    return _load_part(config, domain, domain.train, image_size)


def load_held_out(
    config: schema.Config,
    domain: domains.Domain,
    image_size: tuple[int, int],
) -> loading.ImageArray | None:
    """Opens the images that are held out of a domain's training.

    Args:
        config: the run's settings, as `load` takes them.
        domain: A or B.
        image_size: (height, width) in pixels that the images are brought to.

    Returns:
        The images, or None if none are held out.

    Raises:
        errors.UserError: the images cannot be had; see `loading.load`.
        OSError: the disk is full; nothing half-made is left.
    """
    part = domain.test
    if part is None:
        return None
    with errors.about(domain.flag_and_title):
        splits = loading.splits(
            part.name, config.data_dir, cache_dir=config.cache_dir
        )
    if splits and part.split not in splits:
        return None  # The download did not bring the split that was expected.
    return _load_part(config, domain, part, image_size)


def images_to_show(
    config: schema.Config,
    domain: domains.Domain,
    image_size: tuple[int, int],
) -> tuple[loading.ImageArray, bool]:
    """Opens the images of a domain that are shown and scored.

    Args:
        config: the run's settings, as `load` takes them.
        domain: A or B.
        image_size: (height, width) of the networks in pixels.

    Returns:
        (images, is_held_out): the held-out images; if there are none, the
        images to train on.

    Raises:
        errors.UserError: the images cannot be had; see `loading.load`.
        OSError: the disk is full; nothing half-made is left.
    """
    whole_size = size_to_crop(config, domain) or image_size
    dataset = load_held_out(config, domain, whole_size)
    is_held_out = dataset is not None
    if dataset is None:
        dataset = load(config, domain, whole_size)
    if whole_size != image_size:
        dataset = _centre(dataset, image_size)
    return dataset, is_held_out


def _centre(
    dataset: loading.ImageArray, size: tuple[int, int]
) -> loading.ImageArray:
    """Takes the central part of each image, at the scale that it has."""
    top, left = (
        (whole - part) // 2
        for whole, part in zip(dataset.images.shape[1:3], size, strict=True)
    )
    height, width = size
    return dataclasses.replace(
        dataset,
        images=dataset.images[:, top : top + height, left : left + width],
        content_box=(0, 0, height, width),
        preparation=f"{dataset.preparation}, of which the central "
        f"{height}x{width}",
    )


def _load_part(
    config: schema.Config,
    domain: domains.Domain,
    part: domains.Part,
    image_size: tuple[int, int],
) -> loading.ImageArray:
    with errors.about(domain.flag_and_title):
        return loading.load(
            part.name,
            part.split,
            image_size=image_size,
            read_as=read_as(config, domain),
            class_name=part.class_name,
            # Training images are resized and then cropped at random: padded
            # held-out images would have a frame that no generator has seen.
            pad=False,
            flag=None if domain.is_fixed else domain.flag,
            data_dir=config.data_dir,
            cache_dir=config.cache_dir,
        )


def channels(shape_a: Sequence, shape_b: Sequence) -> int:
    """The channels that both domains are trained with.

    Args:
        shape_a: (height, width, channels) of A's images.
        shape_b: (height, width, channels) of B's images.

    Returns:
        The channels that both have, or 3 if they differ; see
        `images.to_channels`.
    """
    return shape_a[2] if shape_a[2] == shape_b[2] else 3


def channels_note(
    a: domains.Domain,
    b: domains.Domain,
    *,
    shape_a: Sequence,
    shape_b: Sequence,
) -> str | None:
    """Says that gray images become RGB, if they do.

    Args:
        a: the domain A.
        b: the domain B.
        shape_a: (height, width, channels) of A's images.
        shape_b: (height, width, channels) of B's images.

    Returns:
        One line, or None if both domains are gray or both are RGB.
    """
    if shape_a[2] == shape_b[2]:
        return None
    kind_a, kind_b = (
        "gray" if shape[2] == 1 else "RGB" for shape in (shape_a, shape_b)
    )
    return (
        f"note: A ({a.title}) is {kind_a} and B ({b.title}) is {kind_b}: both "
        "are trained as RGB"
    )
