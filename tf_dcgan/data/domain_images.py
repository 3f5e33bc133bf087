"""The images of the two sets that a translation goes between.

`domains.find` says which sets these are.
"""

from __future__ import annotations

from collections.abc import Sequence

from tf_dcgan.config import schema, sizes
from tf_dcgan.data import domains, known_sets, loading


def native_shape(
    domain: domains.Domain,
    *,
    data_dir: str | None = None,
    cache_dir: str | None = None,
    crop: tuple[int, int] | None = None,
) -> tuple[int | None, int | None, int]:
    """The shape of a domain's images, found without preparing any.

    Args:
        domain: A or B.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        cache_dir: where what a folder's files tell is kept; None for the
            user's cache.
        crop: (height, width) of the central part that is wanted, or None.

    Returns:
        (height, width, channels) of the images to train on; height and width
        are None where they vary. Channels are 3 also where only the images
        put aside are RGB.

    Raises:
        errors.UserError: it has no images, or the crop is larger than they
            are.
    """
    parts = [domain.train]
    if domain.test is not None and domain.test.name != domain.train.name:
        parts.append(domain.test)
    with domains.told_as(domain.given, domain.flag):
        shapes = [
            loading.native_shape(
                part.name, data_dir, crop=crop, cache_dir=cache_dir
            )
            for part in parts
        ]
    return (*shapes[0][:2], max(shape[2] for shape in shapes))


def load(
    domain: domains.Domain,
    which: str = "train",
    *,
    image_size: tuple[int, int],
    data_dir: str | None = None,
    cache_dir: str | None = None,
    crop: tuple[int, int] | None = None,
) -> loading.ImageArray | None:
    """Opens the images of a domain, preparing them first if need be.

    Args:
        domain: A or B.
        which: `train`, or `test` for those put aside.
        image_size: (height, width) in pixels of the images wanted.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        cache_dir: where prepared arrays are kept; None for the user's cache.
        crop: (height, width) in pixels of the central part of the original
            images that is brought to this size, or None for all of them.

    Returns:
        The images, with the channels they have; None if none were put aside.

    Raises:
        errors.UserError: as `loading.load` raises it, with the domain's flag.
        OSError: the disk is full; nothing half-made is left.
    """
    part = {"train": domain.train, "test": domain.test}[which]
    if part is None:
        return None
    with domains.told_as(domain.given, domain.flag):
        if which == "test":
            splits = loading.splits(part.name, data_dir)
            if splits and part.split not in splits:
                return None
        return loading.load(
            part.name,
            part.split,
            image_size=image_size,
            crop=crop,
            class_name=part.class_name,
            # Padded images would be held out of a frame that no others have.
            pad=False,
            data_dir=data_dir,
            cache_dir=cache_dir,
        )


def channels(shape_a: Sequence, shape_b: Sequence) -> int:
    """The channels that both domains are trained with.

    Args:
        shape_a: (height, width, channels) of A's images.
        shape_b: likewise of B's.

    Returns:
        What both have, or 3 if they differ; see `images.to_channels`.
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
        a: one domain.
        b: the other.
        shape_a: (height, width, channels) of A's images.
        shape_b: likewise of B's.

    Returns:
        One line, or None if both domains are of one kind.
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


def load_domain(
    config: schema.Config,
    domain: domains.Domain,
    which: str,
    *,
    image_size: tuple[int, int],
) -> loading.ImageArray | None:
    """Opens the images of A or B as a config wants them.

    Args:
        config: its `crop` and the folders to look in.
        domain: A or B.
        which: "train", or "test" for those held out.
        image_size: (height, width) in pixels.

    Returns:
        The images; None if none are held out.
    """
    return load(
        domain,
        which,
        image_size=image_size,
        crop=crop_of_set(config, domain.train.name),
        data_dir=config.data_dir,
        cache_dir=config.cache_dir,
    )


def images_to_show(
    config: schema.Config,
    domain: domains.Domain,
    image_size: tuple[int, int],
) -> tuple[loading.ImageArray, bool]:
    """Opens the images of A or B that are shown and scored.

    Args:
        config: its `crop` and the folders to look in.
        domain: A or B.
        image_size: (height, width) of the networks in pixels.

    Returns:
        (images, is_held_out): those held out, else those to train on.
    """
    held_out = load_domain(config, domain, "test", image_size=image_size)
    if held_out is not None:
        return held_out, True
    return load_domain(config, domain, "train", image_size=image_size), False


def crop_of_set(config: schema.Config, name: str) -> tuple[int, int] | None:
    """Returns the central part of a set's images that is taken.

    Args:
        config: its `crop` comes first.
        name: the set's.

    Returns:
        (height, width) in pixels, or None for all of them.
    """
    crop = config.crop or known_sets.DEFAULT_CROPS.get(name)
    return None if crop is None else sizes.parse_crop(crop)
