"""Images to be scored: what all kinds of them offer, and how they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import hashlib

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.data import loading

_CHUNK = 256


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """Images that can be read again and again, in the same order.

    Attributes:
        description: what they are, for people and for the protocol.
        fingerprint: changes with the images; keys caches.
        count: how many there are.
        batches: makes a new iterator over [n, height, width, 1 or 3] uint8;
            the size may differ from batch to batch.
        labels: [count] int64, or None.
        class_names: one per class, or none; then labels are just numbers.
        notes: what its user should know, one line each.
        dataset: the set's name, if it is one that is known by name.
        shape: (height, width, channels) where it is known and all share it.
    """

    description: str
    fingerprint: str
    count: int
    batches: Callable[[], Iterator[np.ndarray]]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    dataset: str | None = None
    shape: tuple[int, int, int] | None = None

    def labels_among(self, names: Sequence[str]) -> np.ndarray:
        """Returns the images' classes as positions in a list of names.

        Args:
            names: of classes.

        Returns:
            [count] int64.

        Raises:
            errors.UserError: there are no labels, or classes that are not in
                the list.
        """
        if self.labels is None:
            raise errors.UserError(
                f"{self.description} has no labels: give a labelled data set, "
                "a folder with a folder for each class, or an .npz with labels"
            )
        if not self.class_names:
            if self.labels.max() < len(names):
                return self.labels
            strange = [str(self.labels.max())]
        else:
            strange = sorted(set(self.class_names) - set(names))
        if strange:
            raise errors.UserError(
                f"{self.description} has the classes {', '.join(strange)}, "
                f"which are not among {', '.join(names)}: give images of the "
                "same classes"
            )
        positions = [names.index(name) for name in self.class_names]
        return np.array(positions, np.int64)[self.labels]


def from_array(
    images: np.ndarray,
    description: str,
    *,
    labels: np.ndarray | None = None,
    class_names: tuple[str, ...] = (),
    fingerprint: str | None = None,
) -> ImageSource:
    """Makes a source of an array in memory or in a memory map.

    Args:
        images: [n, height, width, 1 or 3] uint8.
        description: what they are.
        labels: [n] int64, or None.
        class_names: one per class, or none.
        fingerprint: if it is known; else the SHA-256 of the images.
    """

    def batches():
        for start in range(0, len(images), _CHUNK):
            yield np.asarray(images[start : start + _CHUNK])

    if fingerprint is None:
        digest = hashlib.sha256(str(images.shape).encode())
        for batch in batches():
            digest.update(np.ascontiguousarray(batch))
        fingerprint = digest.hexdigest()
    return ImageSource(
        description,
        fingerprint,
        len(images),
        batches,
        labels,
        class_names,
        shape=images.shape[1:],
    )


def from_dataset(
    dataset: loading.ImageArray, *, class_name: str | None = None
) -> ImageSource:
    """Makes a source of a prepared split, its padding cropped off.

    Args:
        dataset: the split.
        class_name: the only class to take, or None for all.

    Raises:
        errors.UserError: the set has no such class.
    """
    top, left, height, width = dataset.content_box
    images = dataset.images[:, top : top + height, left : left + width]
    labels = dataset.labels
    description = f"{dataset.name}:{dataset.split}"
    fingerprint = f"{dataset.fingerprint}-{dataset.content_box}"
    if class_name is not None:
        if labels is None or class_name not in dataset.class_names:
            raise errors.UserError(
                f"{dataset.name} has no split and no class {class_name!r}: "
                + errors.suggestion(class_name, dataset.class_names)
            )
        chosen = labels == dataset.class_names.index(class_name)
        images, labels = images[chosen], labels[chosen]
        description += f":{class_name}"
        fingerprint += f"-{class_name}"
    source = from_array(
        images,
        f"{description} ({dataset.preparation})",
        labels=labels,
        class_names=dataset.class_names,
        fingerprint=fingerprint,
    )
    return dataclasses.replace(
        source, dataset=dataset.name, notes=dataset.notes
    )


def from_generator(
    sampler: Callable[[int, int, int], np.ndarray],
    *,
    seed: int,
    count: int,
    description: str,
    labels: np.ndarray | None = None,
    class_names: tuple[str, ...] = (),
) -> ImageSource:
    """Makes a source of generated images, made anew at every reading.

    Args:
        sampler: (seed, first, count) to [count, height, width, channels]
            uint8.
        seed: of the images.
        count: how many.
        description: whose they are.
        labels: [count] int64, the classes they should be of, or None.
        class_names: one per class, or none.
    """

    def batches():
        for first in range(0, count, _CHUNK):
            yield sampler(seed, first, min(_CHUNK, count - first))

    return ImageSource(
        description, description, count, batches, labels, class_names
    )


def take(source: ImageSource, indices: Sequence[int]) -> list[np.ndarray]:
    """Reads a few images out of a source.

    Args:
        source: the images.
        indices: which ones, from 0; an index may come more than once.

    Returns:
        For each index its image, [height, width, 1 or 3] uint8.
    """
    missing = set(map(int, indices))
    found, first = {}, 0
    for batch in source.batches():
        for index in sorted(missing):
            if first <= index < first + len(batch):
                found[index] = np.array(batch[index - first])
        missing -= set(found)
        first += len(batch)
        if not missing:
            break
    return [found[int(index)] for index in indices]
