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


def read_as(config: schema.Config, domain: domains.Domain) -> reading.Reading:
    """Says how the images of a domain are read; see `reading.of_set`."""
    return reading.of_set(config, domain.train.name, domain.number)


class Unprepared:
    """The images of a domain before any is prepared."""

    def __init__(self, config: schema.Config, domain: domains.Domain):
        """Finds the sets; see `loading.find`.

        Args:
            config: the run's settings. What matters is `read_as`, the sizes
                to load and to crop, `data_dir` and `cache_dir`.
            domain: A or B.

        Raises:
            errors.UserError: `data_dir` cannot be read.
        """
        self._config = config
        self._domain = domain
        parts = (domain.train, domain.test)
        with self._told():
            self._sets = {
                name: loading.find(
                    name,
                    config.data_dir,
                    read_as=read_as(config, domain),
                    cache_dir=config.cache_dir,
                )
                for name in dict.fromkeys(part.name for part in parts if part)
            }

    def _told(self):
        """Names the domain in the errors of its images."""
        return errors.about(self._domain.flag_and_title)

    @property
    def shape(self) -> tuple[int | None, int | None, int]:
        """(height, width, channels) of the images to train on.

        Height and width are None if they vary. Channels are 3 also if only
        the held-out images are RGB.

        Raises:
            errors.UserError: the domain has no images, or the crop is larger
                than they are.
        """
        with self._told():
            channels = max(each.shape[2] for each in self._sets.values())
            height, width, _ = self._sets[self._domain.train.name].shape
        return height, width, channels

    @property
    def sizes(self) -> shapes.Counts:
        """The sizes of the images to train on, as `ImageSet.sizes`.

        Raises:
            errors.UserError: as for `shape`.
        """
        with self._told():
            return self._sets[self._domain.train.name].sizes

    @property
    def value_range(self) -> value_ranges.Range | None:
        """(low, high), the values that become black and white.

        The same for the images to train on and those held out; None for
        images of 8 bits.

        Raises:
            errors.UserError: as for `ImageSet.value_range`.
        """
        total = None
        with self._told():
            for each in self._sets.values():
                total = value_range.union(total, each.value_range)
        return total

    @property
    def size_to_crop(self) -> tuple[int, int] | None:
        """(height, width) that random crops are cut from, if that is given.

        It is `load_size`; with `crop_size` alone the images' own size; None
        without both.

        Raises:
            errors.UserError: the images have no size of their own, since
                their sizes vary; as for `shape`.
        """
        if self._config.load_size is not None:
            return sizes.parse("load_size", self._config.load_size)
        if self._config.crop_size is None:
            return None
        height, width, _ = self.shape
        if height is not None and width is not None:
            return height, width
        median = "HEIGHTxWIDTH"
        if self.sizes:
            median = "x".join(
                str(round(side)) for side in shapes.typical(self.sizes)
            )
        raise errors.UserError(
            f"--crop_size={self._config.crop_size} cuts from images of one "
            f"size, and those of {self._domain.flag_and_title} have several: "
            f"give --load_size={median}, to which they are brought first"
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
        splits = loading.find(
            part.name, config.data_dir, cache_dir=config.cache_dir
        ).splits
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
    whole_size = Unprepared(config, domain).size_to_crop or image_size
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
