"""Images to be scored: of arrays, data sets, folders and generators."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
import dataclasses
import hashlib
import pathlib

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.data import array_files, loading
from tf_dcgan.data import names as image_names
from tf_dcgan.data.folders import decoding, labels_files, listings, survey

# Images that are handed on together: at most so many, and of a folder's images,
# which may be large, at most so many bytes.
_CHUNK = 256
_CHUNK_BYTES = 2**24


@dataclasses.dataclass(frozen=True)
class ImageSource:
    """Images that can be read again and again, in the same order.

    Attributes:
        description: what the images are, for people and for the protocol.
        fingerprint: changes with the images; keys caches.
        count: how many images there are.
        batches: makes a new iterator over [n, height, width, 1 or 3] uint8;
            the size may differ from batch to batch.
        labels: [count] int64, or None.
        class_names: one per class, or empty; then labels are just numbers.
        notes: what a reader of the scores should know, one line each.
        dataset: the name of the data set that the images are from, if they
            are from one.
        shape: (height, width, channels) where all images share it, and it is
            known.
        value_range: (low, high), the values that became black and white, of
            images of more than 8 bits; else None.
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
    value_range: value_ranges.Range | None = None

    def labels_among(self, names: Sequence[str]) -> np.ndarray:
        """Returns the images' classes as positions in a list of names.

        Args:
            names: the names of all classes.

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
        return image_names.renumber(self.labels, self.class_names, names)


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

    return ImageSource(
        description,
        fingerprint or _fingerprint(images.shape, batches()),
        len(images),
        batches,
        labels,
        class_names,
        shape=images.shape[1:],
    )


def from_array_file(
    split: array_files.Split,
    description: str,
    *,
    value_range: value_ranges.Range | None = None,
) -> ImageSource:
    """Makes a source of an array in a file, which is read chunk by chunk.

    Args:
        split: the images and their labels.
        description: what they are.
        value_range: (low, high), the values that become black and white; None
            for uint8.

    Raises:
        errors.UserError: the file is damaged.
    """

    def batches():
        return split.images(_CHUNK, value_range)

    return ImageSource(
        description,
        _fingerprint((split.count, *split.shape), batches()),
        split.count,
        batches,
        split.labels,
        split.class_names,
        notes=()
        if value_range is None
        else (f"{description}: {array_files.in_words(split, value_range)}",),
        shape=split.shape,
        value_range=value_range,
    )


def _fingerprint(shape: tuple[int, ...], batches: Iterable[np.ndarray]) -> str:
    """SHA-256 (hexadecimal) of the shape and the bytes of all images."""
    digest = hashlib.sha256(str(shape).encode())
    for batch in batches:
        digest.update(np.ascontiguousarray(batch))
    return digest.hexdigest()


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
        is_of_class = labels == dataset.class_names.index(class_name)
        images, labels = images[is_of_class], labels[is_of_class]
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
        source,
        dataset=dataset.name,
        notes=dataset.notes,
        value_range=dataset.value_range,
    )


def from_folder(
    path: pathlib.Path,
    *,
    value_range: value_ranges.Range | None = None,
    labels: str | None = None,
    cache_dir: str | None = None,
) -> ImageSource:
    """Makes a source of all images in a folder and in the folders below.

    Every file keeps its own size, and is gray or RGB as `folders.decoding`
    says. If all images lie in folders within this one, these folders are their
    classes.

    Args:
        path: an existing folder, or an archive.
        value_range: (low, high), the values that become black and white if
            the images have more than 8 bits; None for their own lowest and
            highest.
        labels: the path of a file with the images' classes, which then win
            over the folders; images without a class are left out.
        cache_dir: the cache that packed archives are unpacked into.

    Returns:
        The images in the order of their paths.

    Raises:
        errors.UserError: as `survey.examine`.
    """
    surveyed = survey.examine(
        path, value_range=value_range, labels=labels, cache_dir=cache_dir
    )
    shapes = set(surveyed.shapes)
    notes = list(surveyed.notes)
    sizes = {shape[:2] for shape in shapes}
    if len(sizes) > 1:
        notes.append(f"{len(sizes)} different sizes, each resized on its own")
    name = decoding.readable(str(path))
    parts = [file.relative_to(path).parts for file in surveyed.files]
    if listings.are_splits({part[0] for part in parts}):
        parts = [part[1:] for part in parts]
        notes.append(
            "the images of all its splits together: give a folder in it for "
            "one split"
        )
    classes = surveyed.classes
    if classes is None and all(len(part) > 1 for part in parts):
        classes = tuple(part[0] for part in parts)
    class_names = () if classes is None else labels_files.in_order({*classes})
    return ImageSource(
        name,
        surveyed.fingerprint,
        len(surveyed.files),
        lambda: _batches_of_files(surveyed),
        _positions(classes, class_names),
        tuple(map(decoding.readable, class_names)),
        notes=tuple(f"{name}: {note}" for note in notes),
        shape=shapes.pop() if len(shapes) == 1 else None,
        value_range=surveyed.value_range,
    )


def _batches_of_files(surveyed: survey.Survey) -> Iterator[np.ndarray]:
    """Yields consecutive images of one shape together, as arrays."""
    waiting = []
    for file in surveyed.files:
        pixels = surveyed.read(file)
        most = min(_CHUNK, max(1, _CHUNK_BYTES // pixels.nbytes))
        if waiting and (
            len(waiting) >= most or pixels.shape != waiting[0].shape
        ):
            yield np.stack(waiting)
            waiting = []
        waiting.append(pixels)
    if waiting:
        yield np.stack(waiting)


def _positions(
    classes: Sequence[str] | None, class_names: Sequence[str]
) -> np.ndarray | None:
    """Returns each image's class as its place among the names, int64."""
    if classes is None:
        return None
    place_of = {name: place for place, name in enumerate(class_names)}
    return np.array([place_of[name] for name in classes], np.int64)


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
        sampler: takes (seed, first, count) and makes [count, height, width,
            channels] uint8.
        seed: determines the images.
        count: how many images to make.
        description: whose images they are.
        labels: [count] int64, the classes they should be of, or None.
        class_names: one per class, or none.
    """

    def batches():
        for first in range(0, count, _CHUNK):
            yield sampler(seed, first, min(_CHUNK, count - first))

    return ImageSource(
        description, description, count, batches, labels, class_names
    )


def evenly_spread(source: ImageSource, count: int) -> ImageSource:
    """Takes some images of a source, evenly spread over it.

    The beginnings of sets, such as MNIST's test split, are not like the rest.

    Args:
        source: the images.
        count: how many to take, at most as many as there are.
    """
    indices = np.linspace(0, source.count, count, endpoint=False).astype(int)

    def batches():
        first = 0
        for batch in source.batches():
            inside = (indices >= first) & (indices < first + len(batch))
            if inside.any():
                yield batch[indices[inside] - first]
            first += len(batch)

    return dataclasses.replace(
        source,
        description=f"{count:,} of {source.description}",
        fingerprint=f"{source.fingerprint}-{count} evenly",
        count=count,
        batches=batches,
        labels=None if source.labels is None else source.labels[indices],
    )


def at_most(source: ImageSource, count: int) -> ImageSource:
    """Returns a source, or so many images evenly spread over it if it has more.

    Args:
        source: the images.
        count: how many at most.
    """
    return source if source.count <= count else evenly_spread(source, count)


def take(source: ImageSource, indices: Sequence[int]) -> list[np.ndarray]:
    """Reads a few images out of a source.

    Args:
        source: the images.
        indices: which ones, from 0; an index may come more than once.

    Returns:
        For each index its image, [height, width, 1 or 3] uint8.
    """
    missing = set(map(int, indices))
    images, first = {}, 0
    for batch in source.batches():
        for index in sorted(missing):
            if first <= index < first + len(batch):
                images[index] = np.array(batch[index - first])
        missing -= set(images)
        first += len(batch)
        if not missing:
            break
    return [images[int(index)] for index in indices]
