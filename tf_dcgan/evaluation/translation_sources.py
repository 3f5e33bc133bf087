"""The images by which a translation is scored."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses

import numpy as np

from tf_dcgan.common import images
from tf_dcgan.config import schema
from tf_dcgan.data import domain_images, domains
from tf_dcgan.evaluation import image_sources

_CHUNK = 256
_SEEN = (
    "{} has no images put aside: its training images are scored, which the "
    "generators have seen"
)


def real(
    config: schema.Config,
    domain: domains.Domain,
    image_shape: tuple[int, int, int],
) -> image_sources.ImageSource:
    """Opens the images of a domain that were put aside.

    Args:
        config: of the run, with the folders to look in.
        domain: A or B.
        image_shape: (height, width, channels) of the networks.

    Returns:
        All of them, as the networks see them; those to train on, with a note,
        where none were put aside.

    Raises:
        errors.UserError: they cannot be had.
    """
    *size, channels = image_shape
    dataset, is_held_out = domain_images.images_to_show(
        config, domain, tuple(size)
    )
    part = domain.test if is_held_out else domain.train
    of_class = "" if part.class_name is None else f":{part.class_name}"
    notes = () if is_held_out else (_SEEN.format(domain.title),)

    def batches():
        for first in range(0, len(dataset.images), _CHUNK):
            chunk = np.asarray(dataset.images[first : first + _CHUNK])
            yield images.to_channels(chunk, channels)

    return image_sources.ImageSource(
        f"{part.name}:{part.split}{of_class} ({dataset.preparation})",
        f"{dataset.fingerprint}-{image_shape}",
        len(dataset.images),
        batches,
        notes=(*dataset.notes, *notes),
        dataset=part.name,
        shape=image_shape,
    )


def some(
    source: image_sources.ImageSource, count: int
) -> image_sources.ImageSource:
    """Takes at most so many images, evenly spread over a source.

    The beginnings of sets, such as MNIST's test split, are not like the rest.

    Args:
        source: the images.
        count: how many at most.
    """
    if source.count <= count:
        return source
    chosen = np.linspace(0, source.count, count, endpoint=False).astype(int)

    def batches():
        first = 0
        for batch in source.batches():
            inside = (chosen >= first) & (chosen < first + len(batch))
            if inside.any():
                yield batch[chosen[inside] - first]
            first += len(batch)

    return dataclasses.replace(
        source,
        description=f"{count:,} of {source.description}",
        fingerprint=f"{source.fingerprint}-{count} evenly",
        count=count,
        batches=batches,
    )


def translated(
    source: image_sources.ImageSource,
    translate: Callable[[np.ndarray], np.ndarray],
    *,
    description: str,
) -> image_sources.ImageSource:
    """Makes a source of translations, made anew at every reading.

    Args:
        source: the images to translate.
        translate: [n, height, width, channels] uint8 to the same.
        description: whose translations they are.
    """
    text = f"{description}, of {source.description}"
    return dataclasses.replace(
        source,
        description=text,
        fingerprint=text,
        batches=lambda: map(translate, source.batches()),
        dataset=None,
    )
