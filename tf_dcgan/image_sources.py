"""Images to be scored: folders, arrays, data sets, generators, statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import hashlib
import os
import pathlib
import zipfile

from absl import logging
import numpy as np

from tf_dcgan import data, errors
from tf_dcgan.data import image_files, known_sets

_CHUNK = 256
# Beyond this share of damaged files a folder is not what its user thinks.
_DAMAGED_SHARE = 0.1


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
        class_names: one per class, or none.
        notes: what its user should know, one line each.
    """

    description: str
    fingerprint: str
    count: int
    batches: Callable[[], Iterator[np.ndarray]]
    labels: np.ndarray | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Mean and covariance of features that somebody computed before.

    Attributes:
        description: the file.
        mu: [dimension] float64.
        sigma: [dimension, dimension] float64.
        count: of the images, where the file tells.
        protocol: of the features, where the file tells, as JSON text.
    """

    description: str
    mu: np.ndarray
    sigma: np.ndarray
    count: int | None
    protocol: str | None


def open_source(
    text: str,
    *,
    flag: str,
    data_dir: str | None = None,
    cache_dir: str | None = None,
) -> ImageSource | Statistics:
    """Finds what `--real=` or `--fake=` names.

    Args:
        text: a folder of images, an .npz or .npy of uint8 images, a
            statistics .npz, or a data set as `name`, `name:split`,
            `name:class` or `name:split:class`.
        flag: the flag's name, for messages.
        data_dir: where data sets are prepared.
        cache_dir: where prepared arrays are kept.

    Returns:
        The images, or statistics.

    Raises:
        errors.UserError: there is no such thing, or it cannot be read.
    """
    path = pathlib.Path(text).expanduser()
    if path.is_dir():
        return folder(path)
    if path.suffix in (".npz", ".npy"):
        return _array_file(path)
    if path.exists():
        raise errors.UserError(
            f"--{flag}={text} is a file of no kind that can be read: give a "
            "folder of images, an .npz or .npy of uint8 images, an .npz with "
            "mu and sigma, or a data set such as mnist:test"
        )
    if os.sep in text.partition(":")[0] and not path.exists():
        raise errors.UserError(f"--{flag}={text} does not exist")
    return _named_set(text, data_dir=data_dir, cache_dir=cache_dir)


def from_array(
    images: np.ndarray,
    description: str,
    *,
    labels: np.ndarray | None = None,
    class_names: tuple[str, ...] = (),
    fingerprint: str | None = None,
    notes: tuple[str, ...] = (),
) -> ImageSource:
    """Makes a source of an array in memory or in a memory map.

    Args:
        images: [n, height, width, 1 or 3] uint8.
        description: what they are.
        labels: [n] int64, or None.
        class_names: one per class, or none.
        fingerprint: if it is known; else the SHA-256 of the images.
        notes: what its user should know.
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
        notes,
    )


def from_dataset(
    dataset: data.ImageArray, *, class_name: str | None = None
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
    return from_array(
        images,
        f"{description} ({dataset.preparation})",
        labels=labels,
        class_names=dataset.class_names,
        fingerprint=fingerprint,
    )


def from_generator(
    sampler: Callable[[int, int, int], np.ndarray],
    *,
    seed: int,
    count: int,
    description: str,
) -> ImageSource:
    """Makes a source of generated images, made anew at every reading.

    Args:
        sampler: (seed, first, count) to [count, height, width, channels]
            uint8.
        seed: of the images.
        count: how many.
        description: whose they are.
    """

    def batches():
        for first in range(0, count, _CHUNK):
            yield sampler(seed, first, min(_CHUNK, count - first))

    return ImageSource(description, description, count, batches)


def folder(path: pathlib.Path) -> ImageSource:
    """Makes a source of all images in a folder and below.

    Every file keeps its own size, and is gray or RGB as `data.image_files`
    says.

    Args:
        path: an existing folder.

    Raises:
        errors.UserError: it has no images, or too many damaged ones.
    """
    files = [pathlib.Path(file) for file in image_files.find(path)]
    digest = hashlib.sha256()
    whole, damaged, sizes = [], [], set()
    for file in files:
        try:
            sizes.add(image_files.read(file).shape[:2])
        except image_files.DamagedImageError as error:
            damaged.append(file)
            logging.info("%s is skipped: %s", file, error)
            continue
        whole.append(file)
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    if len(damaged) > _DAMAGED_SHARE * len(files):
        raise errors.UserError(
            f"{path}: {len(damaged)} of {len(files)} images cannot be read, "
            f"{damaged[0].name} the first: mend or remove them"
        )
    notes = []
    if damaged:
        names = ", ".join(file.name for file in damaged[:5])
        more = ", …" if len(damaged) > 5 else ""
        notes.append(f"{len(damaged)} damaged images skipped: {names}{more}")
    if len(sizes) > 1:
        notes.append(f"{len(sizes)} different sizes, each resized on its own")

    def batches():
        for file in whole:
            yield image_files.read(file)[np.newaxis]

    return ImageSource(
        str(path), digest.hexdigest(), len(whole), batches, notes=tuple(notes)
    )


def _array_file(path: pathlib.Path) -> ImageSource | Statistics:
    try:
        content = np.load(path, allow_pickle=False, mmap_mode="r")
        if isinstance(content, np.ndarray):
            arrays = {"images": content}
        else:
            arrays = {name: content[name] for name in content.files}
    except FileNotFoundError as error:
        raise errors.UserError(f"{path} does not exist") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise errors.UserError(
            f"{path} cannot be read ({error}): write it again with "
            "numpy.save or numpy.savez"
        ) from error
    if {"mu", "sigma"} <= set(arrays):
        count, protocol = arrays.get("count"), arrays.get("protocol")
        return Statistics(
            str(path),
            arrays["mu"],
            arrays["sigma"],
            None if count is None else int(count),
            None if protocol is None else str(protocol),
        )
    images = [
        array
        for array in arrays.values()
        if array.ndim == 4
        and array.shape[-1] in (1, 3)
        and array.dtype == np.uint8
    ]
    if len(images) != 1:
        shapes = ", ".join(
            f"{name} {array.dtype} {list(array.shape)}"
            for name, array in arrays.items()
        )
        raise errors.UserError(
            f"{path} should hold one array of images, uint8 [n, height, "
            f"width, 1 or 3], or mu and sigma; it holds {shapes}"
        )
    return from_array(images[0], str(path))


def _named_set(text: str, *, data_dir, cache_dir) -> ImageSource:
    name, *narrowed = text.split(":")
    split, class_name = "test", None
    if len(narrowed) == 2:
        split, class_name = narrowed
    elif len(narrowed) == 1:
        if narrowed[0] in ("train", "test", "validation"):
            split = narrowed[0]
        elif name in known_sets.SETS:
            class_name = narrowed[0]
        else:
            split = narrowed[0]
    height, width, _ = data.native_shape(name, data_dir)
    if height is None or width is None:
        raise errors.UserError(
            f"{name} has images of different sizes: export them to a folder "
            "and give that"
        )
    dataset = data.load(
        name,
        split,
        image_size=(height, width),
        data_dir=data_dir,
        cache_dir=cache_dir,
    )
    return from_dataset(dataset, class_name=class_name)
